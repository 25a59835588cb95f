"""One turn of work on one incident: take steps until one must wait."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from responder.incident.brakes import Brakes
from responder.incident.link import ReportLink
from responder.incident.look import questions, weigh
from responder.incident.names import Decision
from responder.incident.playbook import next_step
from responder.incident.ports import Lease
from responder.incident.rule import Rule
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
from responder.incident.supplier_events import FactoryProbed
from responder.worker.ledger import Ledger
from responder.worker.record import (
    chosen,
    finished,
    heard,
    intended,
    lost,
    waited,
    without_call,
)
from responder.worker.tools import Tools
from responder.worker.trace import trace_back

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
        looked, self._links = weigh(
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
