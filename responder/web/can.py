"""Which buttons an incident has now. The store decides again when one is pressed."""

from dataclasses import dataclass

from responder.incident.attempt import link_at_hand
from responder.incident.controls import Standing
from responder.incident.drill import in_shadow
from responder.incident.model import Incident
from responder.incident.names import Mode
from responder.incident.phase import automation_over, told, verify_from
from responder.incident.rule import Rule
from responder.incident.window import live_plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Can:
    """`why_not`: what keeps a report from leaving even if a person asks, or ""."""

    veto: bool
    report: bool
    why_not: str
    close: bool

    @property
    def any(self) -> bool:
        return self.veto or self.report or self.close

    @classmethod
    def of(
        cls,
        incident: Incident,
        rule: Rule,
        standing: Standing,
        fixed_link: bool,
    ) -> "Can":
        open_ = incident.finished is None
        rule = in_shadow(rule, incident)
        acts = open_ and rule.mode is not Mode.SHADOW
        sent = incident.outstanding is not None
        done = verify_from(incident) is not None and live_plan(incident) is None
        held = _held(standing)
        linked = fixed_link or link_at_hand(incident) is not None
        return cls(
            veto=acts
            and incident.vetoed is None
            and not (sent or done or automation_over(incident)),
            report=acts and not sent,
            why_not=held or ("" if linked else _no_link(incident)),
            close=open_ and not sent,
        )


def _held(standing: Standing) -> str:
    if standing.pause:
        return "Automatic reports are paused: resume first."
    if standing.breaker_open:
        return "All reports allowed within an hour are used."
    return ""


def _no_link(incident: Incident) -> str:
    if told(incident):
        return "It is reported, and no newer link was seen."
    return "No link found yet: report by hand."
