"""The numbers of the charts as a table and as one sentence."""

from dataclasses import dataclass

from responder.incident.phrases import clock, count_of, span
from responder.web.strips import Reading, Strips


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRow:
    """One row of the table that stands behind the chart."""

    clock: str
    count: str
    failed: str
    good: str


def table(strips: Strips) -> tuple[NumberRow, ...]:
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


def count_words(reading: Reading) -> str:
    """A reading's number, or why there is none."""
    if reading.count is None:
        return f"could not count: {reading.why}"
    return f"{'at least ' if reading.least else ''}{reading.count}"


def spoken(strips: Strips) -> str:
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
