"""One call per fault, whatever comes between: a sleep, another alert, a slow look."""

import copy
import pickle
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
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
from responder.incident.names import Outcome
from responder.incident.ports import Answer
from tests.e2e.service import RULE, Service, SkippingClock, service, until

LINK = ReportLink(token="0f" * 16, code="abc123")
PATIENCE = timedelta(seconds=60)


class SleepingClock(SkippingClock):
    """A machine that sleeps `nap` seconds before each reading while `asleep` says so.

    Its time of day stands still meanwhile, as nobody reads it.
    """

    def __init__(self, nap: float) -> None:
        super().__init__()
        self.asleep: Callable[[], bool] = lambda: False
        self.slept = 0.0
        self._nap = nap

    def monotonic(self) -> float:
        if self.asleep():
            self.slept += self._nap
        return super().monotonic() + self.slept


def first_intent_waits(folder: Path) -> bool:
    """Whether one report is intended in the database, and none is answered."""
    file = folder / "responder.db"
    if not file.exists():
        return False
    with closing(sqlite3.connect(file)) as conn:
        try:
            found = conn.execute("SELECT body FROM events").fetchall()
        except sqlite3.OperationalError:
            return False
    kinds = [kind for kind in KINDS for (body,) in found if f'"{kind}"' in body]
    return kinds == ["report_intended"]


KINDS = ("report_intended", "report_answered")
ERRORS = [check.query for check in RULE.checks]


@dataclass
class Lines:
    """Logs of six failed orders that carry a link."""

    clock: SkippingClock
    meanwhile: Callable[[], None] = lambda: None
    """Done while the logs are being read."""
    reads: int = 0
    more: bool = False
    """Six further lines say nothing of a link."""

    def __post_init__(self) -> None:
        last = to_ns(self.clock.now())
        found = (FoundLink(LINK, LinkPlace.RESPONSE),)
        kinds = [found, ()] if self.more else [found]
        self._lines = tuple(
            LogLine(at_ns=last - number * 10**9, digest=f"{links}", links=links)
            for number in range(6)
            for links in kinds
        )

    def read(self, questions: Sequence[Question]) -> tuple[Evidence, ...]:
        self.reads += 1
        self.meanwhile()
        return tuple(self._answer(question) for question in questions)

    def _answer(self, question: Question) -> Evidence:
        lines = self._lines if question.query in ERRORS else ()
        return Counted(
            name=question.name,
            lines=tuple(x for x in lines if question.since <= x.at < question.until),
            since=question.since,
            until=question.until,
        )


@dataclass
class Calls:
    """A factory that answers every report alike."""

    outcome: Outcome = Outcome.RESOLVED
    name: str = "pizza-factory.example.com"
    late: list[float] = field(default_factory=list)
    """For each call, the seconds that were gone of its time."""

    def probe(self) -> str:
        return ""

    def report(self, link: ReportLink, late: float = 0.0, first: str = "") -> Answer:
        self.late.append(late)
        return Answer(
            outcome=self.outcome,
            method=first or "GET",
            status=200,
            message="said",
            seconds=0.1,
        )


def kinds(found: Service) -> list[str]:
    return [event["event"] for event in found.incident()["timeline"]]


def test_a_machine_that_slept_after_the_intent_does_not_make_that_call(
    tmp_path: Path,
) -> None:
    clock = SleepingClock(nap=5)
    clock.asleep = lambda: first_intent_waits(tmp_path)
    with service(tmp_path, clock=clock, patience=PATIENCE) as found:
        found.factory.start_chaos("fail")
        found.shop.order()
        found.alert()
        until(lambda: found.factory.calls or clock.slept > 60)
        assert found.factory.calls == []

        clock.asleep = lambda: False
        clock.skip(PATIENCE + timedelta(seconds=2))
        until(lambda: found.factory.effective_calls)

        reports = found.in_state("verifying", "recovered", "needs_human")["reports"]
        assert [r["outcome"] for r in reports] == ["unknown", "resolved"]


@pytest.mark.skipif(
    not hasattr(time, "CLOCK_BOOTTIME"), reason="this system has no such clock"
)
def test_a_lease_grows_old_by_the_clock_that_runs_while_the_machine_sleeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, slept = time.clock_gettime, 0.0

    def after_a_nap(clock: int) -> float:
        nonlocal slept
        if clock == time.CLOCK_BOOTTIME and first_intent_waits(tmp_path):
            slept += 5
        return read(clock) + (slept if clock == time.CLOCK_BOOTTIME else 0)

    monkeypatch.setattr(time, "clock_gettime", after_a_nap)
    with service(tmp_path, patience=PATIENCE) as found:
        found.factory.start_chaos("fail")
        found.shop.order()
        found.alert()
        until(lambda: found.factory.calls or slept > 60)
        assert found.factory.calls == []


def test_a_machine_that_slept_while_it_looked_decides_nothing_on_that_lease(
    tmp_path: Path,
) -> None:
    clock, calls = SleepingClock(nap=5), Calls()
    logs = Lines(clock)
    logs.meanwhile = lambda: setattr(clock, "asleep", lambda: True)
    with service(tmp_path, clock=clock, reading=logs, calling=calls) as found:
        found.alert()
        until(lambda: found.incidents() and "looked" in kinds(found))
        assert kinds(found)[-1] == "looked"

        logs.meanwhile = lambda: None
        clock.asleep = lambda: False
        until(lambda: calls.late)


