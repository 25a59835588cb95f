"""One turn of work on one incident: take steps until one must wait."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from responder.incident.events import (
    Decided,
    Event,
    Finished,
    Looked,
    ReportAnswered,
    ReportIntended,
    ReportShared,
    ReportWithheld,
)
from responder.incident.link import ReportLink
from responder.incident.look import questions, weigh
from responder.incident.model import Incident, apply
from responder.incident.names import Decision, Outcome, Reason, State
from responder.incident.playbook import next_step
from responder.incident.ports import (
    Clock,
    Factory,
    IncidentStore,
    Lease,
    LogSource,
)
from responder.incident.rule import Rule
from responder.incident.steps import (
    Finish,
    Gather,
    Lost,
    Relapse,
    Rest,
    Send,
    Share,
    Step,
    TraceBack,
    Wait,
    Watch,
    Withhold,
)
from responder.worker.journal import Journal
from responder.worker.trace import trace_back

MOST_STEPS = 100
"""More steps in one turn than any incident needs: a guard against a busy loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What a turn works with."""

    store: IncidentStore
    logs: LogSource
    factory: Factory
    fixed_link: ReportLink | None
    clock: Clock
    journal: Journal


class Turn:
    """One leased incident in the hands of one thread.

    `stored` is the incident as the database has it; `incident` adds facts that wait
    for the next write, so that a look, a decision and an intent share one commit.
    """

    def __init__(
        self, tools: Tools, rule: Rule, lease: Lease, fresh: Callable[[Lease], bool]
    ) -> None:
        self._tools = tools
        self._rule = rule
        self._lease = lease
        self._fresh = fresh
        self.stored = tools.store.load(lease.incident)
        self.incident = self.stored
        self._pending: list[Event] = []
        self._looked_at: datetime | None = None
        self._links: Mapping[str, ReportLink] = {}

    def run(self, stopping: Callable[[], bool]) -> datetime | None:
        """Take steps until one waits; when the incident is due again (None: never)."""
        for _ in range(MOST_STEPS):
            now = self._tools.clock.now()
            if stopping() or not self._fresh(self._lease):
                self._flush()
                return now
            step = self._next(now)
            match step:
                case Wait() | Watch() | Rest():
                    if self._settle(step, now):
                        return None if isinstance(step, Rest) else step.until
                case _:
                    if (due := self._take(step, now)) is not None:
                        return due
        self._flush()
        return self._tools.clock.now() + self._rule.recheck

    def _next(self, now: datetime) -> Step:
        brakes = self._tools.store.brakes(self.incident, now)
        return next_step(self.incident, self._rule, brakes, now)

    def _take(self, step: Step, now: datetime) -> datetime | None:
        match step:
            case Gather():
                self._gather(now)
            case TraceBack():
                found = trace_back(self._tools.logs, self.incident, self._rule, now)
                self._note(found)
                self._flush()
            case Send():
                return self._send(step, now)
            case Lost():
                self._lost(now)
            case Share() | Withhold():
                self._without_call(step, now)
            case Finish():
                self._finish(step, now)
            case Relapse():
                self._flush()
                store = self._tools.store
                new = store.open_relapse(self._lease, self.incident, now)
                self._tools.journal.relapsed(self.incident, new, now)
            case Wait() | Watch() | Rest():
                raise AssertionError("these end a turn")
        return None

    def _gather(self, now: datetime) -> None:
        tools = self._tools
        brakes = tools.store.brakes(self.incident, now)
        started = tools.clock.monotonic()
        asked = questions(self.incident, self._rule, brakes, now)
        answers = tools.logs.read(asked)
        seconds = tools.clock.monotonic() - started
        looked, self._links = weigh(self.incident, self._rule, brakes, answers, now)
        tools.journal.looked(self.incident, looked, seconds)
        if _reads_the_same(self.incident, looked):
            self.incident = replace(self.incident, looked_at=now)
            self._looked_at = now
        else:
            self._note(looked)

    def _settle(self, step: Wait | Watch | Rest, now: datetime) -> bool:
        """Write down a changed state; False if someone came between: decide again."""
        incident = self.incident
        if isinstance(step, Wait) and (step.state, step.reason) != (
            incident.state,
            incident.reason,
        ):
            decided = Decided(
                at=now,
                decision=_decision(step.state),
                state=step.state,
                reason=step.reason,
                check=step.check,
                observed=step.observed,
                limit=step.limit,
                until=step.until,
            )
            if not self._decide([decided]):
                return False
            self._tools.journal.decided(
                self.incident, decided.decision, decided.reason, decided
            )
            return True
        self._flush()
        return True

    def _send(self, step: Send, now: datetime) -> datetime | None:
        """Reserve, call, write the answer down. Due later if the link is not at hand."""
        fixed = self._tools.fixed_link
        link = fixed if fixed else self._links.get(step.digest)
        if link is None:
            self._gather(now)
            link = self._links.get(step.digest)
        if link is None:
            self._flush()
            return now + self._rule.recheck
        decided = Decided(
            at=now,
            decision=Decision.REPORT,
            state=State.REPORTING,
            reason=step.reason,
            check=step.check,
            observed=step.observed,
            limit=step.limit,
        )
        intended = ReportIntended(
            at=now, link=link.name, digest=link.digest, reason=step.reason
        )
        if not self._decide([decided, intended]):
            return None
        self._tools.journal.decided(
            self.incident, decided.decision, decided.reason, decided
        )
        if not self._fresh(self._lease):
            return self._tools.clock.now()
        self._call(link)
        return None

    def _call(self, link: ReportLink) -> None:
        answer = self._tools.factory.report(link)
        answered = ReportAnswered(
            at=self._tools.clock.now(),
            link=link.name,
            digest=link.digest,
            outcome=answer.outcome,
            method=answer.method,
            status=answer.status,
            message=answer.message,
            seconds=answer.seconds,
        )
        self._note(answered)
        self._flush()
        self._tools.journal.reported(self.incident, answered)

    def _lost(self, now: datetime) -> None:
        report = self.incident.outstanding
        if report is None:
            return
        answered = ReportAnswered(
            at=now,
            link=report.link,
            digest=report.digest,
            outcome=Outcome.UNKNOWN,
            message="no answer is known: Responder stopped while it waited",
            seconds=(now - report.at).total_seconds(),
        )
        self._note(answered)
        self._flush()
        self._tools.journal.reported(self.incident, answered)

    def _without_call(self, step: Share | Withhold, now: datetime) -> None:
        event: Event
        if isinstance(step, Share):
            decision, reason = Decision.SHARE, Reason.REPORT_SHARED
            record = step.record
            event = ReportShared(
                at=now,
                link=step.name,
                digest=record.digest,
                incident=record.incident or "",
                outcome=record.outcome or Outcome.UNKNOWN,
                answered_at=record.answered_at or now,
            )
        else:
            decision, reason = Decision.WITHHOLD, Reason.SHADOW
            event = ReportWithheld(
                at=now, link=step.name, digest=step.digest, reason=step.reason
            )
        decided = Decided(
            at=now, decision=decision, state=State.VERIFYING, reason=reason
        )
        if self._decide([decided, event]):
            self._tools.journal.decided(self.incident, decision, reason)

    def _finish(self, step: Finish, now: datetime) -> None:
        finished = Finished(
            at=now,
            state=step.state,
            reason=step.reason,
            proof=step.proof,
            good_orders=step.good_orders,
            stray=step.stray,
        )
        if self._decide([finished]):
            self._tools.journal.decided(self.incident, Decision.FINISH, step.reason)

    def _note(self, event: Event) -> None:
        self._pending.append(event)
        self.incident = apply(self.incident, event)

    def _decide(self, events: list[Event]) -> bool:
        appended = self._tools.store.decide(
            self._lease, self.stored, [*self._pending, *events]
        )
        self.stored = appended.incident
        if appended.accepted:
            self._pending = []
            self.incident = self.stored
            return True
        self.incident = self.stored
        for event in self._pending:
            self.incident = apply(self.incident, event)
        return False

    def _flush(self) -> None:
        if self._pending:
            appended = self._tools.store.record(self._lease, self.stored, self._pending)
            self._pending = []
            self.stored = self.incident = appended.incident
        elif self._looked_at is not None:
            self._tools.store.looked(self._lease, self._looked_at)
        self._looked_at = None


def _decision(state: State) -> Decision:
    match state:
        case State.NEEDS_HUMAN:
            return Decision.NEEDS_HUMAN
        case State.VERIFYING:
            return Decision.VERIFY
        case State.REPORTING:
            return Decision.REPORT
        case _:
            return Decision.HOLD


def _reads_the_same(incident: Incident, looked: Looked) -> bool:
    """Whether a look says nothing new: then only its time is kept, no event."""
    last = incident.look
    if last is None or (incident.unreadable_since and incident.unreadable_looks < 6):
        return False
    return _said(last) == _said(looked)


def _said(looked: Looked) -> tuple[object, ...]:
    return (
        tuple((c.name, c.count, c.at_least, c.unreadable) for c in looked.checks),
        looked.candidates,
        looked.good_orders,
        looked.traffic_unreadable,
        looked.lines,
        looked.failed_lines,
        looked.matched,
    )
