"""What pages and the API read."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from responder.incident.drills import DrillStep
from responder.incident.names import Outcome, State, Verdict
from responder.incident.ports import StorageUnavailable
from responder.incident.view import BadCursor, Search
from responder.store import Store
from responder.store.tables import drills
from tests.conftest import Place
from tests.store_parts import (
    RULE,
    alert,
    at,
    delivery,
    finished,
    open_incident,
    report,
    store_on,
)


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    store = store_on(
        place.url, place.clock, summarise=lambda i: f"100% {i.group} is {i.state}"
    )
    store.start()
    yield store
    store.close()


def opened_at(store: Store, seconds: float, shop: str) -> str:
    told = store.accept(delivery(alert(shop=shop), received=at(seconds)))
    return told.leases[0].incident


def listed(store: Store, search: Search) -> list[str]:
    return [found.id for found in store.search(search).incidents]


def test_incidents_come_newest_first_and_page_by_page(store: Store) -> None:
    made = [opened_at(store, n // 2, f"shop {n}") for n in range(7)]
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        page = store.search(Search(limit=3, cursor=cursor))
        seen += [found.id for found in page.incidents]
        cursor = page.cursor

    assert seen == made[::-1]
    assert cursor is None


def test_a_page_does_not_shift_when_new_incidents_come(store: Store) -> None:
    made = [opened_at(store, n, f"shop {n}") for n in range(4)]
    first = store.search(Search(limit=2))
    opened_at(store, 9, "late")

    assert listed(store, Search(limit=2, cursor=first.cursor)) == made[1::-1]


@pytest.mark.parametrize(
    "cursor", ["", "x", "%%%", "MTIz", "é", "OTk5OTk5OTk5OTk5OTk5"]
)
def test_a_cursor_of_somebody_else_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(BadCursor):
        store.search(Search(cursor=cursor))


def test_a_summary_tells_the_incident_and_its_reports(store: Store) -> None:
    lease, incident = open_incident(store)
    incident = report(store, lease, incident, Outcome.RESOLVED)

    (found,) = store.search(Search()).incidents
    (told,) = found.reports

    assert (found.id, found.rule, found.state) == (
        incident.id,
        "pizza-factory",
        State.REPORTING,
    )
    assert found.summary == "100% shop='' is reporting"
    assert found.reported_at == at(1)
    assert (told.at, told.outcome, told.method, told.status, told.message) == (
        at(1),
        Outcome.RESOLVED,
        "POST",
        200,
        "Problem resolved",
    )


@pytest.mark.parametrize(
    ("search", "count"),
    [
        (Search(), 2),
        (Search(rule="pizza-factory"), 2),
        (Search(rule="other"), 0),
        (Search(state=State.RECOVERED), 1),
        (Search(open_only=True), 1),
        (Search(outcome=Outcome.RESOLVED), 1),
        (Search(outcome=Outcome.REFUSED), 0),
        (Search(text="PIZZA"), 2),
        (Search(text="is recovered"), 1),
        (Search(text="100%"), 2),
        (Search(text="1%0"), 0),
        (Search(since=at(5)), 1),
        (Search(until=at(5)), 1),
    ],
)
def test_a_search_finds_what_it_asks_for(
    store: Store, search: Search, count: int
) -> None:
    lease, incident = open_incident(store)
    incident = report(store, lease, incident, Outcome.RESOLVED)
    store.decide(lease, incident, [finished()])
    opened_at(store, 10, "b")

    assert len(listed(store, search)) == count


def test_counts_are_by_rule_and_state(store: Store) -> None:
    lease, incident = open_incident(store)
    store.decide(lease, incident, [finished()])
    opened_at(store, 10, "b")

    assert store.counts() == {
        ("pizza-factory", State.RECOVERED): 1,
        ("pizza-factory", State.INVESTIGATING): 1,
    }


def test_deliveries_are_found_by_incident_and_by_verdict(store: Store) -> None:
    lease, _ = open_incident(store)
    store.accept(delivery(received=at(1)))
    other = delivery(received=at(2))
    test = replace(other, notification=replace(other.notification, test=True))
    store.accept(replace(test, clock_difference=2.0))

    (tried,) = store.deliveries(verdict="test")

    assert (tried.clock_difference, tried.alerts) == (2.0, 1)
    assert tried.kinds == (Verdict.TEST,)
    assert [d.received_at for d in store.deliveries()] == [at(2), at(1), at(0)]
    assert len(store.deliveries(incident=lease.incident)) == 2
    assert len(store.deliveries(limit=1)) == 1


def test_an_unknown_incident_has_no_timeline(store: Store) -> None:
    assert store.timeline("nobody") is None


def test_a_running_store_is_writable_and_a_closed_one_is_not(store: Store) -> None:
    assert store.writable()

    store.close()

    assert not store.writable()
    with pytest.raises(StorageUnavailable):
        store.accept(delivery())
    with pytest.raises(StorageUnavailable):
        store.counts()


def test_the_oldest_open_incident_of_each_rule_is_known(store: Store) -> None:
    assert store.opened() == {}

    opened_at(store, 5, "north")
    opened_at(store, 9, "south")

    assert store.opened() == {RULE.name: at(5)}


def test_a_drill_of_an_earlier_version_is_read_without_the_step_it_wrote_lines_in(
    store: Store,
) -> None:
    steps = [
        {"part": part, "came": "done", "words": "so", "mend": ""}
        for part in ("lines_written", "delivered")
    ]
    kept = {"id": "d1", "rule": "r", "by": "ana", "at": "2026-04-07T18:46:00Z"}
    body = json.dumps({**kept, "taken": steps, "seconds": 1.8})
    values = {"id": "d1", "at": at(0), "rule": "r", "passed": False, "body": body}
    store.write(lambda conn: conn.execute(drills.insert().values(**values)))

    found = store.drills.find("d1")

    assert found is not None
    assert [step.part for step in found.taken] == [DrillStep.DELIVERED]
