"""Is a rule safe to automate? What it would have done, against what people did. Pure.

It only suggests: people promote a rule, in the configuration.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from responder.incident.agreement import Agreement
from responder.incident.listing import IncidentSummary
from responder.incident.names import Mode, Reason, State
from responder.incident.phrases import count_of, span
from responder.incident.rule import Rule
from responder.incident.trial import Trial

RIGHT_FOR_VETO = 3
"""So many times people must have done what the rule would have done."""
RIGHT_FOR_AUTO = 5
"""So many reports must have been let through, and have ended in a recovery."""
LIVE_FOR_VETO = 1
"""So many of them must be live: a cassette that comes out right proves the
configuration, not that this deployment's alerts and logs arrive. In `veto` a person
still stands between, so one that did is enough."""
LIVE_FOR_AUTO = 2
"""So many of those must be live: in a cassette a model of the factory heals. In `auto`
nobody stands between, and a single recovery may have come by itself."""
LOOKED_BACK = timedelta(days=90)
_NAMED = 3
"""Cassettes that a sentence calls by their names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What a rule in shadow or veto has shown so far. Drills are counted apart.

    A cassette with a report as expected is one right call more, up to where the rest
    must be live; one that is rightly not reported is none, it only shows no wrong
    call; one that is not as expected holds the rule back.

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
    trial: Trial | None = None
    """The cassettes that the rule was tried on last."""
    config: str = ""
    """The hash of the configuration that runs."""

    @property
    def tried(self) -> Trial | None:
        """The trial, if it was of the configuration that runs: no other counts."""
        current = self.trial is not None and self.trial.config == self.config
        return self.trial if current else None

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
        if self.tried and self.tried.not_as_expected:
            return _not_as_expected(self.tried.not_as_expected)
        if lacking := self._lacking():
            return lacking
        return "" if self.drills else "no drill of it has passed: `responder drill`"

    @property
    def sentence(self) -> str:
        """What it has shown, and what to do next."""
        total = sum(self.saved, timedelta())
        saved = f", {span(total)} saved in all" if self.saved else ""
        shown = f"{count_of(self.right, 'right call')}{saved}, {self.wrong} wrong"
        shown += f", {self.missed} missed, {self.unsaid} nobody spoke of"
        drills = f"; {count_of(self.drills, 'drill')} passed{self._cassettes()}"
        verdict = f"Not ready yet: {self.why_not}."
        if self.ready_for is not None:
            verdict = f"Ready for mode: {self.ready_for}."
        return f"In {self.mode}: {shown}{drills}. {verdict}"

    def _lacking(self) -> str:
        """How many right calls lack, and which kind, "" if none does."""
        shadow = self.mode is Mode.SHADOW
        what = "right call" if shadow else "helpful report"
        needed = RIGHT_FOR_VETO if shadow else RIGHT_FOR_AUTO
        live = LIVE_FOR_VETO if shadow else LIVE_FOR_AUTO
        played = len(self.tried.reported) if self.tried else 0
        lacking = needed - self.right - min(played, needed - live)
        if lacking <= 0:
            return ""
        ask = ["record reports made by hand"] if shadow and self.unsaid else []
        must = live - self.right
        words = f"{count_of(lacking, what)} more would show it"
        if lacking == must:
            words = f"{count_of(lacking, f'live {what}')} more would show it"
            ask.append("cassettes prove the configuration, not the deployment")
        else:
            words += f", {must} of them live" if must > 0 else ""
            if self.trial is None:
                ask.append("cassettes count too: `responder shadow CASSETTE...`")
        return words + (f" ({'; '.join(ask)})" if ask else "")

    def _cassettes(self) -> str:
        """What the cassettes have shown, "" if it was tried on none."""
        if self.trial is None:
            return ""
        if not self.trial.total:
            return "; no cassette concerns it"
        told = count_of(self.trial.total, "cassette")
        if self.tried is None:
            verb = "was" if self.trial.total == 1 else "were"
            again = "run `responder shadow` with this one"
            return f"; {told} {verb} of another configuration: {again}"
        right = count_of(len(self.trial.reported), "right call")
        none, wrong = len(self.trial.not_reported), len(self.trial.not_as_expected)
        return f"; {told}: {right}, {none} rightly none, {wrong} not as expected"


def _not_as_expected(names: tuple[str, ...]) -> str:
    verb = "is" if len(names) == 1 else "are"
    more = len(names) - _NAMED
    named = ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
    told = f"{count_of(len(names), 'cassette')} {verb} not as expected ({named})"
    return f"{told}: `responder shadow CASSETTE...` says why"


def trust(
    rule: Rule,
    incidents: Iterable[IncidentSummary],
    drills: int,
    trial: Trial | None = None,
    config: str = "",
) -> Trust:
    """What these incidents say of the rule; drills among them are left out.

    `config` is the hash of the configuration that runs: a trial of another counts
    neither for the rule nor against it.
    """
    found = Trust(
        rule=rule.name, mode=rule.mode, drills=drills, trial=trial, config=config
    )
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
    return replace(
        found,
        right=right,
        wrong=wrong,
        missed=missed,
        unsaid=unsaid,
        saved=tuple(saved),
    )


def _in_veto(found: Trust, ours: Iterable[IncidentSummary]) -> Trust:
    known = list(ours)
    helped = [i for i in known if i.reports and i.state is State.RECOVERED]
    stopped = [i for i in known if i.reason is Reason.VETOED]
    return replace(found, right=len(helped), wrong=len(stopped))
