"""Where an incident is in the policy, by its own reports."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from responder.incident.alert import PersonAction
from responder.incident.events import Event, Opened, PersonActed, ReportShared
from responder.incident.facts import (
    below_threshold_since,
    effective_calls,
    failed_calls,
    handed_to_person,
    may_act,
    may_have_reached_factory,
    unanswered_once,
    verified_outcome,
    verifying_since,
    wrong_codes,
)
from responder.incident.incident import Incident, fold
from responder.incident.names import Outcome, Reason, Sender, State
from tests.policy.timelines import (
    LINK,
    OTHER,
    T0,
    answered,
    at,
    call,
    decided,
    intended,
    look,
    opened,
    resolved,
)

SHARED = ReportShared(
    at=at(20),
    link="link aaaa",
    digest=LINK,
    incident="i2",
    outcome=Outcome.NOTHING_TO_RESOLVE,
    answered_at=at(19),
)


@pytest.mark.parametrize(
    ("events", "since", "outcome"),
    [
        ([], None, None),
        ([intended(1)], None, None),
        (call(1, Outcome.RESOLVED), at(2), Outcome.RESOLVED),
        (call(1, Outcome.NOTHING_TO_RESOLVE), at(2), Outcome.NOTHING_TO_RESOLVE),
        (call(1, Outcome.WRONG_CODE), None, None),
        (call(1, Outcome.REFUSED), None, None),
        (call(1, Outcome.UNREACHABLE), None, None),
        ([look(0), *call(1, Outcome.UNKNOWN)], None, None),
        (
            [*call(1, Outcome.UNKNOWN), *call(9, Outcome.UNKNOWN)],
            at(9),
            Outcome.UNKNOWN,
        ),
        (
            [look(0), *call(1, Outcome.UNKNOWN), *call(9, Outcome.UNKNOWN, OTHER)],
            None,
            None,
        ),
        (
            [*call(1, Outcome.RESOLVED), *call(9, Outcome.UNKNOWN, OTHER)],
            at(9),
            Outcome.UNKNOWN,
        ),
        (
            [*call(1, Outcome.RESOLVED), *call(9, Outcome.WRONG_CODE, OTHER)],
            at(2),
            Outcome.RESOLVED,
        ),
        ([SHARED], at(19), Outcome.NOTHING_TO_RESOLVE),
        ([SHARED, *call(30, Outcome.RESOLVED)], at(31), Outcome.RESOLVED),
    ],
)
def test_verification_counts_from_the_last_answer_that_may_have_helped(
    events: Sequence[Event], since: datetime | None, outcome: Outcome | None
) -> None:
    incident = opened(*events)

    assert verifying_since(incident) == since
    if since is not None:
        assert verified_outcome(incident) is outcome


@pytest.mark.parametrize(
    ("after", "verified"),
    [
        (look(10, 0, links=()), True),
        (look(10, 0), False),
        (look(10, 6, links=()), False),
        (look(10, None), False),
    ],
    ids=["nothing", "its link", "errors", "unreadable"],
)
def test_a_lost_answer_is_verified_when_neither_link_nor_fault_is_seen(
    after: Event, verified: bool
) -> None:
    incident = opened(look(0), *call(1, Outcome.UNKNOWN), after)

    assert (verifying_since(incident) == at(1)) is verified


@pytest.mark.parametrize(
    ("events", "half"),
    [
        ([], False),
        (call(1, Outcome.UNKNOWN), True),
        ([*call(1, Outcome.UNKNOWN), *call(9, Outcome.UNKNOWN)], False),
        ([*call(1, Outcome.UNKNOWN), *call(9, Outcome.RESOLVED)], False),
        ([*call(1, Outcome.UNKNOWN), *call(9, Outcome.UNKNOWN, OTHER)], True),
    ],
)
def test_a_first_unknown_is_to_be_repeated(events: Sequence[Event], half: bool) -> None:
    assert bool(unanswered_once(opened(*events))) is half


def test_bounds_count_what_may_have_taken_effect() -> None:
    every = [e for n, outcome in enumerate(Outcome) for e in call(n * 2, outcome)]

    assert effective_calls(opened(*every)) == 3
    assert wrong_codes(opened(*every)) == 2


def test_failed_calls_are_the_last_ones_in_a_row() -> None:
    calls = [
        *call(1, Outcome.REFUSED),
        *call(3, Outcome.WRONG_CODE),
        *call(5, Outcome.UNREACHABLE),
        *call(7, Outcome.REFUSED),
    ]

    assert [r.at for r in failed_calls(opened(*calls))] == [at(5), at(7)]


@pytest.mark.parametrize("outcome", Outcome)
def test_the_factory_was_told_unless_nobody_was_reached(outcome: Outcome) -> None:
    expected = outcome is not Outcome.UNREACHABLE

    assert may_have_reached_factory(opened(*call(1, outcome))) is expected


def test_an_answer_of_another_incident_counts_as_told() -> None:
    assert may_have_reached_factory(opened(SHARED))
    assert not may_have_reached_factory(opened(intended(1)))
    assert may_have_reached_factory(opened(intended(1), answered(2, Outcome.REFUSED)))


@pytest.mark.parametrize(
    ("state", "reason", "over"),
    [
        (State.NEEDS_HUMAN, Reason.ERRORS_CONTINUE, True),
        (State.NEEDS_HUMAN, Reason.MAX_REPORTS, True),
        (State.NEEDS_HUMAN, Reason.WRONG_CODE, True),
        (State.HOLDING, Reason.WRONG_CODE, False),
        (State.NEEDS_HUMAN, Reason.LOGS_UNREADABLE, False),
        (State.NEEDS_HUMAN, Reason.FACTORY_UNREACHABLE, False),
        (State.NEEDS_HUMAN, Reason.FACTORY_REFUSED, False),
        (State.NEEDS_HUMAN, Reason.UNPROVEN, False),
        (State.NEEDS_HUMAN, Reason.NO_LINK, False),
    ],
)
def test_rule_12_after_some_reasons_the_automation_acts_no_more(
    state: State, reason: Reason, over: bool
) -> None:
    incident = opened(decided(1, state, reason))

    assert handed_to_person(incident) is over
    assert may_act(incident, at(2)) is not over


def silenced(until: float | None) -> Event:
    end = None if until is None else at(until)
    return PersonActed(at=at(1), action=PersonAction.SILENCED, person="", until=end)


NO_LINK = decided(1, State.NEEDS_HUMAN, Reason.NO_LINK)


@pytest.mark.parametrize(
    ("incident", "acts"),
    [
        (opened(), True),
        (opened(alerts=()), True),
        (fold("i1", [Opened(at=T0, rule="r", sender=Sender.GRAFANA)]), False),
        (opened(silenced(None)), False),
        (opened(silenced(10)), False),
        (opened(silenced(2)), True),
        (opened(NO_LINK), True),
        (opened(NO_LINK, resolved(2, state_reason="Updated")), False),
        (opened(resolved(2, state_reason="Updated")), True),
    ],
)
def test_when_a_report_may_follow(incident: Incident, acts: bool) -> None:
    assert may_act(incident, at(5)) is acts


def test_calm_is_counted_from_the_call_for_a_person() -> None:
    calm = opened(look(2, 0, links=()))

    assert below_threshold_since(opened()) is None
    assert below_threshold_since(calm) == at(2)
    assert below_threshold_since(opened(look(2, 0), NO_LINK, look(3, 6))) is None
    waiting = replace(NO_LINK, at=at(9))
    assert below_threshold_since(opened(look(2, 0, links=()), waiting)) == at(9)
