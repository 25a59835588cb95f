"""What an operator may do, and when it is too late: `actions.judge` as tables."""

from dataclasses import replace

import pytest

from responder.incident.actions import (
    Action,
    ActionRefused,
    AddNote,
    Already,
    Close,
    RecordReport,
    ReportNow,
    Veto,
    judge,
)
from responder.incident.events import (
    Event,
    Finished,
    Noted,
    ReportedByHand,
    ReportPlanned,
    ReportRequested,
    ReportShared,
    Vetoed,
    VetoUndone,
)
from responder.incident.names import Mode, Outcome, Reason, State
from responder.incident.pause import Pause
from responder.incident.rule import Rule
from responder.incident.service import Brakes
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
    spent,
)

SHADOW = replace(RULE, mode=Mode.SHADOW)
PLAN = ReportPlanned(
    at=at(1),
    act_at=at(21),
    link="link aaaa",
    digest=LINK,
    reason=Reason.THRESHOLD_REACHED,
)
RECOVERED = Finished(at=at(40), state=State.RECOVERED, reason=Reason.ORDER_SEEN)
CLOSED = Finished(
    at=at(40), state=State.CLOSED, reason=Reason.CLOSED_BY_PERSON, by="bob"
)
OVER = decided(30, State.NEEDS_HUMAN, Reason.MAX_REPORTS)
SHARED = ReportShared(
    at=at(2),
    link="link aaaa",
    digest=LINK,
    incident="i0",
    outcome=Outcome.RESOLVED,
    answered_at=at(1),
)


def judged(
    action: Action,
    *events: Event,
    seconds: float = 50,
    rule: Rule = RULE,
    known: Brakes | None = None,
) -> object:
    incident = opened(look(0, 6), *events)
    return judge(incident, rule, known or brakes(), action, at(seconds))


def test_what_is_only_written_down_is_always_taken() -> None:
    note, hand = AddNote(by="ada", text="x"), RecordReport(by="ada", reported_at=at(2))
    for events in ((), (RECOVERED,), (intended(1),)):
        assert judged(note, *events) == Noted(at=at(50), by="ada", text="x")
        assert judged(hand, *events) == ReportedByHand(
            at=at(50), by="ada", reported_at=at(2)
        )


@pytest.mark.parametrize(
    "events",
    [
        (),
        (PLAN,),
        (*call(1, Outcome.UNREACHABLE),),
        (*call(1, Outcome.RESOLVED), replace(PLAN, at=at(10), act_at=at(60))),
        (Vetoed(at=at(2), by="bob"), VetoUndone(at=at(3), by="bob")),
    ],
)
def test_what_may_still_be_reported_can_be_vetoed(events: tuple[Event, ...]) -> None:
    assert judged(Veto(by="ada"), *events) == Vetoed(at=at(50), by="ada")


@pytest.mark.parametrize(
    ("events", "by", "seconds"),
    [
        ((intended(1),), "Responder", 1),
        ((*call(1, Outcome.RESOLVED),), "Responder", 1),
        ((PLAN, *call(21, Outcome.RESOLVED)), "Responder", 21),
        ((SHARED,), "Responder", 1),
        ((RECOVERED,), "Responder", 40),
        ((CLOSED,), "bob", 40),
    ],
)
def test_a_veto_that_comes_too_late_says_who_was_first(
    events: tuple[Event, ...], by: str, seconds: float
) -> None:
    refusal = judged(Veto(by="ada"), *events)
    assert isinstance(refusal, ActionRefused)
    assert (refusal.by, refusal.at) == (by, at(seconds))


def test_there_is_nothing_to_veto_in_shadow_mode_or_for_a_person() -> None:
    assert isinstance(judged(Veto(by="ada"), rule=SHADOW), ActionRefused)
    assert isinstance(judged(Veto(by="ada"), OVER), ActionRefused)


def test_a_second_veto_and_a_second_close_say_who_was_first() -> None:
    vetoed = Vetoed(at=at(2), by="bob")
    assert judged(Veto(by="ada"), vetoed) == Already(by="bob", at=at(2))
    assert judged(Close(by="ada"), CLOSED) == Already(by="bob", at=at(40))


