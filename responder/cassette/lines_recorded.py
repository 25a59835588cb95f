"""Log lines out of a timeline: when, in whose count, with which link, how late."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from responder.cassette.schema import Lines
from responder.incident.events import (
    CheckReading,
    Event,
    Finished,
    FirstErrorFound,
    Looked,
    ReportAnswered,
)
from responder.incident.look import FAILED, TRAFFIC
from responder.incident.model import line_time
from responder.incident.names import Outcome
from responder.incident.rule import Rule

_STEP = timedelta(seconds=5)
"""Lateness is told in steps of this."""
_MS = timedelta(milliseconds=1)
Name = Callable[[str], str]
Told = dict[str, list[tuple[datetime, str | None]]]
_SPENDING = (Outcome.RESOLVED, Outcome.NOTHING_TO_RESOLVE, Outcome.WRONG_CODE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedLines:
    entries: tuple[Lines, ...]


@dataclass(slots=True)
class _Reel:
    """Lines by what they have in common."""

    start: datetime
    kept: dict[tuple[str, str | None, timedelta], set[timedelta]] = field(
        default_factory=dict
    )

    def add(self, check: str, at: datetime, link: str | None, late: timedelta) -> None:
        times = self.kept.setdefault((check, link, late), set())
        offset = max((at - self.start) // _MS, 0) * _MS
        while offset in times:
            # Two lines of one millisecond stay two.
            offset += _MS
        times.add(offset)

    def entries(self, ended: bool) -> Iterator[Lines]:
        for (check, link, late), times in self.kept.items():
            good = check == TRAFFIC
            yield Lines(
                at=[*sorted(times)],
                check=check,
                link=link,
                late=late,
                during=None if good else "fault",
                after="fault" if good and ended else None,
            )


def recorded_lines(
    events: Sequence[Event], rule: Rule, start: datetime, name: Name, *, ended: bool
) -> RecordedLines:
    """The lines of a timeline. A fault that has `ended` is what good orders follow."""
    reel = _Reel(start)
    told: Told = {check.name: [] for check in rule.checks}
    before: Looked | None = None
    spent: list[str] = []
    for event in events:
        if isinstance(event, Finished):
            break  # What the watch sees belongs to the relapse that it opens.
        if isinstance(event, ReportAnswered) and event.outcome in _SPENDING:
            spent.append(name(event.digest))
        if isinstance(event, Looked):
            _look(reel, event, before, told, name, spent)
            before = event if any(c.count is not None for c in event.checks) else before
        elif isinstance(event, FirstErrorFound):
            _earlier(reel, event, before, told, name)
    return RecordedLines(entries=tuple(reel.entries(ended)))


def _look(
    reel: _Reel,
    look: Looked,
    before: Looked | None,
    told: Told,
    name: Name,
    spent: Sequence[str],
) -> None:
    new = sorted((line_time(key) for key in look.lines), reverse=True)
    for reading in look.checks:
        if reading.count is None or reading.name not in told:
            continue
        known = told[reading.name]
        # Old news is in no count: what carries a spent link.
        old = sum(1 for at, link in known if reading.since <= at and link not in spent)
        inside = [at for at in new if at >= reading.since]
        counted = max(reading.count - old, 0)
        linked = max(reading.count - reading.linkless, 0)
        for number, at in enumerate(inside):
            link = _link(look, at, name) if number < linked else None
            if number >= counted:
                if not (known and spent):
                    break
                link = spent[-1]
            late = _lateness(at, look, before, reading)
            reel.add(reading.name, at, link, late)
            known.append((at, link))
        _tardy(reel, look, before, reading, known, new, spent)
    for check, keys in ((FAILED, look.failed_lines), (TRAFFIC, look.good_lines)):
        for key in keys:
            reel.add(check, line_time(key), None, timedelta())


def _tardy(
    reel: _Reel,
    look: Looked,
    before: Looked | None,
    reading: CheckReading,
    known: list[tuple[datetime, str | None]],
    new: Sequence[datetime],
    spent: Sequence[str],
) -> None:
    """Lines from before the answer that came after it: in the total, in no count."""
    for at in new:
        if at < reading.since and known and spent:
            late = _lateness(at, look, before, reading)
            reel.add(reading.name, at, spent[-1], late)
            known.append((at, spent[-1]))


def _earlier(
    reel: _Reel,
    found: FirstErrorFound,
    before: Looked | None,
    told: Told,
    name: Name,
) -> None:
    """The walk back reads what no window reached: every check that counted, did."""
    for key in found.lines:
        at = line_time(key)
        for check, known in told.items():
            if known and at not in {other for other, _ in known}:
                link = _link(before, at, name) if before else None
                reel.add(check, at, link, timedelta())
                known.append((at, link))
    for key in found.failed_lines:
        reel.add(FAILED, line_time(key), None, timedelta())


def _link(look: Looked, at: datetime, name: Name) -> str | None:
    """The link that was in the logs at that time, as far as a look tells."""
    seen = sorted(look.candidates, key=lambda candidate: candidate.seen_at)
    later = [candidate for candidate in seen if candidate.seen_at >= at] or seen[-1:]
    return name(later[0].digest) if later else None


def _lateness(
    at: datetime, look: Looked, before: Looked | None, reading: CheckReading
) -> timedelta:
    """How long it could not be read: a look before this one should have seen it."""
    if before is None or at >= before.at or at < _since(before, reading):
        return timedelta()
    steps = -((at - look.at) // _STEP)
    # Told in steps, and no later than the look that saw it.
    return min(steps * _STEP, (look.at - at) // _MS * _MS)


def _since(look: Looked, reading: CheckReading) -> datetime:
    found = next((c for c in look.checks if c.name == reading.name), reading)
    return found.since
