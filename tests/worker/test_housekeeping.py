"""Chores: done in small steps, put off while the storage is away, ended at once."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from responder.incident.ports import StorageUnavailable
from responder.incident.service import Downtime
from responder.worker.background import Chore, Housekeeper, Pulse
from tests.fakes import NOON, SetClock
from tests.store_parts import at

WITHIN = 10.0


@contextmanager
def housekeeping(*chores: Chore, clock: SetClock | None = None) -> Iterator[None]:
    keeper = Housekeeper(chores, clock or SetClock(), breath=0.001, look_every=0.001)
    keeper.start()
    try:
        yield
    finally:
        keeper.stop()


def chore(step: Callable[[], int], every: float = 600) -> Chore:
    return Chore(name="retention", every=every, step=step)


def test_a_chore_is_stepped_until_nothing_is_left() -> None:
    left, done = [20, 20, 1, 0], threading.Event()

    def step() -> int:
        found = left.pop(0)
        if not found:
            done.set()
        return found

    with housekeeping(chore(step)):
        assert done.wait(WITHIN)
    assert left == []


def test_a_chore_comes_again_only_after_its_time() -> None:
    clock, came = SetClock(), threading.Semaphore(0)
    other = threading.Semaphore(0)

    def step() -> int:
        came.release()
        return 0

    def beside() -> int:
        other.release()
        return 0

    with housekeeping(chore(step), chore(beside, every=0), clock=clock):
        assert came.acquire(timeout=WITHIN)
        for _ in range(3):
            assert other.acquire(timeout=WITHIN)
        assert not came.acquire(blocking=False)
        clock.at = at(601)
        assert came.acquire(timeout=WITHIN)


def test_a_chore_that_meets_a_storage_away_is_put_off_and_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tries, done = [0], threading.Event()

    def step() -> int:
        tries[0] += 1
        if tries[0] == 1:
            raise StorageUnavailable("disk full")
        done.set()
        return 0

    with caplog.at_level(logging.WARNING), housekeeping(chore(step, every=0)):
        assert done.wait(WITHIN)
    assert [r.message for r in caplog.records] == ["chore put off"]


def test_stopping_ends_a_chore_that_has_much_left() -> None:
    begun = threading.Event()

    def step() -> int:
        begun.set()
        return 1

    with housekeeping(chore(step)):
        assert begun.wait(WITHIN)


# The stamp


def test_the_pulse_beats_every_ten_seconds_and_tells_a_gap(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock, beats = SetClock(), [0]

    def beat() -> Downtime | None:
        beats[0] += 1
        return Downtime(since=at(-90), until=NOON) if beats[0] == 1 else None

    pulse = Pulse(beat, clock)
    with caplog.at_level(logging.WARNING):
        for seconds in (0, 5, 9, 10, 19, 20):
            clock.at = at(seconds)
            pulse()
    assert beats == [3]
    (told,) = caplog.records
    assert (told.message, vars(told)["seconds"]) == ("was not running", 90)


def test_a_beat_that_failed_is_due_again_at_once() -> None:
    beats = [0]

    def beat() -> None:
        beats[0] += 1
        if beats[0] == 1:
            raise StorageUnavailable("away")

    pulse = Pulse(beat, SetClock())
    with pytest.raises(StorageUnavailable):
        pulse()
    pulse()
    pulse()
    assert beats == [2]
