"""Policy rules 2 to 14 as tables: before a report has taken effect."""

from dataclasses import replace
from datetime import timedelta

import pytest

from responder.incident.alert import PersonAction
from responder.incident.attempt import link_at_hand
from responder.incident.events import (
    AlertFired,
    AlertResolved,
    Event,
    FactoryProbed,
    Looked,
    Opened,
    Paused,
    PersonActed,
    ReportAnswered,
)
from responder.incident.facts import handed_to_person
from responder.incident.incident import Incident, apply, fold
from responder.incident.names import Mode, Outcome, Reason, Sender, State
from responder.incident.pause import Pause
from responder.incident.playbook import next_step
from responder.incident.rule import Rule
from responder.incident.steps import (
    Finish,
    Gather,
    Lost,
    Probe,
    Send,
    Share,
    Step,
    TraceBack,
    Wait,
    Withhold,
)
from tests.policy.timelines import (
    LINK,
    OTHER,
    RULE,
    answered,
    at,
    brakes,
    call,
    decided,
    followed,
    intended,
    look,
    opened,
    resolved,
    spent,
    traced,
)


def step(incident: Incident, seconds: float, **facts: object) -> Step:
    return next_step(incident, RULE, brakes(**facts), at(seconds))


def state_of(found: Step) -> tuple[State, Reason]:
    assert isinstance(found, Wait | Finish), found
    return found.state, found.reason


def test_a_new_incident_looks_at_the_logs_at_once() -> None:
    assert step(opened(), 0) == Gather()


@pytest.mark.parametrize(("count", "sends"), [(5, True), (6, True), (4, False)])
def test_rule_1_a_check_at_its_threshold_confirms(count: int, sends: bool) -> None:
    found = step(opened(look(0, count)), 0.01)
    assert isinstance(found, Send) is sends


def test_rule_6_below_the_threshold_it_looks_again_every_recheck() -> None:
    found = step(opened(look(0, 4)), 0.01)
    assert isinstance(found, Wait)
    assert found.until == at(10)
    assert state_of(found) == (State.HOLDING, Reason.BELOW_THRESHOLD)
    assert (found.observed, found.limit) == (4, 5)


@pytest.mark.parametrize("events", [(), (look(0, 4),)], ids=["new", "looked at"])
def test_a_clock_that_was_set_back_puts_no_look_off(events: tuple[Looked, ...]) -> None:
    assert step(opened(*events), -3600) == Gather()


def test_a_look_of_before_the_clock_was_set_back_is_no_reason_to_report() -> None:
    assert step(opened(look(0, 6)), -3600) == Gather()


def test_rule_6_gives_up_a_quarter_of_an_hour_after_the_last_notice() -> None:
    found = step(opened(look(899, 0, links=())), 900)
    assert state_of(found) == (State.STOOD_DOWN, Reason.NOT_CONFIRMED)


def test_rule_17_a_resolve_first_means_no_call() -> None:
    found = step(opened(look(0, 6), resolved(0.5)), 1)
    assert state_of(found) == (State.STOOD_DOWN, Reason.ALERT_RESOLVED)


@pytest.mark.parametrize(
    "notice",
    [resolved(0.5, state_reason="MissingSeries"), resolved(0.5, truncated=True)],
    ids=["state reason", "truncated"],
)
def test_rule_17_a_resolve_that_proves_nothing_is_only_noted(
    notice: AlertResolved,
) -> None:
    found = step(opened(look(0, 4), notice), 1)
    assert state_of(found) == (State.HOLDING, Reason.BELOW_THRESHOLD)


def test_rule_17_every_fingerprint_must_have_resolved() -> None:
    incident = opened(look(0, 4), resolved(0.5, "f1"), alerts=("f1", "f2"))
    assert state_of(step(incident, 1)) == (State.HOLDING, Reason.BELOW_THRESHOLD)


def test_rule_7_unreadable_logs_are_never_permission_to_act() -> None:
    found = step(opened(look(0, None)), 0.1)
    assert state_of(found) == (State.HOLDING, Reason.LOGS_UNREADABLE)


