"""Replicas on one PostgreSQL: each storage rule with the race that it prevents.

An onlooker holds a lock until both sides stand before it, so that they meet.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import pytest

from responder.incident.alert import Delivery
from responder.incident.names import Outcome, State, Status, Verdict
from responder.incident.ports import Accepted, StorageUnavailable
from responder.incident.view import Search
from responder.store import Store
from tests.conftest import Place
from tests.e2e.service import until
from tests.fakes import SetClock
from tests.postgres import Onlooker
from tests.store_parts import (
    OTHER_DIGEST,
    Stall,
    alert,
    at,
    decided,
    delivery,
    finished,
    intended,
    looked,
    names,
    open_incident,
    report,
    store_on,
)

BOTH_ORDERS = pytest.mark.parametrize("turned", [False, True])


@pytest.fixture
def clock(postgres_place: Place) -> SetClock:
    return postgres_place.clock


@pytest.fixture
def stores(postgres_place: Place) -> Iterator[list[Store]]:
    """Three replicas; the second's and the third's own clocks are far off."""
    clocks = [postgres_place.clock, SetClock(at(60)), SetClock(at(-3600))]
    found = [store_on(postgres_place.url, clock) for clock in clocks]
    for store in found:
        store.start()
    yield found
    for store in found:
        store.close()


@pytest.fixture
def onlooker(postgres_place: Place) -> Iterator[Onlooker]:
    with Onlooker(postgres_place.url) as found:
        yield found


def meet(
    onlooker: Onlooker, gate: str, *works: Callable[[], object], turned: bool = False
) -> list[object]:
    """What the works answer that all stood before the gate together."""
    onlooker.run(gate)
    with ThreadPoolExecutor(len(works)) as threads:
        started: list[Future[object]] = []
        for number, work in enumerate(works[::-1] if turned else works, start=1):
            started.append(threads.submit(work))
            until(lambda number=number: onlooker.waiting() >= number)  # type: ignore[misc]
        onlooker.let_go()
        answers = [future.result() for future in started]
    return answers[::-1] if turned else answers


FIRINGS = "LOCK TABLE firings IN EXCLUSIVE MODE"
BRAKES = "SELECT id FROM brakes FOR UPDATE"
INCIDENTS = "SELECT id FROM incidents FOR UPDATE"


def accepted(store: Store, told: Delivery) -> Accepted:
    """As a sender that tries again when it is told 503."""
    while True:
        try:
            return store.accept(told)
        except StorageUnavailable:
            told = delivery(*told.notification.alerts, received=told.received_at)


def open_rows(store: Store) -> list[str]:
    return [i.id for i in store.search(Search(open_only=True, limit=100)).incidents]


# Intake


def test_a_thousand_copies_to_three_replicas_are_one_incident(
    stores: list[Store],
) -> None:
    copies = [(stores[n % 3], delivery(received=at(n % 7))) for n in range(1000)]

    with ThreadPoolExecutor(50) as threads:
        told = list(threads.map(lambda pair: accepted(*pair), copies))

    assert len({answer.verdicts[0].incident for answer in told}) == 1
    assert len(open_rows(stores[0])) == 1
    assert len(stores[1].deliveries(limit=5000)) >= 1000
    (incident,) = open_rows(stores[2])
    found = stores[2].timeline(incident)
    assert found is not None
    assert names(found[1]) == ["opened", "alert_fired"]


@BOTH_ORDERS
def test_two_alerts_of_one_group_at_two_replicas_open_one_incident(
    stores: list[Store], onlooker: Onlooker, turned: bool
) -> None:
    told = meet(
        onlooker,
        FIRINGS,
        lambda: accepted(stores[0], delivery(alert("f1"))),
        lambda: accepted(stores[1], delivery(alert("f2"))),
        turned=turned,
    )

    assert len(open_rows(stores[0])) == 1
    verdicts = {a.verdicts[0].verdict for a in told if isinstance(a, Accepted)}
    assert verdicts == {Verdict.OPENED, Verdict.JOINED}
    assert set(stores[2].load(open_rows(stores[2])[0]).firings) == {"f1", "f2"}


@BOTH_ORDERS
def test_a_resolve_that_comes_with_its_alert_is_lost_in_no_order(
    stores: list[Store], onlooker: Onlooker, turned: bool
) -> None:
    firing, resolved = meet(
        onlooker,
        FIRINGS,
        lambda: accepted(stores[0], delivery()),
        lambda: accepted(stores[1], delivery(alert(status=Status.RESOLVED))),
        turned=turned,
    )

    assert isinstance(firing, Accepted)
    assert isinstance(resolved, Accepted)
    if firing.verdicts[0].verdict is Verdict.OPENED:
        assert stores[2].load(open_rows(stores[2])[0]).resolved_cleanly
    else:
        assert firing.verdicts[0].verdict is Verdict.ECHO
        assert not open_rows(stores[2])


@BOTH_ORDERS
def test_an_alert_never_lands_in_an_incident_that_another_replica_just_ends(
    stores: list[Store], onlooker: Onlooker, turned: bool
) -> None:
    lease, incident = open_incident(stores[0])

    end, told = meet(
        onlooker,
        INCIDENTS,
        lambda: (
            stores[0].decide(lease, incident, [finished(state=State.CLOSED)]).accepted
        ),
        lambda: accepted(stores[1], delivery(alert("f2"))),
        turned=turned,
    )

    assert isinstance(told, Accepted)
    home = told.verdicts[0].incident
    assert home is not None
    assert stores[2].load(home).ended_at is None
    assert end is (home != incident.id)
    assert open_rows(stores[2]) == [home]


@BOTH_ORDERS
def test_a_relapse_and_a_new_alert_open_one_incident_between_them(
    stores: list[Store], onlooker: Onlooker, turned: bool
) -> None:
    lease, incident = open_incident(stores[0])
    ended = stores[0].decide(lease, incident, [finished()]).incident

    meet(
        onlooker,
        FIRINGS,
        lambda: stores[0].open_relapse(lease, ended, at(1)),
        lambda: accepted(stores[1], delivery(alert("f2"), received=at(1))),
        turned=turned,
    )

    assert len(open_rows(stores[2])) == 1


def test_storms_of_many_groups_at_all_replicas_entangle_nobody(
    stores: list[Store],
) -> None:
    groups = [alert(shop=f"shop {n}") for n in range(40)]
    bodies = [groups, groups[::-1], groups[20:] + groups[:20]] * 4

    with ThreadPoolExecutor(12) as threads:
        pairs = [(stores[n % 3], delivery(*body)) for n, body in enumerate(bodies)]
        told = list(threads.map(lambda pair: accepted(*pair), pairs))

    homes = {(v.fingerprint, v.incident) for a in told for v in a.verdicts}
    assert len(homes) == len(open_rows(stores[0])) == 40


def test_a_storm_of_groups_takes_a_bounded_number_of_locks(
    stores: list[Store], onlooker: Onlooker
) -> None:
    """The server's lock table is small, and all replicas share it."""
    storm = delivery(*(alert(shop=f"shop {n}") for n in range(600)))
    onlooker.run(FIRINGS)

    with ThreadPoolExecutor(1) as threads:
        told = threads.submit(accepted, stores[0], storm)
        held = until(lambda: onlooker.waiting() and onlooker.named_locks())
        onlooker.let_go()
        assert len(told.result().verdicts) == 600

    assert held <= 256


