"""Which buttons an incident has now. The store decides again when one is pressed."""

from dataclasses import dataclass
from datetime import datetime

from responder.incident.drill import in_shadow
from responder.incident.model import Incident
from responder.incident.names import Mode
from responder.incident.phase import automation_over, verify_from
from responder.incident.rule import Rule
from responder.incident.window import UNDO_FOR, live_plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Can:
    """`link`: whether there is anything to report with."""

    veto: bool
    undo: bool
    report: bool
    link: bool
    close: bool

    @property
    def any(self) -> bool:
        return self.veto or self.undo or self.report or self.close

    @classmethod
    def of(
        cls, incident: Incident, rule: Rule, now: datetime, *, fixed_link: bool
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
            link=fixed_link or bool(incident.candidates),
            close=open_ and not sent,
        )
