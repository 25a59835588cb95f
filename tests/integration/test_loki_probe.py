"""What `doctor` learns of a Loki on a socket."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from responder.config.settings import LokiLogs
from responder.evidence.loki_answer import Refusal
from responder.evidence.loki_probe import LokiProbe, selector_of
from tests.loki_server import Fault, LokiServer
from tests.web_parts import RULE

NOW = datetime(2026, 11, 5, 12, tzinfo=UTC)
LABELS = {"component": "jwt-pizza-service", "level": "error"}


def ns(seconds: float) -> int:
    """A time counted from now, in nanoseconds."""
    return int((NOW + timedelta(seconds=seconds)).timestamp()) * 10**9


@pytest.fixture
def loki() -> Iterator[LokiServer]:
    with LokiServer() as server:
        yield server


class Waiting:
    """A clock that goes on by what is waited, and a shop that logs meanwhile."""

    def __init__(self, loki: LokiServer, arrives: int, written: int) -> None:
        self._loki, self._arrives, self._written = loki, arrives, written
        self.waited = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.waited)

    def pause(self, seconds: float) -> None:
        self.waited += seconds
        if self.waited == self._arrives:
            self._loki.add(ns(self._written), "late", **LABELS)


@pytest.mark.parametrize(
    ("arrives", "written", "late"),
    [(3, 1, timedelta(seconds=2)), (4, -26, timedelta(seconds=30)), (99, 0, None)],
)
def test_a_line_is_as_late_as_its_age_when_it_is_first_seen(
    loki: LokiServer, arrives: int, written: int, late: timedelta | None
) -> None:
    loki.add(ns(-300), "old", **LABELS)
    waiting = Waiting(loki, arrives, written)
    probe = LokiProbe(LokiLogs(url=loki.url), waiting.now, waiting.pause)
    assert probe.facts([RULE], watch=10).late == late
    assert waiting.waited == min(arrives, 10)
    probe.close()


def test_a_selector_that_finds_nothing_tells_what_there_is(loki: LokiServer) -> None:
    loki.add(ns(-300), "x", component="jwt-pizza-service-dev", level="error")
    waiting = Waiting(loki, 99, 0)
    probe = LokiProbe(LokiLogs(url=loki.url), waiting.now, waiting.pause)
    (one,) = probe.facts([RULE], watch=10).streams
    assert (one.found, one.label, one.values) == (
        False,
        "component",
        ("jwt-pizza-service-dev",),
    )
    assert waiting.waited == 0
    probe.close()


def test_a_refusal_is_not_no_stream(loki: LokiServer) -> None:
    loki.fault = Fault(status=401, body=b"no")
    waiting = Waiting(loki, 99, 0)
    probe = LokiProbe(LokiLogs(url=loki.url), waiting.now, waiting.pause)
    (one,) = probe.facts([RULE], watch=10).streams
    assert isinstance(one.found, Refusal)
    assert one.size is None
    probe.close()


def test_a_selector_is_written_without_what_follows_it() -> None:
    query = '{component="a\\"b", level=~`e.*`} |= "/api/support/" | json'
    assert selector_of(query) == '{component="a\\"b", level=~"e.*"}'
