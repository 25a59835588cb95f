"""What holds for every test, and each database that can be the storage."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, core, settings
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants
from hypothesis.vendor.pretty import RepresentationPrinter

from tests import postgres
from tests.commands import Typist
from tests.fakes import SetClock

# How long an example takes says something about the machine, nothing about the code.
settings.register_profile(
    "fuzz",
    max_examples=2000,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
# Chance decides no verdict: the same examples every time.
settings.register_profile(
    "verdict", settings.get_profile("fuzz"), max_examples=100, derandomize=True
)
settings.load_profile("verdict")
# Only tables that take long to make are kept, beside what pytest keeps.
set_hypothesis_home_dir(Path(__file__).parent.parent / ".pytest_cache" / "hypothesis")

# A shell that starts the tests in the background has them, and every command that they
# start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# The same for those under nohup, and SIGHUP.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    # Schemathesis's plugin leaves out the values of every failing example.
    core.RepresentationPrinter = RepresentationPrinter  # type: ignore[attr-defined]
    if settings().derandomize:
        # It would draw literals of the modules that happen to be imported so far.
        none = Constants()
        providers._get_local_constants = lambda: none


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


@pytest.fixture
def type_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Typist:
    """Types commands in an empty folder, with no configuration in the environment."""
    for name in [name for name in os.environ if name.startswith("RESPONDER")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("PORT", raising=False)
    monkeypatch.chdir(tmp_path)
    return Typist(capsys)
