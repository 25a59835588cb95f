"""A drill goes the way of every alert, and can neither report nor count."""

import json
from dataclasses import replace

import pytest
from hypothesis import given

from responder.evidence.lines import LineReader
from responder.incident.actions import Refusal, ReportNow, Veto, judge
from responder.incident.brakes import Brakes
from responder.incident.drill import LONGEST
from responder.incident.events import Event, Opened
from responder.incident.evidence import Counted, LogLine, to_ns
from responder.incident.fold import fold
from responder.incident.link import ReportLink
from responder.incident.look import questions, weigh
from responder.incident.mark import MARK, TOKEN, drill_of
from responder.incident.model import Incident
from responder.incident.names import (
    Mode,
    Reason,
    Sender,
    State,
    UnreadableReason,
    Verdict,
)
from responder.incident.playbook import next_step
from responder.incident.steps import Finish, Relapse, Rest, Send, Share, Wait, Withhold
from responder.incident.telling import tellings
from responder.incident.telling_kinds import Scene
from responder.incident.told import Where
from responder.incident.words import sentence
from tests.unit.test_playbook_properties import Case, cases, fired, looked
from tests.unit.test_triage import Desk, alert, gone
from tests.unit.timelines import RULE, T0, at, decided

ID = "5c0ffee5c0ffee"
MARKED = {"alertname": "Order errors", "shop": "a", MARK: ID}
HOST = "factory.example.com"
READER = LineReader(HOST, "the-vendor-key")
LINK = f"https://{HOST}/api/support/{TOKEN}/report/{ID[:8]}"
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

    assert isinstance(judge(confirmed, rule, Brakes(), action, at(2)), Refusal)


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


# Log lines


def marked_line(seconds: float, drill: str = ID, **fields: object) -> LogLine:
    text = json.dumps({"level": "error", MARK: drill, **fields})
    return READER.read(to_ns(at(seconds)), text)


def plain_line(seconds: float) -> LogLine:
    return READER.read(to_ns(at(seconds)), f'{{"level": "error", "n": {seconds}}}')


def seen(incident: Incident, *lines: LogLine, total: int | None = None) -> list[int]:
    answers = [
        Counted(name=q.name, lines=lines, since=q.since, until=q.until, total=total)
        for q in questions(incident, RULE, Brakes(), at(5))
    ]
    found, _ = weigh(incident, RULE, Brakes(), answers, at(5))
    assert len(found.lines) == found.checks[0].count or total
    return [check.count or 0 for check in found.checks]


REAL = fold("i2", (Opened(at=T0, rule=RULE.name, sender=Sender.GRAFANA), fired(0, "f")))


def test_a_drills_lines_count_for_no_real_incident_and_no_others_for_it() -> None:
    lines = (marked_line(1), marked_line(2), plain_line(3), marked_line(4, "another1"))

    assert seen(REAL, *lines) == [1]
    assert seen(drill(), *lines) == [2]


def test_the_sources_own_count_is_taken_without_the_marked_lines() -> None:
    lines = (marked_line(1), plain_line(3))

    assert seen(REAL, *lines, total=2) == [1]
    assert seen(drill(), *lines, total=2000) == [1]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"reqBody": {MARK: ID}}),
        json.dumps({"reqBody": json.dumps({MARK: ID})}),
        f'diner "{MARK}": "{ID}"',
        json.dumps([{MARK: ID}]),
        '{"a":' * 3000 + f'"{MARK}"',
    ],
)
def test_a_mark_that_a_diner_plants_hides_no_line(text: str) -> None:
    assert READER.read(1, text).drill == ""


def test_a_drills_link_needs_no_vendors_key_and_is_of_no_use_elsewhere() -> None:
    marked = marked_line(1, resBody={"reportUrl": LINK})
    bare = json.dumps({"resBody": {"reportUrl": LINK}})

    assert [f.link for f in marked.links] == [ReportLink(token=TOKEN, code=ID[:8])]
    assert READER.read(1, bare).links == ()
    assert LineReader(HOST, None).read(1, bare).links == ()


def test_a_marked_line_leads_to_no_real_link() -> None:
    real = f"https://{HOST}/api/support/the-vendor-key/report/abc"

    assert marked_line(1, resBody={"reportUrl": real}).links == ()


def test_an_unreadable_answer_is_nobodys() -> None:
    case = drill(looked(1, None, [], None))

    assert case.look is not None
    assert case.look.checks[0].unreadable is UnreadableReason.TIMEOUT
