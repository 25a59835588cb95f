"""Whether a replay came out as expected, and how two configurations differ."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from responder.config.settings import Settings, said
from responder.incident.events import Decided, Finished, Looked, Opened, ReportIntended
from responder.incident.incident import Incident, apply
from responder.incident.names import Reason, State, Verdict
from responder.incident.phrases import count_of, span
from responder.incident.rule import Rule
from responder.incident.words import sentence
from responder.replay.cassette import Expect
from responder.replay.play import Played, PlayedIncident

REPORTED = "reported"
NOT_REPORTED = "not-reported"
WORDS = (REPORTED, NOT_REPORTED, *(str(state) for state in State))
"""What `--expect` understands."""


def expected(words: list[str], within: timedelta | None) -> Expect:
    """The expectation of `--expect` words: each is something that must have been.

    Raises ValueError for a word that is none of `WORDS`.
    """
    for word in words:
        if word not in WORDS:
            raise ValueError(f"{word!r} is none of {', '.join(WORDS)}")
    if REPORTED in words and NOT_REPORTED in words:
        raise ValueError(f"{REPORTED} and {NOT_REPORTED} exclude each other")
    told = None
    if REPORTED in words or NOT_REPORTED in words:
        told = REPORTED in words
    states = [State(word) for word in words if word not in (REPORTED, NOT_REPORTED)]
    return Expect(reported=told, passes=states or None, within=within)


def unmet(played: Played, expect: Expect) -> list[str]:
    """A sentence for each expectation that was not met; none: as expected."""
    told = [f"a body was refused: {why}" for why in played.refused]
    return [*told, *_calls(played, expect), *_ends(played, expect)]


def story(played: Played) -> str:
    """What became of it in a sentence or two: why nothing was done, or the end."""
    if not played.incidents:
        ignored = [v for v in played.verdicts if v.verdict is Verdict.IGNORED]
        if ignored:
            return f"no incident: the alert is ignored: {ignored[0].why}"
        return "no incident was opened"
    return played.plain(" ".join(ending_words(lived) for lived in played.incidents))


def ending_words(lived: PlayedIncident) -> str:
    """The sentence of an incident as it ended, and why nothing was done before."""
    end = sentence(lived.incident, lived.rule)
    held = sentence(telling(lived), lived.rule)
    if lived.incident.reports or held == end:
        return end
    return f"{held} {end}"


def telling(lived: PlayedIncident) -> Incident:
    """The incident when what held it was nearest to a report; at the end, if reported.

    Of several counts below the limit the highest, else the last reason of all.
    """
    found = lived.incident
    if found.reports:
        return found
    nearest = -1.0
    current: Incident | None = None
    for event in lived.events:
        current = apply(current, event, found.id)
        if current.state not in _HELD:
            continue
        short = current.reason is Reason.BELOW_THRESHOLD
        share = _share(current) if short else float("inf")
        if share >= nearest and isinstance(event, Decided | Looked):
            found, nearest = current, share
    return found


def _share(incident: Incident) -> float:
    checks = incident.look.checks if incident.look else ()
    return max(((c.count or 0) / c.threshold for c in checks), default=0.0)


_HELD = frozenset({State.HOLDING, State.NEEDS_HUMAN})


def first_call(played: Played) -> timedelta | None:
    """From the webhook to the first call of whichever incident called first."""
    waits = [
        event.at - lived.incident.opened_at
        for lived in played.incidents
        for event in lived.events
        if isinstance(event, ReportIntended)
    ]
    return min(waits, default=None)


def passed(lived: PlayedIncident) -> list[State]:
    """Every state that an incident went through, in order."""
    states = [State.INVESTIGATING]
    for event in lived.events:
        if isinstance(event, Decided | Finished):
            states.append(event.state)
        elif isinstance(event, ReportIntended):
            states.append(State.REPORTING)
    return list(dict.fromkeys(states))


def relapses(played: Played) -> int:
    """How many incidents were opened by a watch, without a webhook."""
    return sum(
        1
        for lived in played.incidents
        for event in lived.events
        if isinstance(event, Opened) and event.relapse_of
    )


def _calls(played: Played, expect: Expect) -> Iterator[str]:
    made = played.calls
    if expect.incidents is not None and len(played.incidents) != expect.incidents:
        wanted = count_of(expect.incidents, "incident")
        yield f"expected {wanted}, not {len(played.incidents)}: {story(played)}"
    if expect.reported is True and not made:
        yield f"expected a report to the factory, none was made: {story(played)}"
    if expect.reported is False and made:
        yield f"expected no report to the factory, link {made[0]} was called"
    if expect.calls is not None and made != expect.calls:
        yield (
            f"expected calls of {_listed(expect.calls)}, not of {_listed(made)}: "
            f"{story(played)}"
        )
    if expect.within is not None and expect.reported is not False:
        waited = first_call(played)
        if waited is None:
            if expect.reported is None and not expect.calls:
                yield f"expected a call within {span(expect.within)}, none was made"
        elif waited > expect.within:
            yield f"expected a call within {span(expect.within)}, not {span(waited)}"


def _ends(played: Played, expect: Expect) -> Iterator[str]:
    found = [lived.incident for lived in played.incidents]
    states = [incident.state for incident in found]
    if expect.ends is not None and states != expect.ends:
        yield (
            f"expected it to end {_listed(expect.ends)}, not {_listed(states)}: "
            f"{story(played)}"
        )
    been = {state for lived in played.incidents for state in passed(lived)}
    for state in expect.passes or ():
        if state not in been:
            yield f"expected {state}, which never came: {story(played)}"
    for state in expect.never or ():
        if state in been:
            yield f"expected never {state}, which came: {story(played)}"
    reasons = [incident.reason for incident in found]
    if expect.reasons is not None and reasons != expect.reasons:
        yield f"expected reason {_listed(expect.reasons)}, not {_listed(reasons)}"
    proofs = [incident.proof for incident in found if incident.proof]
    if expect.proof is not None and expect.proof not in proofs:
        yield f"expected proof {expect.proof}, not {_listed(proofs)}"


def _listed(words: Sequence[str]) -> str:
    items = [str(word) for word in words]
    return ", ".join(items) or "none"


# The same incident under two configurations: what changes, and why.


class Change(StrEnum):
    """What a new configuration makes of an incident, the worst first."""

    MISSED = "missed"
    """It was reported, and now it would not be."""
    BROKEN = "not as expected"
    """It came out as its cassette expects, and now it does not."""
    CALLS = "other calls"
    PERSON = "calls a person"
    SLOWER = "slower"
    FASTER = "faster"
    ENDS = "ends otherwise"
    SAME = "same"


WORST = (Change.MISSED, Change.BROKEN)
"""What a reviewer must allow by name."""
_NOTICEABLE = timedelta(milliseconds=500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One incident then and now. `why` is the sentence that a reviewer needs."""

    name: str
    old: Played
    new: Played
    change: Change
    why: str