def test_rule_7_a_person_is_called_after_a_minute_of_unreadable_logs() -> None:
    incident = opened(look(0, None), look(59.5, None))
    assert state_of(step(incident, 60)) == (State.NEEDS_HUMAN, Reason.LOGS_UNREADABLE)


def test_rule_7_a_fixed_link_does_not_act_on_unreadable_logs_either() -> None:
    incident = opened(look(0, None), look(59.5, None))
    fixed = brakes(fixed_link=LINK, fixed_name="link aaaa")
    found = state_of(next_step(incident, RULE, fixed, at(60)))
    assert found == (State.NEEDS_HUMAN, Reason.LOGS_UNREADABLE)


def test_rule_12_loki_back_after_needs_human_acts() -> None:
    incident = opened(
        look(0, None),
        decided(60, State.NEEDS_HUMAN, Reason.LOGS_UNREADABLE),
        look(90, 6),
        traced(90),
    )
    assert isinstance(step(incident, 90.1), Send)


def test_rule_12_confirmed_without_a_link_holds_and_then_calls_a_person() -> None:
    first = opened(look(0, 6, links=()))
    assert state_of(step(first, 1)) == (State.HOLDING, Reason.NO_LINK)
    later = opened(look(0, 6, links=()), look(60, 6, links=()), probed(60.2))
    assert state_of(step(later, 60.5)) == (State.NEEDS_HUMAN, Reason.NO_LINK)


def test_rule_12_a_resolve_ends_the_wait_for_a_person() -> None:
    incident = opened(
        look(0, 6, links=()),
        decided(60, State.NEEDS_HUMAN, Reason.NO_LINK),
        resolved(90),
    )
    assert state_of(step(incident, 91)) == (State.STOOD_DOWN, Reason.ALERT_RESOLVED)


def test_rule_12_errors_below_the_threshold_for_long_end_the_wait() -> None:
    incident = opened(
        look(0, 6, links=()),
        decided(60, State.NEEDS_HUMAN, Reason.NO_LINK),
        traced(60),
        look(90, 0, links=()),
        look(990, 0, links=()),
    )
    assert state_of(step(incident, 991)) == (State.STOOD_DOWN, Reason.ERRORS_STOPPED)


def test_rule_12_unreadable_logs_never_end_the_wait() -> None:
    incident = opened(
        look(0, 6, links=()),
        decided(60, State.NEEDS_HUMAN, Reason.NO_LINK),
        traced(60),
        look(90, 0, links=()),
        look(800, None),
        look(990, 0, links=()),
    )
    assert state_of(step(incident, 991)) == (State.NEEDS_HUMAN, Reason.NO_LINK)


def test_rule_2_one_report_at_a_time_per_factory() -> None:
    found = step(opened(look(0, 6)), 0.1, in_flight=True)
    assert state_of(found) == (State.HOLDING, Reason.REPORT_IN_FLIGHT)


def test_rule_2_another_incidents_answer_for_the_link_is_shared() -> None:
    record = spent(LINK, 5, Outcome.RESOLVED, incident="i2")
    found = next_step(opened(look(0, 6)), RULE, brakes(record), at(6))
    assert found == Share(name="link aaaa", record=record)


def test_rule_2_an_answer_from_before_our_first_evidence_is_not_shared() -> None:
    record = spent(LINK, -90, Outcome.RESOLVED, incident="i2")
    found = next_step(opened(look(0, 6)), RULE, brakes(record), at(1))
    assert not isinstance(found, Share)


def test_rule_10_a_wrong_code_goes_on_with_the_newer_link_at_once() -> None:
    incident = opened(look(0, 6, links=(LINK, OTHER)), *call(0.1, Outcome.WRONG_CODE))
    wrong = spent(LINK, 1.1, Outcome.WRONG_CODE)
    found = next_step(incident, RULE, brakes(wrong), at(1.2))
    assert isinstance(found, Send)
    assert (found.digest, found.reason) == (OTHER, Reason.NEWER_LINK)


