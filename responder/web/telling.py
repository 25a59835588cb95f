"""An incident's timeline, line by line, with the evidence behind each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from responder.incident.event_words import event_words, reading_words
from responder.incident.events import (
    AlertFired,
    AlertResolved,
    CheckReading,
    Decided,
    Event,
    Finished,
    Looked,
    PersonActed,
    ReportAnswered,
    ReportIntended,
    ReportShared,
    ReportWithheld,
)
from responder.incident.phrases import clock
from responder.incident.rule import Rule
from responder.web.alerts import Others, folded_alerts

_MOST, _BEGINNING = 300, 100
"""Lines of a timeline that a page shows, and how many of them from its beginning."""


class Show(StrEnum):
    """Which lines of a timeline to show."""

    ALL = "all"
    DECISIONS = "decisions"
    PEOPLE = "people"


_DECISIONS = (Decided, ReportIntended, ReportAnswered, ReportShared, ReportWithheld)
_SHOWN: dict[Show, tuple[type, ...]] = {
    Show.ALL: (object,),
    Show.DECISIONS: (*_DECISIONS, Finished),
    Show.PEOPLE: (PersonActed,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a timeline. `offset` counts from the alert's start."""

    at: datetime
    offset: str
    words: str
    kind: str
    evidence: tuple[tuple[str, str], ...] = ()
    again: int = 0
    until: str = ""

    @property
    def clock(self) -> str:
        return clock(self.at)


def told(
    events: Sequence[Event], start: datetime, rule: Rule, show: Show = Show.ALL
) -> tuple[Line, ...]:
    """The timeline, looks that read the same as the one before folded into it."""
    lines: list[Line] = []
    before = ""
    shown = [event for event in events if isinstance(event, _SHOWN[show])]
    for event in folded_alerts(shown):
        if isinstance(event, Others):
            before = ""
            lines.append(_others(event, start))
            continue
        same = _reading(event) if isinstance(event, Looked) else ""
        if same and same == before:
            folded = lines[-1]
            lines[-1] = replace(folded, again=folded.again + 1, until=clock(event.at))
            continue
        before = same
        lines.append(
            Line(
                at=event.at,
                offset=_offset(event.at, start),
                words=event_words(event),
                kind=event.event,
                evidence=_evidence(event, rule),
            )
        )
    return _middle_left_out(lines)


def _others(others: Others, start: datetime) -> Line:
    first = others.events[0]
    return Line(
        at=first.at,
        offset=_offset(first.at, start),
        words=others.words,
        kind=first.event,
        evidence=others.named,
    )


def _middle_left_out(lines: Sequence[Line]) -> tuple[Line, ...]:
    """What a page can carry of a very long story: its beginning and its end."""
    if len(lines) <= _MOST:
        return tuple(lines)
    left = lines[_BEGINNING : len(lines) - _MOST + _BEGINNING]
    gap = replace(
        left[0],
        words=f"{len(left)} lines until {clock(left[-1].at)} are left out here; "
        "the API tells them all",
        kind="left_out",
        evidence=(),
        again=0,
    )
    return (*lines[:_BEGINNING], gap, *lines[_BEGINNING - _MOST :])


def _reading(look: Looked) -> str:
    """What a look read, without when: equal for looks that read the same."""
    timeless = [
        reading_words(replace(c, since=look.since, until=look.since))
        for c in look.checks
    ]
    parts = [*timeless, look.good_orders, look.traffic_unreadable]
    parts.append(look.failed_unreadable)
    return repr(parts).replace(clock(look.since), "")


def _offset(at: datetime, start: datetime) -> str:
    seconds = (at - start).total_seconds()
    sign = "−" if seconds < 0 else "+"
    return f"{sign}{abs(seconds):.1f} s"


def _evidence(event: Event, rule: Rule) -> tuple[tuple[str, str], ...]:
    match event:
        case Looked():
            return tuple(pair for c in event.checks for pair in _counted(c, rule))
        case Decided():
            return _decided(event, rule)
        case AlertFired():
            return (
                ("Alert began", f"{event.starts_at:%Y-%m-%d %H:%M:%S} UTC"),
                ("Fingerprint", event.fingerprint),
                *event.labels.items(),
            )
        case AlertResolved() if event.truncated or event.state_reason:
            left = "the delivery left alerts out" if event.truncated else ""
            return (("Not clean", left or event.state_reason),)
        case ReportAnswered():
            return (("Took", f"{event.seconds:.2f} s"),)
    return ()


def _counted(reading: CheckReading, rule: Rule) -> tuple[tuple[str, str], ...]:
    found = "could not count" if reading.count is None else str(reading.count)
    window = f"{clock(reading.since)} to {clock(reading.until)} UTC"
    read = (
        f"{'at least ' if reading.at_least else ''}{found}, limit {reading.threshold}, "
        f"{window}"
    )
    query = _query(reading.name, rule)
    return ((reading.name, read), *((("Query", query),) if query else ()))


def _decided(event: Decided, rule: Rule) -> tuple[tuple[str, str], ...]:
    if event.observed is None:
        return ()
    numbers = [("Observed", str(event.observed))]
    if event.limit is not None:
        numbers.append(("Limit", str(event.limit)))
    query = _query(event.check, rule)
    return (*numbers, ("Check", event.check), *((("Query", query),) if query else ()))


def _query(check: str, rule: Rule) -> str:
    return next((c.query for c in rule.checks if c.name == check), "")
