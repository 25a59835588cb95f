"""Deliveries through the lane into a real database."""

import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import select

from responder.incident.alert import Person, PersonAction
from responder.incident.names import Reason, Sender, State, Status, Verdict
from responder.incident.ports import StorageUnavailable
from responder.incident.rule import Matcher
from responder.incident.triage import FiringRow
from responder.incident.view import Search
from responder.store import Store, tables
from responder.store.database import reading
from responder.store.intake import MOST_FIRINGS, read_known, write_firings
from tests.conftest import Place
from tests.fakes import SetClock
from tests.store_parts import (
    RULE,
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


@pytest.fixture
def clock(place: Place) -> SetClock:
    return place.clock


@pytest.fixture
def store(place: Place, clock: SetClock) -> Iterator[Store]:
    store = store_on(place.url, clock)
    store.start()
    yield store
    store.close()


def test_a_firing_alert_opens_an_incident_that_is_born_leased(store: Store) -> None:
    accepted = store.accept(delivery())

    (verdict,) = accepted.verdicts
    (lease,) = accepted.leases
    assert verdict.verdict is Verdict.OPENED
    assert lease.incident == verdict.incident
    assert store.take(at(1), 5) == []


def test_the_timeline_tells_the_opening_and_the_alert(store: Store) -> None:
    lease, incident = open_incident(store)

    found = store.timeline(lease.incident)

    assert found is not None
    assert found[0] == incident
    assert names(found[1]) == ["opened", "alert_fired"]


def test_a_repeat_moves_the_last_notice_and_no_seq(store: Store) -> None:
    lease, incident = open_incident(store)

    again = store.accept(delivery(received=at(30)))

    after = store.load(lease.incident)
    assert again.verdicts[0].verdict is Verdict.REPEATED
    assert again.leases == ()
    assert after.seq == incident.seq
    assert after.last_firing_at == at(30)


def test_a_repeat_older_than_the_last_one_moves_nothing_back(store: Store) -> None:
    lease, _ = open_incident(store)
    store.accept(delivery(received=at(30)))

    store.accept(delivery(received=at(20)))

    assert store.load(lease.incident).last_firing_at == at(30)


def test_each_group_has_its_own_open_incident(store: Store) -> None:
    one = store.accept(delivery(alert("f1", shop="a"), alert("f2", shop="b")))

    assert len(one.leases) == 2
    assert len({verdict.incident for verdict in one.verdicts}) == 2


def test_copies_of_one_alert_from_50_threads_give_one_incident(store: Store) -> None:
    with ThreadPoolExecutor(50) as threads:
        told = list(threads.map(store.accept, [delivery() for _ in range(300)]))

    assert len({a.verdicts[0].incident for a in told}) == 1
    assert sum(len(a.leases) for a in told) == 1
    assert [a.verdicts[0].verdict for a in told].count(Verdict.OPENED) == 1
    assert len(store.deliveries(limit=1000)) == 300


def test_a_bad_delivery_in_a_batch_fails_alone(store: Store) -> None:
    first = delivery()
    store.accept(first)
    copied_id = replace(delivery(), id=first.id)
    good = [delivery(alert(f"g{n}")) for n in range(20)]

    with ThreadPoolExecutor(21) as threads:
        bad = threads.submit(store.accept, copied_id)
        told = list(threads.map(store.accept, good))

    with pytest.raises(StorageUnavailable):
        bad.result()
    assert [a.verdicts[0].verdict for a in told] == [Verdict.JOINED] * 20


def test_an_alert_that_comes_just_as_its_incident_ends_is_lost_by_neither(
    store: Store,
) -> None:
    for number in range(20):
        shop = f"shop {number}"
        lease, incident = open_incident(store, alert("f1", shop=shop))
        late = delivery(alert("f2", shop=shop))
        with ThreadPoolExecutor(2) as threads:
            closed = [finished(state=State.CLOSED)]
            end = threads.submit(store.decide, lease, incident, closed)
            told = threads.submit(store.accept, late)
        home = told.result().verdicts[0].incident

        assert home is not None
        if home == incident.id:
            assert not end.result().accepted
        assert store.load(home).ended_at is None


def test_an_alert_after_the_end_opens_another_incident(store: Store) -> None:
    lease, incident = open_incident(store)
    assert store.decide(lease, incident, [finished(state=State.CLOSED)]).accepted

    later = store.accept(delivery(alert("f2"), received=at(70)))

    assert later.verdicts[0].verdict is Verdict.OPENED
    assert later.verdicts[0].incident != incident.id


def test_a_late_alert_is_put_on_the_recovered_incident_which_is_due_at_once(
    store: Store,
) -> None:
    lease, incident = open_incident(store)
    assert store.decide(lease, incident, [finished()]).accepted
    store.release(lease, None)

    late = store.accept(delivery(alert("f2"), received=at(70)))

    assert late.verdicts[0].verdict is Verdict.ECHO
    assert [found.incident for found in late.leases] == [incident.id]
    assert store.load(incident.id).fired_at == at(70)


def test_a_late_alert_opens_an_incident_when_a_newer_one_ended_otherwise(
    store: Store,
) -> None:
    lease, incident = open_incident(store)
    store.decide(lease, incident, [finished(60)])
    store.release(lease, None)
    lease, newer = open_incident(store, alert("f1", started=at(61)))
    store.decide(lease, newer, [finished(65, State.CLOSED)])

    late = store.accept(delivery(alert("f2"), received=at(70)))

    assert late.verdicts[0].verdict is Verdict.OPENED


def test_a_silence_that_came_first_is_known_after_a_restart(
    place: Place, store: Store
) -> None:
    silence = in_group(delivery(), "G1")
    person = Person(action=PersonAction.SILENCED, name="ada", until=at(3600))
    notice = replace(silence.notification, may_open=False, person=person)
    store.accept(replace(silence, notification=notice))
    store.close()

    with closing(store_on(place.url, place.clock)) as again:
        again.start()
        _, incident = open_incident(again)

    assert (incident.silenced, incident.silenced_until) == (True, at(3600))


def test_an_echo_hurries_the_ended_incident(store: Store) -> None:
    lease, incident = open_incident(store)
    store.decide(lease, incident, [finished()])
    store.release(lease, None)

    echo = store.accept(delivery(received=at(90)))

    assert echo.verdicts[0].verdict is Verdict.ECHO
    assert [found.incident for found in echo.leases] == [incident.id]
    assert store.load(incident.id).last_firing_at == at(90)


def test_a_new_firing_supersedes_an_incident_whose_automation_is_over(
    store: Store,
) -> None:
    lease, incident = open_incident(store)
    given_up = replace(decided(state=State.NEEDS_HUMAN), reason=Reason.ERRORS_CONTINUE)
    store.decide(lease, incident, [given_up])

    told = store.accept(delivery(alert("f1", started=at(100)), received=at(100)))

    assert told.verdicts[0].verdict is Verdict.OPENED
    assert store.load(incident.id).state is State.SUPERSEDED
    assert {found.incident for found in told.leases} == {told.verdicts[0].incident}


def test_a_resolve_is_an_event_and_hurries(store: Store) -> None:
    lease, incident = open_incident(store)
    store.release(lease, at(600))

    told = store.accept(delivery(alert(status=Status.RESOLVED), received=at(5)))

    assert [found.incident for found in told.leases] == [incident.id]
    assert store.load(incident.id).resolved_cleanly


def test_a_firing_seen_resolved_stays_an_echo_after_a_restart(
    store: Store, place: Place, clock: SetClock
) -> None:
    store.accept(delivery(alert(status=Status.RESOLVED)))
    store.close()
    again = store_on(place.url, clock)
    again.start()

    told = again.accept(delivery())
    again.close()

    assert told.verdicts[0].verdict is Verdict.ECHO


def test_a_person_who_acts_on_an_irm_group_is_noted_in_its_incident(
    store: Store,
) -> None:
    (lease,) = store.accept(in_group(delivery(), "G1")).leases
    person = Person(action=PersonAction.ACKNOWLEDGED, name="ada")
    silent = in_group(delivery(), "G1")
    notice = replace(silent.notification, sender=Sender.IRM, alerts=(), person=person)

    store.accept(replace(silent, notification=notice))

    found = store.timeline(lease.incident)
    assert found is not None
    assert names(found[1])[-1] == "person_acted"
    assert len(store.deliveries(incident=lease.incident)) == 2


def test_alerts_of_every_rule_and_group_find_what_is_open(
    place: Place, clock: SetClock
) -> None:
    """In one batch: what it reads of beforehand it reads of for all."""
    taken = Matcher(label="shop", op="=~", value="x.*")
    first = replace(RULE, name="first", match=((taken,),))
    shops = ("x1", "x2", "y1", "y2")
    with closing(store_on(place.url, clock, rules=(first, RULE))) as store:
        store.start()
        opened = store.accept(delivery(*(alert(shop=shop) for shop in shops)))
        later = store.accept(delivery(*(alert("f2", shop=shop) for shop in shops)))

    assert [v.verdict for v in opened.verdicts] == [Verdict.OPENED] * 4
    assert [(v.verdict, v.incident) for v in later.verdicts] == [
        (Verdict.JOINED, v.incident) for v in opened.verdicts
    ]


def test_of_an_alert_that_came_and_went_for_months_the_newest_firings_are_read(
    store: Store,
) -> None:
    starts = [at(-60 * n) for n in range(MOST_FIRINGS + 20)]
    heard = [
        FiringRow(
            rule=rule,
            fingerprint="f1",
            starts_at=start,
            incident=None,
            resolved=True,
        )
        for rule in (RULE.name, "another")
        for start in starts
    ]
    store.write(lambda conn: write_firings(conn, heard, at(0)))

    with reading(store.engine) as conn:
        known = read_known(conn, [delivery()], [], at(0))

    newest = set(starts[:MOST_FIRINGS])
    assert set(known.firings[(RULE.name, "f1")]) == newest
    assert set(known.firings[("another", "f1")]) == newest


def test_the_text_of_a_delivery_is_stored_masked(store: Store) -> None:
    store.accept(delivery(body='{"k": "s3cret-value /api/support/abc/report/def"}'))

    with store.engine.connect() as conn:
        packed = conn.execute(select(tables.deliveries.c.body)).scalar_one()
    assert zlib.decompress(packed) == b'{"k": "*** ***"}'


def test_a_reader_sees_only_what_is_committed(store: Store) -> None:
    with reading(store.engine) as conn:
        before = conn.execute(select(tables.incidents.c.id)).all()
        store.accept(delivery())
        during = conn.execute(select(tables.incidents.c.id)).all()

    assert before == during == []
    assert len(store.search(Search()).incidents) == 1
