"""One run on one leased incident: decide, write, act, until it must wait."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from responder.incident.evaluation import evaluate, questions
from responder.incident.events import (
    Decided,
    Event,
    FactoryProbed,
    FirstErrorFound,
    Looked,
    ReportAnswered,
)
from responder.incident.evidence import ReportLink
from responder.incident.incident import Incident, apply
from responder.incident.names import Decision, Outcome, Reason, UnreadableReason
from responder.incident.playbook import next_step
from responder.incident.ports import Clock, Factory, IncidentStore, Lease, LogSource
from responder.incident.rule import Rule
from responder.incident.service import Brakes
from responder.incident.steps import (
    Finish,
    Gather,
    Lost,
    Note,
    Probe,
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
from responder.worker.record import (
    chosen,
    finished,
    heard,
    intended,
    lost,
    waited,
    without_call,
)
from responder.worker.trace import trace_back

# Events of one run that wait for the next write.

KEPT_UNREADABLE = 6
"""So many unreadable looks in a row are kept one by one: the backoff counts them."""


class Ledger:
    """One leased incident and the facts that wait for the next write.

    `incident` is up to date with both, so that a look, a decision and an intent can
    share one commit.
    """

    def __init__(self, store: IncidentStore, lease: Lease) -> None:
        self._store = store
        self._lease = lease
        self._stored = store.load(lease.incident)
        self.incident: Incident = self._stored
        self._pending: list[Event] = []
        self._looked_at: datetime | None = None

    def note(self, event: Event) -> None:
        """A fact, written with the next decision or `flush`."""
        self._pending.append(event)
        self.incident = apply(self.incident, event)

    def looked(self, looked: Looked) -> None:
        """A look: an event if it says something new, else only its time is kept."""
        if _reads_the_same(self.incident, looked):
            self.incident = replace(self.incident, looked_at=looked.at)
            self._looked_at = looked.at
        else:
            self.note(looked)

    def decide(self, events: Sequence[Event]) -> bool:
        """Write the decision with the facts before it; False: decide again.

        Not written when someone came between; then `incident` has their news too.
        """
        appended = self._store.decide(
            self._lease, self._stored, [*self._pending, *events]
        )
        self._stored = self.incident = appended.incident
        if appended.accepted:
            self._pending = []
        else:
            for event in self._pending:
                self.incident = apply(self.incident, event)
        self._keep_look()
        return appended.accepted

    def flush(self) -> None:
        """Write the facts that wait."""
        if self._pending:
            appended = self._store.record(self._lease, self._stored, self._pending)
            self._pending = []
            self._stored = self.incident = appended.incident
        self._keep_look()

    def _keep_look(self) -> None:
        if self._looked_at is None:
            return
        self._store.looked(self._lease, self._looked_at)
        latest = max(self.incident.looked_at or self._looked_at, self._looked_at)
        self.incident = replace(self.incident, looked_at=latest)
        self._looked_at = None


def _reads_the_same(incident: Incident, looked: Looked) -> bool:
    """Whether a look says nothing new: then only its time is kept, no event."""
    last = incident.look
    if last is None or (
        incident.unreadable_since and incident.unreadable_looks < KEPT_UNREADABLE
    ):
        return False
    return _said(last) == _said(looked)


def _said(looked: Looked) -> tuple[object, ...]:
    return (
        tuple((c.name, c.count, c.at_least, c.unreadable) for c in looked.checks),
        looked.candidates,
        looked.foreign_links,
        looked.spent,
        looked.good_orders,
        looked.traffic_unreadable,
        looked.failed_unreadable,
        looked.failures,
        looked.stale_failures,
        looked.last_failure_at,
        looked.good_since_failure,
        looked.lines,
        looked.failed_lines,
        looked.affected_lines,
        looked.good_lines,
        looked.matched,
    )


# Metrics and log lines for each decision and report.

log = logging.getLogger("responder.worker")


class Meter(Protocol):
    """The metrics that the worker moves."""

    def decided(self, rule: str, decision: Decision, reason: Reason) -> None: ...

    def reported(self, rule: str, outcome: Outcome, seconds: float) -> None: ...

    def time_to_report(self, rule: str, seconds: float) -> None: ...

    def evidence(self, seconds: float) -> None: ...

    def error_logs(self, rule: str, check: str, count: int) -> None: ...

    def unreadable(self, reason: UnreadableReason) -> None: ...

    def orders(self, rule: str, *, good: int, failed: int) -> None: ...


class Journal:
    """One metric and one log line for each decision and report, facts as fields."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def decided(
        self,
        incident: Incident,
        decision: Decision,
        reason: Reason,
        decided: Decided | None = None,
    ) -> None:
        if not incident.drill:
            self._meter.decided(incident.rule, decision, reason)
        facts: dict[str, object] = {
            "incident": incident.id,
            "rule": incident.rule,
            **({"drill": incident.drill} if incident.drill else {}),
            "state": str(incident.state),
            "verdict": str(decision),
            "reason": str(reason),
        }
        if decided and decided.check:
            facts |= {
                "check": decided.check,
                "observed": decided.observed,
                "limit": decided.limit,
            }
        log.info("decided", extra=facts)

    def reported(self, incident: Incident, answer: ReportAnswered) -> None:
        self._meter.reported(incident.rule, answer.outcome, answer.seconds)
        if len(incident.answered) == 1:
            waited = (answer.at - incident.opened_at).total_seconds()
            self._meter.time_to_report(incident.rule, max(0.0, waited))
        log.info(
            "reported",
            extra={
                "incident": incident.id,
                "rule": incident.rule,
                "link": answer.link,
                "method": answer.method,
                "outcome": str(answer.outcome),
                "status": answer.status,
                "answer": answer.message,
                "seconds": round(answer.seconds, 6),
            },
        )

    def looked(self, incident: Incident, looked: Looked, seconds: float) -> None:
        if incident.drill:
            return
        self._meter.evidence(seconds)
        for check in looked.checks:
            if check.count is not None:
                self._meter.error_logs(incident.rule, check.name, check.count)
            elif check.unreadable is not None:
                self._meter.unreadable(check.unreadable)
        good = len(looked.good_lines)
        failed = len(looked.failed_lines) + len(looked.affected_lines)
        self._meter.orders(incident.rule, good=good, failed=failed)

    def traced(self, incident: Incident, found: FirstErrorFound) -> None:
        """Before the event is noted: what was known already is not counted again."""
        if incident.drill:
            return
        failed = {*found.failed_lines, *found.affected_lines}
        new = failed - incident.failed_keys
        self._meter.orders(incident.rule, good=0, failed=len(new))

    def relapsed(self, incident: Incident, new: str | None, at: datetime) -> None:
        if new is not None:
            facts = {"incident": new, "rule": incident.rule, "relapse_of": incident.id}
            log.info("relapsed", extra=facts)


