"""Leases: who works on an incident, for how long, and what is due next."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from responder.incident.names import Status
from responder.incident.ports import Lease
from responder.store import Store
from tests.conftest import Place
from tests.fakes import SetClock
from tests.store_parts import (
    alert,
    at,
    decided,
    delivery,
    looked,
    open_incident,
    store_on,
)


@pytest.fixture
def clock(place: Place) -> SetClock:
    return place.clock


@pytest.fixture
def store(place: Place, clock: SetClock) -> Iterator[Store]:
    store = store_on(place.url, clock)
    store.start()
    yield store
    store.close()


def test_a_released_incident_is_due_when_it_was_said_to_be(store: Store) -> None:
    lease, _ = open_incident(store)

    store.release(lease, at(10))

    assert store.next_due() == at(10)
    assert store.take(at(9), 5) == []
    assert [found.incident for found in store.take(at(10), 5)] == [lease.incident]


def test_an_incident_released_for_good_is_never_due(store: Store) -> None:
    lease, _ = open_incident(store)

    store.release(lease, None)

    assert store.next_due() is None


def test_the_oldest_due_are_taken_first_and_no_more_than_asked(store: Store) -> None:
    for shop, due in (("a", 3), ("b", 1), ("c", 2)):
        lease, _ = open_incident(store, alert(shop=shop))
        store.release(lease, at(due))

    groups = [store.load(found.incident).group for found in store.take(at(9), 2)]

    assert groups == ["shop='b'", "shop='c'"]


def test_a_taken_incident_is_taken_by_nobody_else(store: Store) -> None:
    lease, _ = open_incident(store)
    store.release(lease, at(0))

    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda _: store.take(at(1), 5), range(8)))

    assert sum(len(found) for found in taken) == 1


def test_a_lease_that_ran_out_is_taken_over(store: Store, clock: SetClock) -> None:
    lease, incident = open_incident(store)
    clock.at = at(4)

    (taken,) = store.take(at(4), 5)

    assert taken.incident == lease.incident
    assert not store.decide(lease, incident, [decided()]).accepted
    assert store.decide(taken, incident, [decided()]).accepted


def test_a_renewed_lease_holds_longer(store: Store, clock: SetClock) -> None:
    lease, _ = open_incident(store)
    clock.at = at(3)
    store.renew([lease])
    clock.at = at(6)

    assert store.take(at(6), 5) == []


def test_a_lease_that_was_taken_over_is_not_renewed(
    store: Store, clock: SetClock
) -> None:
    lease, incident = open_incident(store)
    clock.at = at(4)
    (taken,) = store.take(at(4), 5)

    store.renew([lease])
    store.release(lease, None)

    assert store.decide(taken, incident, [decided()]).accepted


def test_a_release_after_a_hurry_leaves_the_incident_due(
    store: Store, clock: SetClock
) -> None:
    lease, _ = open_incident(store)
    clock.at = at(1)
    told = store.accept(delivery(alert(status=Status.RESOLVED), received=at(1)))

    store.release(lease, at(600))

    assert told.leases == ()
    assert store.next_due() == at(1)


def test_a_hurry_without_an_end_is_heard_too(store: Store) -> None:
    lease, _ = open_incident(store)
    store.accept(delivery(alert("f2")))

    store.release(lease, None)

    assert [found.incident for found in store.take(at(0), 5)] == [lease.incident]


def test_whoever_takes_a_hurried_incident_has_heard_the_hurry(
    store: Store, clock: SetClock
) -> None:
    lease, _ = open_incident(store)
    store.accept(delivery(alert("f2")))
    clock.at = at(4)
    (taken,) = store.take(at(4), 5)

    store.release(taken, at(50))

    assert store.next_due() == at(50)
    assert taken != lease


def test_a_look_that_read_the_same_moves_only_the_row(store: Store) -> None:
    lease, incident = open_incident(store)
    incident = store.record(lease, incident, [looked(1)]).incident

    store.looked(lease, at(11))

    after = store.load(lease.incident)
    assert after.looked_at == at(11)
    assert after.seq == incident.seq


def test_a_look_under_a_lost_lease_moves_nothing(store: Store) -> None:
    lease, _ = open_incident(store)

    store.looked(Lease(incident=lease.incident, token="lost"), at(11))

    assert store.load(lease.incident).looked_at is None