@pytest.mark.parametrize("who", ["pause", "resume", "deliver"])
def test_incidents_are_locked_in_one_order_and_before_the_switch(
    stores: list[Store], onlooker: Onlooker, who: str
) -> None:
    """The one who waits for the first of them holds nothing that others need."""
    for shop in "bac":
        open_incident(stores[0], alert(shop=shop))
    if who == "resume":
        stores[0].controls.pause("ada", None)
    works: dict[str, Callable[[], object]] = {
        "pause": lambda: stores[1].controls.pause("ada", None),
        "resume": lambda: stores[1].controls.resume("ada"),
        "deliver": lambda: accepted(
            stores[1], delivery(*(alert("f2", shop=shop) for shop in "cba"))
        ),
    }
    (first,) = onlooker.run("SELECT id FROM incidents ORDER BY rule, grp, id LIMIT 1")
    onlooker.run("SELECT id FROM incidents WHERE id = %s FOR UPDATE", *first)

    with ThreadPoolExecutor(1) as threads:
        threads.submit(works[who])
        until(lambda: onlooker.waiting() == 1)
        free = onlooker.run("SELECT id FROM incidents FOR UPDATE SKIP LOCKED")
        switch = onlooker.run("SELECT id FROM brakes FOR UPDATE SKIP LOCKED")
        onlooker.let_go()

    assert len(free) == 3
    assert len(switch) == 1


def test_a_reader_sees_one_committed_state_whatever_is_committed_meanwhile(
    stores: list[Store], onlooker: Onlooker
) -> None:
    _, incident = open_incident(stores[0])
    before = stores[0].timeline(incident.id)
    onlooker.run("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")

    with ThreadPoolExecutor(1) as threads:
        read = threads.submit(stores[1].timeline, incident.id)
        until(lambda: onlooker.waiting() == 1)
        onlooker.run("DELETE FROM events")
        onlooker.let_go()

    assert before is not None
    assert read.result() == before


# Decisions


def test_a_decision_on_what_another_replica_has_changed_is_refused(
    stores: list[Store],
) -> None:
    lease, incident = open_incident(stores[0])
    accepted(stores[1], delivery(alert("f2")))

    told = stores[0].decide(lease, incident, [finished()])

    assert not told.accepted
    assert set(told.incident.firings) == {"f1", "f2"}


