"""The worker's tools for tests: storage, logs and a factory that are plain lists."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

from responder.incident.events import AlertFired, Event, Opened, ReportAnswered
from responder.incident.evidence import (
    Counted,
    Evidence,
    FoundLink,
    LinkPlace,
    LogLine,
    Question,
    ReportLink,
    Unreadable,
    to_ns,
)
from responder.incident.incident import Incident, fold
from responder.incident.names import Decision, Outcome, Reason, Sender, UnreadableReason
from responder.incident.ports import Answer, Appended, Lease, StorageUnavailable
from responder.incident.rule import Check, Rule
from responder.incident.service import Brakes, LinkRecord
from responder.worker.run import Journal, Tools
from tests.fakes import NOON, SetClock

LINK = ReportLink(token="0f" * 16, code="abc123")
NEWER = ReportLink(token="0f" * 16, code="def456")
RULE = Rule(
    name="pizza-factory",
    match=(),
    checks=(
        Check(name="error-logs", query="{}", window=timedelta(minutes=5), threshold=5),
    ),
)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def opened(rule: str = RULE.name, name: str = "f1") -> list[Event]:
    """An incident that one alert opened at noon."""
    fired = AlertFired(at=NOON, fingerprint=name, starts_at=NOON, sender=Sender.GRAFANA)
    return [Opened(at=NOON, rule=rule), fired]


def failing(number: int = 6, seconds: float = -30, link: ReportLink = LINK) -> Evidence:
    """What a failing order leaves in the logs, so many times, a second apart."""
    found = (FoundLink(link, LinkPlace.RESPONSE),)
    lines = (
        LogLine(at_ns=to_ns(at(seconds + n)), digest=f"{n}{link.name}", links=found)
        for n in range(number)
    )
    return Counted(
        name="error-logs",
        lines=tuple(sorted(lines, key=lambda line: -line.at_ns)),
        since=at(-300),
        until=NOON,
    )


@dataclass
class ListedStore:
    """`IncidentStore` on lists, with hooks for what comes between and what breaks."""

    clock: SetClock
    timelines: dict[str, list[Event]] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    due: dict[str, datetime | None] = field(default_factory=dict)
    looked_at: dict[str, datetime] = field(default_factory=dict)
    links: dict[str, LinkRecord] = field(default_factory=dict)
    floor: datetime | None = None
    ended: datetime | None = None
    """When the incident before ended."""
    writes: int = 0
    between: list[Callable[[], None]] = field(default_factory=list)
    """Each is done once, just before a decision is written."""
    broken: set[str] = field(default_factory=set)
    """Methods that raise `StorageUnavailable`."""
    called: list[str] = field(default_factory=list)
    renewed: list[Lease] = field(default_factory=list)
    released: list[tuple[str, datetime | None]] = field(default_factory=list)
    relapses: int = 0

    def __post_init__(self) -> None:
        self._tokens = (f"token-{n}" for n in count())
        self._lock = threading.RLock()

    def open(self, incident: str, events: Sequence[Event]) -> Lease:
        """An incident in storage, leased to whoever asked."""
        self.timelines[incident] = list(events)
        return self._leased(incident)

    def _leased(self, incident: str) -> Lease:
        token = self.held[incident] = next(self._tokens)
        return Lease(incident=incident, token=token)

    def hear(self, incident: str, *events: Event) -> None:
        """What intake or an operator appends."""
        self.timelines[incident] += events

    def _enter(self, method: str) -> None:
        self.called.append(method)
        if method in self.broken:
            raise StorageUnavailable(f"{method} is broken")

    def take(self, now: datetime, limit: int) -> list[Lease]:
        with self._lock:
            self._enter("take")
            ready = [
                incident
                for incident, due in self.due.items()
                if due is not None and due <= now and incident not in self.held
            ]
            return [self._leased(incident) for incident in ready[:limit]]

    def next_due(self) -> datetime | None:
        with self._lock:
            self._enter("next_due")
            free = (due for i, due in self.due.items() if i not in self.held)
            return min((due for due in free if due), default=None)

    def load(self, incident: str) -> Incident:
        self._enter("load")
        found = fold(incident, self.timelines[incident])
        kept = self.looked_at.get(incident)
        if kept and (found.looked_at is None or kept > found.looked_at):
            found = replace(found, looked_at=kept)
        return found

    def brakes(self, incident: Incident, now: datetime) -> Brakes:
        self._enter("brakes")
        return Brakes(floor=self.floor, links=dict(self.links))

    def earlier_end(self, incident: Incident) -> datetime | None:
        self._enter("earlier_end")
        return self.ended

    def record(
        self, lease: Lease, incident: Incident, events: Sequence[Event]
    ) -> Appended:
        self._enter("record")
        return self._append(incident.id, events)

    def decide(
        self, lease: Lease, incident: Incident, events: Sequence[Event]
    ) -> Appended:
        self._enter("decide")
        intruders, self.between = self.between, []
        for intruder in intruders:
            intruder()
        current = self.load(incident.id)
        mine = self.held.get(incident.id) == lease.token
        if current.seq != incident.seq or not mine:
            return Appended(incident=current, accepted=False)
        return self._append(incident.id, events)

    def _append(self, incident: str, events: Sequence[Event]) -> Appended:
        self.writes += 1
        for event in events:
            self.timelines[incident].append(event)
            if isinstance(event, ReportAnswered):
                self._answered(incident, event)
        return Appended(incident=self.load(incident), accepted=True)

    def _answered(self, incident: str, event: ReportAnswered) -> None:
        ended = event.outcome.moves_floor
        self.floor = event.at if ended else self.floor
        self.links[event.digest] = LinkRecord(
            digest=event.digest,
            outcome=event.outcome,
            answered_at=event.at,
            incident=incident,
            spent=ended or event.outcome is Outcome.WRONG_CODE,
        )

    def looked(self, lease: Lease, at: datetime) -> None:
        self._enter("looked")
        self.looked_at[lease.incident] = at

    def open_relapse(
        self, lease: Lease, incident: Incident, at: datetime
    ) -> str | None:
        self._enter("open_relapse")
        self.relapses += 1
        return None

    def renew(self, leases: Sequence[Lease]) -> None:
        self._enter("renew")
        self.renewed += leases

    def release(self, lease: Lease, due_at: datetime | None) -> None:
        with self._lock:
            self._enter("release")
            if self.held.get(lease.incident) == lease.token:
                del self.held[lease.incident]
                self.due[lease.incident] = due_at
            self.released.append((lease.incident, due_at))

    def kinds(self, incident: str) -> list[str]:
        """The timeline by the names of its events."""
        return [event.event for event in self.timelines[incident]]

    def told(self, incident: str, kind: type[Event]) -> list[Event]:
        return [e for e in self.timelines[incident] if isinstance(e, kind)]


@dataclass
class ListedLogs:
    """`LogSource` that reads the same lines for every check until it is told others."""

    evidence: Evidence = field(default_factory=failing)
    asked: list[Question] = field(default_factory=list)
    reading: Callable[[], None] = lambda: None
    """Done while the logs are being read."""

    def read(self, questions: Sequence[Question]) -> tuple[Evidence, ...]:
        self.asked += questions
        self.reading()
        return tuple(self._answer(question) for question in questions)

    def _answer(self, question: Question) -> Evidence:
        known = self.evidence
        if isinstance(known, Unreadable):
            return replace(known, name=question.name)
        lines = tuple(
            line for line in known.lines if question.since <= line.at < question.until
        )
        return replace(
            known,
            name=question.name,
            lines=lines,
            since=question.since,
            until=question.until,
        )


UNREADABLE = Unreadable(name="error-logs", reason=UnreadableReason.TIMEOUT)


@dataclass
class ListedFactory:
    """`Factory` that answers by a list, the last answer for ever."""

    outcomes: list[Outcome] = field(default_factory=lambda: [Outcome.RESOLVED])
    calls: list[ReportLink] = field(default_factory=list)
    calling: Callable[[], None] = lambda: None
    """Done while a report is on its way."""
    late: float = 0.0
    """What was gone of the last call's timeout before it."""
    firsts: list[str] = field(default_factory=list)
    """The method that each call began with."""
    name: str = "pizza-factory.example.com"
    silent: str = ""
    """Why it does not answer."""
    probes: int = 0

    def probe(self) -> str:
        self.probes += 1
        return self.silent

    def report(self, link: ReportLink, late: float = 0.0, first: str = "") -> Answer:
        self.calls.append(link)
        self.late = late
        self.firsts.append(first)
        self.calling()
        outcome = self.outcomes[0]
        if len(self.outcomes) > 1:
            del self.outcomes[0]
        return Answer(
            outcome=outcome, method="GET", status=200, message="said", seconds=0.1
        )