def test_rule_10_a_wrong_code_is_never_called_twice() -> None:
    incident = opened(look(0, 6), *call(0.1, Outcome.WRONG_CODE))
    wrong = spent(LINK, 1.1, Outcome.WRONG_CODE)
    found = next_step(incident, RULE, brakes(wrong), at(1.2))
    assert state_of(found) == (State.HOLDING, Reason.WRONG_CODE)
    assert isinstance(found, Wait)
    assert found.until == at(10)


def test_rule_10_five_wrong_codes_call_a_person() -> None:
    codes = [f"{n}" * 64 for n in range(6)]
    calls = [e for n in range(5) for e in call(n, Outcome.WRONG_CODE, codes[n])]
    incident = opened(*calls, look(6, 6, links=codes[5:]))
    records = [spent(code, 1, Outcome.WRONG_CODE) for code in codes[:5]]
    # Confirmed by the look, the sixth link is at hand.
    found = next_step(incident, RULE, brakes(*records), at(6.1))
    assert state_of(found) == (State.NEEDS_HUMAN, Reason.WRONG_CODE)


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.UNREACHABLE])
def test_rule_10_a_failed_call_is_tried_again_after_a_second(outcome: Outcome) -> None:
    incident = opened(look(0, 6), *call(0.1, outcome))
    held = step(incident, 1.2)
    assert isinstance(held, Wait)
    assert held.state is State.HOLDING
    assert at(1.8) < held.until < at(2.5)
    assert isinstance(step(incident, 2.5), Send)


def test_rule_10_calls_a_person_when_the_factory_stays_unreachable() -> None:
    failing = [e for n in (0.1, 895.0) for e in call(n, Outcome.UNREACHABLE)]
    incident = opened(look(0, 6), *failing, look(900, 6))
    found = step(incident, 901)
    assert state_of(found) == (State.NEEDS_HUMAN, Reason.FACTORY_UNREACHABLE)


def test_rule_10_an_intent_without_an_answer_waits_for_timeout_and_a_second() -> None:
    incident = opened(look(0, 6), intended(1))
    held = step(incident, 2)
    assert isinstance(held, Wait)
    assert (held.until, held.state) == (at(7), State.REPORTING)
    assert step(incident, 7) == Lost()


def test_rule_10_after_a_lost_answer_the_same_link_is_called_once_more() -> None:
    incident = opened(look(0, 6), intended(1), answered(7, Outcome.UNKNOWN))
    effective = replace(spent(LINK, 7, Outcome.UNKNOWN), spent=False)
    found = next_step(incident, RULE, brakes(effective), at(7.1))
    assert isinstance(found, Send)
    assert (found.digest, found.reason) == (LINK, Reason.UNANSWERED)


def test_rule_10_a_second_unknown_is_verified_from_that_call() -> None:
    unknown = [*call(1, Outcome.UNKNOWN), *call(8, Outcome.UNKNOWN)]
    incident = opened(look(0, 6), *unknown)
    found = next_step(incident, RULE, brakes(spent(LINK, 9, Outcome.UNKNOWN)), at(9.1))
    assert isinstance(found, Wait)
    assert (found.state, found.until) == (State.VERIFYING, at(18))


def test_rule_11_max_reports_counts_calls_that_may_have_taken_effect() -> None:
    rule = replace(RULE, max_reports=1)
    incident = opened(look(0, 6), intended(1), answered(2, Outcome.UNKNOWN))
    found = next_step(incident, rule, brakes(), at(7.1))
    assert state_of(found) == (State.NEEDS_HUMAN, Reason.MAX_REPORTS)


def test_rule_11_the_same_code_is_not_called_within_the_cool_down() -> None:
    record = replace(spent(LINK, -90, Outcome.RESOLVED, "i0"), spent=False)
    found = next_step(opened(look(0, 6)), RULE, brakes(record), at(1))
    assert isinstance(found, Wait)
    assert (found.reason, found.told) == (Reason.COOLDOWN, at(30))


HOUR_USED = {"reports_last_hour": 6, "hour_frees_at": at(100)}
CALLED = decided(1, State.NEEDS_HUMAN, Reason.BREAKER_OPEN)


