"""The world of a recorded cassette, before and past the report that was made then."""

from datetime import UTC, datetime, timedelta

import pytest

from responder.replay.cassette import Cassette, Fault, Lines, RecordedCall
from responder.replay.world import World

S = timedelta(seconds=1)
END = 20 * S


def world(times: list[timedelta]) -> tuple[World, Lines]:
    """A fault of twenty seconds that Responder's report ended, with these lines."""
    lines = Lines(at=[*times], check="errors", link="a", during="fault")
    cassette = Cassette(
        cassette=1,
        name="recorded",
        start=datetime(2026, 11, 5, 16, tzinfo=UTC),
        length=10 * END,
        faults=(Fault(name="fault", until=END, link="a"),),
        lines=(lines,),
        calls=(RecordedCall(at=END, link="a"),),
    )
    return World(cassette), lines


def seen(times: list[timedelta], until: timedelta) -> list[timedelta]:
    there, lines = world(times)
    return list(there.times(lines, until))


BURST = [S, 1.01 * S, 1.02 * S, 1.03 * S]
STEADY = [n * S for n in range(1, 21)]


@pytest.mark.parametrize("times", [BURST, STEADY], ids=["burst", "steady"])
def test_as_long_as_the_fault_lasted_its_lines_are_those_of_then(
    times: list[timedelta],
) -> None:
    assert seen(times, END) == times


def test_unreported_it_goes_on_at_its_pace() -> None:
    assert seen(STEADY, END + 5 * S) == [n * S for n in range(1, 26)]


def test_a_burst_at_its_beginning_is_spread_over_the_fault_to_tell_its_pace() -> None:
    later = seen(BURST, 2 * END)[len(BURST) :]

    assert 4 <= len(later) <= 5
    assert all(END < at <= 2 * END for at in later)


def test_it_ends_with_the_report() -> None:
    there, lines = world(STEADY)
    done = 30 * S + there.reported("a", 30 * S).takes

    assert max(there.times(lines, 5 * END)) <= done
