"""Rule 13's windows: a report that is announced, stopped, given back or asked for."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from responder.incident.alert import PersonAction
from responder.incident.events import Event, Finished, PersonActed, ReportWithheld
from responder.incident.fold import apply
from responder.incident.model import Incident
from responder.incident.names import Mode, Outcome, Reason, State
from responder.incident.operator_events import (
    Paused,
    ReportPlanned,
    ReportRequested,
    Resumed,
    Vetoed,
    VetoUndone,
)
from responder.incident.pause import Pause
from responder.incident.playbook import next_step
from responder.incident.rule import Rule
from responder.incident.steps import (
    Finish,
    Gather,
    Note,
    Send,
    Step,
    TraceBack,
    Wait,
    Withhold,
)
from responder.store.codec import decode
from tests.unit.timelines import (
    LINK,
    OTHER,
    RULE,
    answered,
    at,
    brakes,
    call,
    decided,
    intended,
    look,
    opened,
    resolved,
    spent,
    traced,
)

VETO = replace(RULE, mode=Mode.VETO, veto_window=timedelta(seconds=20))
SHADOW = replace(RULE, mode=Mode.SHADOW)


def planned(seconds: float = 0, act_at: float = 20) -> ReportPlanned:
    return ReportPlanned(
        at=at(seconds),
        act_at=at(act_at),
        link="link aaaa",
        digest=LINK,
        reason=Reason.THRESHOLD_REACHED,
    )


def step(incident: Incident, seconds: float, **facts: object) -> Step:
    return next_step(incident, VETO, brakes(**facts), at(seconds))


def waits(found: Step) -> tuple[State, Reason]:
    assert isinstance(found, Wait), found
    return found.state, found.reason


def test_rule_13_veto_announces_the_report_and_when_it_leaves() -> None:
    assert step(opened(look(0, 6)), 0) == Note(event=planned())


def test_rule_13_veto_waits_for_the_window_and_looks_meanwhile() -> None:
    found = step(opened(look(0, 6), planned()), 1)
    assert waits(found) == (State.HOLDING, Reason.VETO_WINDOW)
    assert isinstance(found, Wait)
    assert (found.until, found.told) == (at(10), at(20))
    assert step(opened(look(0, 6), planned()), 10) == Gather()


def test_rule_13_veto_gathers_evidence_again_at_act_at() -> None:
    incident = opened(look(0, 6), planned(), look(15, 6))
    assert step(incident, 20) == Gather()
    assert isinstance(step(apply(incident, look(20, 6)), 20), Send)


def test_rule_13_veto_does_not_act_on_evidence_that_went_away() -> None:
    incident = opened(look(0, 6), planned(), look(20, 0, links=()))
    assert waits(step(incident, 20)) == (State.HOLDING, Reason.BELOW_THRESHOLD)


@pytest.mark.parametrize(
    ("reason", "announces"),
    [
        (Reason.BELOW_THRESHOLD, True),
        (Reason.LOGS_UNREADABLE, True),
        (Reason.NO_LINK, True),
        (Reason.SILENCED, True),
        (Reason.REPORT_IN_FLIGHT, False),
        (Reason.COOLDOWN, False),
    ],
)
def test_rule_13_what_denies_the_fault_ends_the_announcement(
    reason: Reason, announces: bool
) -> None:
    held = decided(15, State.HOLDING, reason)
    incident = opened(look(0, 6), planned(), held, look(25, 6))
    found = step(incident, 25)
    assert (found == Note(event=planned(25, 45))) is announces
    assert isinstance(found, Send) is not announces


def test_rule_13_after_a_time_down_it_is_ready_plus_the_window() -> None:
    incident = opened(look(0, 6), planned(), look(100, 6))
    assert step(incident, 101, ready_at=at(100)) == Note(event=planned(101, 120))


def test_rule_13_a_restart_early_in_a_long_window_moves_nothing() -> None:
    incident = opened(look(0, 6), planned(act_at=60), look(11, 6))
    found = step(incident, 12, ready_at=at(10))
    assert isinstance(found, Wait)
    assert found.told == at(60)


def test_rule_14_the_veto_window_stands_still_while_paused() -> None:
    paused = Paused(at=at(5), by="ada"), Resumed(at=at(605), by="ada")
    switch = Pause(at=at(5), by="ada", ended_at=at(605), ended_by="ada")
    incident = opened(look(0, 6), planned(), *paused, look(606, 6))
    found = step(incident, 606, pause=switch)
    assert isinstance(found, Wait)
    assert (found.reason, found.told) == (Reason.VETO_WINDOW, at(620))
    late = apply(incident, look(620, 6))
    assert isinstance(step(late, 620, pause=switch), Send)


def test_rule_13_tries_that_did_not_get_through_need_no_new_window() -> None:
    failed = call(20, Outcome.UNREACHABLE)
    incident = opened(look(0, 6), planned(), look(20, 6), *failed, look(25, 6))
    assert isinstance(step(incident, 25), Send)


def test_rule_13_a_second_report_has_a_window_of_its_own() -> None:
    reported = call(20, Outcome.RESOLVED)
    again = traced(22), look(30, 6, links=(OTHER,))
    incident = opened(look(0, 6), planned(), look(20, 6), *reported, *again)
    found = step(incident, 30)
    assert isinstance(found, Note)
    assert isinstance(found.event, ReportPlanned)
    assert (found.event.digest, found.event.act_at) == (OTHER, at(50))


def test_rule_13_auto_announces_nothing() -> None:
    found = next_step(opened(look(0, 6)), RULE, brakes(), at(0))
    assert isinstance(found, Send)


# A veto


def vetoed(*events: Event) -> Incident:
    incident = opened(look(0, 6), planned(), Vetoed(at=at(5), by="ada"))
    for event in events:
        incident = apply(incident, event)
    return incident


@pytest.mark.parametrize("rule", [VETO, RULE], ids=["veto", "auto"])
def test_rule_13_from_a_veto_on_the_incident_is_the_persons(rule: Rule) -> None:
    found = next_step(vetoed(), rule, brakes(), at(5))
    assert waits(found) == (State.NEEDS_HUMAN, Reason.VETOED)


def test_rule_12_after_a_veto_it_acts_no_more() -> None:
    over = decided(15, State.NEEDS_HUMAN, Reason.VETOED)
    incident = vetoed(over, traced(16), look(60, 9))
    found = step(incident, 61)
    assert waits(found) == (State.NEEDS_HUMAN, Reason.VETOED)


def test_rule_12_a_resolve_ends_what_was_vetoed() -> None:
    over = decided(15, State.NEEDS_HUMAN, Reason.VETOED)
    found = step(vetoed(over, resolved(20)), 21)
    assert isinstance(found, Finish)
    assert found.state is State.STOOD_DOWN


def test_rule_13_an_incident_whose_veto_an_earlier_version_took_back_goes_on() -> None:
    stored = {"at": at(12).isoformat(), "by": "ada", "act_at": at(27).isoformat()}
    undone = decode(json.dumps({"event": "veto_undone", **stored}))
    held = decided(5, State.HOLDING, Reason.VETOED)
    assert vetoed(held, undone).vetoed is None
    found = step(vetoed(held, look(13, 6), undone), 13)
    assert isinstance(found, Wait)
    assert (found.reason, found.told) == (Reason.VETO_WINDOW, at(27))
    assert isinstance(step(vetoed(held, undone, look(27, 6)), 27), Send)


def test_a_veto_that_an_earlier_version_took_back_changes_no_ended_incident() -> None:
    undone = VetoUndone(at=at(12), by="ada", act_at=at(27))
    sent = call(27, Outcome.RESOLVED)
    over = Finished(at=at(60), state=State.RECOVERED, reason=Reason.ORDER_SEEN)
    ended = vetoed(undone, look(27, 6), *sent, over)
    assert (ended.state, ended.ended_at) == (State.RECOVERED, at(60))


# Report now


def asked(seconds: float) -> ReportRequested:
    return ReportRequested(at=at(seconds), by="ada")


@pytest.mark.parametrize("rule", [VETO, RULE], ids=["veto", "auto"])
def test_rule_13_report_now_looks_once_more_and_skips_threshold_and_window(
    rule: Rule,
) -> None:
    incident = opened(look(0, 1), asked(2))
    assert next_step(incident, rule, brakes(), at(2)) == Gather()
    incident = apply(incident, look(2, 1))
    found = next_step(incident, rule, brakes(), at(2))
    assert isinstance(found, Send)
    assert (found.reason, found.digest) == (Reason.ASKED_BY_PERSON, LINK)


def test_rule_13_report_now_skips_the_cooldown() -> None:
    cooling = replace(spent(LINK, 1, Outcome.UNKNOWN), spent=False)
    incident = opened(look(0, 6), asked(2), look(2, 6))
    found = next_step(incident, RULE, brakes(cooling), at(2))
    assert isinstance(found, Send)
    held = next_step(opened(look(2, 6)), RULE, brakes(cooling), at(2))
    assert waits(held) == (State.HOLDING, Reason.COOLDOWN)


def test_rule_13_report_now_skips_a_silence() -> None:
    silence = PersonActed(at=at(1), action=PersonAction.SILENCED, person="bob")
    incident = opened(look(0, 6), silence, asked(2), look(2, 6))
    assert isinstance(next_step(incident, RULE, brakes(), at(2)), Send)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"reports_last_hour": 6}, Reason.BREAKER_OPEN),
        ({"in_flight": True}, Reason.REPORT_IN_FLIGHT),
        ({"pause": Pause(at=at(0), by="bob")}, Reason.PAUSED),
    ],
)
def test_rule_13_report_now_skips_neither_pause_nor_breaker_nor_a_call_in_flight(
    facts: dict[str, object], reason: Reason
) -> None:
    paused = Paused(at=at(0), by="bob")
    events = (paused,) if "pause" in facts else ()
    incident = opened(*events, look(0, 6), asked(2), look(2, 6))
    found = next_step(incident, RULE, brakes(**facts), at(2))
    assert waits(found)[1] is reason


def test_rule_13_report_now_calls_no_spent_link() -> None:
    known = spent(LINK, 1, Outcome.WRONG_CODE)
    incident = opened(look(0, 6), asked(2), look(2, 6))
    assert isinstance(next_step(incident, RULE, brakes(known), at(2)), Wait)


def test_rule_13_report_now_is_one_call() -> None:
    incident = opened(look(0, 1), asked(2), look(2, 1), intended(2))
    assert incident.requested is None


def test_rule_13_report_now_lapses_after_a_minute() -> None:
    waiting = opened(look(0, 1), asked(2))
    in_time, late = apply(waiting, look(61, 1)), apply(waiting, look(62, 1))
    assert isinstance(next_step(in_time, RULE, brakes(), at(61)), Send)
    assert isinstance(next_step(late, RULE, brakes(), at(62)), Wait)


def test_rule_13_report_now_takes_a_veto_back() -> None:
    over = decided(5, State.NEEDS_HUMAN, Reason.VETOED)
    for incident in (vetoed(asked(8), look(8, 6)), vetoed(over, asked(8), look(8, 6))):
        assert isinstance(step(incident, 8), Send)


def test_rule_10_a_call_that_was_asked_for_and_had_no_answer_is_made_once_more() -> (
    None
):
    sent = intended(2, reason=Reason.ASKED_BY_PERSON)
    unanswered = sent, answered(3, Outcome.UNKNOWN)
    incident = opened(look(0, 1), asked(2), *unanswered, look(10, 1))
    found = next_step(incident, RULE, brakes(), at(10))
    assert isinstance(found, Send)
    assert found.reason is Reason.UNANSWERED


# Shadow


def withheld(seconds: float = 1) -> ReportWithheld:
    return ReportWithheld(
        at=at(seconds), link="l", digest=LINK, reason=Reason.THRESHOLD_REACHED
    )


def test_rule_13_shadow_finds_the_first_error_as_any_other() -> None:
    incident = opened(look(0, 6), withheld(), look(11, 6))
    assert next_step(incident, SHADOW, brakes(), at(11.5)) == TraceBack()


def test_rule_13_shadow_looks_on_while_the_errors_last() -> None:
    incident = opened(look(0, 6), withheld(), traced(2), look(600, 6))
    found = next_step(incident, SHADOW, brakes(), at(600.5))
    assert waits(found) == (State.VERIFYING, Reason.SHADOW)


def test_rule_13_shadow_looks_exactly_at_verify_after() -> None:
    incident = opened(look(0, 6), withheld(), traced(2), look(25, 0, links=()))
    found = next_step(incident, SHADOW, brakes(), at(26))
    assert isinstance(found, Wait)
    assert found.until == at(31)


def test_rule_13_shadow_ends_when_the_alert_resolves() -> None:
    incident = opened(look(0, 6), withheld(), resolved(5))
    found = next_step(incident, SHADOW, brakes(), at(6))
    assert isinstance(found, Finish)
    assert (found.state, found.reason) == (State.STOOD_DOWN, Reason.SHADOW)


def test_rule_13_shadow_withholds_although_a_bound_is_used() -> None:
    found = next_step(opened(look(0, 6)), SHADOW, brakes(reports_last_hour=9), at(0))
    assert isinstance(found, Withhold)