@pytest.mark.parametrize(
    ("incident", "seconds", "state", "reason"),
    [
        (opened(look(0, 6)), 1, State.NEEDS_HUMAN, Reason.BREAKER_OPEN),
        (opened(look(0, 4)), 1, State.HOLDING, Reason.BELOW_THRESHOLD),
        (
            opened(look(0, 6), CALLED, traced(1), look(61, 6)),
            62,
            State.NEEDS_HUMAN,
            Reason.BREAKER_OPEN,
        ),
        (
            opened(look(0, 6), *call(0, Outcome.RESOLVED), look(121, 1, late=True)),
            122,
            State.NEEDS_HUMAN,
            Reason.BREAKER_OPEN,
        ),
    ],
    ids=["confirmed", "not confirmed", "with a person", "in verification"],
)
def test_rule_11_a_confirmed_incident_that_the_hour_holds_calls_a_person_at_once(
    incident: Incident, seconds: float, state: State, reason: Reason
) -> None:
    record = spent(LINK, 1, Outcome.RESOLVED)
    known = [record] if incident.reports else []
    found = next_step(incident, RULE, brakes(*known, **HOUR_USED), at(seconds))
    assert state_of(found) == (state, reason)


def test_rule_11_it_looks_on_every_half_minute_until_the_hour_frees_a_call() -> None:
    first = step(opened(look(0, 6)), 1, **HOUR_USED)
    assert isinstance(first, Wait)
    assert (first.until, first.told) == (at(31), at(100))
    incident = opened(look(0, 6), CALLED, traced(1))
    assert step(incident, 31, **HOUR_USED) == Gather()
    last = apply(incident, look(91, 6))
    waiting = step(last, 92, **HOUR_USED)
    assert isinstance(waiting, Wait)
    assert waiting.until == at(100)
    found = step(last, 100)
    assert isinstance(found, Send)
    assert found.digest == LINK


def test_rule_11_the_first_error_is_found_while_the_hour_holds() -> None:
    assert step(opened(look(0, 6), CALLED), 2, **HOUR_USED) == TraceBack()


def test_rule_14_pause_holds() -> None:
    pressed = Paused(at=at(0), by="ada")
    incident = opened(pressed, look(0, 6))
    found = step(incident, 1, pause=Pause(at=at(0), by="ada"))
    assert state_of(found) == (State.HOLDING, Reason.PAUSED)


def test_rule_13_shadow_withholds_the_report() -> None:
    rule = replace(RULE, mode=Mode.SHADOW)
    found = next_step(opened(look(0, 6)), rule, brakes(), at(0.1))
    expected = Withhold(name="link aaaa", digest=LINK, reason=Reason.THRESHOLD_REACHED)
    assert found == expected


@pytest.mark.parametrize(
    ("looked", "seconds", "expected"),
    [
        ([], 1, Gather()),
        (
            [look(0, 6)],
            29,
            Wait(until=at(59), state=State.HOLDING, reason=Reason.SILENCED),
        ),
        ([look(0, 6)], 30, Gather()),
    ],
    ids=["at once", "then not before 30 s", "every 30 s"],
)
def test_rule_18_what_fails_is_counted_during_a_silence(
    looked: list[Event], seconds: float, expected: Step
) -> None:
    silence = PersonActed(
        at=at(0), action=PersonAction.SILENCED, person="ada", until=None
    )

    assert step(opened(*looked, silence), seconds) == expected


def test_rule_18_a_silence_holds_until_its_end() -> None:
    silence = PersonActed(
        at=at(0.5), action=PersonAction.SILENCED, person="ana", until=at(20)
    )
    incident = opened(look(0, 6), silence)
    held = step(incident, 1)
    assert isinstance(held, Wait)
    assert (held.reason, held.until) == (Reason.SILENCED, at(20))
    assert step(incident, 20) == Gather()


def test_rule_8_links_are_tried_in_the_order_found() -> None:
    found = step(opened(look(0, 6, links=(OTHER, LINK))), 0.1)
    assert isinstance(found, Send)
    assert found.digest == OTHER


