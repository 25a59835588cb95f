"""The numbers behind an incident's two charts, all of them from its timeline."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from responder.incident.event_words import unreadable_words
from responder.incident.events import (
    CheckReading,
    Decided,
    Event,
    FirstErrorFound,
    Looked,
)
from responder.incident.model import Incident, line_time
from responder.incident.names import State
from responder.incident.phase import verify_from
from responder.web.moments import Blind, Mark, blind_spans, marks_of

_BUCKETS = (10, 30, 60, 300, 1800, 7200, 86400)
_MOST_BARS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a look read for the check that is drawn; None with `why`: not counted."""

    at: datetime
    count: int | None
    least: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Orders of one slice of time. `good` is None where none were asked for."""

    at: datetime
    failed: int
    good: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Strips:
    """Two charts on one axis: the count against its limit; orders per slice."""

    since: datetime
    until: datetime
    check: str
    limit: int
    window: timedelta
    readings: tuple[Reading, ...]
    earlier: tuple[Reading, ...]
    """Counts before the first look, from the lines that the looks then found."""
    slice: timedelta
    bars: tuple[Bar, ...]
    orders: bool
    """Whether `failed` counts orders; error logs if the rule knows no orders."""
    blind: tuple[Blind, ...]
    blind_orders: tuple[Blind, ...]
    good_since: datetime | None
    marks: tuple[Mark, ...]


def strips_of(incident: Incident, events: Sequence[Event]) -> Strips | None:
    """The charts of an incident, None before its first look."""
    looks = [event for event in events if isinstance(event, Looked)]
    drawn = _decisive(events, looks)
    if drawn is None:
        return None
    lines = _times(key for e in events for key in _keys(e))
    failed = _times(key for e in events for key in _failed(e))
    good = _times(key for look in looks for key in look.good_lines)
    until = _until(incident, looks)
    first = incident.first_error_at or looks[0].at
    since = min([first, incident.opened_at, looks[0].at, *lines[:1]])
    length = _slice(until - since)
    since -= length
    good_since = _good_since(incident, looks)
    return Strips(
        since=since,
        until=until,
        check=drawn.name,
        limit=drawn.threshold,
        window=_window(drawn, looks),
        readings=_readings(looks, drawn.name, until),
        earlier=_earlier(lines, looks, _window(drawn, looks)),
        slice=length,
        bars=_bars(failed or lines, good, since, until, length, good_since),
        orders=bool(failed),
        blind=blind_spans(looks, until, lambda look: _why(look, drawn.name)),
        blind_orders=blind_spans(looks, until, _unreadable_orders),
        good_since=good_since,
        marks=marks_of(incident),
    )


def _unreadable_orders(look: Looked) -> str:
    unreadable = look.traffic_unreadable or look.failed_unreadable
    return "orders unreadable" if unreadable else ""


def _decisive(events: Sequence[Event], looks: Sequence[Looked]) -> CheckReading | None:
    """The check to draw: the one that decided, else the one nearest its limit."""
    readings = [reading for look in looks for reading in look.checks]
    if not readings:
        return None
    decided = [e.check for e in events if isinstance(e, Decided) and e.check]
    named = [r for r in readings if decided and r.name == decided[0]]
    return max(named or readings, key=lambda r: (r.count or 0) / max(1, r.threshold))


def _window(drawn: CheckReading, looks: Sequence[Looked]) -> timedelta:
    spans = [r.until - r.since for k in looks for r in k.checks if r.name == drawn.name]
    return max(spans)


def _keys(event: Event) -> tuple[str, ...]:
    return event.lines if isinstance(event, Looked | FirstErrorFound) else ()


def _failed(event: Event) -> tuple[str, ...]:
    if isinstance(event, Looked | FirstErrorFound):
        return (*event.failed_lines, *event.affected_lines)
    return ()


def _times(keys: Iterable[str]) -> list[datetime]:
    return sorted(line_time(key) for key in dict.fromkeys(keys))


def _until(incident: Incident, looks: Sequence[Looked]) -> datetime:
    known = [looks[-1].at, incident.ended_at, incident.looked_at, incident.opened_at]
    ended = incident.ended_at if incident.state is not State.NEEDS_HUMAN else None
    return ended or max(at for at in known if at)


def _slice(length: timedelta) -> timedelta:
    """Ten seconds, or longer where so many bars could not be told apart."""
    fitting = (s for s in _BUCKETS if length / timedelta(seconds=s) <= _MOST_BARS)
    return timedelta(seconds=next(fitting, _BUCKETS[-1]))


def _reading(look: Looked, name: str) -> CheckReading | None:
    return next((check for check in look.checks if check.name == name), None)


def _why(look: Looked, name: str) -> str:
    reading = _reading(look, name)
    if reading is None or reading.unreadable is None:
        return ""
    return reading.detail or unreadable_words(reading.unreadable)


def _readings(
    looks: Sequence[Looked], name: str, until: datetime
) -> tuple[Reading, ...]:
    return tuple(
        Reading(
            at=look.at,
            count=reading.count,
            least=reading.at_least,
            why=_why(look, name),
        )
        for look in looks
        if (reading := _reading(look, name)) and look.at <= until
    )


def _earlier(
    lines: Sequence[datetime], looks: Sequence[Looked], window: timedelta
) -> tuple[Reading, ...]:
    before = [at for at in lines if at <= looks[0].at]
    found: list[Reading] = []
    start = 0
    for index, at in enumerate(before):
        while before[start] < at - window:
            start += 1
        found.append(Reading(at=at, count=index - start + 1))
    return tuple(found)


def _bars(
    failed: Sequence[datetime],
    good: Sequence[datetime],
    since: datetime,
    until: datetime,
    length: timedelta,
    good_since: datetime | None,
) -> tuple[Bar, ...]:
    number = int((until - since) / length) + 1
    bad, well = [0] * number, [0] * number
    for times, counts in ((failed, bad), (good, well)):
        for at in times:
            if since <= at <= until:
                counts[int((at - since) / length)] += 1
    starts = [since + length * index for index in range(number)]
    return tuple(
        Bar(
            at=at,
            failed=bad[index],
            good=well[index] if good_since and at + length > good_since else None,
        )
        for index, at in enumerate(starts)
    )


def _good_since(incident: Incident, looks: Sequence[Looked]) -> datetime | None:
    """From when on good orders were counted: the answer that recovery starts from."""
    if not any(look.good_orders is not None for look in looks):
        return None
    shared = incident.shared.answered_at if incident.shared else None
    moved = [
        r.answered_at for r in incident.answered if r.outcome and r.outcome.moves_floor
    ]
    first = next(iter(moved), None) or verify_from(incident)
    return shared or first or incident.withheld_at