def test_a_close_is_the_end_by_a_person() -> None:
    closed = judged(Close(by="ada", why="not real"))
    assert isinstance(closed, Finished)
    assert (closed.state, closed.by, closed.why) == (State.CLOSED, "ada", "not real")


@pytest.mark.parametrize("events", [(intended(1),), (RECOVERED,)])
def test_what_is_in_flight_or_over_cannot_be_closed(events: tuple[Event, ...]) -> None:
    assert isinstance(judged(Close(by="ada"), *events), ActionRefused)


@pytest.mark.parametrize(
    "events",
    [
        (),
        (PLAN,),
        (Vetoed(at=at(2), by="bob"),),
        (ReportRequested(at=at(-20), by="bob"),),
        (*call(1, Outcome.REFUSED),),
    ],
)
def test_report_now_is_taken(events: tuple[Event, ...]) -> None:
    found = judged(ReportNow(by="ada"), *events)
    assert found == ReportRequested(at=at(50), by="ada")


@pytest.mark.parametrize(
    ("events", "known"),
    [
        ((), brakes(pause=Pause(at=at(0), by="bob"))),
        ((*call(1, Outcome.RESOLVED), *call(20, Outcome.RESOLVED, OTHER)), brakes()),
        ((*call(1, Outcome.RESOLVED),), brakes(spent(LINK, 2, Outcome.RESOLVED))),
        ((OVER,), brakes()),
        ((Vetoed(at=at(2), by="bob"), OVER), brakes()),
        ((SHARED,), brakes(spent(LINK, 1, Outcome.RESOLVED))),
    ],
    ids=["pause", "max_reports", "spent link", "over", "vetoed", "shared answer"],
)
def test_report_now_is_taken_where_only_the_automation_is_held(
    events: tuple[Event, ...], known: Brakes
) -> None:
    found = judged(ReportNow(by="ada"), *events, known=known)
    assert found == ReportRequested(at=at(50), by="ada")


WRONG = spent(LINK, 1, Outcome.WRONG_CODE)


@pytest.mark.parametrize(
    ("events", "known", "words"),
    [
        ((), brakes(reports_last_hour=6), "all 6 reports allowed within an hour"),
        ((intended(1),), brakes(), "the report of 18:46:01 has no answer yet"),
        ((look(2, 6, links=()),), brakes(), "no link was found yet"),
        (
            (*call(1, Outcome.WRONG_CODE),),
            brakes(WRONG),
            "the factory does not know the code of link aaaa",
        ),
    ],
    ids=["the hour's limit", "a call in flight", "no link", "a wrong code"],
)
def test_report_now_is_refused_and_says_which_of_four_it_is(
    events: tuple[Event, ...], known: Brakes, words: str
) -> None:
    refusal = judged(ReportNow(by="ada"), *events, known=known)
    assert isinstance(refusal, ActionRefused)
    assert words in refusal.words


@pytest.mark.parametrize(("events", "rule"), [((RECOVERED,), RULE), ((), SHADOW)])
def test_report_now_is_refused_where_nothing_is_sent(
    events: tuple[Event, ...], rule: Rule
) -> None:
    assert isinstance(judged(ReportNow(by="ada"), *events, rule=rule), ActionRefused)


def test_a_veto_calls_a_request_back_that_waits_for_its_call() -> None:
    first, asked = Vetoed(at=at(2), by="bob"), ReportRequested(at=at(40), by="bob")
    over = decided(3, State.NEEDS_HUMAN, Reason.VETOED)
    assert judged(Veto(by="ada"), first, over, asked) == Vetoed(at=at(50), by="ada")


def test_report_now_needs_a_link() -> None:
    incident = opened(look(0, 6, links=()))
    refusal = judge(incident, RULE, brakes(), ReportNow(by="ada"), at(1))
    assert isinstance(refusal, ActionRefused)
    assert refusal.words == (
        "no link was found yet: open the link of the newest failing order yourself, "
        "then press I reported it myself"
    )


def test_a_second_report_now_says_who_was_first_until_it_lapses() -> None:
    asked = ReportRequested(at=at(2), by="bob")
    again = judged(ReportNow(by="ada"), asked, seconds=61)
    assert again == Already(by="bob", at=at(2))
    lapsed = judged(ReportNow(by="ada"), asked, seconds=62)
    assert lapsed == ReportRequested(at=at(62), by="ada")