def test_backoff_for_unreadable_logs_doubles() -> None:
    incident = opened(look(0, None), look(1, None), look(3, None))
    found = step(incident, 3.1)
    assert isinstance(found, Wait)
    assert found.until == at(3) + timedelta(seconds=4)


def late(incident: Incident) -> Incident:
    found = tuple(replace(c, late=True) for c in incident.candidates)
    return replace(incident, candidates=found)


@pytest.mark.parametrize(
    ("incident", "link"),
    [
        (opened(), None),
        (opened(look(1, None)), None),
        (opened(look(1, links=(LINK, OTHER))), LINK),
        (opened(look(1), *call(2, Outcome.REFUSED)), LINK),
        (opened(look(1), *call(2, Outcome.UNKNOWN)), LINK),
        (
            opened(look(1), *call(2, Outcome.UNKNOWN), *call(9, Outcome.UNKNOWN)),
            LINK,
        ),
        (opened(look(1), *call(2, Outcome.WRONG_CODE)), None),
        (opened(look(1, links=(LINK, OTHER)), *call(2, Outcome.WRONG_CODE)), OTHER),
        (opened(look(1), *call(2, Outcome.RESOLVED)), LINK),
        (opened(look(1, links=()), *call(2, Outcome.RESOLVED)), LINK),
        (late(opened(look(1), *call(2, Outcome.RESOLVED))), LINK),
        (
            late(
                opened(look(1), *call(2, Outcome.RESOLVED), *call(9, Outcome.REFUSED))
            ),
            LINK,
        ),
        (late(opened(look(1), *call(2, Outcome.WRONG_CODE))), None),
    ],
)
def test_rule_13_a_link_is_at_hand_for_a_person_unless_its_code_is_wrong(
    incident: Incident, link: str | None
) -> None:
    found = link_at_hand(incident)
    assert (found.digest if found else None) == link


def test_rule_12_nobody_is_called_for_a_missing_link_while_orders_work_again() -> None:
    working = look(61, 6, links=(), failures=6, failed_at=20, in_a_row=1)
    found = step(opened(look(0, 6, links=()), working), 61.1)

    assert isinstance(found, Wait)
    assert (found.state, found.reason) == (State.HOLDING, Reason.NO_LINK)
    assert found.until == at(71)


def test_rule_12_a_person_is_called_once_no_link_came_and_orders_fail() -> None:
    failing = look(61, 6, links=(), failures=6, failed_at=60)
    found = step(opened(look(0, 6, links=()), failing, probed(61)), 61.1)

    assert isinstance(found, Wait)
    assert (found.state, found.reason) == (State.NEEDS_HUMAN, Reason.NO_LINK)


def unanswered(seconds: float, digest: str = LINK, method: str = "GET") -> list[Event]:
    """A call whose answer did not come in time."""
    intent, answer = call(seconds, Outcome.UNKNOWN, digest)
    assert isinstance(answer, ReportAnswered)
    return [intent, replace(answer, method=method)]


@pytest.mark.parametrize(
    ("calls", "facts", "method"),
    [
        ([], {}, ""),
        ([], {"method": "GET"}, "GET"),
        (unanswered(0.1), {}, "POST"),
        (unanswered(0.1, method="POST"), {}, "GET"),
        (unanswered(0.1, method=""), {}, "POST"),
        (unanswered(0.1, method=""), {"fixed_link": LINK}, "GET"),
        (unanswered(0.1), {"method": "GET"}, "GET"),
        (unanswered(0.1, OTHER), {}, ""),
        (call(0.1, Outcome.UNREACHABLE), {}, ""),
    ],
    ids=[
        "first call",
        "remembered",
        "repeat after GET",
        "repeat after POST",
        "repeat after a crash",
        "repeat after a crash, fixed link",
        "repeat with a remembered method",
        "another link",
        "retry",
    ],
)
def test_rule_9_the_method_that_a_call_begins_with(
    calls: list[Event], facts: dict[str, object], method: str
) -> None:
    found = step(opened(look(0, 6), *calls, look(8, 6)), 8, **facts)
    assert isinstance(found, Send)
    assert found.method == method


