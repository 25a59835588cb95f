"""Turns of work on a real store, with a log source and a factory that are lists."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from responder.incident.evidence import (
    Counted,
    Evidence,
    FoundLink,
    LinkPlace,
    LogLine,
    Question,
    ReportLink,
    to_ns,
)
from responder.incident.names import Decision, Outcome, Reason, State, UnreadableReason
from responder.incident.ports import Answer, Lease
from responder.store import Store
from responder.worker.run import Journal, Tools, Turn
from tests.fakes import SetClock
from tests.store_parts import (
    RULE,
    alert,
    answered,
    at,
    intended,
    open_incident,
    store_on,
)

LINK = ReportLink(token="t", code="abc")


@dataclass
class ListedLogs:
    """Answers every check with the same lines."""

    lines: list[LogLine] = field(default_factory=list)
    reads: int = 0

    def read(self, questions: Sequence[Question]) -> tuple[Evidence, ...]:
        self.reads += 1
        return tuple(
            Counted(
                name=question.name,
                lines=tuple(line for line in self.lines if line.at >= question.since),
                since=question.since,
                until=question.until,
            )
            for question in questions
        )


@dataclass
class ListedFactory:
    """Resolves whatever it is told, and remembers it."""

    name: str = "factory"
    called: list[ReportLink] = field(default_factory=list)

    def probe(self) -> str:
        return ""

    def report(self, link: ReportLink, late: float = 0.0, first: str = "") -> Answer:
        self.called.append(link)
        return Answer(
            outcome=Outcome.RESOLVED,
            method="GET",
            status=200,
            message="",
            seconds=0.1,
        )


class Quiet:
    """A meter that nobody reads."""

    def decided(self, rule: str, decision: Decision, reason: Reason) -> None: ...

    def reported(self, rule: str, outcome: Outcome, seconds: float) -> None: ...

    def time_to_report(self, rule: str, seconds: float) -> None: ...

    def evidence(self, seconds: float) -> None: ...

    def error_logs(self, rule: str, check: str, count: int) -> None: ...

    def unreadable(self, reason: UnreadableReason) -> None: ...

    def orders(self, rule: str, *, good: int, failed: int) -> None: ...


def errors(many: int) -> list[LogLine]:
    found = (FoundLink(LINK, LinkPlace.RESPONSE),)
    return [
        LogLine(at_ns=to_ns(at(-n)), digest=f"{n}", links=found) for n in range(many)
    ]


@pytest.fixture
def clock() -> SetClock:
    return SetClock(at(0))


@pytest.fixture
def store(tmp_path: Path, clock: SetClock) -> Iterator[Store]:
    store = store_on(tmp_path / "responder.db", clock)
    store.start()
    yield store
    store.close()


@dataclass
class Bench:
    store: Store
    clock: SetClock
    logs: ListedLogs = field(default_factory=ListedLogs)
    factory: ListedFactory = field(default_factory=ListedFactory)

    def turn(self, lease: Lease) -> None:
        tools = Tools(
            store=self.store,
            logs=self.logs,
            factory=self.factory,
            fixed_link=None,
            clock=self.clock,
            journal=Journal(Quiet()),
        )
        Turn(tools, RULE, lease, lambda lease: True).run(lambda: False)


@pytest.fixture
def bench(store: Store, clock: SetClock) -> Bench:
    return Bench(store=store, clock=clock)


def held_for_another(bench: Bench) -> Lease:
    """An incident that found its link while another one's report was under way."""
    busy_lease, busy = open_incident(bench.store, alert(shop="a"))
    lease, _ = open_incident(bench.store, alert(shop="b"))
    sent = bench.store.decide(busy_lease, busy, [intended(0)]).incident
    bench.logs.lines = errors(6)
    bench.turn(lease)
    assert bench.store.load(lease.incident).reason is Reason.REPORT_IN_FLIGHT
    bench.store.record(busy_lease, sent, [answered(Outcome.WRONG_CODE, 1)])
    bench.clock.at = at(2)
    return lease


def test_a_turn_finds_reserves_and_calls(bench: Bench) -> None:
    lease, _ = open_incident(bench.store, alert())
    bench.logs.lines = errors(6)

    bench.turn(lease)

    assert bench.factory.called == [LINK]
    assert bench.store.load(lease.incident).state is State.VERIFYING


def test_a_link_found_anew_is_called_on_what_was_found_with_it(bench: Bench) -> None:
    lease = held_for_another(bench)

    bench.turn(lease)

    assert bench.factory.called == [LINK]
    assert bench.logs.reads == 2


def test_a_link_found_anew_is_not_called_on_evidence_that_is_gone(
    bench: Bench,
) -> None:
    lease = held_for_another(bench)
    bench.logs.lines = errors(1)

    bench.turn(lease)

    assert bench.factory.called == []
    assert bench.store.load(lease.incident).reason is Reason.BELOW_THRESHOLD
