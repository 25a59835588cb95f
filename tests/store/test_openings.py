"""Incidents that no alert opens, and duties that replicas share, on both databases."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta

from responder.incident.events import Opened
from responder.incident.incident import Incident
from responder.incident.names import Reason, State
from responder.incident.ports import Lease
from responder.store.store import Store
from tests.conftest import Place
from tests.store_parts import (
    RULE,
    alert,
    at,
    delivery,
    finished,
    open_incident,
    store_on,
)

EVERY = timedelta(seconds=10)
WHOLE = replace(RULE, group_by=())
SELF = Opened(at=at(0), rule="pizza-factory", reason=Reason.SELF_DETECTED)


@contextmanager
def started(place: Place) -> Iterator[Store]:
    with closing(store_on(place.url, place.clock, rules=(WHOLE,))) as store:
        store.start()
        yield store


def pass_by(place: Place, seconds: float, store: Store) -> None:
    place.clock.at += timedelta(seconds=seconds)
    store.writable()  # On PostgreSQL the time is learned from an answer.


def test_a_duty_falls_to_one_and_again_after_its_interval(place: Place) -> None:
    with started(place) as store:
        first = store.duties.take("watch pizza-factory", EVERY)
        second = store.duties.take("watch pizza-factory", EVERY)
        pass_by(place, 10, store)
        third = store.duties.take("watch pizza-factory", EVERY)

    assert [duty.mine for duty in (first, second, third)] == [True, False, True]
    assert timedelta() < second.again <= EVERY


def test_of_many_who_ask_at_once_it_falls_to_one(place: Place) -> None:
    with started(place) as store, ThreadPoolExecutor(8) as replicas:
        asked = list(
            replicas.map(lambda _: store.duties.take("pull", EVERY).mine, range(24))
        )

    assert asked.count(True) == 1


def test_duties_of_other_names_are_other_duties(place: Place) -> None:
    with started(place) as store:
        taken = [store.duties.take(name, EVERY).mine for name in ("one", "other")]

    assert taken == [True, True]


def test_a_duty_put_off_by_a_longer_interval_is_done_by_the_new_one(
    place: Place,
) -> None:
    with started(place) as store:
        store.duties.take("pull", timedelta(hours=1))
        duty = store.duties.take("pull", EVERY)

    assert duty.mine


def test_who_does_a_duty_next_reads_the_note_of_the_last(place: Place) -> None:
    with started(place) as store:
        store.duties.take("pull", EVERY)
        store.duties.keep("pull", "seen: 57c6d9296de2ad30")
        pass_by(place, 10, store)
        duty = store.duties.take("pull", EVERY)

    assert duty.note == "seen: 57c6d9296de2ad30"


def test_what_a_watch_opens_is_leased_and_counts_its_opening_as_a_firing(
    place: Place,
) -> None:
    with started(place) as store:
        began = store.openings.open(SELF)
        assert began is not None
        assert began.lease is not None
        incident = store.load(began.incident)

    assert incident.opened_as is Reason.SELF_DETECTED
    assert incident.last_firing_at == at(0)
    assert not incident.never_fired


def test_beside_an_open_incident_none_is_opened(place: Place) -> None:
    with started(place) as store:
        _, known = open_incident(store)
        began = store.openings.open(SELF)

    assert began is not None
    assert (began.incident, began.done, began.lease) == (known.id, False, None)


def test_what_was_read_before_an_incident_ended_opens_none(place: Place) -> None:
    with started(place) as store:
        lease, known = open_incident(store)
        store.decide(lease, known, [finished(5)])
        late = store.openings.open(SELF, looked_at=at(4))
        later = store.openings.open(SELF, looked_at=at(6))

    assert late is None
    assert later is not None
    assert later.done


def test_the_aftermath_tells_when_the_last_one_ended_and_whether_it_is_watched(
    place: Place,
) -> None:
    with started(place) as store:
        assert store.openings.aftermath("pizza-factory").ended_at is None
        lease, known = open_incident(store)
        store.decide(lease, known, [finished(5)])
        store.release(lease, at(20))
        watched = store.openings.aftermath("pizza-factory")
        (again,) = store.take(at(20), 1)
        store.release(again, None)
        rests = store.openings.aftermath("pizza-factory")

    assert (watched.ended_at, watched.watched) == (at(5), True)
    assert (rests.ended_at, rests.watched) == (at(5), False)


def test_alerts_of_what_a_watch_mended_are_its_echoes(place: Place) -> None:
    with started(place) as store:
        began = store.openings.open(SELF)
        assert began is not None
        assert began.lease is not None
        known = store.load(began.incident)
        store.decide(began.lease, known, [finished(5)])
        store.release(began.lease, None)

        first = store.accept(delivery(alert("f1"), received=at(60)))
        second = store.accept(delivery(alert("f2"), received=at(61)))

        verdicts = [v for one in (first, second) for v in one.verdicts]
        assert [(v.verdict, v.incident) for v in verdicts] == [("echo", known.id)] * 2
        assert store.load(known.id).fires


def test_an_alert_long_after_it_opens_an_incident(place: Place) -> None:
    with started(place) as store:
        began = store.openings.open(SELF)
        assert began is not None
        assert began.lease is not None
        known = store.load(began.incident)
        store.decide(began.lease, known, [finished(5)])

        # The rule's window is 5 min, and Grafana is given one more.
        late = store.accept(delivery(received=at(366)))

    assert [v.verdict for v in late.verdicts] == ["opened"]


def test_an_incident_knows_when_the_one_before_it_ended(place: Place) -> None:
    def begun(store: Store, shop: str, second: float) -> tuple[Lease, Incident]:
        sent = alert(f"f{second}", shop=shop, started=at(second))
        (lease,) = store.accept(delivery(sent, received=at(second))).leases
        return lease, store.load(lease.incident)

    with closing(store_on(place.url, place.clock)) as store:
        store.start()
        for shop, second in (("a", 1), ("a", 3), ("b", 5)):
            lease, incident = begun(store, shop, second)
            ended = finished(second + 1, State.STOOD_DOWN)
            assert store.decide(lease, incident, [ended]).accepted

        assert store.earlier_end(begun(store, "a", 9)[1]) == at(4)
        assert store.earlier_end(begun(store, "c", 9)[1]) is None
