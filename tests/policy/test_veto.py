"""Rule 13's windows: a report that is announced, stopped, given back or asked for."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from responder.incident.alert import PersonAction
from responder.incident.events import (
    Candidate,
    Event,
    Finished,
    Looked,
    Paused,
    PersonActed,
    ReportIntended,
    ReportPlanned,
    ReportRequested,
    ReportWithheld,
    Resumed,
    Vetoed,
    VetoUndone,
)
from responder.incident.incident import Incident, apply
from responder.incident.names import Mode, Outcome, Reason, State
from responder.incident.pause import Pause
from responder.incident.playbook import next_step
from responder.incident.rule import Rule
from responder.incident.service import LinkRecord
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
from responder.store.timeline import decode
from tests.policy.timelines import (
    LINK,
    OTHER,
    RULE,
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


def calm(seconds: float) -> Looked:
    return look(seconds, 0, links=(), good=0)


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


PAUSE = Pause(at=at(0), by="bob")
ONCE, AGAIN = call(0.1, Outcome.RESOLVED), call(0.5, Outcome.RESOLVED, OTHER)
TWICE_FIXED = replace(spent(LINK, 1.1, Outcome.RESOLVED), again=True)
OLD = replace(
    look(2, 0, links=()),
    spent=(Candidate(name="link aaaa", digest=LINK, seen_at=at(-5)),),
)


@pytest.mark.parametrize(
    ("events", "record", "facts", "now"),
    [
        ([Paused(at=at(0), by="bob"), asked(2), look(2, 6)], None, {"pause": PAUSE}, 2),
        ([*ONCE, *AGAIN, traced(2), asked(2), look(2, links=("c" * 64,))], None, {}, 2),
        ([*ONCE, traced(2), asked(2), OLD], spent(LINK, 1.1, Outcome.RESOLVED), {}, 2),
        ([traced(2), asked(2), OLD], spent(LINK, 0, Outcome.NOTHING_TO_RESOLVE), {}, 2),
        ([traced(2), asked(60), look(60, 1, late=True)], TWICE_FIXED, {}, 60),
        ([*call(0.1, Outcome.UNREACHABLE), asked(1.2), look(1.2, 6)], None, {}, 1.2),
    ],
    ids=[
        "a pause",
        "max_reports",
        "the same link again",
        "a link that another incident spent",
        "once more, ever",
        "the pause between two tries",
    ],
)
def test_rule_13_report_now_skips(
    events: Sequence[Event],
    record: LinkRecord | None,
    facts: dict[str, object],
    now: float,
) -> None:
    known = [record] if record else []
    incident = opened(look(0, 6), *events)
    found = next_step(incident, RULE, brakes(*known, **facts), at(now))
    assert isinstance(found, Send)
    assert (found.by, found.reason) == ("ada", Reason.ASKED_BY_PERSON)


@pytest.mark.parametrize(
    ("record", "facts", "reason"),
    [
        (None, {"reports_last_hour": 6}, Reason.BREAKER_OPEN),
        (None, {"in_flight": True}, Reason.REPORT_IN_FLIGHT),
        (spent(LINK, 1, Outcome.WRONG_CODE), {}, Reason.NO_LINK),
    ],
    ids=["the hour's limit", "a call in flight", "a wrong code"],
)
def test_rule_13_report_now_never_skips(
    record: LinkRecord | None, facts: dict[str, object], reason: Reason
) -> None:
    incident = opened(look(0, 6), asked(2), look(2, 6))
    known = [record] if record else []
    found = next_step(incident, RULE, brakes(*known, **facts), at(2))
    assert waits(found)[1] is reason


def by_ada(outcome: Outcome, seconds: float = 2) -> list[Event]:
    """The person's own call and its answer."""
    intent, answer = call(seconds, outcome)
    assert isinstance(intent, ReportIntended)
    reason = Reason.ASKED_BY_PERSON
    return [asked(seconds), replace(intent, by="ada", reason=reason), answer]


