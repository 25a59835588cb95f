"""A drill goes the way of every alert, and can neither report nor count."""

from dataclasses import replace

import pytest
from hypothesis import given

from responder.incident.actions import ActionRefused, ReportNow, Veto, judge
from responder.incident.alert import MARK, drill_of
from responder.incident.drill import LONGEST
from responder.incident.events import Event, Opened, Where
from responder.incident.incident import Incident, fold
from responder.incident.names import (
    Mode,
    Reason,
    Sender,
    State,
    UnreadableReason,
    Verdict,
)
from responder.incident.notify import Scene, tellings
from responder.incident.playbook import next_step
from responder.incident.service import Brakes
from responder.incident.steps import Finish, Relapse, Rest, Send, Share, Wait, Withhold
from responder.incident.words import sentence
from tests.policy.test_playbook_properties import Case, cases, fired, looked
from tests.policy.test_triage import Desk, alert, gone
from tests.policy.timelines import RULE, T0, at, decided

ID = "5c0ffee5c0ffee"
MARKED = {"alertname": "Order errors", "shop": "a", MARK: ID}
BORN: tuple[Event, ...] = (
    Opened(at=T0, rule=RULE.name, sender=Sender.GRAFANA, drill=ID),
    fired(0, "f1"),
)


def drill(*events: Event) -> Incident:
    return fold("i1", (*BORN, *events))


def as_drill(case: Case) -> Case:
    first, *rest = case.events
    assert isinstance(first, Opened)
    return replace(case, events=(replace(first, drill=ID), *rest))


@given(cases())
def test_no_drill_ever_reports_shares_or_relapses_whatever_happened(case: Case) -> None:
    assert not isinstance(as_drill(case).step(), Send | Share | Relapse)


@given(cases(ripe=True))
def test_nor_does_it_where_a_real_incident_would_report(case: Case) -> None:
    assert not isinstance(as_drill(case).step(), Send | Share | Relapse)


@given(cases())
def test_a_drill_calls_no_person(case: Case) -> None:
    step = as_drill(case).step()

    assert not (isinstance(step, Wait) and step.state is State.NEEDS_HUMAN)


@pytest.mark.parametrize("mode", Mode)
def test_where_a_report_is_due_it_is_withheld(mode: Mode) -> None:
    rule = replace(RULE, mode=mode)
    confirmed = drill(looked(1, 6, [("a" * 64, False)], None))

    assert isinstance(next_step(confirmed, rule, Brakes(), at(1)), Withhold)


def test_it_ends_by_itself_when_nobody_ends_it() -> None:
    late = at(0) + LONGEST
    step = next_step(drill(), RULE, Brakes(), late)

    assert step == Finish(state=State.STOOD_DOWN, reason=Reason.DRILL)


def test_where_a_person_would_be_called_it_ends() -> None:
    called = drill(decided(1, State.HOLDING, Reason.NO_LINK), looked(1, 6, [], None))
    blind = drill(looked(1, None, [], None), looked(62, None, [], None))

    assert isinstance(next_step(called, RULE, Brakes(), at(1)), Withhold)
    assert isinstance(next_step(blind, RULE, Brakes(), at(62.1)), Finish)


def test_when_it_has_ended_nothing_is_watched() -> None:
    over = drill(looked(1, 6, [], None))
    over = replace(over, state=State.STOOD_DOWN, ended_at=at(2))

    assert isinstance(next_step(over, RULE, Brakes(), at(30)), Rest)


@pytest.mark.parametrize("action", [ReportNow(by="ana"), Veto(by="ana")])
def test_nobody_can_make_it_report(action: ReportNow | Veto) -> None:
    confirmed = drill(looked(1, 6, [("a" * 64, False)], None))
    rule = replace(RULE, mode=Mode.AUTO)

    assert isinstance(judge(confirmed, rule, Brakes(), action, at(2)), ActionRefused)


@pytest.mark.parametrize("where", Where)
def test_nobody_is_told_of_it(where: Where) -> None:
    called = drill(decided(1, State.NEEDS_HUMAN, Reason.NO_LINK))
    scene = Scene(groups=("I1",), busy=frozenset(), before=())

    assert not tellings(where, called, RULE, scene, at(2))


def test_its_sentence_begins_with_what_it_is() -> None:
    assert sentence(drill(), RULE).startswith("Drill: an alert came in")


# Triage


def test_a_marked_alert_opens_an_incident_of_its_own_beside_a_real_one() -> None:
    desk = Desk()
    (real,) = desk.take(alert())
    (said,) = desk.take(alert("f2", labels=MARKED))

    assert said.verdict is Verdict.DRILL
    assert said.incident not in (None, real.incident)


def test_a_real_alert_never_joins_a_drill() -> None:
    desk = Desk()
    (drilled,) = desk.take(alert("f2", labels=MARKED))
    (said,) = desk.take(alert())

    assert said.verdict is Verdict.OPENED
    assert said.incident != drilled.incident


def test_its_resolve_ends_no_real_incident() -> None:
    desk = Desk()
    (real,) = desk.take(alert())
    (drilled,) = desk.take(alert("f2", labels=MARKED))
    (after,) = desk.take(replace(gone("f2"), labels=MARKED))

    assert after.verdict is Verdict.DRILL
    assert list(desk.last.events) == [drilled.incident]
    assert real.incident != drilled.incident


@pytest.mark.parametrize("mark", ["", "short", "With Spaces in it", "ABCDEFGHIJ"])
def test_what_is_no_id_is_no_mark(mark: str) -> None:
    desk = Desk()
    (said,) = desk.take(alert(labels={"shop": "a", MARK: mark}))

    assert drill_of({MARK: mark}) == ""
    assert said.verdict is Verdict.OPENED


def test_an_unreadable_answer_is_nobodys() -> None:
    case = drill(looked(1, None, [], None))

    assert case.look is not None
    assert case.look.checks[0].unreadable is UnreadableReason.TIMEOUT