def compare(old: Played, new: Played) -> Compared:
    """What changes between two replays of one cassette."""
    change = _change(old, new)
    why = "" if change is Change.SAME else _why(change, old, new)
    name = old.cassette.name
    return Compared(name=name, old=old, new=new, change=change, why=why)


def in_short(played: Played) -> str:
    """`recovered, 1 call after 0.2 s`."""
    states = ", ".join(str(lived.incident.state) for lived in played.incidents)
    waited = first_call(played)
    after = f" after {span(waited)}" if waited is not None else ""
    return f"{states or 'no incident'}, {count_of(len(played.calls), 'call')}{after}"


def changes(old: Settings, new: Settings) -> Iterator[str]:
    """The settings of rules and bounds that differ: `pizza error-logs threshold`."""
    before, after = _flat(old), _flat(new)
    for name in dict.fromkeys([*before, *after]):
        was, now = before.get(name, "absent"), after.get(name, "absent")
        if was != now:
            yield f"{name}: {was} → {now}"


def _change(old: Played, new: Played) -> Change:
    waited = first_call(new), first_call(old)
    if set(old.healed) - set(new.healed) or (old.calls and not new.calls):
        return Change.MISSED
    expect = old.cassette.expect
    if unmet(new, expect) and not unmet(old, expect):
        return Change.BROKEN
    if old.calls != new.calls:
        return Change.CALLS
    if _asks(new) and not _asks(old):
        return Change.PERSON
    if waited[0] is not None and waited[1] is not None:
        longer = waited[0] - waited[1]
        if abs(longer) > _NOTICEABLE:
            return Change.SLOWER if longer > timedelta() else Change.FASTER
    return Change.SAME if _outcomes(old) == _outcomes(new) else Change.ENDS


def _why(change: Change, old: Played, new: Played) -> str:
    if change in (Change.SLOWER, Change.FASTER):
        was, now = first_call(old), first_call(new)
        assert was is not None
        assert now is not None
        return f"the first call left after {span(was)}, now after {span(now)}"
    if change is Change.BROKEN:
        return new.plain("; ".join(unmet(new, new.cassette.expect)))
    now_calls = ", ".join(new.calls) or "none"
    if change is Change.CALLS:
        was_calls = ", ".join(old.calls) or "none"
        return f"calls of {was_calls} then, of {now_calls} now. {story(new)}"
    return story(new)


def _asks(played: Played) -> bool:
    return any(State.NEEDS_HUMAN in passed(lived) for lived in played.incidents)


def _outcomes(played: Played) -> list[object]:
    return [
        (lived.incident.state, lived.incident.reason, lived.incident.proof)
        for lived in played.incidents
    ]


def _flat(settings: Settings) -> Mapping[str, str]:
    found = {"limits max_reports_per_hour": str(settings.max_reports_per_hour)}
    found["factory timeout"] = said(settings.factory.timeout)
    for rule in settings.rules:
        found |= _rule(rule)
    return found


def _rule(rule: Rule) -> dict[str, str]:
    found = {}
    for field in dataclasses.fields(rule):
        if field.name not in ("name", "checks", "match"):
            found[f"{rule.name} {field.name}"] = _value(getattr(rule, field.name))
    found[f"{rule.name} match"] = " or ".join(
        ", ".join(f"{m.label}{m.op}{m.value}" for m in one) for one in rule.match
    )
    for check in rule.checks:
        for name in ("query", "window", "threshold"):
            found[f"{rule.name} {check.name} {name}"] = _value(getattr(check, name))
    return found


def _value(value: object) -> str:
    if isinstance(value, timedelta):
        return said(value)
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)
