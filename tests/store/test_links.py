"""Links, reservations and bounds: rules 2, 10 and 11 where they are kept."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from responder.incident.evidence import ReportLink
from responder.incident.names import Outcome, Reason
from responder.store import Store
from tests.conftest import Place
from tests.fakes import SetClock
from tests.store_parts import (
    DIGEST,
    OTHER_DIGEST,
    alert,
    answered,
    at,
    intended,
    open_incident,
    report,
    store_on,
)


@pytest.fixture
def clock(place: Place) -> SetClock:
    place.clock.at = at(1)
    return place.clock


@pytest.fixture
def store(place: Place, clock: SetClock) -> Iterator[Store]:
    store = store_on(place.url, clock, max_reports_per_hour=3)
    store.start()
    yield store
    store.close()


def test_of_two_reservations_for_one_factory_one_holds(store: Store) -> None:
    first = open_incident(store, alert(shop="a"))
    second = open_incident(store, alert(shop="b"))

    with ThreadPoolExecutor(2) as threads:
        told = list(
            threads.map(
                lambda pair: store.decide(pair[0], pair[1], [intended()]),
                (first, second),
            )
        )

    assert [appended.accepted for appended in told].count(True) == 1


def test_a_report_in_flight_is_seen_by_others_only(store: Store) -> None:
    lease, incident = open_incident(store, alert(shop="a"))
    _, other = open_incident(store, alert(shop="b"))
    store.decide(lease, incident, [intended()])

    assert store.brakes(other, at(2)).in_flight
    assert not store.brakes(incident, at(2)).in_flight


def test_an_answer_lets_the_next_report_go(store: Store) -> None:
    lease, incident = open_incident(store, alert(shop="a"))
    other = open_incident(store, alert(shop="b"))
    report(store, lease, incident, Outcome.WRONG_CODE)

    assert store.decide(*other, [intended(3, OTHER_DIGEST)]).accepted


def test_a_link_that_was_read_before_is_read_anew_once_it_is_spent(
    store: Store,
) -> None:
    lease, incident = open_incident(store, alert(shop="a"))
    _, other = open_incident(store, alert(shop="b"))
    assert store.brakes(other, at(2)).links == {}

    store.decide(lease, incident, [intended()])
    assert not store.brakes(other, at(2)).links[DIGEST].spent
    store.record(lease, incident, [answered(Outcome.RESOLVED)])

    assert store.brakes(other, at(3)).links[DIGEST].spent


def test_a_late_word_on_a_lost_call_lets_no_other_report_go(
    store: Store, clock: SetClock
) -> None:
    lost, calling = (open_incident(store, alert(shop=shop)) for shop in "ab")
    assert store.decide(*lost, [intended(1)]).accepted
    clock.at = at(7)
    store.renew([calling[0]])
    assert store.decide(*calling, [intended(7)]).accepted

    store.record(*lost, [answered(Outcome.UNKNOWN, 8)])

    _, third = open_incident(store, alert(shop="c"))
    assert store.brakes(third, at(8)).in_flight


@pytest.mark.parametrize(("age", "blocks"), [(5.9, True), (6.0, False)])
def test_an_intent_without_an_answer_blocks_others_for_timeout_and_a_second(
    store: Store, clock: SetClock, age: float, blocks: bool
) -> None:
    lease, incident = open_incident(store, alert(shop="a"))
    other_lease, other = open_incident(store, alert(shop="b"))
    store.decide(lease, incident, [intended(1)])
    clock.at = at(4)
    store.renew([other_lease])
    clock.at = at(1 + age)

    told = store.decide(other_lease, other, [intended(1 + age, OTHER_DIGEST)])

    assert store.brakes(other, clock.at).in_flight is blocks
    assert told.accepted is not blocks


@pytest.mark.parametrize(
    ("outcome", "spent"),
    [
        (Outcome.RESOLVED, True),
        (Outcome.NOTHING_TO_RESOLVE, True),
        (Outcome.WRONG_CODE, True),
        (Outcome.REFUSED, False),
        (Outcome.UNREACHABLE, False),
        (Outcome.UNKNOWN, False),
    ],
)
def test_an_answer_spends_its_link_or_not(
    store: Store, outcome: Outcome, spent: bool
) -> None:
    lease, incident = open_incident(store)
    incident = report(store, lease, incident, outcome)

    record = store.brakes(incident, at(3)).links[DIGEST]
    told = store.decide(lease, incident, [intended(3)])

    assert (record.outcome, record.spent) == (outcome, spent)
    assert record.incident == incident.id
    assert told.accepted is not spent


@pytest.mark.parametrize("reason", [Reason.FIX_DID_NOT_HOLD, Reason.UNANSWERED])
def test_a_spent_link_may_be_called_again_for_these_reasons(
    store: Store, reason: Reason
) -> None:
    lease, incident = open_incident(store)
    incident = report(store, lease, incident, Outcome.RESOLVED)

    assert store.decide(lease, incident, [intended(3, reason=reason)]).accepted


def test_a_second_unknown_spends_the_link(store: Store) -> None:
    lease, incident = open_incident(store)
    incident = report(store, lease, incident, Outcome.UNKNOWN)
    incident = report(
        store, lease, incident, Outcome.UNKNOWN, seconds=3, reason=Reason.UNANSWERED
    )

    record = store.brakes(incident, at(5)).links[DIGEST]
    assert (record.unknowns, record.spent) == (2, True)
    assert store.brakes(incident, at(5)).floor is None


def test_a_call_in_vain_leaves_the_answer_that_spent_the_link(store: Store) -> None:
    lease, incident = open_incident(store)
    incident = report(store, lease, incident, Outcome.RESOLVED)
    incident = report(
        store,
        lease,
        incident,
        Outcome.REFUSED,
        seconds=3,
        reason=Reason.FIX_DID_NOT_HOLD,
    )

    record = store.brakes(incident, at(5)).links[DIGEST]
    assert (record.outcome, record.answered_at) == (Outcome.RESOLVED, at(2))


def test_the_fixed_link_is_never_spent(place: Place, clock: SetClock) -> None:
    fixed = ReportLink(fixed="https://pizza-factory.example.com/fix")
    store = store_on(place.url, clock, fixed_link=fixed)
    store.start()
    lease, incident = open_incident(store)
    incident = report(store, lease, incident, Outcome.RESOLVED, digest=fixed.digest)

    brakes = store.brakes(incident, at(3))
    told = store.decide(lease, incident, [intended(3, fixed.digest)])
    store.close()

    assert (brakes.fixed_link, brakes.fixed_name) == (fixed.digest, fixed.name)
    assert not brakes.links[fixed.digest].spent
    assert not brakes.links[fixed.digest].again
    assert told.accepted


@pytest.mark.parametrize(
    ("outcome", "floor"),
    [
        (Outcome.RESOLVED, at(2)),
        (Outcome.NOTHING_TO_RESOLVE, at(2)),
        (Outcome.WRONG_CODE, None),
        (Outcome.UNKNOWN, None),
    ],
)
def test_only_an_answer_that_nothing_is_wrong_moves_the_floor(
    store: Store, outcome: Outcome, floor: object
) -> None:
    lease, incident = open_incident(store)

    incident = report(store, lease, incident, outcome)

    assert store.brakes(incident, at(3)).floor == floor


def test_the_floor_never_moves_back(store: Store) -> None:
    lease, incident = open_incident(store)
    incident = report(store, lease, incident, Outcome.RESOLVED, seconds=10)

    late = answered(Outcome.RESOLVED, 4, OTHER_DIGEST)
    incident = store.record(lease, incident, [late]).incident

    assert store.brakes(incident, at(12)).floor == at(11)


def test_the_bound_of_the_hour_counts_calls_that_may_have_taken_effect(
    store: Store,
) -> None:
    lease, incident = open_incident(store)
    for number, outcome in enumerate([Outcome.UNKNOWN, Outcome.RESOLVED] * 2):
        if number < 3:
            digest = str(number) * 64
            incident = report(
                store, lease, incident, outcome, seconds=number + 1, digest=digest
            )

    brakes = store.brakes(incident, at(5))
    told = store.decide(lease, incident, [intended(5)])

    assert brakes.reports_last_hour == brakes.max_reports_per_hour == 3
    assert brakes.hour_frees_at == at(3602)
    assert not told.accepted


def test_calls_without_effect_are_not_counted(store: Store) -> None:
    lease, incident = open_incident(store)
    for number in range(4):
        incident = report(
            store, lease, incident, Outcome.WRONG_CODE, digest=str(number) * 64
        )

    assert store.brakes(incident, at(5)).reports_last_hour == 0


def test_calls_drop_out_after_an_hour(store: Store) -> None:
    lease, incident = open_incident(store)
    incident = report(store, lease, incident, Outcome.RESOLVED)

    assert store.brakes(incident, at(3602)).reports_last_hour == 0


def test_nothing_is_reserved_while_paused(store: Store) -> None:
    lease, incident = open_incident(store)
    store.controls.pause("ada", until=None)

    told = store.decide(lease, incident, [intended()])

    assert store.brakes(incident, at(2)).paused(at(2))
    assert not told.accepted


def test_a_refused_reservation_leaves_no_trace(store: Store) -> None:
    lease, incident = open_incident(store)
    incident = report(store, lease, incident, Outcome.WRONG_CODE)

    told = store.decide(lease, incident, [intended(3)])

    assert told.incident == incident == store.load(incident.id)


def test_an_answer_that_came_after_the_decision_voids_it(
    place: Place, clock: SetClock
) -> None:
    fixed = ReportLink(fixed="https://factory.example.com/fixed")
    store = store_on(place.url, clock, fixed_link=fixed)
    store.start()
    first = open_incident(store, alert(shop="a"))
    lease, second = open_incident(store, alert(shop="b"))
    report(store, *first, Outcome.RESOLVED, seconds=2, digest=fixed.digest)

    early = store.decide(lease, second, [intended(2.5, fixed.digest)])
    late = store.decide(lease, second, [intended(3.5, fixed.digest)])
    store.close()

    assert [early.accepted, late.accepted] == [False, True]


@pytest.mark.parametrize(
    ("held", "person", "automation"),
    [
        ("pause", True, False),
        ("spent", True, False),
        ("again", True, False),
        ("wrong code", False, False),
        ("hour", False, False),
        ("in flight", False, False),
    ],
)
def test_rule_13_the_reservation_knows_who_asks(
    store: Store, held: str, person: bool, automation: bool
) -> None:
    lease, incident = open_incident(store, alert(shop="a"))
    other_lease, other = open_incident(store, alert(shop="b"))
    if held == "pause":
        store.controls.pause("bob", until=None)
    if held in ("spent", "again"):
        other = report(store, other_lease, other, Outcome.RESOLVED)
    if held == "again":
        assert called_again(store, "c", Outcome.RESOLVED, 2)
    if held == "wrong code":
        report(store, other_lease, other, Outcome.WRONG_CODE)
    if held == "hour":
        for number in range(3):
            digest = str(number) * 64
            other = report(store, other_lease, other, Outcome.RESOLVED, digest=digest)
    if held == "in flight":
        store.decide(other_lease, other, [intended(1, OTHER_DIGEST)])

    mine = intended(3)
    assert store.decide(lease, incident, [mine]).accepted is automation
    assert store.decide(lease, incident, [replace(mine, by="ada")]).accepted is person


def called_again(store: Store, shop: str, outcome: Outcome, seconds: float) -> bool:
    """An incident that sees the spent link fail: whether it may call it once more."""
    lease, incident = open_incident(store, alert(shop=shop))
    again = intended(seconds, reason=Reason.FIX_DID_NOT_HOLD)
    if not store.decide(lease, incident, [again]).accepted:
        return False
    store.record(lease, incident, [answered(outcome, seconds)])
    return True


@pytest.mark.parametrize(
    ("second", "third"),
    [
        (Outcome.RESOLVED, False),
        (Outcome.NOTHING_TO_RESOLVE, False),
        (Outcome.UNKNOWN, False),
        (Outcome.REFUSED, True),
        (Outcome.UNREACHABLE, True),
    ],
)
def test_rule_15b_a_spent_link_is_called_once_more_ever_by_whatever_incident(
    store: Store, second: Outcome, third: bool
) -> None:
    lease, incident = open_incident(store, alert(shop="a"))
    report(store, lease, incident, Outcome.RESOLVED)

    assert called_again(store, "b", second, 3)
    assert called_again(store, "c", Outcome.RESOLVED, 4) is third

    record = store.brakes(incident, at(5)).links[DIGEST]
    assert record.again


def test_rule_15b_the_second_call_after_an_unknown_is_not_the_one_more(
    store: Store,
) -> None:
    lease, incident = open_incident(store)
    incident = report(store, lease, incident, Outcome.UNKNOWN)
    again = Reason.UNANSWERED
    report(store, lease, incident, Outcome.UNKNOWN, seconds=3, reason=again)

    assert not store.brakes(incident, at(5)).links[DIGEST].again


GET, POST = "GET", "POST"
FIXED = ReportLink(fixed="https://factory.example.com/fixed")


@pytest.mark.parametrize(
    ("answers", "remembered"),
    [
        ([(Outcome.RESOLVED, GET, 200)], GET),
        ([(Outcome.NOTHING_TO_RESOLVE, GET, 200)], GET),
        ([(Outcome.WRONG_CODE, POST, 400)], POST),
        ([(Outcome.UNKNOWN, GET, None)], ""),
        ([(Outcome.UNKNOWN, GET, 200)], ""),
        ([(Outcome.REFUSED, GET, 503)], ""),
        ([(Outcome.UNREACHABLE, GET, None)], ""),
        ([(Outcome.WRONG_CODE, GET, 400), (Outcome.UNKNOWN, GET, None)], GET),
        ([(Outcome.WRONG_CODE, GET, 400), (Outcome.REFUSED, GET, 500)], GET),
        ([(Outcome.WRONG_CODE, GET, 400), (Outcome.REFUSED, GET, 404)], ""),
        ([(Outcome.WRONG_CODE, GET, 400), (Outcome.REFUSED, POST, 405)], ""),
        ([(Outcome.WRONG_CODE, GET, 400), (Outcome.UNKNOWN, POST, None)], ""),
        ([(Outcome.WRONG_CODE, GET, 400), (Outcome.RESOLVED, POST, 200)], POST),
        ([(Outcome.WRONG_CODE, GET, 400), (Outcome.UNKNOWN, "", None)], GET),
    ],
)
def test_rule_9_what_the_factory_took_is_remembered_until_it_is_not_known_any_more(
    store: Store, answers: list[tuple[Outcome, str, int | None]], remembered: str
) -> None:
    lease, incident = open_incident(store)
    for number, (outcome, method, status) in enumerate(answers, start=1):
        digest = str(number) * 64
        store.decide(lease, incident, [intended(number, digest)])
        answer = answered(outcome, number, digest, method, status)
        incident = store.record(lease, incident, [answer]).incident

    assert store.brakes(incident, at(5)).method == remembered


def test_rule_9_a_method_is_remembered_in_the_database_per_kind_of_link(
    place: Place, clock: SetClock
) -> None:
    def remembered(fixed: ReportLink | None, digest: str, method: str) -> list[str]:
        store = store_on(place.url, clock, fixed_link=fixed)
        store.start()
        lease, incident = open_incident(store, alert(shop=method))
        before = store.brakes(incident, at(3)).method
        store.decide(lease, incident, [intended(1, digest)])
        answer = answered(Outcome.WRONG_CODE, 2, digest, method, 400)
        store.record(lease, incident, [answer])
        after = store.brakes(incident, at(3)).method
        store.close()
        return [before, after]

    assert remembered(None, DIGEST, GET) == ["", GET]
    assert remembered(FIXED, FIXED.digest, POST) == ["", POST]
    assert remembered(None, OTHER_DIGEST, "") == [GET, GET]
