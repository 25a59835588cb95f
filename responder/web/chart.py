"""An incident's two charts: their numbers, their shapes, and the same in words."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median

from responder.incident.events import (
    CheckReading,
    Decided,
    Event,
    FirstErrorFound,
    Looked,
)
from responder.incident.facts import verifying_since
from responder.incident.incident import Incident, line_time
from responder.incident.names import Proof, Reason, State
from responder.incident.phrases import clock, count_of, span
from responder.incident.words import capital, unreadable_words

# Marks on the charts: moments, and spans that could not be counted.


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment that explains the numbers."""

    at: datetime
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UncountedSpan:
    """A span of time for which something could not be counted."""

    since: datetime
    until: datetime
    why: str


def blind_spans(
    looks: Sequence[Looked], until: datetime, why: Callable[[Looked], str]
) -> tuple[UncountedSpan, ...]:
    """Where `why` gives a reason why a look could not count, neighbours joined."""
    spans: list[UncountedSpan] = []
    for index, look in enumerate(looks):
        text = why(look)
        end = looks[index + 1].at if index + 1 < len(looks) else max(until, look.at)
        if not text:
            continue
        if spans and spans[-1].until == look.at and spans[-1].why == text:
            spans[-1] = UncountedSpan(since=spans[-1].since, until=end, why=text)
        else:
            spans.append(UncountedSpan(since=look.at, until=end, why=text))
    return tuple(spans)


def marks_of(incident: Incident) -> tuple[Mark, ...]:
    """The moments of an incident that are known, in their order."""
    found = [
        (incident.first_error_at, "first error"),
        (incident.alert_started_at, "alert"),
        (incident.opened_at, "webhook"),
        (incident.withheld_at, "would have reported"),
        *((r.at, "report") for r in incident.reports),
        (incident.ended_at, incident.state.replace("_", " ")),
    ]
    known = [Mark(at=at, words=words) for at, words in found if at is not None]
    return tuple(sorted(known, key=lambda mark: mark.at))


# The numbers of the two charts, computed from the timeline.

_BUCKETS = (10, 30, 60, 300, 1800, 7200, 86400)
_MOST_BARS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartReading:
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
class Series:
    """Two charts on one axis: the count against its limit; orders per slice."""

    since: datetime
    until: datetime
    check: str
    limit: int
    window: timedelta
    readings: tuple[ChartReading, ...]
    earlier: tuple[ChartReading, ...]
    """Counts before the first look, from the lines that the looks then found."""
    slice: timedelta
    bars: tuple[Bar, ...]
    orders: bool
    """Whether `failed` counts orders; error logs if the rule knows no orders."""
    blind: tuple[UncountedSpan, ...]
    blind_orders: tuple[UncountedSpan, ...]
    good_since: datetime | None
    marks: tuple[Mark, ...]


