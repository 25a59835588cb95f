"""Whoever guesses passwords waits; whoever mistypes does not."""

from datetime import timedelta

import pytest

from responder.web import logins
from responder.web.logins import FREE, Logins
from tests.fakes import SetClock


class Guessing:
    """Logins over a clock that a test turns."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.logins = Logins(self.clock.monotonic)

    def fail(
        self, times: int, user: str = "oncall", address: str = "192.0.2.1"
    ) -> None:
        for _ in range(times):
            self.logins.failed(user, address)

    def shut_for(self, user: str = "oncall", address: str = "192.0.2.1") -> float:
        return self.logins.shut_for(user, address)

    def wait(self, seconds: float) -> None:
        self.clock.at += timedelta(seconds=seconds)


def test_a_few_mistakes_cost_nothing() -> None:
    guessing = Guessing()
    guessing.fail(FREE - 1)

    assert guessing.shut_for() == 0


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(FREE, 1), (FREE + 1, 2), (FREE + 3, 8), (FREE + 6, 60), (FREE + 5000, 60)],
)
def test_each_failure_beyond_doubles_the_wait_up_to_a_minute(
    failures: int, seconds: float
) -> None:
    guessing = Guessing()
    guessing.fail(failures)

    assert guessing.shut_for() == seconds


def test_asking_while_shut_prolongs_nothing() -> None:
    guessing = Guessing()
    guessing.fail(FREE + 2)
    guessing.wait(3)

    assert [guessing.shut_for() for _ in range(100)] == [1.0] * 100


def test_the_right_password_clears_the_past() -> None:
    guessing = Guessing()
    guessing.fail(FREE - 1)
    guessing.logins.succeeded("oncall", "192.0.2.1")
    guessing.fail(FREE - 1)

    assert guessing.shut_for() == 0


def test_old_failures_are_forgotten() -> None:
    guessing = Guessing()
    guessing.fail(FREE + 4)
    guessing.wait(logins.FORGOTTEN + 1)
    guessing.fail(1)

    assert guessing.shut_for() == 0


@pytest.mark.parametrize(
    ("user", "address"), [("ana", "192.0.2.1"), ("oncall", "192.0.2.2"), ("", "")]
)
def test_nobody_else_is_shut_out(user: str, address: str) -> None:
    guessing = Guessing()
    guessing.fail(FREE + 4)

    assert guessing.shut_for(user, address) == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8::1", "2001:db8::ffff:1"),
        ("192.0.2.1", "::ffff:192.0.2.1"),
        ("fe80::1%eth0", "fe80::2%eth1"),
        ("a socket's name", "a socket's name"),
    ],
)
def test_one_customers_addresses_count_as_one(one: str, other: str) -> None:
    guessing = Guessing()
    guessing.fail(FREE, address=one)

    assert guessing.shut_for(address=other) > 0


def test_any_number_of_names_takes_bounded_memory() -> None:
    guessing = Guessing()
    for number in range(logins.MOST + 50):
        guessing.logins.failed(f"\ud800{number}" * 20, "192.0.2.1")

    assert len(guessing.logins) == logins.MOST