def test_of_two_replicas_that_decide_on_one_seq_one_is_refused(
    stores: list[Store], onlooker: Onlooker
) -> None:
    lease, incident = open_incident(stores[0])

    def deciding(store: Store) -> Callable[[], object]:
        return lambda: store.decide(lease, incident, [decided()]).accepted

    told = meet(onlooker, INCIDENTS, deciding(stores[0]), deciding(stores[1]))

    assert sorted(told, key=bool) == [False, True]
    assert stores[2].load(incident.id).seq == incident.seq + 1


def test_facts_of_two_replicas_are_both_kept(
    stores: list[Store], onlooker: Onlooker
) -> None:
    lease, incident = open_incident(stores[0])

    def recording(store: Store, line: str) -> Callable[[], object]:
        return lambda: store.record(lease, incident, [looked(1, line)]).accepted

    meet(
        onlooker,
        INCIDENTS,
        recording(stores[0], "1-a"),
        recording(stores[1], "2-b"),
    )

    after = stores[2].load(incident.id)
    assert (after.seq, after.errors) == (incident.seq + 2, 2)


def test_one_report_is_in_flight_for_all_replicas_together(
    stores: list[Store], onlooker: Onlooker
) -> None:
    first = open_incident(stores[0], alert(shop="a"))
    second = open_incident(stores[1], alert(shop="b"))

    told = meet(
        onlooker,
        BRAKES,
        lambda: stores[0].decide(*first, [intended(0)]).accepted,
        lambda: stores[1].decide(*second, [intended(0, OTHER_DIGEST)]).accepted,
    )

    assert sorted(told, key=bool) == [False, True]
    held = second[1] if told[0] else first[1]
    assert stores[2].brakes(held, stores[2].clock.now()).in_flight


def test_an_answer_at_one_replica_lets_the_report_of_another_go(
    stores: list[Store],
) -> None:
    first = open_incident(stores[0], alert(shop="a"))
    second = open_incident(stores[1], alert(shop="b"))
    report(stores[0], *first, Outcome.RESOLVED)

    assert stores[1].brakes(second[1], at(5)).floor == at(2)
    assert stores[1].decide(*second, [intended(3, OTHER_DIGEST)]).accepted


def test_a_link_that_one_replica_spends_is_spent_for_another_that_has_read_it(
    stores: list[Store],
) -> None:
    _, other = open_incident(stores[1], alert(shop="b"))
    assert stores[1].brakes(other, at(2)).links == {}

    report(stores[0], *open_incident(stores[0], alert(shop="a")), Outcome.RESOLVED)

    (known,) = stores[1].brakes(other, at(3)).links.values()
    assert known.spent


def test_the_bound_of_the_hour_holds_for_all_replicas_together(
    stores: list[Store],
) -> None:
    lease, incident = open_incident(stores[0])
    for number in range(6):
        digest = str(number) * 64
        incident = report(
            stores[number % 3], lease, incident, Outcome.UNKNOWN, digest=digest
        )

    assert not stores[1].decide(lease, incident, [intended(5)]).accepted


@BOTH_ORDERS
def test_no_intent_follows_a_pause_at_another_replica(
    stores: list[Store], onlooker: Onlooker, turned: bool
) -> None:
    lease, incident = open_incident(stores[0])

    meet(
        onlooker,
        BRAKES,
        lambda: stores[0].decide(lease, incident, [intended(0)]).accepted,
        lambda: stores[1].controls.pause("ada", None),
        turned=turned,
    )
    after = stores[2].load(incident.id)

    assert not stores[2].decide(lease, after, [intended(1, OTHER_DIGEST)]).accepted


# Leases


def test_replicas_that_claim_at_once_claim_different_incidents(
    stores: list[Store],
) -> None:
    for number in range(30):
        lease, _ = open_incident(stores[0], alert(shop=f"shop {number}"))
        stores[0].release(lease, at(0))

    with ThreadPoolExecutor(6) as threads:
        taken = list(threads.map(lambda n: stores[n % 3].take(at(0), 5), range(6)))

    claimed = [lease.incident for leases in taken for lease in leases]
    assert len(claimed) == len(set(claimed)) == 30


def test_a_claim_waits_for_no_row_that_somebody_holds(
    stores: list[Store], onlooker: Onlooker
) -> None:
    leases = [open_incident(stores[0], alert(shop=f"s{n}"))[0] for n in range(4)]
    for lease in leases:
        stores[0].release(lease, at(0))
    held = leases[1].incident
    onlooker.run("SELECT id FROM incidents WHERE id = %s FOR UPDATE", held)

    taken = stores[1].take(at(0), 10)
    onlooker.let_go()

    assert {x.incident for x in taken} == {x.incident for x in leases} - {held}