@dataclass
class ListedMeter:
    """Remembers what was measured."""

    decisions: list[tuple[Decision, Reason]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    seen: list[int] = field(default_factory=lambda: [0, 0])
    """Good orders, failed orders."""

    def decided(self, rule: str, decision: Decision, reason: Reason) -> None:
        self.decisions.append((decision, reason))

    def reported(self, rule: str, outcome: Outcome, seconds: float) -> None:
        self.outcomes.append(outcome)

    def time_to_report(self, rule: str, seconds: float) -> None:
        self.waited.append(seconds)

    def evidence(self, seconds: float) -> None:
        """Not looked at by any test."""

    def error_logs(self, rule: str, check: str, count: int) -> None:
        self.counts.append(count)

    def unreadable(self, reason: UnreadableReason) -> None:
        """Not looked at by any test."""

    def orders(self, rule: str, *, good: int, failed: int) -> None:
        self.seen[0] += good
        self.seen[1] += failed


@dataclass
class Bench:
    """Everything that a turn or a loop works with, and what to look at afterwards."""

    clock: SetClock = field(default_factory=lambda: SetClock(at=at(1)))
    logs: ListedLogs = field(default_factory=ListedLogs)
    factory: ListedFactory = field(default_factory=ListedFactory)
    meter: ListedMeter = field(default_factory=ListedMeter)
    fixed_link: ReportLink | None = None

    def __post_init__(self) -> None:
        self.store = ListedStore(clock=self.clock)

    def tools(self) -> Tools:
        return Tools(
            store=self.store,
            logs=self.logs,
            factory=self.factory,
            fixed_link=self.fixed_link,
            clock=self.clock,
            journal=Journal(self.meter),
        )
