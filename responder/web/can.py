"""Which buttons an incident has now. The store decides again when one is pressed."""

from dataclasses import dataclass
from datetime import datetime

from responder.incident.controls import Standing
from responder.incident.drill import in_shadow
from responder.incident.model import Incident
from responder.incident.names import Mode
from responder.incident.phase import automation_over, verify_from
from responder.incident.rule import Rule
from responder.incident.window import UNDO_FOR, live_plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Can:
    """`why_not`: what keeps a report from leaving even if a person asks, or ""."""

    veto: bool
    undo: bool
    report: bool
    why_not: str
    close: bool

    @property
    def any(self) -> bool:
        return self.veto or self.undo or self.report or self.close

    @classmethod
    def of(
        cls,
        incident: Incident,
        rule: Rule,
        now: datetime,
        standing: Standing,
        fixed_link: bool,
    ) -> "Can":
        open_ = incident.finished is None
        rule = in_shadow(rule, incident)
        acts = open_ and rule.mode is not Mode.SHADOW
        sent = incident.outstanding is not None
        veto = incident.vetoed
        done = verify_from(incident) is not None and live_plan(incident) is None
        return cls(
            veto=acts
            and veto is None
            and not (sent or done or automation_over(incident)),
            undo=acts and veto is not None and now < veto.at + UNDO_FOR,
            report=acts and not sent,
            why_not=_why_not(incident, standing, fixed_link),
            close=open_ and not sent,
        )


def _why_not(incident: Incident, standing: Standing, fixed_link: bool) -> str:
    if standing.pause:
        return "Automatic reports are paused: resume first."
    if standing.breaker_open:
        return "All reports allowed within an hour are used."
    if fixed_link or incident.candidates:
        return ""
    if incident.answered or incident.shared:
        return "It is reported, and no newer link was seen."
    return "No link found yet: nothing can be reported."