def test_a_call_has_less_time_by_what_the_writing_of_its_intent_took(
    tmp_path: Path,
) -> None:
    clock, calls = SleepingClock(nap=2), Calls()
    clock.asleep = lambda: not clock.slept and first_intent_waits(tmp_path)
    with service(tmp_path, clock=clock, reading=Lines(clock), calling=calls) as found:
        found.alert()
        until(lambda: calls.late)

    assert calls.late[0] >= 2


def test_an_alert_that_comes_during_a_look_costs_no_second_look(
    tmp_path: Path,
) -> None:
    clock, calls = SkippingClock(), Calls()
    logs = Lines(clock)
    with service(tmp_path, clock=clock, reading=logs, calling=calls) as found:
        looks: list[int] = []

        def meanwhile() -> None:
            if logs.reads == 1:
                found.alert(shop="another")
            if not calls.late:
                looks.append(logs.reads)

        logs.meanwhile = meanwhile
        found.alert()
        until(lambda: calls.late)

        told = kinds(found)
        assert looks == [1]
        assert told.index("alert_fired") < told.index("looked")
        assert told[: told.index("report_intended")].count("alert_fired") == 2


def test_each_look_is_decided_upon_however_long_it_took(tmp_path: Path) -> None:
    clock, calls = SkippingClock(), Calls()
    logs = Lines(clock)
    looks: list[int] = []

    def slowly() -> None:
        if not calls.late:
            looks.append(logs.reads)
            clock.skip(RULE.recheck * 10)

    logs.meanwhile = slowly
    with service(tmp_path, clock=clock, reading=logs, calling=calls) as found:
        found.alert()
        until(lambda: calls.late)

    assert looks == [1]


class StandingClock(SkippingClock):
    """Its time of day moves only when a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self._stands_at = super().now()

    def now(self) -> datetime:
        return self._stands_at + self._ahead


def test_the_logs_are_read_on_while_a_refused_call_waits_its_time(
    tmp_path: Path,
) -> None:
    clock, calls = StandingClock(), Calls(Outcome.REFUSED)
    logs = Lines(clock)
    with service(tmp_path, clock=clock, reading=logs, calling=calls) as found:
        found.alert()
        found.in_state("holding")

        clock.skip(RULE.recheck)
        until(lambda: logs.reads == 2)
        assert len(calls.late) == 1

        clock.skip(timedelta(seconds=1))
        until(lambda: len(calls.late) == 2)


def test_a_lost_answer_is_asked_for_once_more_and_then_verified(
    tmp_path: Path,
) -> None:
    clock, calls = SkippingClock(), Calls(Outcome.UNKNOWN)
    logs = Lines(clock, more=True)
    with service(tmp_path, clock=clock, reading=logs, calling=calls) as found:
        found.alert()
        found.came_to("verifying")
        ended = found.in_state("recovered", "needs_human", "stood_down")

    story = ended["timeline"]
    intents = [event for event in story if event["event"] == "report_intended"]
    reasons = [intent["reason"] for intent in intents]
    assert reasons == ["threshold_reached", "unanswered"]
    assert ended["reason"] != "errors_continue"
    looks = [event for event in story if event["event"] == "looked"]
    assert [check["count"] for check in looks[-1]["checks"]] == [0, 0]
    assert looks[-1]["checks"][0]["since"] == intents[-1]["at"]


def test_lines_of_before_an_answer_confirm_no_later_incident(tmp_path: Path) -> None:
    clock, calls = SkippingClock(), Calls()
    logs = Lines(clock, more=True)
    rule = replace(RULE, group_by=("shop",))
    with service(tmp_path, rule, clock=clock, reading=logs, calling=calls) as found:
        found.alert(shop="one")
        found.came_to("verifying")
        found.alert(shop="another")

        held = found.in_state("holding", number=1)

    assert held["reason"] == "below_threshold"


def test_a_check_may_have_the_name_that_the_orders_queries_have(
    tmp_path: Path,
) -> None:
    named = zip(RULE.checks, ("traffic", "failed"), strict=True)
    checks = tuple(replace(check, name=name) for check, name in named)
    rule = replace(RULE, checks=checks, traffic=None, failed=None)
    clock, calls = SkippingClock(), Calls()
    logs = Lines(clock)
    with service(tmp_path, rule, clock=clock, reading=logs, calling=calls) as found:
        found.alert()
        found.came_to("verifying")
        shown = found.incident()
        looks = [event for event in shown["timeline"] if event["event"] == "looked"]

    assert [look["good_orders"] for look in looks] == [None] * len(looks)
    assert not shown["failed_orders"]


def test_a_report_link_is_never_serialised() -> None:
    for spill in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError) as refused:
            spill(FoundLink(LINK, LinkPlace.RESPONSE))
        assert "abc123" not in f"{refused.value!r}"
    assert "abc123" not in f"{LINK} {LINK!r} {FoundLink(LINK, LinkPlace.RESPONSE)}"
