"""Whoever guesses passwords waits; whoever mistypes, or is an operator, does not."""

from datetime import timedelta

import pytest

from responder.web import auth as logins
from responder.web.auth import FREE, FREE_BY_NAME, Caller, Logins
from tests.fakes import SetClock


class Guessing:
    """Logins over a clock that a test turns."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.logins = Logins(self.clock.monotonic, ["oncall", "ana"])

    def fail(self, times: int, caller: Caller) -> None:
        for _ in range(times):
            self.logins.failed(caller)

    def fail_everywhere(self, times: int, user: str = "oncall") -> None:
        """As many clients, each failing once."""
        for number in range(times):
            address = f"198.51.{number // 250}.{number % 250}"
            self.logins.failed(Caller(user=user, address=address))

    def wait(self, seconds: float) -> None:
        self.clock.at += timedelta(seconds=seconds)


ONE = Caller(user="oncall", address="192.0.2.1")
OTHER = Caller(user="oncall", address="192.0.2.2")
DEVICE = Caller(user="oncall", address="192.0.2.1", device="d1")


def invented(number: int) -> Caller:
    return Caller(user=f"\ud800{number}" * 20, address="192.0.2.1")


def test_a_few_mistakes_cost_nothing() -> None:
    guessing = Guessing()
    guessing.fail(FREE - 1, ONE)

    assert guessing.logins.shut_for(ONE) == 0


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(FREE, 1), (FREE + 1, 2), (FREE + 3, 8), (FREE + 6, 60), (FREE + 5000, 60)],
)
@pytest.mark.parametrize("caller", [ONE, DEVICE], ids=["client", "device"])
def test_each_failure_beyond_doubles_the_wait_up_to_a_minute(
    failures: int, seconds: float, caller: Caller
) -> None:
    guessing = Guessing()
    guessing.fail(failures, caller)

    assert guessing.logins.shut_for(caller) == seconds


def test_asking_while_shut_prolongs_nothing() -> None:
    guessing = Guessing()
    guessing.fail(FREE + 2, ONE)
    guessing.wait(3)

    assert [guessing.logins.shut_for(ONE) for _ in range(100)] == [1.0] * 100


def test_the_right_password_clears_the_past() -> None:
    guessing = Guessing()
    guessing.fail(FREE - 1, ONE)
    guessing.logins.succeeded(ONE)
    guessing.fail(FREE - 1, ONE)

    assert guessing.logins.shut_for(ONE) == 0


def test_the_right_password_of_one_name_clears_nothing_of_anothers() -> None:
    guessing = Guessing()
    guessing.fail(FREE, ONE)
    guessing.logins.succeeded(Caller(user="ana", address=ONE.address))

    assert guessing.logins.shut_for(ONE) == 1


def test_old_failures_are_forgotten() -> None:
    guessing = Guessing()
    guessing.fail(FREE + 4, ONE)
    guessing.wait(logins.FORGOTTEN + 1)
    guessing.fail(1, ONE)

    assert guessing.logins.shut_for(ONE) == 0


@pytest.mark.parametrize("free", [OTHER, DEVICE], ids=["elsewhere", "known browser"])
def test_nobody_else_is_shut_out(free: Caller) -> None:
    guessing = Guessing()
    guessing.fail(FREE + 4, ONE)

    assert guessing.logins.shut_for(ONE) > 0
    assert guessing.logins.shut_for(free) == 0


def test_a_client_cannot_go_on_with_another_name() -> None:
    guessing = Guessing()
    for number in range(FREE):
        guessing.logins.failed(invented(number))

    assert guessing.logins.shut_for(ONE) == 1


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
    guessing.fail(FREE, Caller(user="oncall", address=one))

    assert guessing.logins.shut_for(Caller(user="ana", address=other)) > 0


def test_a_name_guessed_from_everywhere_is_closed_to_newcomers_only() -> None:
    guessing = Guessing()
    guessing.logins.succeeded(ONE)
    guessing.fail_everywhere(FREE_BY_NAME)

    assert guessing.logins.name_closed(OTHER)
    assert not guessing.logins.name_closed(ONE)
    assert not guessing.logins.name_closed(DEVICE)
    assert not guessing.logins.name_closed(Caller(user="ana", address="192.0.2.2"))
    guessing.wait(1)
    assert not guessing.logins.name_closed(OTHER)


def test_trying_a_closed_name_prolongs_nothing_and_counts_for_the_client() -> None:
    guessing = Guessing()
    guessing.fail_everywhere(FREE_BY_NAME)
    for _ in range(FREE):
        guessing.logins.failed(OTHER, closed=True)
    guessing.wait(1)

    assert not guessing.logins.name_closed(Caller(user="oncall", address="192.0.2.9"))
    assert guessing.logins.name_closed(OTHER) is False


def test_no_number_of_invented_names_flushes_the_count_of_a_real_one() -> None:
    guessing = Guessing()
    guessing.fail_everywhere(FREE_BY_NAME)
    guessing.fail(FREE, ONE)
    for number in range(logins.MOST_CALLERS + 400):
        guessing.logins.failed(invented(number))

    assert guessing.logins.name_closed(OTHER)
    assert guessing.logins.shut_for(ONE) == 60


def test_any_number_of_clients_takes_bounded_memory() -> None:
    guessing = Guessing()
    for number in range(logins.MOST_CALLERS + 50):
        address = f"2001:db8:{number // 65536:x}:{number % 65536:x}::1"
        guessing.logins.failed(Caller(user=f"name {number}", address=address))

    assert len(guessing.logins) == logins.MOST_CALLERS
