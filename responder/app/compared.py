"""The same incident under two configurations: what changes, and why."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from responder.app.expected import first_call, passed, story, unmet
from responder.app.played import Played
from responder.config.durations import said
from responder.config.settings import Settings
from responder.incident.names import State
from responder.incident.phrases import count_of, span
from responder.incident.rule import Rule


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
    return Change.SAME if _ends(old) == _ends(new) else Change.ENDS


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


def _ends(played: Played) -> list[object]:
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