def test_the_incident_of_a_dead_replica_is_taken_after_its_lease(
    stores: list[Store], clock: SetClock
) -> None:
    lease, incident = open_incident(stores[0])
    clock.at = at(3.9)
    early = stores[1].take(at(3.9), 5)
    clock.at = at(4)

    (taken,) = stores[1].take(at(4), 5)

    assert early == []
    assert taken.incident == incident.id
    assert not stores[0].decide(lease, incident, [decided()]).accepted
    assert stores[1].decide(taken, incident, [decided()]).accepted


def test_leases_and_due_times_are_the_same_for_replicas_whose_clocks_differ(
    stores: list[Store],
) -> None:
    lease, _ = open_incident(stores[0])

    taken = [store.take(store.clock.now(), 5) for store in stores]
    stores[0].release(lease, stores[0].clock.now() + (at(10) - at(0)))

    assert taken == [[], [], []]
    assert [store.next_due() for store in stores] == [at(10)] * 3
    assert [store.clock.now() for store in stores] == [at(0)] * 3
    assert stores[1].take(stores[1].clock.now(), 5) == []


@BOTH_ORDERS
def test_a_repeat_heard_elsewhere_undoes_no_release(
    stores: list[Store], onlooker: Onlooker, turned: bool
) -> None:
    lease, _ = open_incident(stores[0])

    meet(
        onlooker,
        INCIDENTS,
        lambda: stores[0].release(lease, at(600)),
        lambda: accepted(stores[1], delivery(received=at(30))),
        turned=turned,
    )

    assert stores[2].next_due() == at(600)
    assert stores[2].load(lease.incident).last_firing_at == at(30)


def test_a_replica_that_starts_leaves_the_leases_of_others_alone(
    stores: list[Store], postgres_place: Place
) -> None:
    lease, incident = open_incident(stores[0])
    late = store_on(postgres_place.url, postgres_place.clock)

    late.start()
    taken = late.take(at(0), 5)
    late.close()

    assert taken == []
    assert stores[0].decide(lease, incident, [decided()]).accepted


# Trouble


def test_a_batch_that_is_entangled_with_another_is_tried_again(
    stores: list[Store], onlooker: Onlooker
) -> None:
    lease, incident = open_incident(stores[0])
    onlooker.run(BRAKES)

    with ThreadPoolExecutor(1) as threads:
        told = threads.submit(stores[0].decide, lease, incident, [intended(0)])
        until(lambda: onlooker.waiting() == 1)
        onlooker.run(INCIDENTS)
        onlooker.let_go()

    assert told.result().accepted
    assert stores[1].load(incident.id).seq == incident.seq + 1


def test_a_connection_that_is_lost_is_replaced_without_a_word(
    stores: list[Store], onlooker: Onlooker
) -> None:
    lease, incident = open_incident(stores[0])
    assert onlooker.kill() > 0

    assert stores[0].load(incident.id) == incident
    assert accepted(stores[1], delivery(alert("f2"))).verdicts
    assert stores[0].record(lease, incident, [looked(1)]).accepted


def test_a_connection_that_is_lost_within_a_batch_costs_one_more_try(
    stores: list[Store], onlooker: Onlooker
) -> None:
    lease, incident = open_incident(stores[0])
    onlooker.run(BRAKES)

    with ThreadPoolExecutor(1) as threads:
        told = threads.submit(stores[0].decide, lease, incident, [intended(0)])
        until(lambda: onlooker.waiting() == 1)
        assert onlooker.kill(waiting=True) == 1
        onlooker.let_go()

    assert told.result().accepted
    assert stores[1].load(incident.id).seq == incident.seq + 1


def test_a_request_that_waits_too_long_is_refused_and_its_incident_left_to_others(
    stores: list[Store], postgres_place: Place
) -> None:
    stall = Stall()
    hasty = store_on(
        postgres_place.url,
        postgres_place.clock,
        accept_within=timedelta(seconds=0.3),
        summarise=stall,
    )
    hasty.start()
    while not stall.begun.is_set():
        with pytest.raises(StorageUnavailable):
            hasty.accept(delivery())
    stall.over.set()

    taken = until(lambda: stores[1].take(at(0), 5))
    hasty.close()
    assert len(taken) == 1


def test_a_bad_delivery_fails_alone_also_here(stores: list[Store]) -> None:
    stores[0].accept(known := delivery())
    told = [delivery(alert(f"g{n}")) for n in range(10)]

    with ThreadPoolExecutor(11) as threads:
        bad = threads.submit(stores[0].accept, known)
        good = list(threads.map(lambda one: accepted(stores[0], one), told))

    with pytest.raises(StorageUnavailable):
        bad.result()
    assert {a.verdicts[0].verdict for a in good} == {Verdict.JOINED}
