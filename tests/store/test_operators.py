"""What people press, where it is kept: actions on incidents, pause and breaker."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from responder.incident.actions import (
    Action,
    AddNote,
    Close,
    NoSuchIncident,
    RecordReport,
    ReportNow,
    TooLate,
    Veto,
)
from responder.incident.events import Candidate, Looked
from responder.incident.incident import Incident
from responder.incident.names import Outcome, Reason, State, Status, Verdict
from responder.incident.ports import Lease
from responder.store import Store
from tests.conftest import Place
from tests.fakes import SetClock
from tests.store_parts import (
    DIGEST,
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


@pytest.fixture
def clock(place: Place) -> SetClock:
    return place.clock


@pytest.fixture
def store(place: Place, clock: SetClock) -> Iterator[Store]:
    store = store_on(place.url, clock, max_reports_per_hour=2)
    store.start()
    yield store
    store.close()


def linked(store: Store, lease: Lease, incident: Incident) -> Incident:
    """The incident once a look has found a link."""
    seen = Candidate(name="link dddd", digest=DIGEST, seen_at=at(1))
    look = Looked(at=at(1), since=at(0), checks=(), candidates=(seen,))
    return store.record(lease, incident, [look]).incident


def last_event(store: Store, incident: str) -> str:
    found = store.timeline(incident)
    assert found is not None
    return names(found[1])[-1]


@pytest.mark.parametrize(
    ("action", "event"),
    [
        (Veto(by="ada"), "vetoed"),
        (Close(by="ada", why="fixed by hand"), "finished"),
        (AddNote(by="ada", text="the oven is on fire"), "noted"),
        (RecordReport(by="ada", reported_at=at(-60)), "reported_by_hand"),
        (ReportNow(by="ada"), "report_requested"),
    ],
)
def test_an_action_is_on_the_timeline_with_who_and_when(
    store: Store, clock: SetClock, action: Action, event: str
) -> None:
    lease, incident = open_incident(store)
    linked(store, lease, incident)
    clock.at = at(2)

    pressed = store.controls.act(incident.id, action)

    assert (pressed.done, pressed.by, pressed.at) == (True, "ada", at(2))
    assert last_event(store, incident.id) == event


@pytest.mark.parametrize("action", [Veto(by="ada"), Close(by="ada")])
def test_of_two_people_the_second_reads_who_was_first(
    store: Store, action: Action
) -> None:
    _, incident = open_incident(store)

    with ThreadPoolExecutor(8) as threads:
        pressed = list(
            threads.map(lambda _: store.controls.act(incident.id, action), range(8))
        )

    assert [p.done for p in pressed].count(True) == 1
    assert {(p.by, p.at) for p in pressed} == {("ada", pressed[0].at)}
    assert store.load(incident.id).seq == incident.seq + 1


def test_a_veto_undoes_a_decision_that_was_taken_before_it(store: Store) -> None:
    lease, incident = open_incident(store)
    store.controls.act(incident.id, Veto(by="ada"))

    told = store.decide(lease, incident, [decided(), intended()])

    assert not told.accepted
    assert told.incident.vetoed is not None


def test_a_report_that_has_left_cannot_be_vetoed(store: Store) -> None:
    lease, incident = open_incident(store)
    assert store.decide(lease, incident, [decided(), intended(1)]).accepted

    with pytest.raises(TooLate) as refused:
        store.controls.act(incident.id, Veto(by="ada"))

    assert (refused.value.by, refused.value.at) == ("Responder", at(1))


def test_an_incident_that_ended_cannot_be_closed(store: Store) -> None:
    lease, incident = open_incident(store)
    store.decide(lease, incident, [finished(60)])

    with pytest.raises(TooLate) as refused:
        store.controls.act(incident.id, Close(by="ada"))

    assert (refused.value.by, refused.value.at) == ("Responder", at(60))


@pytest.mark.parametrize("unknown", ["", "no-such-incident", "x" * 200])
def test_nobody_acts_on_an_incident_that_is_not_there(
    store: Store, unknown: str
) -> None:
    with pytest.raises(NoSuchIncident):
        store.controls.act(unknown, Close(by="ada"))


def test_a_closed_incident_leaves_room_for_the_next(store: Store) -> None:
    _, incident = open_incident(store)
    store.controls.act(incident.id, Close(by="ada", why="not real"))

    again = store.accept(delivery(alert("f2")))

    assert store.load(incident.id).state is State.CLOSED
    assert again.verdicts[0].verdict is Verdict.OPENED


def test_the_same_alert_after_a_close_is_an_echo(store: Store) -> None:
    _, incident = open_incident(store)
    store.controls.act(incident.id, Close(by="ada"))

    again = store.accept(delivery(alert(status=Status.FIRING)))

    assert again.verdicts[0].verdict is Verdict.ECHO


def test_an_action_hands_over_what_nobody_works_on(store: Store) -> None:
    lease, incident = open_incident(store)
    store.release(lease, at(500))

    pressed = store.controls.act(incident.id, Veto(by="ada"))

    assert pressed.lease is not None
    assert store.decide(pressed.lease, store.load(incident.id), [decided()]).accepted


def test_an_action_hurries_what_somebody_works_on(
    store: Store, clock: SetClock
) -> None:
    lease, incident = open_incident(store)

    pressed = store.controls.act(incident.id, Veto(by="ada"))
    store.release(lease, at(500))

    assert pressed.lease is None
    assert store.next_due() == clock.at


# Report now


@pytest.mark.parametrize("held", ["breaker", "link"])
def test_report_now_is_refused_where_nobody_may_report(store: Store, held: str) -> None:
    lease, incident = open_incident(store, alert(shop="a"))
    if held != "link":
        incident = linked(store, lease, incident)
    if held == "breaker":
        other_lease, other = open_incident(store, alert(shop="b"))
        for n in (1, 2):
            digest = f"{n}" * 64
            other = report(
                store, other_lease, other, Outcome.RESOLVED, seconds=n, digest=digest
            )

    with pytest.raises(TooLate) as refused:
        store.controls.act(incident.id, ReportNow(by="ada"))

    words = {"breaker": "2 reports", "link": "no link"}
    assert words[held] in refused.value.words


def test_report_now_is_taken_during_a_pause(store: Store) -> None:
    lease, incident = open_incident(store, alert(shop="a"))
    incident = linked(store, lease, incident)
    store.controls.pause("bob", None)

    assert store.controls.act(incident.id, ReportNow(by="ada")).done


# Pause


def test_a_pause_stops_reservations_until_somebody_resumes(
    store: Store, clock: SetClock
) -> None:
    lease, incident = open_incident(store)
    store.controls.pause("ada", None)
    assert not store.decide(lease, incident, [intended()]).accepted

    clock.at = at(2)
    store.controls.resume("bob")

    assert store.decide(lease, incident, [intended()]).accepted


def test_a_pause_with_an_end_ends_by_itself(store: Store, clock: SetClock) -> None:
    lease, incident = open_incident(store)
    store.controls.pause("ada", at(3))
    assert not store.decide(lease, incident, [intended()]).accepted

    clock.at = at(3)

    assert store.controls.standing().pause is None
    assert store.decide(lease, incident, [intended()]).accepted


def test_a_pause_survives_a_restart(place: Place, clock: SetClock) -> None:
    before = store_on(place.url, clock)
    before.start()
    before.controls.pause("ada", at(7200))
    before.close()
    after = store_on(place.url, clock)
    after.start()

    pause = after.controls.standing().pause

    assert pause is not None
    assert (pause.by, pause.until) == ("ada", at(7200))
    after.close()


def test_a_pause_holds_in_the_other_replica_at_once(postgres_place: Place) -> None:
    clock = postgres_place.clock
    one, other = (store_on(postgres_place.url, clock) for _ in range(2))
    one.start()
    other.start()
    lease, incident = open_incident(other)

    one.controls.pause("ada", None)

    assert not other.decide(lease, incident, [intended()]).accepted
    assert other.brakes(incident, clock.at).paused(clock.at)
    one.close()
    other.close()


def test_no_reservation_is_later_than_a_pause(store: Store) -> None:
    pairs = [open_incident(store, alert(shop=name)) for name in "abcdef"]
    last = open_incident(store, alert(shop="g"))

    with ThreadPoolExecutor(7) as threads:
        reserving = [
            threads.submit(store.decide, lease, incident, [intended()])
            for lease, incident in pairs
        ]
        threads.submit(store.controls.pause, "ada", None).result()
        after = store.decide(*last, [intended()])

    assert not after.accepted
    assert [found.result().accepted for found in reserving].count(True) <= 1


def test_starting_paused_leaves_the_pause_that_holds(
    store: Store, clock: SetClock
) -> None:
    store.controls.pause("ada", at(7200))
    store.controls.start_paused("server.start_paused")
    pause = store.controls.standing().pause
    assert pause is not None
    assert pause.by == "ada"

    store.controls.resume("ada")
    store.controls.start_paused("server.start_paused")

    pause = store.controls.standing().pause
    assert pause is not None
    assert (pause.by, pause.until) == ("server.start_paused", None)


def test_a_resume_without_a_pause_changes_nothing(store: Store) -> None:
    lease, _ = open_incident(store)
    store.release(lease, at(500))

    store.controls.resume("ada")

    assert store.next_due() == at(500)


@pytest.mark.parametrize("resumes", [False, True])
def test_the_switch_makes_every_open_incident_due(
    store: Store, clock: SetClock, resumes: bool
) -> None:
    store.controls.pause("bob", None)
    lease, _ = open_incident(store, alert(shop="a"))
    busy, _ = open_incident(store, alert(shop="b"))
    store.release(lease, at(500))
    clock.at = at(1)

    if resumes:
        store.controls.resume("ada")
    else:
        store.controls.pause("ada", None)
    store.release(busy, at(600))

    assert len(store.take(at(1), 10)) == 2


def test_brakes_tell_the_last_pause_and_since_when_we_are_ready(
    store: Store, clock: SetClock
) -> None:
    _, incident = open_incident(store)
    ready = clock.at
    store.controls.pause("ada", None)
    clock.at = at(5)
    store.controls.resume("bob")

    brakes = store.brakes(incident, at(6))

    assert brakes.ready_at == ready
    assert brakes.pause is not None
    assert (brakes.pause.ended_at, brakes.pause.ended_by) == (at(5), "bob")
    assert not brakes.paused(at(6))


# Breaker


def used_up(store: Store) -> None:
    """Two reports that count, at 2 s and 12 s."""
    lease, incident = open_incident(store)
    for n, seconds in ((1, 1), (2, 11)):
        incident = report(
            store,
            lease,
            incident,
            Outcome.RESOLVED,
            seconds=seconds,
            digest=f"{n}" * 64,
        )


def test_the_breaker_opens_and_says_when_it_closes(
    store: Store, clock: SetClock
) -> None:
    assert not store.controls.standing().breaker_open
    used_up(store)
    clock.at = at(20)

    standing = store.controls.standing()

    assert standing.breaker_open
    assert (standing.reports_last_hour, standing.max_reports_per_hour) == (2, 2)
    assert standing.hour_frees_at == at(3602)


def test_the_breaker_closes_as_the_hour_moves_on(store: Store, clock: SetClock) -> None:
    used_up(store)
    clock.at = at(3602)

    standing = store.controls.standing()

    assert (standing.breaker_open, standing.hour_frees_at) == (False, None)


def test_after_a_lower_limit_more_calls_must_fall_out_of_the_hour(
    place: Place, clock: SetClock
) -> None:
    wide = store_on(place.url, clock, max_reports_per_hour=2)
    wide.start()
    used_up(wide)
    wide.close()
    narrow = store_on(place.url, clock, max_reports_per_hour=1)
    narrow.start()
    clock.at = at(20)

    assert narrow.controls.standing().hour_frees_at == at(3612)
    narrow.close()


def test_what_brakes_hold_is_counted(store: Store) -> None:
    lease, incident = open_incident(store, alert(shop="a"))
    open_incident(store, alert(shop="b"))
    held = decided(1, State.HOLDING)
    for reason, count in ((Reason.PAUSED, 1), (Reason.COOLDOWN, 0)):
        event = type(held)(
            at=at(1), decision=held.decision, state=State.HOLDING, reason=reason
        )
        incident = store.record(lease, incident, [looked(1), event]).incident
        assert store.controls.standing().held == count
