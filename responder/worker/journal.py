"""What the worker tells the outside of each decision and report."""

import logging
from datetime import datetime
from typing import Protocol

from responder.incident.events import (
    Decided,
    FirstErrorFound,
    Looked,
    ReportAnswered,
)
from responder.incident.model import Incident
from responder.incident.names import Decision, Outcome, Reason, UnreadableReason

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