def strips_of(incident: Incident, events: Sequence[Event]) -> Series | None:
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
    return Series(
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
) -> tuple[ChartReading, ...]:
    return tuple(
        ChartReading(
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
) -> tuple[ChartReading, ...]:
    before = [at for at in lines if at <= looks[0].at]
    found: list[ChartReading] = []
    start = 0
    for index, at in enumerate(before):
        while before[start] < at - window:
            start += 1
        found.append(ChartReading(at=at, count=index - start + 1))
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
    first = next(iter(moved), None) or verifying_since(incident)
    return shared or first or incident.withheld_at


_TICKS = (10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)
_LEFT, _RIGHT, _TOP = 34.0, 8.0, 26.0
_STRIP, _GAP, _AXIS = 84.0, 22.0, 22.0
_SAME = 14.0
"""Marks nearer than this share one flag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    x: float
    y: float
    width: float
    height: float
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A numbered line through both strips, explained below them."""

    x: float
    number: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    x: float
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """One chart at one width, in user units."""

    width: float
    height: float
    left: float
    right: float
    count_top: float
    count_base: float
    limit_y: float
    count_most: int
    steps: tuple[str, ...]
    """One polyline for every stretch that was counted without a break."""
    earlier: str
    dots: tuple[tuple[float, float], ...]
    blind: tuple[Box, ...]
    order_base: float
    order_top: float
    order_most: int
    failed: tuple[Box, ...]
    good: tuple[Box, ...]
    flags: tuple[Flag, ...]
    ticks: tuple[Tick, ...]


def draw(strips: Series, width: float) -> Drawing:
    """The charts, `width` units wide: text keeps its size on any screen."""
    return _Pen(strips, width).drawing()


class _Pen:
    def __init__(self, strips: Series, width: float) -> None:
        self._strips = strips
        self._width = width
        self._span = max(
            (strips.until - strips.since).total_seconds(), strips.slice.total_seconds()
        )
        counts = [r.count or 0 for r in (*strips.readings, *strips.earlier)]
        self._most = max([strips.limit * 2, *counts])
        self._orders = max([1, *(bar.failed + (bar.good or 0) for bar in strips.bars)])
        self._count_base = _TOP + _STRIP
        self._order_base = self._count_base + _GAP + _STRIP

    def drawing(self) -> Drawing:
        failed, good = self._bars()
        return Drawing(
            width=self._width,
            height=self._order_base + _AXIS,
            left=_LEFT,
            right=self._width - _RIGHT,
            count_top=_TOP,
            count_base=self._count_base,
            limit_y=self._y(self._strips.limit),
            count_most=self._most,
            steps=self._steps(),
            earlier=self._earlier(),
            dots=tuple(
                (self._x(r.at), self._y(r.count))
                for r in self._strips.readings
                if r.count is not None
            ),
            blind=(
                *self._shades(self._strips.blind, _TOP),
                *self._shades(self._strips.blind_orders, self._order_base - _STRIP),
            ),
            order_base=self._order_base,
            order_top=self._order_base - _STRIP,
            order_most=self._orders,
            failed=failed,
            good=good,
            flags=_flags([(self._x(m.at), m) for m in self._strips.marks]),
            ticks=self._ticks(),
        )

    def _x(self, at: datetime) -> float:
        share = (at - self._strips.since).total_seconds() / self._span
        inner = self._width - _LEFT - _RIGHT
        return round(_LEFT + min(max(share, 0.0), 1.0) * inner, 1)

    def _y(self, count: int) -> float:
        return round(self._count_base - count / self._most * (_STRIP - 6), 1)

    def _steps(self) -> tuple[str, ...]:
        """Level from each look to the next: nothing is known in between."""
        lines: list[list[str]] = [[]]
        level: float | None = None
        for reading in self._strips.readings:
            x = self._x(reading.at)
            if level is not None:
                lines[-1].append(f"{x},{level}")
            if reading.count is None:
                level = None
                lines.append([])
                continue
            level = self._y(reading.count)
            lines[-1].append(f"{x},{level}")
        if level is not None:
            lines[-1].append(f"{self._x(self._strips.until)},{level}")
        return tuple(" ".join(points) for points in lines if len(points) > 1)

    def _earlier(self) -> str:
        points: list[str] = []
        level = self._count_base
        for reading in self._strips.earlier:
            x, y = self._x(reading.at), self._y(reading.count or 0)
            points += [f"{x},{level}", f"{x},{y}"]
            level = y
        first = self._strips.readings[0] if self._strips.readings else None
        if points and first:
            points.append(f"{self._x(first.at)},{level}")
        return " ".join(points)

    def _shades(self, spans: Sequence[UncountedSpan], top: float) -> tuple[Box, ...]:
        shades = []
        for blind in spans:
            x, end = self._x(blind.since), self._x(blind.until)
            wide = max(end - x, 3.0)
            words = "could not count" if wide > 105 else "?"
            shades.append(Box(x=x, y=top, width=wide, height=_STRIP, words=words))
        return tuple(shades)

    def _bars(self) -> tuple[tuple[Box, ...], tuple[Box, ...]]:
        failed: list[Box] = []
        good: list[Box] = []
        unit = (_STRIP - 6) / self._orders
        for bar in self._strips.bars:
            x, end = self._x(bar.at), self._x(bar.at + self._strips.slice)
            wide = max(end - x - 1, 1.0)
            base = self._order_base
            for number, boxes in ((bar.failed, failed), (bar.good or 0, good)):
                if number:
                    tall = round(number * unit, 1)
                    base -= tall
                    boxes.append(Box(x=x, y=round(base, 1), width=wide, height=tall))
        return tuple(failed), tuple(good)

    def _ticks(self) -> tuple[Tick, ...]:
        room = (self._width - _LEFT - _RIGHT) / 76
        every = next((t for t in _TICKS if self._span / t <= room), _TICKS[-1])
        start = self._strips.since.timestamp()
        first = -(-start // every) * every
        ticks = []
        while first <= start + self._span:
            at = self._strips.since + timedelta(seconds=first - start)
            if (x := self._x(at)) < self._width - 30:
                ticks.append(Tick(x=x, words=clock(at)))
            first += every
        return tuple(ticks)


def _flags(marks: Sequence[tuple[float, Mark]]) -> tuple[Flag, ...]:
    flags: list[Flag] = []
    for x, mark in marks:
        words = f"{mark.words} {clock(mark.at)}"
        if flags and x - flags[-1].x < _SAME:
            near = flags[-1]
            flags[-1] = Flag(
                x=near.x, number=near.number, words=f"{near.words}, {words}"
            )
        else:
            flags.append(Flag(x=x, number=len(flags) + 1, words=words))
    return tuple(flags)


# The numbers of the charts as a table and as one sentence.


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRow:
    """One row of the table that stands behind the chart."""

    clock: str
    count: str
    failed: str
    good: str


def table(strips: Series) -> tuple[NumberRow, ...]:
    """The same numbers as the chart, in words where nothing was counted."""
    rows = [
        (reading.at, NumberRow(clock=clock(reading.at), count=c, failed="", good=""))
        for reading in strips.readings
        for c in (count_words(reading),)
    ]
    for bar in strips.bars:
        good = "not asked" if bar.good is None else str(bar.good)
        row = NumberRow(
            clock=f"{clock(bar.at)} + {span(strips.slice)}",
            count="",
            failed=str(bar.failed),
            good=good,
        )
        rows.append((bar.at, row))
    return tuple(row for _, row in sorted(rows, key=lambda pair: pair[0]))


def count_words(reading: ChartReading) -> str:
    """A reading's number, or why there is none."""
    if reading.count is None:
        return f"could not count: {reading.why}"
    return f"{'at least ' if reading.least else ''}{reading.count}"


def spoken(strips: Series) -> str:
    """The charts in one sentence, for who does not see them."""
    counts = [r.count for r in strips.readings if r.count is not None]
    failed = sum(bar.failed for bar in strips.bars)
    noun = "failed order" if strips.orders else "error log"
    most = f"at most {max(counts)}" if counts else "never counted"
    good = sum(bar.good or 0 for bar in strips.bars)
    return (
        f"From {clock(strips.since)} to {clock(strips.until)} UTC: {most} lines of "
        f"{strips.check} in a window of {span(strips.window)}, limit {strips.limit}; "
        f"{count_of(failed, noun)}, {count_of(good, 'good order')}."
    )


# Where the time went between the first error and the first good order, by owner.

_LEAST = timedelta(seconds=0.1)
"""What is shorter was measured all the same, and is not called 0 s."""
FOUNDING = (
    "7 April 2025, by hand: about 4 min (120 s to the page, then 120 s until a "
    "person had reported it)."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A measured stretch. `mend` names the setting that would shorten it."""

    owner: str
    kind: str
    """Picks colour and pattern."""
    what: str
    length: timedelta | None
    """None: its start or end is not known, which is never 0."""
    mend: str
    x: float = 0.0
    width: float = 0.0

    @property
    def words(self) -> str:
        if self.length is None:
            return "unknown"
        if timedelta() < self.length < _LEAST:
            return f"under {span(_LEAST)}"
        return span(self.length)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """The delay budget of one incident."""

    segments: tuple[Segment, ...]
    total: str
    largest: Segment | None


def compared(incident: Incident, delays: Sequence[timedelta]) -> str:
    """From first error to report: here, by this rule's median, and without us.

    `delays` are those of the rule's latest reported incidents, this one among them.
    """
    known = incident.reported_at and incident.first_error_at
    here = ""
    if known and incident.reported_at and incident.first_error_at:
        took = max(incident.reported_at - incident.first_error_at, timedelta())
        here = f" {span(took)} here."
    usual = "no median yet for this rule."
    if len(delays) > 1:
        middle = timedelta(seconds=median(took.total_seconds() for took in delays))
        usual = f"median of this rule's last {len(delays)} reports {span(middle)}."
    usual = capital(usual) if here else usual
    return f"From first error to report:{here} {usual} {FOUNDING}"


def delay_of(incident: Incident, width: float = 1000.0) -> Delay:
    """The budget, its segments placed on a bar `width` wide."""
    measured = _segments(incident)
    known = [s.length for s in measured if s.length is not None]
    total = sum(known, timedelta())
    unknown = [s for s in measured if s.length is None]
    room = width - 60.0 * len(unknown)
    placed, x = [], 0.0
    for segment in measured:
        share = segment.length / total if segment.length and total else 0.0
        wide = 60.0 if segment.length is None else max(share * room, 4.0)
        wide = min(wide, max(width - x, 4.0))
        placed.append(replace(segment, x=round(x, 1), width=round(wide, 1)))
        x += wide
    longest = max(
        (s for s in placed if s.length), key=lambda s: s.length or total, default=None
    )
    said = span(total) if known else "unknown"
    return Delay(segments=tuple(placed), total=said, largest=longest)


_RULE = (
    "evaluation interval and pending period "
    "(Grafana: Alerting, the rule, Set evaluation behavior)"
)
_ROUTE = "group wait (Grafana: Alerting, Notification policies)"
_WATCH = "watch of this rule"
_WATCHED = "watch of this rule: with it nobody need notice"
_RESPONDER = "recheck, cooldown and veto window of this rule"
_FACTORY = "nothing of ours: factory.timeout only bounds it"
_ORDER = "recheck and verify_after of this rule; the rest is waiting for a diner"


def _segments(incident: Incident) -> list[Segment]:
    before = [] if incident.relapse_of else _noticing(incident)
    acted = incident.reported_at or incident.withheld_at
    if acted is None:
        return before
    waited = acted - incident.opened_at
    ours = _segment(
        "Responder", "responder", "from the webhook to the report", waited, _RESPONDER
    )
    return [*before, ours, *_afterwards(incident)]


def _noticing(incident: Incident) -> list[Segment]:
    """From the first error to the opening, by whoever noticed."""
    first = incident.first_error_at
    noticed = max(incident.opened_at - first, timedelta()) if first else None
    match incident.opened_as:
        case Reason.SELF_DETECTED:
            words = "from the first error to our own watch"
            return [_segment("Responder", "rule", words, noticed, _WATCH)]
        case Reason.OPENED_BY_PERSON:
            words = "from the first error to the person who opened it"
            return [_segment("People", "rule", words, noticed, _WATCHED)]
        case _:
            return _grafana(incident)


def _grafana(incident: Incident) -> list[Segment]:
    first, alert = incident.first_error_at, incident.alert_started_at
    # Senders' clocks differ: an alert is not called earlier than its own errors.
    alert = max(alert, first) if alert and first else alert
    noticed = alert - first if alert and first else None
    sent = incident.opened_at - alert if alert else None
    return [
        _segment(
            "Grafana", "rule", "from the first error to the alert", noticed, _RULE
        ),
        _segment("Grafana", "route", "from the alert to the webhook", sent, _ROUTE),
    ]


def _afterwards(incident: Incident) -> list[Segment]:
    answered = incident.answered[0] if incident.answered else None
    if answered is None or answered.answered_at is None:
        return []
    at = answered.answered_at
    call = _segment(
        "Factory", "factory", "its answer to the report", at - answered.at, _FACTORY
    )
    if incident.ended_at is None or incident.proof is not Proof.ORDERS:
        return [call]
    proven = incident.ended_at - at
    return [
        call,
        _segment("Orders", "order", "until a good order was seen", proven, _ORDER),
    ]


def _segment(
    owner: str, kind: str, what: str, length: timedelta | None, mend: str
) -> Segment:
    known = None if length is None else max(length, timedelta())
    return Segment(owner=owner, kind=kind, what=what, length=known, mend=mend)
