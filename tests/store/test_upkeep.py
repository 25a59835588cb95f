"""What is over and old is forgotten, a little at a time; what matters never is."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from responder.incident.alert import Alert
from responder.incident.events import Where
from responder.incident.names import Outcome, Status, Verdict
from responder.incident.ports import Lease
from responder.store.leases import Heartbeat
from responder.store.sqlite import Disk
from responder.store.store import Store
from responder.store.tables import metadata
from responder.store.upkeep import INCIDENTS, ROWS, Retention
from tests.conftest import Place
from tests.store_parts import (
    alert,
    at,
    delivery,
    finished,
    open_incident,
    report,
    store_on,
)

DAY = 86_400
KEEP = timedelta(days=90)


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    with closing(store_on(place.url, place.clock)) as store:
        store.start()
        # Whoever forgets holds this row meanwhile.
        Heartbeat(store.write, lambda: store.engine, store.clock, Disk()).beat()
        yield store


def retention(store: Store) -> Retention:
    return Retention(store.write, lambda: store.engine, store.clock, KEEP)


def forget(store: Store, place: Place, days: float) -> int:
    """Everything that may go after so many days; how many steps it took."""
    place.clock.at += timedelta(seconds=days * DAY)
    store.writable()  # On PostgreSQL the time is learned from an answer.
    old, steps = retention(store), 0
    while old.step():
        steps += 1
    return steps


def ended(store: Store, *alerts: Alert) -> Lease:
    """An incident that is over and not watched."""
    lease, incident = open_incident(store, *alerts)
    assert store.decide(lease, incident, [finished()]).accepted
    store.release(lease, None)
    return lease


def rows(store: Store) -> dict[str, int]:
    """How many rows there are, in every table that has some."""
    with store.engine.connect() as conn:
        counts = {
            table.name: conn.execute(select(func.count()).select_from(table)).scalar()
            for table in metadata.sorted_tables
        }
    return {name: number for name, number in counts.items() if number}


def test_what_was_still_to_be_told_of_it_goes_with_an_incident(
    store: Store, place: Place
) -> None:
    ended(store)
    store.outbox([Where.IRM]).sweep()
    before = rows(store)["errands"]

    forget(store, place, 91)

    assert before == 1
    assert "errands" not in rows(store)


def test_an_incident_that_ended_long_ago_goes_with_all_that_was_heard(
    store: Store, place: Place
) -> None:
    lease, incident = open_incident(store)
    answered = report(store, lease, incident, Outcome.RESOLVED)
    assert store.decide(lease, answered, [finished()]).accepted
    store.release(lease, None)
    forget(store, place, 91)
    assert store.timeline(lease.incident) is None
    # Spent links and their factory's floor are for ever.
    assert rows(store) == {"brakes": 1, "life": 1, "links": 1, "factories": 1}


def test_what_ended_within_the_time_stays(store: Store, place: Place) -> None:
    lease = ended(store)
    assert forget(store, place, 89) == 0
    assert store.timeline(lease.incident)


def test_what_is_open_stays_with_its_deliveries(store: Store, place: Place) -> None:
    lease, _ = open_incident(store)
    store.release(lease, at(10))
    forget(store, place, 1000)
    assert store.timeline(lease.incident)
    assert len(store.deliveries(incident=lease.incident)) == 1


def test_what_is_watched_stays(store: Store, place: Place) -> None:
    lease, incident = open_incident(store)
    assert store.decide(lease, incident, [finished()]).accepted
    store.release(lease, at(1000 * DAY))
    forget(store, place, 91)
    assert store.timeline(lease.incident)


def test_an_alert_that_goes_on_firing_is_still_known_for_an_echo(
    store: Store, place: Place
) -> None:
    lease = ended(store)
    place.clock.at += timedelta(seconds=60 * DAY)
    for again in store.accept(delivery(received=at(60 * DAY))).leases:
        store.release(again, None)
    forget(store, place, 60)
    (verdict,) = store.accept(delivery(received=at(120 * DAY))).verdicts
    assert (verdict.verdict, verdict.incident) == (Verdict.ECHO, lease.incident)


def test_the_incident_that_an_open_one_relapses_stays(
    store: Store, place: Place
) -> None:
    lease, incident = open_incident(store)
    appended = store.decide(lease, incident, [finished()])
    new = store.open_relapse(lease, appended.incident, at(61))
    store.release(lease, None)
    assert new
    forget(store, place, 91)
    assert store.timeline(lease.incident)


def test_a_delivery_that_opened_nothing_goes_too(store: Store, place: Place) -> None:
    store.accept(delivery(alert(status=Status.RESOLVED)))
    forget(store, place, 91)
    assert rows(store) == {"brakes": 1, "life": 1}


def test_a_firing_row_of_a_resolve_heard_lately_stays_however_old_its_start(
    store: Store, place: Place
) -> None:
    place.clock.at += timedelta(seconds=200 * DAY)
    late = delivery(alert(status=Status.RESOLVED), received=at(200 * DAY))
    store.accept(late)
    forget(store, place, 1)
    assert rows(store)["firings"] == 1


def test_each_step_is_small(store: Store, place: Place) -> None:
    many = [alert(f"f{n}", shop=str(n)) for n in range(INCIDENTS * 2 + 1)]
    leases = store.accept(delivery(*many)).leases
    for lease in leases:
        incident = store.load(lease.incident)
        assert store.decide(lease, incident, [finished()]).accepted
        store.release(lease, None)
    for _ in range(ROWS + 1):
        store.accept(delivery(alert("echo", status=Status.RESOLVED)))
    place.clock.at += timedelta(seconds=91 * DAY)
    store.writable()
    old = retention(store)
    assert [old.step() for _ in range(7)] == [20, 20, 1, 100, 2, 1, 0]


def test_only_one_replica_forgets_at_a_time(postgres_place: Place) -> None:
    with closing(store_on(postgres_place.url, postgres_place.clock)) as store:
        store.start()
        Heartbeat(store.write, lambda: store.engine, store.clock, Disk()).beat()
        ended(store)
        postgres_place.clock.at += timedelta(seconds=91 * DAY)
        store.writable()
        with store.engine.begin() as other:
            other.execute(text("SELECT id FROM life FOR UPDATE"))
            assert retention(store).step() == 0
        assert retention(store).step() == 1


def test_an_ended_session_is_forgotten_once_its_cookie_is_long_void(
    store: Store, place: Place
) -> None:
    store.sessions.end("old", at(30 * DAY))
    store.sessions.end("new", at(31 * DAY + 1))
    forget(store, place, 121)

    assert rows(store)["ended_sessions"] == 1
    assert not store.sessions.is_open("oncall", "new", 0)
