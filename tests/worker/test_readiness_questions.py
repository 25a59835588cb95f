"""When readiness is asked for again: sooner until all is well."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from responder.incident.evidence import (
    Counted,
    Evidence,
    LogLine,
    Question,
    Unreadable,
    to_ns,
)
from responder.incident.names import UnreadableReason
from responder.incident.readiness import FactoryVisit
from responder.worker.background import SOONER, Prober
from tests.fakes import NOON, SetClock

EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class SaidLogs:
    """So many lines for every question; None: they cannot be read."""

    lines: int | None

    def read(self, questions: Sequence[Question]) -> tuple[Evidence, ...]:
        return tuple(self._answer(question) for question in questions)

    def _answer(self, asked: Question) -> Evidence:
        if self.lines is None:
            return Unreadable(name=asked.name, reason=UnreadableReason.UNREACHABLE)
        found = tuple(
            LogLine(at_ns=to_ns(NOON) - number, digest=str(number))
            for number in range(self.lines)
        )
        return Counted(
            name=asked.name, lines=found, since=asked.since, until=asked.until
        )


def reached(now: datetime) -> FactoryVisit:
    return FactoryVisit(at=now)


def nowhere(now: datetime) -> FactoryVisit:
    return FactoryVisit(at=now, why="HTTP 502")


def prober(
    lines: int | None = 3,
    *,
    visit: Callable[[datetime], FactoryVisit] = reached,
    writable: Callable[[], bool] = lambda: True,
    orders: bool = True,
) -> Prober:
    return Prober(
        logs=SaidLogs(lines),
        selectors=['{component="jwt-pizza-service"}'],
        traffic={"pizza-factory": "{} |= `menuId`"} if orders else {},
        visit=visit,
        writable=writable,
        clock=SetClock(),
        every=EVERY,
    )


@pytest.mark.parametrize("orders", [True, False])
def test_while_all_is_well_it_asks_at_its_own_pace(orders: bool) -> None:
    assert prober(orders=orders)() == EVERY


@pytest.mark.parametrize(
    "asked",
    [
        prober(lines=0),
        prober(lines=None),
        prober(visit=nowhere),
        prober(writable=lambda: False),
    ],
    ids=["no line", "logs unreadable", "no factory", "storage away"],
)
def test_what_is_missing_is_asked_for_again_soon(asked: Prober) -> None:
    assert asked() == SOONER


def test_what_stays_missing_is_asked_for_less_and_less_soon() -> None:
    asked = prober(lines=0)
    assert [asked() / SOONER for _ in range(5)] == [1, 2, 4, 6, 6]


def test_what_breaks_again_is_asked_for_soon_again() -> None:
    storage = iter([False, False, True, False])
    asked = prober(writable=lambda: next(storage))
    assert [asked() / SOONER for _ in range(4)] == [1, 2, 6, 1]


def test_the_factory_is_visited_once_in_five_minutes_while_its_time_agrees() -> None:
    assert visits_of(difference=2.0) == 1
    assert visits_of(difference=300.0) == 3


def visits_of(difference: float) -> int:
    """How often the factory is visited in three looks without any time between."""
    seen: list[datetime] = []

    def visit(now: datetime) -> FactoryVisit:
        seen.append(now)
        return FactoryVisit(at=now, difference=difference)

    asked = prober(visit=visit)
    for _ in range(3):
        asked()
    return len(seen)


def test_sooner_is_never_later_than_its_own_pace() -> None:
    hasty = Prober(
        logs=SaidLogs(0),
        selectors=["{}"],
        traffic={},
        visit=reached,
        writable=lambda: True,
        clock=SetClock(),
        every=timedelta(seconds=1),
    )
    assert hasty() == timedelta(seconds=1)
