"""Which buttons an incident has now. The store decides again when one is pressed."""

from dataclasses import dataclass

from responder.incident.attempt import MOST_WRONG_CODES, link_at_hand
from responder.incident.controls import Standing
from responder.incident.drill import in_shadow
from responder.incident.model import Incident
from responder.incident.names import Mode, Outcome
from responder.incident.phase import automation_over, verify_from, wrong_codes
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
        wrong = any(r.outcome is Outcome.WRONG_CODE for r in incident.reports)
        linked = not wrong if fixed_link else link_at_hand(incident) is not None
        return cls(
            veto=acts
            and incident.vetoed is None
            and not (sent or done or automation_over(incident)),
            report=acts and not sent,
            why_not=_why_not(incident, standing, linked),
            close=open_ and not sent,
        )


def _why_not(incident: Incident, standing: Standing, linked: bool) -> str:
    if standing.breaker_open:
        return "All reports allowed within an hour are used."
    if wrong_codes(incident) >= MOST_WRONG_CODES:
        return f"The factory took none of {MOST_WRONG_CODES} links: report by hand."
    if linked:
        return ""
    if wrong := [r for r in incident.reports if r.outcome is Outcome.WRONG_CODE]:
        return f"The factory does not know the code of {wrong[-1].link}."
    return "No link found yet: report by hand."