TWICE = [*unanswered(1), *unanswered(8, method="POST")]
USED = decided(45, State.NEEDS_HUMAN, Reason.MAX_REPORTS)
NEWER = look(76, 6, links=(OTHER,))


@pytest.mark.parametrize(
    ("events", "seconds", "expected"),
    [
        ([*TWICE, traced(9), look(45, 6, late=True)], 46, Reason.MAX_REPORTS),
        ([*TWICE, traced(9), look(45, 6, links=())], 46, Reason.MAX_REPORTS),
        ([*TWICE, traced(9), look(45, 6, links=(OTHER,))], 46, Reason.MAX_REPORTS),
        ([*TWICE, traced(9), look(45, 6, late=True), USED, NEWER], 76, OTHER),
        (
            [*TWICE, traced(9), USED, NEWER, *unanswered(76, OTHER), look(90, 6)],
            90,
            Reason.MAX_REPORTS,
        ),
        (
            [
                *[*TWICE, traced(9), USED, NEWER, *unanswered(76, OTHER)],
                look(90, 6, links=(OTHER,)),
            ],
            90,
            OTHER,
        ),
        (
            [
                *[*TWICE, traced(9), USED, NEWER, *call(76, Outcome.RESOLVED, OTHER)],
                look(90, 6, links=("c" * 64,)),
            ],
            90,
            Reason.MAX_REPORTS,
        ),
    ],
    ids=[
        "the same link: a person",
        "no link: a person",
        "a newer link: a person first",
        "a newer link: then the call",
        "the unanswered link again: never",
        "the newer link unanswered: once more",
        "an answer came: the bound holds",
    ],
)
def test_rule_9_max_reports_used_up_by_unanswered_calls_leaves_a_newer_link(
    events: list[Event], seconds: float, expected: Reason | str
) -> None:
    unknown = spent(LINK, 9, Outcome.UNKNOWN)
    found = next_step(opened(look(0, 6), *events), RULE, brakes(unknown), at(seconds))
    if isinstance(expected, Reason):
        assert state_of(found) == (State.NEEDS_HUMAN, expected)
    else:
        assert isinstance(found, Send)
        assert found.digest == expected


PAUSE = Pause(by="kim", at=at(10), until=at(400))


@pytest.mark.parametrize("called", [[], [USED]], ids=["not called yet", "called"])
@pytest.mark.parametrize(
    ("rule", "facts", "most"),
    [
        (RULE, {}, 1),
        (RULE, {"pause": PAUSE}, 1),
        (RULE, {"in_flight": True}, 1),
        (RULE, {"reports_last_hour": 6}, 1),
        (replace(RULE, mode=Mode.VETO), {}, 2),
        (replace(RULE, mode=Mode.VETO, veto_window=timedelta(minutes=5)), {}, 2),
    ],
    ids=["free", "pause", "in flight", "breaker", "veto window", "long veto window"],
)
def test_rule_9_what_holds_a_newer_link_calls_a_person_once_at_most(
    rule: Rule, facts: dict[str, object], most: int, called: list[Event]
) -> None:
    def seen(seconds: float) -> Looked:
        return look(seconds, 6, links=(OTHER,))

    incident = opened(look(0, 6), *TWICE, traced(9), *called, seen(76))
    known = brakes(spent(LINK, 9, Outcome.UNKNOWN), **facts)
    decisions, last = followed(incident, rule, known, seen, 76, 390)

    reasons = [d.reason for d in decisions]
    assert reasons.count(Reason.MAX_REPORTS) <= 1
    assert len(reasons) <= most
    if not facts:
        assert isinstance(last, Send)
        assert last.digest == OTHER
        assert called or Reason.MAX_REPORTS in reasons


def test_rule_9_a_newer_link_still_waits_for_the_hour() -> None:
    incident = opened(look(0, 6), *TWICE, traced(9), USED, NEWER)
    found = step(incident, 76, reports_last_hour=6)
    assert state_of(found) == (State.NEEDS_HUMAN, Reason.BREAKER_OPEN)


