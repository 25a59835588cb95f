"""The worker's pen: facts wait for the next write, and none is lost on the way."""

from dataclasses import replace

import pytest

from responder.incident.alert import PersonAction
from responder.incident.events import CheckReading, Decided, Looked, PersonActed
from responder.incident.names import Decision, Reason, State, UnreadableReason
from responder.worker.run import KEPT_UNREADABLE, Ledger
from tests.worker_parts import Bench, at, opened


def look(seconds: float, count: int | None = 3, *lines: str) -> Looked:
    reading = CheckReading(
        name="error-logs",
        count=count,
        threshold=5,
        since=at(seconds - 300),
        until=at(seconds),
        unreadable=UnreadableReason.TIMEOUT if count is None else None,
    )
    return Looked(
        at=at(seconds), since=at(seconds - 300), checks=(reading,), lines=lines
    )


def decided(seconds: float) -> Decided:
    return Decided(
        at=at(seconds),
        decision=Decision.HOLD,
        state=State.HOLDING,
        reason=Reason.BELOW_THRESHOLD,
    )


ACTED = PersonActed(at=at(3), action=PersonAction.ACKNOWLEDGED, person="dana")


def ledger(bench: Bench) -> Ledger:
    return Ledger(bench.store, bench.store.open("i1", opened()))


def test_facts_wait_for_the_decision_and_share_its_write() -> None:
    bench = Bench()
    pen = ledger(bench)

    pen.note(look(1))

    assert pen.incident.look == look(1)
    assert bench.store.writes == 0
    assert pen.decide([decided(1)])
    assert bench.store.writes == 1
    assert bench.store.kinds("i1")[2:] == ["looked", "decided"]


def test_a_refused_decision_leaves_the_facts_and_brings_the_news() -> None:
    bench = Bench()
    pen = ledger(bench)
    pen.note(look(1))
    bench.store.hear("i1", ACTED)

    assert not pen.decide([decided(1)])

    assert bench.store.writes == 0
    assert pen.incident.last_person_at == ACTED.at
    assert pen.incident.look == look(1)


def test_facts_of_a_refused_decision_go_with_the_next_once() -> None:
    bench = Bench()
    pen = ledger(bench)
    pen.note(look(1))
    bench.store.hear("i1", ACTED)
    pen.decide([decided(1)])

    assert pen.decide([decided(2)])

    assert bench.store.kinds("i1")[2:] == ["person_acted", "looked", "decided"]


def test_flush_writes_what_waits_and_again_nothing() -> None:
    bench = Bench()
    pen = ledger(bench)
    pen.note(look(1))

    pen.flush()
    pen.flush()

    assert bench.store.writes == 1
    assert bench.store.kinds("i1")[2:] == ["looked"]


def test_flush_takes_facts_down_whoever_came_between() -> None:
    bench = Bench()
    pen = ledger(bench)
    pen.note(look(1))
    bench.store.hear("i1", ACTED)

    pen.flush()

    assert bench.store.kinds("i1")[2:] == ["person_acted", "looked"]
    assert pen.incident.last_person_at == ACTED.at


def test_a_look_that_reads_the_same_moves_only_its_time() -> None:
    bench = Bench()
    pen = ledger(bench)
    pen.looked(look(1))
    pen.flush()

    pen.looked(look(11))
    pen.flush()

    assert bench.store.kinds("i1")[2:] == ["looked"]
    assert bench.store.looked_at == {"i1": at(11)}
    assert pen.incident.looked_at == at(11)


@pytest.mark.parametrize(
    "news",
    [look(11, 4), look(11, 3, "1-new"), look(11, None)],
    ids=["count", "line", "unreadable"],
)
def test_a_look_with_news_is_an_event(news: Looked) -> None:
    bench = Bench()
    pen = ledger(bench)
    pen.looked(look(1))

    pen.looked(news)
    pen.flush()

    assert bench.store.kinds("i1")[2:] == ["looked", "looked"]


def test_a_good_order_that_was_not_seen_before_is_news() -> None:
    bench = Bench()
    pen = ledger(bench)
    pen.looked(replace(look(1), good_orders=1, good_lines=()))

    pen.looked(replace(look(11), good_orders=1, good_lines=("1-order",)))
    pen.flush()

    assert bench.store.kinds("i1")[2:] == ["looked", "looked"]


def test_the_first_unreadable_looks_are_kept_one_by_one_and_then_folded() -> None:
    bench = Bench()
    pen = ledger(bench)

    for n in range(KEPT_UNREADABLE + 3):
        pen.looked(look(n, None))
    pen.flush()

    assert bench.store.kinds("i1").count("looked") == KEPT_UNREADABLE
    assert pen.incident.unreadable_looks == KEPT_UNREADABLE
    assert pen.incident.looked_at == at(KEPT_UNREADABLE + 2)


def test_the_time_of_a_look_survives_a_refused_decision() -> None:
    bench = Bench()
    pen = ledger(bench)
    pen.looked(look(1))
    pen.flush()
    pen.looked(look(11))
    bench.store.hear("i1", ACTED)

    assert not pen.decide([decided(11)])

    assert pen.incident.looked_at == at(11)
    assert bench.store.looked_at == {"i1": at(11)}


def test_the_time_of_a_look_survives_a_refused_decision_beside_facts() -> None:
    bench = Bench()
    pen = ledger(bench)
    pen.looked(look(1))
    pen.flush()
    pen.looked(look(11))
    pen.note(ACTED)
    bench.store.hear("i1", ACTED)

    assert not pen.decide([decided(11)])

    assert pen.incident.looked_at == at(11), "else the logs are read again at once"
