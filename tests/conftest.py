"""What holds for every test, and each database that can be the storage."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import postgres
from tests.fakes import SetClock

# How long an example takes says something about the machine, nothing about the code.
settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("untimed")

# A shell that starts the tests in the background has them, and every command that they
# start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An empty database for one test, and the clock that its stores go by."""

    url: str
    clock: SetClock


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL, started once and only if a test needs it."""
    with postgres.server() as address:
        yield address


@pytest.fixture
def postgres_place(postgres_server: str) -> Iterator[Place]:
    with postgres.schema(postgres_server) as (url, clock):
        yield Place(url=url, clock=clock)


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Every test with this one runs on both databases."""
    if request.param == "sqlite":
        file = tmp_path / "responder.db"
        return Place(url=f"sqlite:///{file}", clock=SetClock())
    found: Place = request.getfixturevalue("postgres_place")
    return found
