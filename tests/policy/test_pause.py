"""Patience that stands still while reports are paused: rule 14."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.incident.events import Decided, Event, Paused, ReportRequested, Resumed
from responder.incident.incident import Incident, apply
from responder.incident.names import Decision, Mode, Outcome, Reason, State
from responder.incident.pause import Pause, extended, resumed_at
from responder.incident.playbook import next_step
from responder.incident.rule import Rule
from responder.incident.steps import Finish, Gather, Lost, Note, Send, Step, Wait
from responder.incident.words import event_words, sentence
from tests.policy.timelines import (
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


def pause(
    start: float, until: float | None = None, ended: float | None = None
) -> Pause:
    return Pause(
        at=at(start),
        by="ada",
        until=None if until is None else at(until),
        ended_at=None if ended is None else at(ended),
        ended_by="" if ended is None else "bob",
    )


def step(
    incident: Incident, seconds: float, switch: Pause | None = None, rule: Rule = RULE
) -> Step:
    return next_step(incident, rule, brakes(pause=switch), at(seconds))


def settled(
    incident: Incident, seconds: float, switch: Pause | None = None, rule: Rule = RULE
) -> tuple[Incident, Step]:
    """The incident with what the brakes bring written down, and the step then."""
    for _ in range(3):
        found = step(incident, seconds, switch, rule)
        if not isinstance(found, Note):
            return incident, found
        incident = apply(incident, found.event)
    raise AssertionError("the brakes are written down again and again")


@pytest.mark.parametrize(
    ("pauses", "now", "due"),
    [
        ((), 50, 60),
        ((pause(10, ended=30),), 50, 80),
        ((pause(-20, ended=30),), 50, 90),
        ((pause(10, until=30),), 50, 80),
        ((pause(10, until=90, ended=30),), 50, 80),
        ((pause(10),), 50, 100),
        ((pause(60, ended=90),), 100, 60),
        ((pause(70, ended=90),), 100, 60),
        ((pause(50, ended=60), pause(65, ended=75)), 100, 80),
        ((pause(-50, ended=-10),), 100, 60),
    ],
)
def test_a_minute_is_over_later_by_the_pauses_within_it(
    pauses: tuple[Pause, ...], now: float, due: float
) -> None:
    assert extended(pauses, at(0), timedelta(minutes=1), at(now)) == at(due)


@given(
    start=st.integers(0, 59),
    now=st.integers(0, 10_000),
)
def test_nothing_comes_due_while_a_pause_lasts(start: int, now: int) -> None:
    due = extended((pause(start),), at(0), timedelta(minutes=1), at(start + now))
    assert due > at(start + now)


def test_what_was_read_before_the_last_pause_ended_is_old() -> None:
    pauses = (pause(0, until=10), pause(20, ended=30), pause(40))
    assert resumed_at(pauses, at(50)) == at(30)
    assert resumed_at(pauses[:1], at(5)) is None


def test_rule_14_a_pause_is_on_the_timeline_of_what_it_holds() -> None:
    found = step(opened(look(0, 6)), 1, pause(-100, until=200))
    paused = Paused(at=at(0), by="ada", until=at(200), pressed_at=at(-100))
    assert found == Note(event=paused)


@pytest.mark.parametrize(
    ("pressed", "words"), [(-100, "18:44:20"), (-86_400, "2025-04-06 18:46:00")]
)
def test_a_held_incident_says_when_and_by_whom_the_pause_was_pressed(
    pressed: float, words: str
) -> None:
    note = step(opened(look(0, 6)), 1, pause(pressed))
    assert isinstance(note, Note)
    held = opened(look(0, 6), note.event, decided(2, State.HOLDING, Reason.PAUSED))

    by = f"ada stopped automatic reports at {words}"
    assert sentence(held, RULE) == f"Held: {by}."
    assert event_words(note.event) == by


def test_rule_14_its_end_is_too_with_who_ended_it() -> None:
    incident = opened(Paused(at=at(0), by="ada"), look(0, 6))
    found = step(incident, 60, pause(-100, ended=50))
    assert found == Note(event=Resumed(at=at(50), by="bob"))


@pytest.mark.parametrize("switch", [pause(0, until=40), None])
def test_rule_14_a_pause_that_ends_by_itself_was_ended_by_nobody(
    switch: Pause | None,
) -> None:
    incident = opened(Paused(at=at(0), by="ada", until=at(40)), look(0, 6))
    incident, found = settled(incident, 60, switch)
    assert incident.pauses[-1].ends == at(40)
    assert incident.pauses[-1].ended_by == ""
    assert found == Gather()


def test_rule_14_a_longer_pause_replaces_the_one_that_holds() -> None:
    incident = opened(Paused(at=at(0), by="ada", until=at(40)), look(0, 6))
    longer = replace(pause(20, until=400), by="bob")
    incident, found = settled(incident, 30, longer)
    assert [p.ends for p in incident.pauses] == [at(20), at(400)]
    assert incident.pauses[-1].by == "bob"
    assert found == Gather()


def held_since(seconds: float) -> tuple[Event, ...]:
    return Paused(at=at(seconds), by="ada"), look(seconds, 6)


def test_rule_14_a_confirmed_incident_holds_and_looks_every_recheck() -> None:
    _, found = settled(opened(*held_since(0)), 0.1, pause(0))
    assert isinstance(found, Wait)
    assert (found.state, found.reason) == (State.HOLDING, Reason.PAUSED)
    assert found.until == at(10)


def test_rule_14_a_pause_that_ends_sooner_is_waited_for() -> None:
    incident = opened(Paused(at=at(0), by="ada", until=at(4)), look(0, 6))
    _, found = settled(incident, 0.1, pause(0, until=4))
    assert isinstance(found, Wait)
    assert found.until == at(4)


def test_rule_14_evidence_is_gathered_again_before_acting() -> None:
    incident, found = settled(opened(*held_since(0)), 5, pause(0, ended=4))
    assert found == Gather()
    incident = apply(incident, look(5, 6))
    assert isinstance(step(incident, 5, pause(0, ended=4)), Send)


def test_rule_14_evidence_that_went_away_meanwhile_is_no_reason_to_act() -> None:
    incident, _ = settled(opened(*held_since(0)), 5, pause(0, ended=4))
    found = step(apply(incident, look(5, 0, links=())), 5, pause(0, ended=4))
    assert isinstance(found, Wait)
    assert found.reason is Reason.BELOW_THRESHOLD


@pytest.mark.parametrize(("seconds", "ends"), [(1499, False), (1500, True)])
def test_rule_14_give_up_after_stands_still(seconds: float, ends: bool) -> None:
    """900 s of patience, of which a pause took 600."""
    paused = Paused(at=at(100), by="ada"), Resumed(at=at(700), by="bob")
    incident = opened(*paused, look(seconds - 1, 0, links=()))
    found = step(incident, seconds, pause(100, ended=700))
    assert isinstance(found, Finish) is ends


@pytest.mark.parametrize(("seconds", "calls"), [(659, False), (660, True)])
def test_rule_14_unreadable_for_stands_still(seconds: float, calls: bool) -> None:
    """60 s of patience from the first unreadable look, of which a pause took 600."""
    first, last = look(0, None), look(seconds, None)
    paused = Paused(at=at(10), by="ada"), Resumed(at=at(610), by="bob")
    found = step(opened(first, *paused, last), seconds, pause(10, ended=610))
    assert isinstance(found, Wait)
    assert (found.state is State.NEEDS_HUMAN) is calls


@pytest.mark.parametrize(("seconds", "calls"), [(1260, False), (1261, True)])
def test_rule_14_unreadable_for_stands_still_for_orders_too(
    seconds: float, calls: bool
) -> None:
    """60 s of patience from 601 s on, of which a pause took 600."""
    first, last = (
        look(then, 0, links=(), traffic_unreadable=True) for then in (601, seconds)
    )
    paused = Paused(at=at(610), by="ada"), Resumed(at=at(1210), by="bob")
    reported = look(0, 6), *call(0, Outcome.RESOLVED), traced(2)
    found = step(
        opened(*reported, first, *paused, last), seconds, pause(610, ended=1210)
    )
    assert isinstance(found, Wait)
    assert (found.state is State.NEEDS_HUMAN) is calls


def test_rule_14_while_it_lasts_nobody_is_called_for_unreadable_logs() -> None:
    incident = opened(look(0, None), Paused(at=at(10), by="ada"), look(5000, None))
    found = step(incident, 5000, pause(10))
    assert isinstance(found, Wait)
    assert (found.state, found.reason) == (State.HOLDING, Reason.LOGS_UNREADABLE)


def test_rule_14_a_person_who_waits_for_quiet_waits_longer_too() -> None:
    waits = decided(1, State.NEEDS_HUMAN, Reason.MAX_REPORTS)
    quiet = look(2, 0, links=())
    paused = Paused(at=at(10), by="ada"), Resumed(at=at(610), by="bob")
    incident = opened(look(0, 6), traced(1), waits, quiet, *paused)
    last = replace(incident, looked_at=at(1501))
    assert not isinstance(step(last, 1501, pause(10, ended=610)), Finish)
    last = replace(incident, looked_at=at(1502))
    assert isinstance(step(last, 1502, pause(10, ended=610)), Finish)


def test_rule_14_a_call_in_flight_is_not_touched_by_a_pause() -> None:
    incident = opened(look(0, 6), intended(1))
    assert isinstance(step(incident, 2, pause(1.5)), Wait)
    assert step(incident, 7.1, pause(1.5)) == Lost()


def test_rule_14_the_one_more_call_after_a_lost_answer_waits_for_the_end() -> None:
    lost = intended(1), answered(8, Outcome.UNKNOWN)
    incident = opened(look(0, 6), *lost, Paused(at=at(2), by="ada"), look(20, 6))
    _, found = settled(incident, 20, pause(2))
    assert isinstance(found, Wait)
    assert found.reason is Reason.PAUSED


def test_rule_14_verification_goes_on() -> None:
    reported = opened(look(0, 6), *call(1, Outcome.RESOLVED), traced(3))
    calm = look(33, 0, links=(), good=1)
    incident = apply(apply(reported, Paused(at=at(5), by="ada")), calm)
    found = step(incident, 33, pause(5))
    assert isinstance(found, Finish)
    assert found.reason is Reason.ORDER_SEEN


def test_rule_14_verification_reports_no_second_time_while_paused() -> None:
    reported = opened(look(0, 6), *call(1, Outcome.RESOLVED), traced(3))
    late = look(200, 6, links=(LINK,), late=True)
    incident = apply(apply(reported, Paused(at=at(5), by="ada")), late)
    known = brakes(spent(LINK, 2, Outcome.RESOLVED), pause=pause(5))
    found = next_step(incident, RULE, known, at(200))
    assert isinstance(found, Wait)
    assert found.reason is Reason.PAUSED


def test_a_resolve_ends_what_is_paused() -> None:
    held = Decided(
        at=at(1), decision=Decision.HOLD, state=State.HOLDING, reason=Reason.PAUSED
    )
    _, found = settled(opened(*held_since(0), held, resolved(3)), 4, pause(0))
    assert isinstance(found, Finish)
    assert found.reason is Reason.ALERT_RESOLVED


def test_an_ended_incident_hears_no_more_of_pauses() -> None:
    incident = opened(look(0, 6), *call(1, Outcome.RESOLVED), resolved(3))
    ended: datetime = at(40)
    incident = replace(incident, ended_at=ended, state=State.CLOSED)
    assert not isinstance(step(incident, 50, pause(45)), Note)


HAPPENINGS = st.lists(
    st.tuples(
        st.sampled_from([None, *Outcome]),
        st.one_of(st.none(), st.integers(0, 9)),
        st.lists(st.sampled_from([LINK, OTHER]), unique=True),
    ),
    max_size=5,
)


@given(
    happenings=HAPPENINGS,
    mode=st.sampled_from(Mode),
    asks=st.booleans(),
    pressed=st.integers(0, 300),
)
def test_rule_14_nothing_is_sent_while_paused_but_what_a_person_asked_for(
    happenings: list[tuple[Outcome | None, int | None, list[str]]],
    mode: Mode,
    asks: bool,
    pressed: int,
) -> None:
    incident, seconds = opened(), 0.0
    for outcome, count, links in happenings:
        seconds += 40
        events = call(seconds + 1, outcome) if outcome else []
        for event in (look(seconds, count, links=links), *events):
            incident = apply(incident, event)
    seconds += 40
    if asks:
        incident = apply(incident, ReportRequested(at=at(seconds), by="ada"))
    rule, switch = replace(RULE, mode=mode), pause(min(pressed, seconds))
    for _ in range(6):
        incident, found = settled(incident, seconds, switch, rule)
        if isinstance(found, Send):
            assert (asks, found.by) == (True, "ada")
            return
        if isinstance(found, Gather):
            incident = apply(incident, look(seconds, 9, links=(OTHER,)))
        elif isinstance(found, Wait):
            seconds = (found.until - at(0)).total_seconds()
