"""Links that people pasted, in memory: for how long, and who works with them."""

from datetime import timedelta

from responder.incident.events import Event
from responder.incident.link import ReportLink
from responder.incident.names import Outcome, Reason, State
from responder.incident.operator_events import ReportRequested
from responder.worker.loop import Worker
from responder.worker.pasted import AGAIN, PastedLinks
from responder.worker.turn import Turn
from tests.e2e.service import until
from tests.worker_parts import (
    LINK,
    NEWER,
    RULE,
    UNREADABLE,
    Bench,
    at,
    failing,
    opened,
)

MILLISECOND = timedelta(milliseconds=1)


def pasted(link: ReportLink = LINK, seconds: float = 1) -> ReportRequested:
    return ReportRequested(at=at(seconds), by="ada", link=link.name, digest=link.digest)


def blind(*events: Event) -> Bench:
    """An incident `i1` that was looked at once, in vain."""
    bench = Bench()
    bench.logs.evidence = UNREADABLE
    lease = bench.store.open("i1", opened())
    Turn(bench.tools(), RULE, lease, lambda _: True).run(lambda: False)
    bench.store.release(lease, at(600))
    bench.store.hear("i1", *events)
    return bench


def turned(bench: Bench) -> None:
    """One more turn on it."""
    lease = bench.store.open("i1", bench.store.timelines["i1"])
    due = Turn(bench.tools(), RULE, lease, lambda _: True).run(lambda: False)
    bench.store.release(lease, due)


# The memory


def test_links_are_kept_for_their_incident_alone() -> None:
    links = PastedLinks()
    links.keep("i1", LINK)

    assert links.of("i1") == {LINK.digest: LINK}
    assert links.of("i2") == {}


def test_the_awaited_link_stays_until_it_is_due_and_the_others_go() -> None:
    links = PastedLinks()
    links.keep("i1", LINK)
    links.keep("i1", NEWER)

    links.settle("i1", links.of("i1"), NEWER.digest, at(30))

    assert links.of("i1") == {NEWER.digest: NEWER}
    assert links.due(at(30) - MILLISECOND) == []
    assert links.due(at(30)) == ["i1"]


def test_what_nobody_awaits_is_forgotten_and_so_is_its_incident() -> None:
    links = PastedLinks()
    links.keep("i1", LINK)

    links.settle("i1", links.of("i1"), "", at(30))

    assert links.of("i1") == {}
    assert links.due(at(1000)) == []


def test_what_was_pasted_meanwhile_is_neither_forgotten_nor_put_off() -> None:
    links = PastedLinks()
    links.keep("i1", LINK)
    seen = links.of("i1")
    same = ReportLink(token="0f" * 16, code="abc123")
    assert same == LINK
    links.keep("i1", same)

    links.settle("i1", seen, "", at(30))

    assert list(links.of("i1").values()) == [LINK]
    assert links.due(at(2)) == ["i1"]


def test_an_incident_that_somebody_else_works_on_is_tried_again_soon() -> None:
    links = PastedLinks()
    links.keep("i1", LINK)

    assert links.due(at(1)) == ["i1"]
    assert links.due(at(1) + AGAIN - MILLISECOND) == []
    assert links.due(at(1) + AGAIN) == ["i1"]


def test_the_memory_shows_no_link() -> None:
    links = PastedLinks()
    links.keep("i1", LINK)

    shown = repr(vars(links))

    assert LINK.name in shown
    assert "abc123" not in shown


# A turn


def test_a_turn_calls_the_pasted_link_and_forgets_it() -> None:
    bench = blind(pasted())
    bench.pasted.keep("i1", LINK)

    turned(bench)

    assert bench.factory.calls == [LINK]
    assert bench.pasted.of("i1") == {}


def test_a_turn_that_does_not_hold_the_link_calls_nothing() -> None:
    bench = blind(pasted())

    turned(bench)

    assert bench.factory.calls == []
    assert bench.store.load("i1").requested is not None


def test_a_link_at_hand_is_called_for_nothing_but_what_was_asked() -> None:
    bench = blind()
    bench.pasted.keep("i1", LINK)

    turned(bench)

    assert bench.factory.calls == []
    assert bench.pasted.of("i1") == {}


def test_the_pasted_link_comes_before_one_of_the_logs() -> None:
    bench = blind(pasted(NEWER))
    bench.logs.evidence = failing(2)
    bench.pasted.keep("i1", NEWER)

    turned(bench)

    assert bench.factory.calls == [NEWER]


def test_a_refused_call_keeps_the_link_for_its_repeats() -> None:
    bench = blind(pasted())
    bench.pasted.keep("i1", LINK)
    bench.factory.outcomes = [Outcome.REFUSED, Outcome.RESOLVED]

    turned(bench)
    assert bench.factory.calls == [LINK]
    assert bench.pasted.of("i1") == {LINK.digest: LINK}

    due = bench.store.due["i1"]
    assert due is not None
    assert bench.pasted.due(due) == ["i1"]

    for _ in range(5):  # A look may come before the call.
        bench.clock.at = bench.store.due["i1"] or bench.clock.at
        turned(bench)
    assert bench.factory.calls == [LINK, LINK]
    assert bench.pasted.of("i1") == {}


def test_without_a_link_at_hand_a_refused_call_ends_with_a_person() -> None:
    bench = blind(pasted())
    bench.pasted.keep("i1", LINK)
    bench.factory.outcomes = [Outcome.REFUSED]
    turned(bench)
    bench.pasted = PastedLinks()
    bench.clock.at = at(600)

    turned(bench)

    incident = bench.store.load("i1")
    assert incident.state is State.NEEDS_HUMAN
    assert incident.reason is Reason.LOGS_UNREADABLE
    assert bench.factory.calls == [LINK]


# The loop


def test_a_link_at_hand_is_worked_on_though_its_row_is_not_due() -> None:
    bench = blind(pasted())
    bench.pasted.keep("i1", LINK)
    worker = Worker(bench.tools(), {RULE.name: RULE}, poll=timedelta(milliseconds=5))
    worker.start()
    try:
        until(lambda: bench.factory.calls)
    finally:
        worker.stop()

    assert bench.factory.calls == [LINK]


def test_it_waits_for_whoever_works_on_the_incident_and_comes_next() -> None:
    bench = blind(pasted())
    bench.pasted.keep("i1", LINK)
    other = bench.store.open("i1", bench.store.timelines["i1"])
    worker = Worker(bench.tools(), {RULE.name: RULE}, poll=timedelta(milliseconds=5))
    worker.start()
    try:
        until(lambda: bench.store.called.count("take") > 3)
        assert bench.factory.calls == []
        bench.store.release(other, at(600))
        bench.clock.at += AGAIN
        until(lambda: bench.factory.calls)
    finally:
        worker.stop()

    assert bench.factory.calls == [LINK]
