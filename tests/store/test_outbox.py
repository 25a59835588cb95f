"""Errands of telling on real databases: due, leased, taken up again, never lost."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from responder.incident.events import Noted, Told, What, Where
from responder.incident.incident import Incident
from responder.incident.names import Reason, State
from responder.incident.notify import PendingNotice
from responder.incident.ports import Lease
from responder.store import Store
from responder.store.outbox import StoredOutbox
from tests.conftest import Place
from tests.fakes import SetClock
from tests.store_parts import (
    alert,
    at,
    decided,
    delivery,
    finished,
    in_group,
    names,
    open_incident,
    store_on,
)

BOTH = (Where.GRAFANA, Where.IRM)


@pytest.fixture
def clock(place: Place) -> SetClock:
    return place.clock


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    with closing(store_on(place.url, place.clock)) as store:
        store.start()
        yield store


@pytest.fixture
def outbox(store: Store) -> StoredOutbox:
    return store.outbox(BOTH)


@pytest.fixture
def opened(store: Store) -> tuple[Lease, Incident]:
    return open_incident(store)


def told(what: What = What.REGION_OPENED) -> Told:
    return Told(at=at(2), where=Where.GRAFANA, what=what, ref="71")


def taken(outbox: StoredOutbox, where: Where = Where.GRAFANA) -> PendingNotice:
    outbox.sweep()
    found = outbox.take(where)
    assert found is not None
    return found


def test_a_new_incident_is_an_errand_in_every_place(
    outbox: StoredOutbox, opened: tuple[Lease, Incident]
) -> None:
    outbox.sweep()

    found = [outbox.take(where) for where in (*BOTH, Where.NOTIFY)]

    assert [errand and errand.where for errand in found] == [*BOTH, None]
    assert {errand.incident for errand in found if errand} == {opened[1].id}


def test_an_errand_is_taken_once(
    outbox: StoredOutbox, opened: tuple[Lease, Incident]
) -> None:
    taken(outbox)

    assert outbox.take(Where.GRAFANA) is None


def test_two_replicas_take_an_errand_once(
    store: Store, opened: tuple[Lease, Incident]
) -> None:
    outboxes = [store.outbox(BOTH) for _ in range(8)]
    outboxes[0].sweep()

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda box: box.take(Where.GRAFANA), outboxes))

    assert len([errand for errand in found if errand]) == 1


def test_what_is_done_comes_again_only_when_the_timeline_grows(
    store: Store,
    outbox: StoredOutbox,
    clock: SetClock,
    opened: tuple[Lease, Incident],
) -> None:
    outbox.release(taken(outbox))
    outbox.sweep()
    rests = outbox.take(Where.GRAFANA)
    clock.at = at(3600)
    rests = rests or outbox.take(Where.GRAFANA)

    store.record(*opened, [Noted(at=at(1), by="ana", text="x")])

    assert rests is None
    assert taken(outbox).tries == 0


def test_what_failed_waits_its_time_and_remembers_that_it_was_begun(
    outbox: StoredOutbox, clock: SetClock, opened: tuple[Lease, Incident]
) -> None:
    outbox.release(taken(outbox), timedelta(seconds=5))
    early = outbox.take(Where.GRAFANA)
    clock.at = at(5)

    assert early is None
    assert taken(outbox).tries == 1


def test_a_timeline_that_grows_does_not_hurry_what_failed(
    store: Store, outbox: StoredOutbox, opened: tuple[Lease, Incident]
) -> None:
    outbox.release(taken(outbox), timedelta(seconds=5))

    store.record(*opened, [Noted(at=at(1), by="ana", text="x")])
    outbox.sweep()

    assert outbox.take(Where.GRAFANA) is None


def test_what_happens_while_it_is_told_is_told_next(
    store: Store, outbox: StoredOutbox, opened: tuple[Lease, Incident]
) -> None:
    errand = taken(outbox)
    store.record(*opened, [Noted(at=at(1), by="ana", text="x")])
    outbox.sweep()

    outbox.release(errand)

    assert taken(outbox).tries == 0


def test_whoever_dies_at_it_leaves_it_to_others_as_begun(
    outbox: StoredOutbox, clock: SetClock, opened: tuple[Lease, Incident]
) -> None:
    taken(outbox)
    clock.at = at(14)
    held = outbox.take(Where.GRAFANA)
    clock.at = at(15)

    assert held is None
    assert taken(outbox).tries == 1


def test_a_late_return_changes_nothing_for_whoever_took_it_meanwhile(
    outbox: StoredOutbox, clock: SetClock, opened: tuple[Lease, Incident]
) -> None:
    late = taken(outbox)
    clock.at = at(15)
    taken(outbox)

    outbox.release(late)
    clock.at = at(16)

    assert outbox.take(Where.GRAFANA) is None


def test_a_start_on_sqlite_finds_no_lease_of_a_process_that_is_gone(
    tmp_path: Path,
) -> None:
    file, clock = tmp_path / "responder.db", SetClock()
    with closing(store_on(file, clock)) as first:
        first.start()
        open_incident(first)
        taken(first.outbox(BOTH))

    with closing(store_on(file, clock)) as second:
        second.start()
        assert taken(second.outbox(BOTH)).tries == 1


def test_what_was_told_is_on_the_timeline_and_in_the_fold(
    store: Store, outbox: StoredOutbox, opened: tuple[Lease, Incident]
) -> None:
    found = outbox.scene(taken(outbox))
    assert found is not None

    after = outbox.record(found[0], told())

    assert after.told == (told(),)
    assert store.load(after.id).told == (told(),)
    kept = store.timeline(after.id)
    assert kept is not None
    assert names(kept[1])[-1] == "told"


def test_a_telling_is_a_fact_that_no_decision_can_keep_out(
    store: Store, outbox: StoredOutbox, opened: tuple[Lease, Incident]
) -> None:
    lease, before = opened
    store.decide(lease, before, [decided(1)])

    after = outbox.record(before, told())

    assert after.state is State.REPORTING
    assert after.told == (told(),)


def test_an_incident_that_ended_long_ago_is_no_errand(
    store: Store,
    outbox: StoredOutbox,
    clock: SetClock,
    opened: tuple[Lease, Incident],
) -> None:
    store.decide(*opened, [finished(60)])
    clock.at = at(90_000)
    outbox.sweep()

    assert outbox.take(Where.GRAFANA) is None


def test_more_than_one_sweep_takes_are_all_swept(
    store: Store, outbox: StoredOutbox
) -> None:
    for number in range(45):
        open_incident(store, alert(shop=f"s{number}"))

    outbox.sweep()

    found: list[PendingNotice] = []
    while errand := outbox.take(Where.IRM):
        found.append(errand)
    assert len(found) == 45


def test_the_scene_has_the_groups_and_those_that_others_keep_busy(
    store: Store, outbox: StoredOutbox
) -> None:
    for shop, groups in (("a", ["IQ7", "IQ8"]), ("b", ["IQ8"])):
        for group in groups:
            store.accept(in_group(delivery(alert(shop=shop)), group))

    outbox.sweep()
    errands = [outbox.take(Where.IRM), outbox.take(Where.IRM)]
    scenes = [outbox.scene(errand) for errand in errands if errand]

    known = {
        found[0].group: (found[1].groups, found[1].busy) for found in scenes if found
    }
    assert known == {
        "shop='a'": (("IQ7", "IQ8"), frozenset({"IQ8"})),
        "shop='b'": (("IQ8",), frozenset({"IQ8"})),
    }


def test_a_group_that_joins_later_makes_the_incident_due(
    store: Store, outbox: StoredOutbox, opened: tuple[Lease, Incident]
) -> None:
    outbox.release(taken(outbox, Where.IRM))

    store.accept(in_group(delivery(), "IQ7"))

    found = outbox.scene(taken(outbox, Where.IRM))
    assert found is not None
    assert found[1].groups == ("IQ7",)


def test_a_repeat_of_a_known_group_makes_nothing_due(
    store: Store, outbox: StoredOutbox
) -> None:
    store.accept(in_group(delivery(), "IQ7"))
    outbox.release(taken(outbox, Where.IRM))

    store.accept(in_group(delivery(), "IQ7"))
    outbox.sweep()

    assert outbox.take(Where.IRM) is None


def test_a_relapse_stays_in_the_groups_and_knows_what_was_told_before(
    store: Store, outbox: StoredOutbox
) -> None:
    (lease,) = store.accept(in_group(delivery(), "IQ7")).leases
    ended = store.decide(lease, store.load(lease.incident), [finished(60)]).incident
    outbox.record(ended, replace(told(What.ACKNOWLEDGED), where=Where.IRM))
    new = store.open_relapse(lease, ended, at(90))
    outbox.release(taken(outbox, Where.IRM))

    errand = taken(outbox, Where.IRM)
    found = outbox.scene(errand)

    assert errand.incident == new
    assert found is not None
    assert found[0].reason is Reason.RELAPSE
    assert found[1].groups == ("IQ7",)
    assert [t.what for t in found[1].before] == [What.ACKNOWLEDGED]


def test_the_scene_tells_in_order_what_others_of_the_group_were_told(
    store: Store, outbox: StoredOutbox
) -> None:
    for shop, seconds, what in (("a", 20, What.REOPENED), ("b", 10, What.RESOLVED)):
        told_irm = in_group(delivery(alert(shop=shop)), "IQ7")
        (lease,) = store.accept(told_irm).leases
        event = replace(told(what), where=Where.IRM, at=at(seconds))
        outbox.record(store.load(lease.incident), event)
    (lease,) = store.accept(in_group(delivery(alert(shop="c")), "IQ7")).leases
    other = in_group(delivery(alert(shop="d")), "IQ8")
    (apart,) = store.accept(other).leases

    found = [
        outbox.scene(PendingNotice(incident=one.incident, where=Where.IRM, token="t"))
        for one in (lease, apart)
    ]

    told_before = [[t.what for t in scene[1].before] for scene in found if scene]
    assert told_before == [[What.RESOLVED, What.REOPENED], []]


def test_an_errand_of_a_forgotten_incident_has_no_scene(
    store: Store, outbox: StoredOutbox, opened: tuple[Lease, Incident]
) -> None:
    errand = taken(outbox)
    store.write(lambda conn: conn.execute(sa.text("DELETE FROM incidents")))

    assert outbox.scene(errand) is None
    outbox.release(errand)