@pytest.mark.parametrize(
    ("calls", "over"),
    [(TWICE, False), ([*unanswered(1), *call(8, Outcome.RESOLVED)], True)],
)
def test_rule_12_after_unanswered_calls_alone_the_automation_is_not_over(
    calls: list[Event], over: bool
) -> None:
    assert handed_to_person(opened(look(0, 6), *calls, USED)) is over


def probed(seconds: float, why: str = "") -> FactoryProbed:
    return FactoryProbed(at=at(seconds), reachable=not why, why=why)


def linkless(*events: Event) -> Incident:
    """Confirmed without a link at 0 s, and seen to fail still when a minute is over."""
    bare = [look(seconds, 6, links=()) for seconds in (0, 30, 60)]
    return opened(*bare, *events)


def foreign(found: Looked) -> Looked:
    return replace(found, foreign_links=6)


@pytest.mark.parametrize(
    ("incident", "expected"),
    [
        (linkless(), Probe()),
        (linkless(probed(60.5)), (State.NEEDS_HUMAN, Reason.NO_LINK)),
        (linkless(probed(60.5, "HTTP 502")), (State.NEEDS_HUMAN, Reason.NO_LINK)),
        (linkless(probed(-600)), Probe()),
        (
            linkless(foreign(look(60, 6, links=()))),
            (State.NEEDS_HUMAN, Reason.NO_LINK),
        ),
        (
            linkless(look(60, 6, links=(), in_a_row=1)),
            (State.HOLDING, Reason.NO_LINK),
        ),
        (
            opened(look(1.5, 6, links=()), look(60, 6, links=())),
            (State.HOLDING, Reason.NO_LINK),
        ),
    ],
    ids=[
        "first it asks the factory",
        "it answers",
        "it does not",
        "what it answered to an earlier fault is asked again",
        "other keys need no question",
        "nobody is called, so nobody is asked",
        "not yet",
    ],
)
def test_rule_12_the_factory_is_asked_just_before_a_person_is_called(
    incident: Incident, expected: Step | tuple[State, Reason]
) -> None:
    found = step(incident, 61)

    assert (found if isinstance(found, Probe) else state_of(found)) == expected


def test_rule_12_the_factory_is_asked_once_logs_can_be_read_again() -> None:
    blind = decided(50, State.NEEDS_HUMAN, Reason.LOGS_UNREADABLE)

    assert step(linkless(blind, traced(51)), 61) == Probe()


WATCHED = Opened(at=at(0), rule=RULE.name, reason=Reason.SELF_DETECTED)
ORDERS = replace(RULE, failed="{} |= failed")
FIRED = AlertFired(at=at(5), fingerprint="f", starts_at=at(0), sender=Sender.GRAFANA)


def failed_orders(seconds: float) -> Looked:
    return replace(look(seconds, 6, links=()), failed_lines=("1-a",))


@pytest.mark.parametrize(
    ("rule", "events", "calls"),
    [
        (ORDERS, [WATCHED, look(0, 6, links=())], False),
        (ORDERS, [WATCHED, look(0, 6, links=()), failed_orders(60)], True),
        (RULE, [WATCHED, look(0, 6, links=())], True),
        (ORDERS, [WATCHED, FIRED, look(0, 6, links=())], True),
        (ORDERS, [replace(WATCHED, reason=Reason.RELAPSE), look(0, 6, links=())], True),
    ],
    ids=["no order failed", "orders failed", "unknown", "an alert too", "a relapse"],
)
def test_rule_3_what_only_a_watch_saw_calls_a_person_only_if_orders_failed(
    rule: Rule, events: list[Event], calls: bool
) -> None:
    seen = fold("i1", [*events, look(60, 6, links=()), probed(61)])

    found = next_step(seen, rule, brakes(), at(61.5))

    assert state_of(found)[0] is (State.NEEDS_HUMAN if calls else State.HOLDING)


def test_rule_3_what_only_a_watch_saw_ends_as_any_other_incident() -> None:
    seen = fold("i1", [WATCHED, look(0, 6, links=()), look(899, 0, links=())])

    found = next_step(seen, ORDERS, brakes(), at(900))

    assert state_of(found) == (State.STOOD_DOWN, Reason.NOT_CONFIRMED)
