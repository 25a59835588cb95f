"""Appends: facts always, decisions only on what they were taken on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from responder.incident.names import Outcome, Reason, State, Status, Verdict
from responder.store import Store
from tests.conftest import Place
from tests.fakes import SetClock
from tests.store_parts import (
    alert,
    answered,
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


@pytest.fixture
def clock(place: Place) -> SetClock:
    return place.clock


@pytest.fixture
def store(place: Place, clock: SetClock) -> Iterator[Store]:
    store = store_on(place.url, clock)
    store.start()
    yield store
    store.close()


def test_a_decision_is_appended_and_the_incident_comes_back(store: Store) -> None:
    lease, incident = open_incident(store)

    appended = store.decide(lease, incident, [looked(1, "1-a"), decided(), intended()])

    assert appended.accepted
    assert appended.incident == store.load(incident.id)
    assert appended.incident.state is State.REPORTING
    assert appended.incident.errors == 1


def test_a_decision_on_a_stale_seq_is_not_written(store: Store) -> None:
    lease, incident = open_incident(store)
    store.accept(delivery(alert("f2")))

    appended = store.decide(lease, incident, [finished()])

    assert not appended.accepted
    assert set(appended.incident.firings) == {"f1", "f2"}
    assert store.load(incident.id).ended_at is None


def test_a_refused_decision_can_be_taken_again_on_what_came_back(store: Store) -> None:
    lease, incident = open_incident(store)
    store.accept(delivery(alert("f2")))
    stale = store.decide(lease, incident, [decided()])

    assert store.decide(lease, stale.incident, [decided()]).accepted


def test_facts_are_appended_whoever_came_between(store: Store) -> None:
    lease, incident = open_incident(store)
    store.accept(delivery(alert("f2")))

    appended = store.record(lease, incident, [looked(2)])

    assert appended.accepted
    assert appended.incident == store.load(incident.id)
    found = store.timeline(incident.id)
    assert found is not None
    assert names(found[1])[-2:] == ["alert_fired", "looked"]


def test_two_decisions_on_one_seq_let_only_one_through(store: Store) -> None:
    lease, incident = open_incident(store)

    with ThreadPoolExecutor(8) as threads:
        told = list(
            threads.map(lambda _: store.decide(lease, incident, [decided()]), range(8))
        )

    assert [appended.accepted for appended in told].count(True) == 1


def test_facts_from_many_threads_are_all_kept(store: Store) -> None:
    lease, incident = open_incident(store)

    with ThreadPoolExecutor(8) as threads:
        list(
            threads.map(
                lambda n: store.record(lease, incident, [looked(n, f"{n}-a")]),
                range(40),
            )
        )

    after = store.load(incident.id)
    assert after.errors == 40
    assert after.seq == incident.seq + 40


def test_what_was_appended_is_there_after_the_database_was_opened_again(
    store: Store, place: Place, clock: SetClock
) -> None:
    lease, incident = open_incident(store)
    before = report(store, lease, incident, Outcome.RESOLVED)
    store.close()
    again = store_on(place.url, clock)
    again.start()

    after = again.load(incident.id)
    again.close()

    assert after == before


def test_an_unknown_incident_is_an_error(store: Store) -> None:
    with pytest.raises(LookupError):
        store.load("nobody")


def relapse(store: Store) -> tuple[str, str | None]:
    """An incident that recovered while two of its three alerts fired on."""
    lease, incident = open_incident(store, alert("f1"), alert("f2"), alert("f3"))
    store.accept(delivery(alert("f2", status=Status.RESOLVED)))
    incident = store.load(incident.id)
    ended = store.decide(lease, incident, [finished()])
    assert ended.accepted
    return incident.id, store.open_relapse(lease, ended.incident, at(80))


def test_a_relapse_takes_over_the_alerts_that_still_fire(store: Store) -> None:
    old, new = relapse(store)

    assert new is not None
    incident = store.load(new)
    assert incident.relapse_of == old
    assert incident.reason is Reason.RELAPSE
    assert set(incident.firings) == {"f1", "f3"}


def test_a_relapse_is_due_at_once(store: Store, clock: SetClock) -> None:
    _, new = relapse(store)
    clock.at = at(80)

    assert [found.incident for found in store.take(at(80), 5)][-1] == new


def test_a_repeat_after_a_relapse_belongs_to_the_new_incident(store: Store) -> None:
    _, new = relapse(store)

    told = store.accept(delivery(alert("f1"), received=at(90)))

    assert told.verdicts[0].verdict is Verdict.REPEATED
    assert told.verdicts[0].incident == new


def test_no_relapse_opens_beside_an_open_incident(store: Store) -> None:
    lease, incident = open_incident(store)
    ended = store.decide(lease, incident, [finished()]).incident
    store.accept(delivery(alert("f1", started=at(65)), received=at(70)))

    assert store.brakes(ended, at(71)).open_elsewhere
    assert store.open_relapse(lease, ended, at(80)) is None


def test_no_relapse_opens_once_its_alerts_resolved(store: Store) -> None:
    lease, incident = open_incident(store)
    ended = store.decide(lease, incident, [finished()]).incident
    store.accept(delivery(alert(status=Status.RESOLVED), received=at(70)))

    assert store.open_relapse(lease, ended, at(80)) is None


def test_an_answer_without_an_intent_in_the_links_is_kept_too(store: Store) -> None:
    lease, incident = open_incident(store)
    incident = store.record(lease, incident, [intended()]).incident

    incident = store.record(lease, incident, [answered(Outcome.RESOLVED)]).incident

    assert incident.answered[-1].outcome is Outcome.RESOLVED
    assert store.brakes(incident, at(5)).floor == at(2)
