"""Where two policy rules meet: the cases that their plain tables leave open."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from responder.incident.alert import PersonAction
from responder.incident.events import (
    Event,
    FactoryProbed,
    Opened,
    Paused,
    PersonActed,
    ReportRequested,
    ReportShared,
    Resumed,
)
from responder.incident.incident import Incident, fold
from responder.incident.names import Outcome, Proof, Reason, Sender, State
from responder.incident.playbook import next_step
from responder.incident.service import LinkRecord
from responder.incident.steps import Finish, Gather, Send, Share, Step, TraceBack, Wait
from tests.policy.timelines import (
    LINK,
    OTHER,
    RULE,
    T0,
    at,
    brakes,
    call,
    decided,
    look,
    opened,
    resolved,
    spent,
    traced,
)

FIXED = {"fixed_link": LINK, "fixed_name": "link aaaa"}
SILENCE = PersonActed(at=at(0.5), action=PersonAction.SILENCED, person="ana")
UNCLEAN = resolved(5, state_reason="Updated")


def state_of(found: Step) -> tuple[State, Reason]:
    assert isinstance(found, Wait | Finish), found
    return found.state, found.reason


def sent(found: Step) -> tuple[str, Reason]:
    assert isinstance(found, Send), found
    return found.digest, found.reason


def after(incident: Incident, seconds: float, *records: LinkRecord) -> Step:
    return next_step(incident, RULE, brakes(*records), at(seconds))


def reported(*events: Event, outcome: Outcome = Outcome.RESOLVED) -> Incident:
    """Reported at 0 s, answered at 1 s, the first error traced."""
    return opened(look(0, 6), *call(0, outcome), traced(2), *events)


RESOLVED = spent(LINK, 1, Outcome.RESOLVED)
NOTHING = spent(LINK, 1, Outcome.NOTHING_TO_RESOLVE)


# Rule 2


def test_rule_2_no_answer_is_shared_once_the_automation_is_over() -> None:
    incident = opened(
        look(0, 6), decided(1, State.NEEDS_HUMAN, Reason.MAX_REPORTS), traced(2)
    )
    elsewhere = spent(LINK, 5, Outcome.RESOLVED, incident="i2")
    assert not isinstance(after(incident, 6, elsewhere), Share)


# Rule 3


def test_rule_3_without_any_firing_nothing_is_reported() -> None:
    opening = Opened(at=T0, rule=RULE.name, sender=Sender.GRAFANA)
    incident = fold("i1", [opening, look(0, 6)])
    assert state_of(after(incident, 1)) == (State.HOLDING, Reason.BELOW_THRESHOLD)


def test_rule_3_an_incident_opened_by_a_watch_counts_its_opening_as_one() -> None:
    opening = Opened(at=T0, rule=RULE.name, reason=Reason.RELAPSE, relapse_of="i0")
    assert isinstance(after(fold("i1", [opening, look(0, 6)]), 1), Send)


# Rules 6 and 7


def undecided(incident: Incident, seconds: float) -> Step:
    """What comes right after a look, which took until then."""
    held = replace(brakes(), undecided=True)
    return next_step(incident, RULE, held, at(seconds))


def test_rule_6_a_look_that_took_long_is_decided_upon_before_the_next() -> None:
    once = opened(look(0, 1))
    assert state_of(undecided(once, 60)) == (State.HOLDING, Reason.BELOW_THRESHOLD)
    assert after(once, 60) == Gather()


def test_rule_7_unreadable_looks_that_took_long_call_a_person_in_time() -> None:
    twice = opened(look(0, None), look(30, None))
    found = state_of(undecided(twice, 61))
    assert found == (State.NEEDS_HUMAN, Reason.LOGS_UNREADABLE)


@pytest.mark.parametrize("known", [(), (look(-1, 6),)])
def test_rule_14_a_look_that_began_before_a_resume_decides_nothing(
    known: tuple[Event, ...],
) -> None:
    pause = Paused(at=at(-5), by="ana")
    long = opened(*known, pause, look(0, 6), Resumed(at=at(30), by="ana"))
    assert undecided(long, 60) == Gather()


def test_rule_13_a_look_that_began_before_report_now_decides_nothing() -> None:
    asked = ReportRequested(at=at(30), by="ana")
    assert undecided(opened(look(0, 6), asked), 60) == Gather()


def test_a_look_of_before_the_clock_was_set_back_decides_nothing() -> None:
    assert undecided(opened(look(0, 6)), -30) == Gather()


@pytest.mark.parametrize("seconds", [0.25, 0.5])
def test_rule_7_a_patience_below_the_backoff_still_looks_twice(seconds: float) -> None:
    rule = replace(RULE, unreadable_for=timedelta(seconds=seconds))
    once = opened(look(0, None))
    held = next_step(once, rule, brakes(), at(seconds / 2))
    assert isinstance(held, Wait)
    assert (held.until, held.state) == (at(seconds), State.HOLDING)
    assert next_step(once, rule, brakes(), at(seconds)) == Gather()
    twice = opened(look(0, None), look(seconds, None))
    found = next_step(twice, rule, brakes(), at(seconds + 0.01))
    assert state_of(found) == (State.NEEDS_HUMAN, Reason.LOGS_UNREADABLE)


def test_rule_7_a_long_backoff_does_not_delay_the_call() -> None:
    looks = [look(s, None) for s in (0, 1, 3, 7, 15, 31)]
    held = after(opened(*looks), 31.1)
    assert isinstance(held, Wait)
    assert held.until == at(60)
    found = after(opened(*looks), 60)
    assert state_of(found) == (State.NEEDS_HUMAN, Reason.LOGS_UNREADABLE)


def test_rule_7_a_verification_looks_twice_before_it_calls_too() -> None:
    rule = replace(RULE, unreadable_for=timedelta(seconds=0.5))
    once = reported(look(11, None))
    assert next_step(once, rule, brakes(RESOLVED), at(11.5)) == Gather()
    twice = reported(look(11, None), look(11.5, None))
    found = next_step(twice, rule, brakes(RESOLVED), at(11.6))
    assert state_of(found) == (State.NEEDS_HUMAN, Reason.LOGS_UNREADABLE)


def test_rule_7_orders_that_cannot_be_counted_are_tried_again_first() -> None:
    first = look(601, 0, links=(), traffic_unreadable=True)
    assert state_of(after(reported(first), 601.1)) == (
        State.VERIFYING,
        Reason.REPORTED,
    )
    last = look(661, 0, links=(), traffic_unreadable=True)
    assert state_of(after(reported(first, last), 661.1)) == (
        State.NEEDS_HUMAN,
        Reason.LOGS_UNREADABLE,
    )


# Rule 10


def test_rule_10_a_fixed_link_with_a_wrong_code_is_called_once() -> None:
    incident = opened(look(0, 6), *call(0.1, Outcome.WRONG_CODE), look(2, 6))
    found = next_step(incident, RULE, brakes(**FIXED), at(2.1))
    assert state_of(found) == (State.HOLDING, Reason.WRONG_CODE)


def test_rule_10_after_a_lost_answer_another_link_is_a_newer_one() -> None:
    incident = opened(
        look(0, 6), *call(1, Outcome.UNKNOWN), look(10, 6, links=(OTHER,))
    )
    assert sent(after(incident, 10.1)) == (OTHER, Reason.NEWER_LINK)


def test_rule_10_a_lost_answer_whose_link_is_gone_is_verified() -> None:
    incident = opened(look(0, 6), *call(1, Outcome.UNKNOWN), look(10, 0, links=()))
    found = after(incident, 10.1)
    assert found == TraceBack()
    found = after(
        opened(
            look(0, 6), *call(1, Outcome.UNKNOWN), look(10, 0, links=()), traced(10)
        ),
        10.2,
    )
    assert state_of(found) == (State.VERIFYING, Reason.UNANSWERED)


def test_rule_10_a_verification_of_a_lost_answer_says_so() -> None:
    unknown = [*call(1, Outcome.UNKNOWN), *call(8, Outcome.UNKNOWN)]
    found = after(opened(look(0, 6), *unknown), 9.1, spent(LINK, 9, Outcome.UNKNOWN))
    assert state_of(found) == (State.VERIFYING, Reason.UNANSWERED)


def test_rule_10_an_answer_lost_in_verification_is_called_once_more() -> None:
    rule = replace(RULE, max_reports=4)
    lost = replace(spent(OTHER, 13, Outcome.UNKNOWN), spent=False)
    incident = reported(look(11, 1, links=(OTHER,)), *call(12, Outcome.UNKNOWN, OTHER))
    held = next_step(incident, rule, brakes(RESOLVED, lost), at(14))
    assert state_of(held) == (State.HOLDING, Reason.UNANSWERED)
    found = next_step(incident, rule, brakes(RESOLVED, lost), at(18.1))
    assert sent(found) == (OTHER, Reason.UNANSWERED)


def test_rule_10_an_answer_lost_in_verification_begins_it_anew() -> None:
    incident = reported(
        look(120, 1, late=True),
        *call(121, Outcome.UNKNOWN),
        look(601, 0, links=(), good=0),
    )
    found = after(incident, 601.1, spent(LINK, 122, Outcome.UNKNOWN))
    assert state_of(found) == (State.VERIFYING, Reason.UNANSWERED)


def test_rule_10_a_wrong_code_in_verification_is_no_end_of_looking() -> None:
    incident = opened(
        *[look(0), *call(1, Outcome.RESOLVED), traced(2)],
        *[look(12, links=(OTHER,)), *call(12.1, Outcome.WRONG_CODE, OTHER)],
    )
    links = (
        spent(LINK, 2, Outcome.RESOLVED),
        spent(OTHER, 13.1, Outcome.WRONG_CODE),
    )
    found = after(incident, 13.2, *links)
    assert state_of(found) == (State.VERIFYING, Reason.REPORTED)
    assert after(incident, 22, *links) == Gather()


def test_rule_10_a_person_is_told_of_the_factory_when_the_lines_are_gone() -> None:
    incident = opened(look(0, 6), *call(1, Outcome.UNREACHABLE), look(400, 0, links=()))
    assert state_of(after(incident, 400.1)) == (
        State.HOLDING,
        Reason.FACTORY_UNREACHABLE,
    )


# Rule 11


def test_rule_11_the_logs_are_looked_at_while_a_link_cools_down() -> None:
    incident = reported(look(41, 1, late=True))
    held = after(incident, 41.1, RESOLVED)
    assert isinstance(held, Wait)
    assert (held.reason, held.told, held.until) == (
        Reason.COOLDOWN,
        at(121),
        at(51),
    )


# Rule 12


def test_rule_12_unproven_ends_once_the_errors_stayed_away() -> None:
    incident = reported(
        look(601, 0, links=(), good=0),
        decided(601, State.NEEDS_HUMAN, Reason.UNPROVEN),
        look(1500, 0, links=(), good=0),
        outcome=Outcome.NOTHING_TO_RESOLVE,
    )
    assert state_of(after(incident, 1500.5, NOTHING)) == (
        State.NEEDS_HUMAN,
        Reason.UNPROVEN,
    )
    assert state_of(after(incident, 1502, NOTHING)) == (
        State.STOOD_DOWN,
        Reason.ERRORS_STOPPED,
    )


def test_rule_12_logs_that_can_be_read_again_say_whose_fault_it_is_not() -> None:
    incident = opened(
        look(0, None),
        look(60, None),
        decided(60, State.NEEDS_HUMAN, Reason.LOGS_UNREADABLE),
        look(90, 14, links=()),
        traced(90),
    )
    first = replace(incident, looked_at=at(149))
    assert state_of(after(first, 149.1)) == (State.NEEDS_HUMAN, Reason.LOGS_UNREADABLE)
    probed = FactoryProbed(at=at(150), reachable=True)
    later = replace(incident, looked_at=at(150), probed=probed)
    assert state_of(after(later, 150.1)) == (State.NEEDS_HUMAN, Reason.NO_LINK)


def test_rule_12_a_link_that_nobody_may_call_any_more_is_not_missed() -> None:
    incident = opened(
        look(0, None),
        look(60, None),
        decided(60, State.NEEDS_HUMAN, Reason.LOGS_UNREADABLE),
        look(150, 14),
        traced(150),
        UNCLEAN,
    )
    found = after(incident, 150.1)
    assert state_of(found) == (State.NEEDS_HUMAN, Reason.LOGS_UNREADABLE)


def test_rule_12_a_call_is_not_taken_back_for_what_was_calm_before_it() -> None:
    incident = reported(
        look(11, 0, links=()),
        decided(905, State.NEEDS_HUMAN, Reason.MAX_REPORTS),
        look(935, 0, links=()),
    )
    assert state_of(after(incident, 935.1)) == (State.NEEDS_HUMAN, Reason.MAX_REPORTS)


def test_rule_12_it_acts_before_it_traces_the_first_error() -> None:
    incident = opened(
        look(0, 6, links=()),
        decided(60, State.NEEDS_HUMAN, Reason.NO_LINK),
        look(90, 6),
    )
    assert isinstance(after(incident, 90.1), Send)


def test_rule_12_with_a_person_it_acts_only_while_the_alert_fires() -> None:
    incident = reported(
        UNCLEAN,
        look(601, 0, links=(), good=0),
        decided(601, State.NEEDS_HUMAN, Reason.UNPROVEN),
        look(631, 1, links=(OTHER,)),
        outcome=Outcome.NOTHING_TO_RESOLVE,
    )
    assert state_of(after(incident, 631.1, NOTHING)) == (
        State.NEEDS_HUMAN,
        Reason.ERRORS_CONTINUE,
    )


# Rule 15


@pytest.mark.parametrize("record", [NOTHING, spent(LINK, 1, Outcome.WRONG_CODE)])
def test_rule_15b_a_late_link_that_is_no_use_calls_a_person(record: LinkRecord) -> None:
    incident = reported(look(41, 1, late=True))
    assert state_of(after(incident, 41.1, record)) == (
        State.NEEDS_HUMAN,
        Reason.ERRORS_CONTINUE,
    )


def test_rule_15b_a_call_that_reached_nobody_is_not_the_one_call() -> None:
    again = call(122, Outcome.UNREACHABLE)
    again[0] = replace(again[0], reason=Reason.FIX_DID_NOT_HOLD)  # type: ignore[arg-type]
    incident = reported(look(121, 1, late=True), *again, look(124, 1, late=True))
    found = after(incident, 125, RESOLVED)
    assert sent(found) == (LINK, Reason.FIX_DID_NOT_HOLD)


def test_rule_15_a_fixed_link_called_again_is_no_newer_link() -> None:
    incident = reported(look(121, 1, links=(OTHER,)))
    found = next_step(incident, RULE, brakes(**FIXED), at(121.5))
    assert sent(found) == (LINK, Reason.FIX_DID_NOT_HOLD)


# Rule 17


@pytest.mark.parametrize(
    ("outcome", "ends"),
    [
        (Outcome.UNREACHABLE, True),
        (Outcome.REFUSED, False),
        (Outcome.UNKNOWN, False),
    ],
)
def test_rule_17_a_call_that_reached_nobody_is_no_answered_report(
    outcome: Outcome, ends: bool
) -> None:
    incident = opened(
        look(0, 6),
        *call(1, outcome),
        decided(2.1, State.HOLDING, Reason.FACTORY_UNREACHABLE),
        resolved(2.2),
    )
    assert isinstance(after(incident, 2.3), Finish) is ends


def test_rule_17_an_answer_shared_with_it_is_an_answered_report() -> None:
    shared = ReportShared(
        at=at(1),
        link="link aaaa",
        digest=LINK,
        incident="i2",
        outcome=Outcome.RESOLVED,
        answered_at=at(1),
    )
    incident = opened(
        look(0, 6),
        shared,
        traced(2),
        look(120, 1, late=True),
        decided(120, State.HOLDING, Reason.COOLDOWN),
        resolved(120.5),
    )
    assert not isinstance(after(incident, 120.6, RESOLVED), Finish)


# Rule 18


@pytest.mark.parametrize(
    "events",
    [
        [*call(0.1, Outcome.RESOLVED), traced(2), look(11, 1, links=(OTHER,))],
        [
            look(0.2, 6, links=()),
            decided(1, State.NEEDS_HUMAN, Reason.NO_LINK),
            look(11, 6),
        ],
    ],
    ids=["in verification", "with a person"],
)
def test_rule_18_a_silence_holds_every_report(events: Sequence[Event]) -> None:
    incident = opened(look(0, 6), SILENCE, *events)
    found = after(incident, 11.1, RESOLVED)
    assert not isinstance(found, Send)
    lifted = replace(incident, silenced=False)
    assert isinstance(after(lifted, 11.1), Send)


def test_the_suppliers_word_is_proof_only_if_it_is_the_last_word() -> None:
    incident = reported(look(601, 0, links=(), good=0))
    found = after(incident, 601.1, RESOLVED)
    assert isinstance(found, Finish)
    assert found.proof is Proof.SUPPLIER
