"""Where the charts' shapes stand: numbers for an SVG template, no markup."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from responder.incident.phrases import clock
from responder.web.moments import Blind, Mark
from responder.web.strips import Strips

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


def draw(strips: Strips, width: float) -> Drawing:
    """The charts, `width` units wide: text keeps its size on any screen."""
    return _Pen(strips, width).drawing()


class _Pen:
    def __init__(self, strips: Strips, width: float) -> None:
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

    def _shades(self, spans: Sequence[Blind], top: float) -> tuple[Box, ...]:
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
