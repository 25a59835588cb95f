"""One time for all replicas, whatever their own clocks say."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from responder.store.postgres import SharedClock
from tests.fakes import NOON


@dataclass
class Machine:
    """A clock whose time of day is set apart from the time that passes."""

    wall: datetime = NOON
    passed: float = 100.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.passed


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


@pytest.mark.parametrize("wrong", [-3600.0, -0.5, 0.5, 90.0])
def test_the_time_is_the_databases_and_not_the_machines(wrong: float) -> None:
    clock = SharedClock(Machine(wall=NOON + seconds(wrong)))

    clock.agree(NOON, 100.0, 100.0)

    assert clock.now() == NOON


def test_a_jump_of_the_machines_clock_is_no_time_at_all() -> None:
    machine = Machine()
    clock = SharedClock(machine)
    clock.agree(NOON, 100.0, 100.0)

    machine.wall -= timedelta(days=1)
    machine.passed += 2

    assert clock.now() == NOON + seconds(2)


def test_what_an_answers_way_leaves_in_doubt_changes_nothing() -> None:
    machine = Machine()
    clock = SharedClock(machine)
    clock.agree(NOON, 100.0, 100.0)
    machine.passed = 101.0

    clock.agree(NOON + seconds(0.95), 100.9, 101.1)

    assert clock.now() == NOON + seconds(1)


@pytest.mark.parametrize(("told", "now"), [(3.0, 2.9), (-3.0, -2.9)])
def test_a_time_out_of_doubt_is_followed_as_far_as_needed(
    told: float, now: float
) -> None:
    clock = SharedClock(Machine())
    clock.agree(NOON, 100.0, 100.0)

    clock.agree(NOON + seconds(told), 99.9, 100.1)

    assert clock.now() == NOON + seconds(now)