@pytest.mark.parametrize(
    ("outcome", "later", "state", "reason"),
    [
        (Outcome.RESOLVED, calm(13), State.VERIFYING, Reason.REPORTED),
        (Outcome.UNKNOWN, look(13, 4), State.NEEDS_HUMAN, Reason.ERRORS_CONTINUE),
        (Outcome.UNKNOWN, calm(13), State.VERIFYING, Reason.UNANSWERED),
        (
            Outcome.RESOLVED,
            look(13, 6, links=(OTHER,)),
            State.NEEDS_HUMAN,
            Reason.ERRORS_CONTINUE,
        ),
        (
            Outcome.WRONG_CODE,
            look(13, 6, links=(OTHER,)),
            State.NEEDS_HUMAN,
            Reason.WRONG_CODE,
        ),
    ],
)
def test_rule_13_after_a_persons_call_the_automation_sends_no_other(
    outcome: Outcome, later: Event, state: State, reason: Reason
) -> None:
    incident = opened(look(0, 6), *by_ada(outcome), traced(4), later)
    found = next_step(incident, RULE, brakes(), at(13.5))
    assert waits(found) == (state, reason)


def test_rule_13_after_a_persons_call_that_did_not_arrive_the_automation_goes_on() -> (
    None
):
    incident = opened(look(0, 6), *by_ada(Outcome.UNREACHABLE), look(13, 6))
    found = next_step(incident, RULE, brakes(), at(13.5))
    assert isinstance(found, Send)
    assert found.by == ""


def test_rule_13_report_now_is_one_call() -> None:
    incident = opened(look(0, 1), asked(2), look(2, 1), intended(2))
    assert incident.requested is None


def test_rule_13_report_now_lapses_after_a_minute() -> None:
    waiting = opened(look(0, 1), asked(2))
    in_time, late = apply(waiting, look(61, 1)), apply(waiting, look(62, 1))
    assert isinstance(next_step(in_time, RULE, brakes(), at(61)), Send)
    assert isinstance(next_step(late, RULE, brakes(), at(62)), Wait)


OVER = decided(5, State.NEEDS_HUMAN, Reason.VETOED)


@pytest.mark.parametrize(
    ("events", "seconds", "expected"),
    [
        ([asked(8), look(8, 6)], 8, None),
        ([OVER, asked(8), look(8, 6)], 8, None),
        ([OVER, asked(8), look(68, 6)], 69, (State.NEEDS_HUMAN, Reason.VETOED)),
        ([asked(8), look(68, 6)], 69, (State.NEEDS_HUMAN, Reason.VETOED)),
        (
            [*by_ada(Outcome.RESOLVED, 8), traced(9), calm(19)],
            19,
            (State.VERIFYING, Reason.REPORTED),
        ),
        ([*by_ada(Outcome.REFUSED, 8)], 40, (State.NEEDS_HUMAN, Reason.VETOED)),
        ([*by_ada(Outcome.WRONG_CODE, 8)], 40, (State.NEEDS_HUMAN, Reason.VETOED)),
    ],
    ids=[
        "asked",
        "asked, a person called",
        "lapsed, a person called",
        "lapsed",
        "resolved",
        "refused",
        "wrong code",
    ],
)
def test_rule_13_a_veto_is_taken_back_for_one_call_alone(
    events: Sequence[Event], seconds: float, expected: tuple[State, Reason] | None
) -> None:
    incident = vetoed(*events)
    if incident.state is State.NEEDS_HUMAN:
        incident = apply(incident, traced(seconds))
    found = next_step(incident, RULE, brakes(), at(seconds))
    if expected is None:
        assert isinstance(found, Send)
    else:
        assert waits(found) == expected


def test_rule_13_a_request_lapses_in_a_minute_of_a_pause_too() -> None:
    waiting = opened(Paused(at=at(0), by="bob"), look(0, 1), asked(2), look(62, 1))
    found = next_step(waiting, RULE, brakes(pause=PAUSE), at(62))
    assert waits(found) == (State.HOLDING, Reason.BELOW_THRESHOLD)


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
