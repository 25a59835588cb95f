"""What `doctor` learns of a Loki on a socket."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from responder.config.settings import LokiLogs
from responder.demo.factory import SimulatedAnswer
from responder.doctor.checks import LokiProbe, selector_of
from responder.logs.loki import QueryFailed
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


class OrderPerSecond:
    """A clock that goes on by what is waited, and a shop with an order per second."""

    def __init__(self, loki: LokiServer) -> None:
        self._loki, self.waited = loki, 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.waited)

    def pause(self, seconds: float) -> None:
        self.waited += seconds
        self._loki.add(ns(self.waited), "order", **LABELS | {"level": "info"})


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


class _Unflushed(LokiServer):
    """A Loki whose index knows nothing yet of the lines that it already serves."""

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> SimulatedAnswer:
        if urlsplit(path).path.endswith("/index/stats"):
            stats = {"streams": 0, "chunks": 0, "bytes": 0, "entries": 0}
            return SimulatedAnswer.document(200, stats)
        return super().answer(method, path, headers, body)


def test_a_new_line_is_seen_whatever_the_index_says_of_the_streams() -> None:
    link = '{component="jwt-pizza-service"} |= "/api/support/"'
    check = replace(RULE.checks[0], name="report-link", query=link)
    rule = replace(RULE, checks=(check, *RULE.checks))
    with _Unflushed() as loki:
        loki.add(ns(-300), "error", **LABELS)
        orders = OrderPerSecond(loki)
        probe = LokiProbe(LokiLogs(url=loki.url), orders.now, orders.pause)
        facts = probe.facts([rule], watch=10)
        probe.close()
    assert facts.late == timedelta(0)
    assert [one.size for one in facts.streams] == [None, None]


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
    assert isinstance(one.found, QueryFailed)
    assert one.size is None
    probe.close()


def test_a_selector_is_written_without_what_follows_it() -> None:
    query = '{component="a\\"b", level=~`e.*`} |= "/api/support/" | json'
    assert selector_of(query) == '{component="a\\"b", level=~"e.*"}'
