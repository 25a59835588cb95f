"""When a pasted link is called, and for how long it is kept: `next_step` as tables."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.incident.alert import PersonAction
from responder.incident.attempt import link_at_hand
from responder.incident.brakes import Brakes, LinkRecord
from responder.incident.events import Event, PersonActed
from responder.incident.model import Incident
from responder.incident.names import Mode, Outcome, Reason, State
from responder.incident.operator_events import Paused, ReportRequested, Vetoed
from responder.incident.pasted import awaited
from responder.incident.pause import Pause
from responder.incident.phase import effective_calls
from responder.incident.playbook import next_step
from responder.incident.rule import Rule
from responder.incident.steps import Gather, Send, Share, Step, Wait
from tests.unit.test_playbook_properties import AGAIN, DIGESTS, Case, cases
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
    spent,
)

GIVEN = "c" * 64
BLIND = look(1, None)
ASKED = ReportRequested(at=at(30), by="ada", link="link cccc", digest=GIVEN)
HERE = {"pasted": frozenset({GIVEN})}
CALLED_PERSON = decided(20, State.NEEDS_HUMAN, Reason.LOGS_UNREADABLE)
PATIENT = replace(
    RULE,
    give_up_after=timedelta(minutes=30),
    unreadable_for=timedelta(seconds=10),
    max_reports=3,
)


def after(
    *events: Event,
    seconds: float = 31,
    known: Brakes | None = None,
    rule: Rule = PATIENT,
) -> Step:
    return next_step(opened(*events), rule, known or brakes(**HERE), at(seconds))


def asked_call(seconds: float, outcome: Outcome, digest: str = GIVEN) -> list[Event]:
    asked = Reason.ASKED_BY_PERSON
    return [
        decided(seconds, State.REPORTING, asked),
        intended(seconds, digest, asked),
        answered(seconds + 1, outcome, digest),
    ]


def sent(step: Step) -> tuple[str, Reason]:
    assert isinstance(step, Send), step
    return step.digest, step.reason


@pytest.mark.parametrize(
    "events",
    [
        (BLIND,),
        (BLIND, CALLED_PERSON),
        (look(1, 6, links=()),),
        (look(1, 2, links=()),),
        (look(1, 6, links=(LINK,)),),
        (look(1), Vetoed(at=at(5), by="bob")),
        (look(1), PersonActed(at=at(5), action=PersonAction.SILENCED, person="bob")),
        (look(1), *call(2, Outcome.WRONG_CODE)),
        (look(1), *call(2, Outcome.UNKNOWN)),
        (look(1), *call(2, Outcome.RESOLVED)),
        (look(1), decided(20, State.NEEDS_HUMAN, Reason.ERRORS_CONTINUE)),
    ],
)
def test_a_pasted_link_is_called_at_once_without_another_look(
    events: tuple[Event, ...],
) -> None:
    assert sent(after(*events, ASKED)) == (GIVEN, Reason.ASKED_BY_PERSON)


def test_in_veto_mode_it_needs_no_window() -> None:
    veto = replace(PATIENT, mode=Mode.VETO)

    assert sent(after(BLIND, ASKED, rule=veto)) == (GIVEN, Reason.ASKED_BY_PERSON)


def test_an_incident_that_was_never_looked_at_is_looked_at_first() -> None:
    assert after(ASKED) == Gather()


@pytest.mark.parametrize("seconds", [90, 600])
def test_it_lapses_after_a_minute_and_nobody_takes_it_up_again(seconds: float) -> None:
    confirmed = look(seconds - 1, 6, links=())

    step = after(BLIND, ASKED, confirmed, seconds=seconds)

    assert isinstance(step, Wait)
    assert step.reason is Reason.NO_LINK


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ({"in_flight": True}, Reason.REPORT_IN_FLIGHT),
        ({"pause": Pause(at=at(30.5), by="bob")}, Reason.PAUSED),
        ({"reports_last_hour": 6}, Reason.BREAKER_OPEN),
    ],
)
def test_what_holds_every_report_holds_it_too(
    known: dict[str, object], reason: Reason
) -> None:
    paused = Paused(at=at(30.5), by="bob")
    held: tuple[Event, ...] = (paused,) if "pause" in known else ()

    step = after(BLIND, ASKED, *held, look(30.8, None), known=brakes(**HERE, **known))

    assert isinstance(step, Wait)
    assert step.reason is reason


def test_while_it_is_held_the_logs_are_looked_at_all_the_same() -> None:
    held = brakes(**HERE, in_flight=True)

    assert after(BLIND, ASKED, known=held) == Gather()


@pytest.mark.parametrize("known", [brakes(), brakes(pasted=frozenset({OTHER}))])
def test_where_the_link_is_not_at_hand_the_logs_go_on_being_looked_at(
    known: Brakes,
) -> None:
    assert after(BLIND, ASKED, known=known) == Gather()
    step = after(BLIND, ASKED, look(30.5, None), known=known)
    assert isinstance(step, Wait)
    assert step.reason is Reason.LOGS_UNREADABLE


def test_a_fixed_address_is_called_in_its_place() -> None:
    fixed = brakes(**HERE, fixed_link=LINK, fixed_name="link aaaa")

    step = after(BLIND, ASKED, look(30.5, None), known=fixed)

    assert sent(step) == (LINK, Reason.ASKED_BY_PERSON)


def test_spent_meanwhile_for_another_incident_it_is_shared_not_called() -> None:
    record = spent(GIVEN, 30.5, Outcome.RESOLVED, incident="i0")

    step = after(look(1, 6, links=()), ASKED, known=brakes(record, **HERE))

    assert isinstance(step, Share)
    assert step.record == record


def test_spent_meanwhile_for_another_incident_it_is_not_called() -> None:
    record = spent(GIVEN, 30.5, Outcome.WRONG_CODE, incident="i0")

    step = after(BLIND, ASKED, look(30.6, None), known=brakes(record, **HERE))

    assert isinstance(step, Wait)
    assert step.reason is Reason.LOGS_UNREADABLE


def test_a_later_report_now_without_a_link_takes_the_one_of_the_logs() -> None:
    bare = ReportRequested(at=at(95), by="ada")

    step = after(look(1, 2), ASKED, bare, look(96, 2), seconds=96.5)

    assert sent(step) == (LINK, Reason.ASKED_BY_PERSON)


# Repeats of the call (rule 10)


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.UNREACHABLE])
@pytest.mark.parametrize("seen", [BLIND, look(1, 6, links=()), look(1, 2, links=())])
def test_a_call_in_vain_is_repeated_with_the_pasted_link(
    outcome: Outcome, seen: Event
) -> None:
    story = [seen, ASKED, *asked_call(31, outcome), replace(seen, at=at(32.2))]
    tried = LinkRecord(digest=GIVEN, outcome=outcome, answered_at=at(32))
    known = brakes(tried, **HERE)

    early = after(*story, seconds=32.5, known=known)
    later = after(*story, seconds=33.5, known=known)

    assert isinstance(early, Wait)
    assert sent(later)[0] == GIVEN


def test_the_repeat_of_an_unconfirmed_call_is_not_said_to_rest_on_a_count() -> None:
    story = [BLIND, ASKED, *asked_call(31, Outcome.REFUSED), look(33, None)]

    assert sent(after(*story, seconds=33.5)) == (GIVEN, Reason.ASKED_BY_PERSON)


@pytest.mark.parametrize("seen", [BLIND, look(1, 6, links=(LINK,))])
def test_a_call_without_an_answer_is_made_once_more_after_its_timeout(
    seen: Event,
) -> None:
    again = replace(seen, at=at(36))
    story = [seen, ASKED, *asked_call(31, Outcome.UNKNOWN), again]

    early, later = after(*story, seconds=36.9), after(*story, seconds=37)

    assert isinstance(early, Wait)
    assert early.reason is Reason.UNANSWERED
    assert sent(later) == (GIVEN, Reason.UNANSWERED)


def test_in_verification_a_call_in_vain_is_repeated_too() -> None:
    story = [
        look(1),
        *call(2, Outcome.RESOLVED),
        replace(ASKED, at=at(30)),
        *asked_call(31, Outcome.UNREACHABLE),
        look(33, 0, links=(), good=0),
    ]
    known = brakes(spent(LINK, 3, Outcome.RESOLVED), **HERE)

    assert sent(after(*story, seconds=33.5, known=known))[0] == GIVEN


def test_in_verification_a_lost_answer_is_called_for_once_more() -> None:
    story = [
        look(1),
        *call(2, Outcome.RESOLVED),
        replace(ASKED, at=at(30)),
        *asked_call(31, Outcome.UNKNOWN),
        look(36, None),
    ]
    known = brakes(spent(LINK, 3, Outcome.RESOLVED), **HERE)

    assert sent(after(*story, seconds=37, known=known)) == (GIVEN, Reason.UNANSWERED)


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.UNREACHABLE])
def test_repeats_end_with_the_process_and_a_person_is_called(outcome: Outcome) -> None:
    story = [BLIND, CALLED_PERSON, ASKED, *asked_call(31, outcome), look(33, None)]

    step = after(*story, seconds=34, known=brakes())

    assert isinstance(step, Wait)
    assert (step.state, step.reason) == (State.NEEDS_HUMAN, Reason.LOGS_UNREADABLE)


def test_a_wrong_code_while_blind_calls_the_person_again_for_the_logs() -> None:
    story = [BLIND, ASKED, *asked_call(31, Outcome.WRONG_CODE), look(33, None)]
    known = brakes(spent(GIVEN, 32, Outcome.WRONG_CODE), **HERE)

    step = after(*story, seconds=34, known=known)

    assert isinstance(step, Wait)
    assert (step.state, step.reason) == (State.NEEDS_HUMAN, Reason.LOGS_UNREADABLE)


# How long it is kept

UNREACHED = asked_call(31, Outcome.UNREACHABLE)
LOST = asked_call(31, Outcome.UNKNOWN)


@pytest.mark.parametrize(
    ("events", "seconds", "kept"),
    [
        ((), 31, False),
        ((ReportRequested(at=at(30), by="ada"),), 31, False),
        ((ASKED,), 31, True),
        ((ASKED,), 90, False),
        ((ASKED, intended(31, GIVEN)), 400, True),
        ((ASKED, *UNREACHED), 400, True),
        ((ASKED, *LOST), 400, True),
        ((ASKED, *LOST, *asked_call(40, Outcome.UNKNOWN)), 400, False),
        ((ASKED, *asked_call(31, Outcome.RESOLVED)), 40, False),
        ((ASKED, *asked_call(31, Outcome.WRONG_CODE)), 40, False),
        ((ASKED, *UNREACHED, *call(40, Outcome.RESOLVED)), 50, False),
        ((ASKED, *asked_call(31, Outcome.UNREACHABLE, LINK)), 400, False),
    ],
)
def test_a_link_is_kept_no_longer_than_it_may_be_called(
    events: tuple[Event, ...], seconds: float, kept: bool
) -> None:
    incident = opened(BLIND, *events)

    assert awaited(incident, at(seconds)) == (GIVEN if kept else "")


def test_nothing_is_kept_for_an_incident_that_ended() -> None:
    ended = replace(opened(BLIND, ASKED), ended_at=at(31))

    assert awaited(ended, at(32)) == ""


# What the page takes for the link at hand


def late(incident: Incident) -> Incident:
    found = tuple(replace(c, late=True) for c in incident.candidates)
    return replace(incident, candidates=found)


@pytest.mark.parametrize(
    ("incident", "link"),
    [
        (opened(), None),
        (opened(BLIND), None),
        (opened(look(1, links=(LINK, OTHER))), LINK),
        (opened(look(1), *call(2, Outcome.REFUSED)), LINK),
        (opened(look(1), *call(2, Outcome.UNKNOWN)), LINK),
        (
            opened(look(1), *call(2, Outcome.UNKNOWN), *call(9, Outcome.UNKNOWN)),
            None,
        ),
        (opened(look(1), *call(2, Outcome.WRONG_CODE)), None),
        (opened(look(1, links=(LINK, OTHER)), *call(2, Outcome.WRONG_CODE)), OTHER),
        (opened(look(1), *call(2, Outcome.RESOLVED)), None),
        (late(opened(look(1), *call(2, Outcome.RESOLVED))), LINK),
        (
            late(
                opened(look(1), *call(2, Outcome.RESOLVED), *call(9, Outcome.REFUSED))
            ),
            LINK,
        ),
        (late(opened(look(1), *call(2, Outcome.WRONG_CODE))), None),
        (opened(look(1), ASKED, *asked_call(31, Outcome.REFUSED)), LINK),
        (opened(BLIND, ASKED, *asked_call(31, Outcome.REFUSED)), None),
    ],
)
def test_a_link_of_the_logs_counts_until_a_call_with_it_was_answered(
    incident: Incident, link: str | None
) -> None:
    found = link_at_hand(incident)

    assert (found.digest if found else None) == link


# Whatever happened before


@given(cases(), st.data())
def test_a_link_at_hand_changes_nothing_where_nobody_asked_with_it(
    case: Case, data: st.DataObject
) -> None:
    at_hand = frozenset(data.draw(st.sets(st.sampled_from([*DIGESTS, GIVEN]))))
    holding = replace(case.brakes, pasted=at_hand)

    assert replace(case, brakes=holding).step() == case.step()


@given(cases(), st.sampled_from([*DIGESTS, GIVEN]), st.sampled_from([0.0, 30.0, 61.0]))
def test_with_a_pasted_link_no_bound_is_passed(
    case: Case, digest: str, ago: float
) -> None:
    asked = replace(ASKED, at=at(case.seconds - ago), digest=digest)
    holding = replace(case.brakes, pasted=frozenset({digest}))
    whole = replace(case, events=(*case.events, asked), brakes=holding)

    step, incident = whole.step(), whole.incident

    if isinstance(step, Send):
        record = holding.links.get(step.digest)
        assert incident.ended_at is None
        assert incident.outstanding is None
        assert case.rule.mode is not Mode.SHADOW
        assert effective_calls(incident) < case.rule.max_reports
        assert holding.reports_last_hour < holding.max_reports_per_hour
        assert not holding.in_flight
        if record and record.spent and step.digest != holding.fixed_link:
            assert step.reason in AGAIN
        if step.digest not in {c.digest for c in incident.candidates}:
            repeated = [r.digest for r in incident.reports[-1:]] == [digest]
            asked_now = step.digest == digest and (ago < 60 or repeated)
            assert asked_now or step.digest == holding.fixed_link