# One run, and the ports that it needs.


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The worker's ports. `fixed_link` replaces the search for links."""

    store: IncidentStore
    logs: LogSource
    factory: Factory
    fixed_link: ReportLink | None
    clock: Clock
    journal: Journal


MOST_STEPS = 100
"""More steps in one turn than any incident needs: a guard against a busy loop."""


class Turn:
    """One leased incident in the hands of one thread."""

    def __init__(
        self, tools: Tools, rule: Rule, lease: Lease, fresh: Callable[[Lease], bool]
    ) -> None:
        self._tools = tools
        self._rule = rule
        self._lease = lease
        self._fresh = fresh
        self._ledger = Ledger(tools.store, lease)
        self._links: Mapping[str, ReportLink] = {}
        self._began = 0.0
        self._undecided = False

    def run(self, stopping: Callable[[], bool]) -> datetime | None:
        """Take steps until one waits; when the incident is due again (None: never)."""
        for _ in range(MOST_STEPS):
            self._began = self._tools.clock.monotonic()
            now = self._tools.clock.now()
            if stopping() or not self._fresh(self._lease):
                self._ledger.flush()
                return now
            brakes = self._braked(now)
            step = next_step(self._ledger.incident, self._rule, brakes, now)
            match step:
                case Wait() | Watch() | Rest():
                    if self._settle(step, now):
                        return None if isinstance(step, Rest) else step.until
                case _:
                    if (due := self._take(step, brakes, now)) is not None:
                        return due
        self._ledger.flush()
        return self._tools.clock.now() + self._rule.recheck

    def _braked(self, now: datetime) -> Brakes:
        brakes = self._tools.store.brakes(self._ledger.incident, now)
        return replace(brakes, undecided=self._undecided)

    def _take(self, step: Step, brakes: Brakes, now: datetime) -> datetime | None:
        match step:
            case Gather():
                self._gather(brakes, now)
            case TraceBack():
                found = trace_back(
                    self._tools.logs,
                    self._ledger.incident,
                    self._rule,
                    self._bounded(brakes),
                    now,
                )
                self._tools.journal.traced(self._ledger.incident, found)
                self._ledger.note(found)
                self._ledger.flush()
            case Probe():
                why = self._tools.factory.probe()
                probed = FactoryProbed(
                    at=self._tools.clock.now(), reachable=not why, why=why
                )
                self._ledger.note(probed)
                self._undecided = True
            case Send():
                return self._send(step, brakes, now)
            case Lost():
                self._lost(now)
            case Note():
                self._ledger.note(step.event)
            case Share() | Withhold():
                self._without_call(step, now)
            case Finish():
                self._finish(step, now)
            case Relapse():
                return self._relapse(now)
            case Wait() | Watch() | Rest():
                raise AssertionError("these end a turn")
        return None

    def _bounded(self, brakes: Brakes) -> Brakes:
        """With the end of the incident before, while the first error is not known."""
        incident = self._ledger.incident
        if incident.first_error_final:
            return brakes
        ended = self._tools.store.earlier_end(incident)
        return replace(brakes, earlier_ended_at=ended)

    def _gather(self, brakes: Brakes, now: datetime) -> None:
        tools, incident = self._tools, self._ledger.incident
        brakes = self._bounded(brakes)
        started = tools.clock.monotonic()
        asked = questions(incident, self._rule, brakes, now)
        answers = tools.logs.read(asked)
        seconds = tools.clock.monotonic() - started
        looked, self._links = evaluate(
            self._ledger.incident, self._rule, brakes, answers, now
        )
        tools.journal.looked(incident, looked, seconds)
        self._ledger.looked(looked)
        self._undecided = True

    def _settle(self, step: Wait | Watch | Rest, now: datetime) -> bool:
        """Write down a changed state; False if someone came between: decide again."""
        incident = self._ledger.incident
        if isinstance(step, Wait) and (step.state, step.reason) != (
            incident.state,
            incident.reason,
        ):
            decided = waited(step, now)
            if not self._ledger.decide([decided]):
                return False
            self._tools.journal.decided(
                self._ledger.incident, decided.decision, decided.reason, decided
            )
            return True
        self._ledger.flush()
        return True

    def _send(self, step: Send, brakes: Brakes, now: datetime) -> datetime | None:
        """Reserve, call, write down the answer; due later without the link at hand.

        A link that must be found first is called by the evidence found with it.
        """
        fixed = self._tools.fixed_link
        link = fixed or self._links.get(step.digest)
        if link is None:
            self._gather(brakes, now)
            if step.digest in self._links:
                return None
            self._ledger.flush()
            return now + self._rule.recheck
        decided = chosen(step, now)
        if not self._ledger.decide([decided, intended(step, link, now)]):
            return None
        self._tools.journal.decided(
            self._ledger.incident, decided.decision, decided.reason, decided
        )
        if not self._fresh(self._lease):
            return self._tools.clock.now()
        self._call(link, step.method)
        return None

    def _call(self, link: ReportLink, first: str) -> None:
        # Another call may begin at intent + timeout + 1 s (rule 10), however long the
        # intent was in the writing.
        late = self._tools.clock.monotonic() - self._began
        answer = self._tools.factory.report(link, late, first)
        answered = heard(answer, link, self._tools.clock.now())
        self._ledger.note(answered)
        self._ledger.flush()
        self._undecided = True
        self._tools.journal.reported(self._ledger.incident, answered)

    def _lost(self, now: datetime) -> None:
        report = self._ledger.incident.outstanding
        if report is None:
            return
        answered = lost(report, now)
        self._ledger.note(answered)
        self._ledger.flush()
        self._tools.journal.reported(self._ledger.incident, answered)

    def _relapse(self, now: datetime) -> datetime | None:
        """Open the next incident; if somebody came between, later with their news."""
        self._ledger.flush()
        store = self._tools.store
        new = store.open_relapse(self._lease, self._ledger.incident, now)
        self._tools.journal.relapsed(self._ledger.incident, new, now)
        return None if new else now + self._rule.recheck

    def _without_call(self, step: Share | Withhold, now: datetime) -> None:
        decided, instead = without_call(step, now)
        if self._ledger.decide([decided, instead]):
            self._tools.journal.decided(
                self._ledger.incident, decided.decision, decided.reason
            )

    def _finish(self, step: Finish, now: datetime) -> None:
        if self._ledger.decide([finished(step, now)]):
            self._tools.journal.decided(
                self._ledger.incident, Decision.FINISH, step.reason
            )
