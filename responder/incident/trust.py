"""Is a rule safe to automate? What it would have done, against what people did. Pure.

It only suggests: people promote a rule, in the configuration.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from responder.incident.agreement import Agreement
from responder.incident.listing import IncidentSummary
from responder.incident.names import Mode, Reason, State
from responder.incident.phrases import count_of, span
from responder.incident.rule import Rule

RIGHT_FOR_VETO = 3
"""So many times people must have done what the rule would have done."""
RIGHT_FOR_AUTO = 5
"""So many reports must have been let through, and have ended in a recovery."""
LOOKED_BACK = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What a rule in shadow or veto has shown so far. Drills are counted apart.

    `right`: as people did; `wrong`: it would have called, or was about to, and people
    said no; `missed`: people reported and it would not have; `unsaid`: nobody said.
    """

    rule: str
    mode: Mode
    right: int = 0
    wrong: int = 0
    missed: int = 0
    unsaid: int = 0
    saved: tuple[timedelta, ...] = ()
    """From when it would have reported to when a person did, where it was faster."""
    drills: int = 0

    @property
    def ready_for(self) -> Mode | None:
        """The next mode, None if it is not ready yet."""
        if self.why_not:
            return None
        return Mode.VETO if self.mode is Mode.SHADOW else Mode.AUTO

    @property
    def why_not(self) -> str:
        """What lacks before the next mode is suggested, "" if nothing does."""
        if self.wrong:
            return f"{count_of(self.wrong, 'wrong call')}: read why, and mend the rule"
        if self.missed:
            words = count_of(self.missed, "outage")
            return f"it would have missed {words}: lower a threshold or widen a window"
        shadow = self.mode is Mode.SHADOW
        lacking = (RIGHT_FOR_VETO if shadow else RIGHT_FOR_AUTO) - self.right
        if lacking > 0:
            what = "right call" if shadow else "report that helped"
            ask = " (record reports made by hand)" if shadow and self.unsaid else ""
            return f"{count_of(lacking, what)} more would show it{ask}"
        return "" if self.drills else "no drill of it has passed: `responder drill`"

    @property
    def sentence(self) -> str:
        """What it has shown, and what to do next."""
        total = sum(self.saved, timedelta())
        saved = f", {span(total)} saved in all" if self.saved else ""
        shown = f"{count_of(self.right, 'right call')}{saved}, {self.wrong} wrong"
        shown += f", {self.missed} missed, {self.unsaid} nobody spoke of"
        drills = f"; {count_of(self.drills, 'drill')} passed"
        verdict = f"Not ready yet: {self.why_not}."
        if self.ready_for is not None:
            verdict = f"Ready for mode: {self.ready_for}."
        return f"In {self.mode}: {shown}{drills}. {verdict}"


def trust(rule: Rule, incidents: Iterable[IncidentSummary], drills: int) -> Trust:
    """What these incidents say of the rule; drills among them are left out."""
    found = Trust(rule=rule.name, mode=rule.mode, drills=drills)
    ours = [i for i in incidents if i.rule == rule.name and not i.drill]
    if rule.mode is Mode.SHADOW:
        return _in_shadow(found, ours)
    return _in_veto(found, ours)


def _in_shadow(found: Trust, ours: Iterable[IncidentSummary]) -> Trust:
    right = wrong = missed = unsaid = 0
    saved: list[timedelta] = []
    for one in ours:
        agreed = one.agreement is Agreement.AGREED
        if one.withheld_at is None:
            missed += one.agreement is Agreement.DISAGREED
            continue
        right += agreed
        wrong += one.agreement is Agreement.DISAGREED
        unsaid += one.agreement is None
        by_hand = one.reported_by_hand_at
        if agreed and by_hand is not None and by_hand > one.withheld_at:
            saved.append(by_hand - one.withheld_at)
    return Trust(
        rule=found.rule,
        mode=found.mode,
        right=right,
        wrong=wrong,
        missed=missed,
        unsaid=unsaid,
        saved=tuple(saved),
        drills=found.drills,
    )


def _in_veto(found: Trust, ours: Iterable[IncidentSummary]) -> Trust:
    known = list(ours)
    helped = [i for i in known if i.reports and i.state is State.RECOVERED]
    stopped = [i for i in known if i.reason is Reason.VETOED]
    return Trust(
        rule=found.rule,
        mode=found.mode,
        right=len(helped),
        wrong=len(stopped),
        drills=found.drills,
    )
