"""A rule's own watch: it runs the checks without an alert."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from responder.incident.evaluation import evaluate, questions
from responder.incident.events import CheckReading, Looked
from responder.incident.incident import Incident
from responder.incident.lookout import (
    bystander,
    confirmed,
    engaged,
    self_detected,
    sight,
)
from responder.incident.names import Sight, UnreadableReason
from responder.incident.openings import Duties, Openings
from responder.incident.ports import Clock, Lease, LogSource
from responder.incident.rule import Rule
from responder.incident.service import Brakes

log = logging.getLogger("responder.worker")


class BrakeStore(Protocol):
    """The part of the storage that a look needs beforehand."""

    def brakes(self, incident: Incident, now: datetime) -> Brakes:
        """What holds the service, as of now, from this incident's point of view."""


class WatchMeter(Protocol):
    """The metrics that a watch moves."""

    def watched(self, rule: str, sight: Sight) -> None: ...

    def evidence(self, seconds: float) -> None: ...

    def error_logs(self, rule: str, check: str, count: int) -> None: ...

    def unreadable(self, reason: UnreadableReason) -> None: ...


class Watcher:
    """One rule's watch. One of all replicas looks every `every`, the others wait.

    While an incident of the rule is open or watched it looks itself: then the watch
    rests. What it opens goes the way of every incident, brakes included.
    """

    def __init__(
        self,
        rule: Rule,
        every: timedelta,
        *,
        logs: LogSource,
        store: BrakeStore,
        openings: Openings,
        duties: Duties,
        clock: Clock,
        meter: WatchMeter,
        hand_over: Callable[[Sequence[Lease]], None],
    ) -> None:
        self._rule = rule
        self._every = every
        self._logs = logs
        self._store = store
        self._openings = openings
        self._duties = duties
        self._clock = clock
        self._meter = meter
        self._hand_over = hand_over
        self._blind = False

    def __call__(self) -> timedelta:
        """Look if it is our turn; when to come again."""
        duty = self._duties.take(f"watch {self._rule.name}", self._every)
        if duty.mine:
            self._meter.watched(self._rule.name, self._look())
        return duty.again

    def _look(self) -> Sight:
        now, rule = self._clock.now(), self._rule
        nobody = bystander(rule, now)
        brakes = self._store.brakes(nobody, now)
        aftermath = self._openings.aftermath(rule.name)
        if engaged(brakes, aftermath):
            return Sight.ENGAGED
        brakes = sight(rule, brakes, aftermath)
        started = self._clock.monotonic()
        # Only what can open an incident: orders are counted once there is one.
        checks = questions(nobody, rule, brakes, now)[: len(rule.checks)]
        answers = self._logs.read(checks)
        self._meter.evidence(self._clock.monotonic() - started)
        looked, _ = evaluate(nobody, rule, brakes, answers, now)
        self._tell(looked)
        if (check := confirmed(looked)) is not None:
            self._open(check, now)
            return Sight.CONFIRMED
        return Sight.UNREADABLE if self._blind else Sight.QUIET

    def _tell(self, looked: Looked) -> None:
        blind = [check for check in looked.checks if check.unreadable]
        for check in looked.checks:
            if check.count is not None:
                self._meter.error_logs(self._rule.name, check.name, check.count)
            elif check.unreadable is not None:
                self._meter.unreadable(check.unreadable)
        if bool(blind) == self._blind:
            return
        self._blind = bool(blind)
        facts: dict[str, object] = {"rule": self._rule.name}
        if blind:
            facts |= {"check": blind[0].name, "why": blind[0].detail}
            log.warning("watch sees nothing", extra=facts)
        else:
            log.info("watch sees again", extra=facts)

    def _open(self, check: CheckReading, now: datetime) -> None:
        opened = self_detected(self._rule, now)
        began = self._openings.open(opened, looked_at=now)
        if began is None or not began.done:
            return
        log.info(
            "self-detected",
            extra={
                "incident": began.incident,
                "rule": self._rule.name,
                "check": check.name,
                "observed": check.count,
                "limit": check.threshold,
            },
        )
        if began.lease is not None:
            self._hand_over([began.lease])
