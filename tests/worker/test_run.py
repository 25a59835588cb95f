"""One turn: steps until one must wait, and what happens when somebody comes between."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from responder.incident.alert import PersonAction
from responder.incident.events import (
    AlertResolved,
    Candidate,
    CheckReading,
    Event,
    FactoryProbed,
    Finished,
    FirstErrorFound,
    Looked,
    PersonActed,
    ReportAnswered,
    ReportIntended,
    ReportWithheld,
)
from responder.incident.evidence import (
    Counted,
    Evidence,
    LogLine,
    Question,
    ReportLink,
    to_ns,
)
from responder.incident.incident import Incident, fold
from responder.incident.names import (
    Decision,
    Mode,
    Outcome,
    Proof,
    Reason,
    Sender,
    State,
)
from responder.incident.ports import Lease, StorageUnavailable
from responder.incident.rule import Rule
from responder.incident.service import Brakes
from responder.incident.words import sentence
from responder.worker.run import MOST_STEPS, Turn
from responder.worker.trace import trace_back
from tests.worker_parts import (
    LINK,
    NEWER,
    RULE,
    UNREADABLE,
    Bench,
    ListedLogs,
    at,
    failing,
    opened,
)


def turn(
    bench: Bench,
    events: list[Event] | None = None,
    *,
    rule: Rule = RULE,
    fresh: Callable[[], bool] = lambda: True,
    stopping: Callable[[], bool] = lambda: False,
) -> datetime | None:
    """One turn on incident `i1`; when it is due again."""
    lease = bench.store.open("i1", events or opened())

    def still(asked: Lease) -> bool:
        assert asked == lease
        return fresh()

    return Turn(bench.tools(), rule, lease, still).run(stopping)


def turn_again(bench: Bench) -> datetime | None:
    """The next turn on `i1`, when it is due again."""
    lease = bench.store.open("i1", bench.store.timelines["i1"])
    return Turn(bench.tools(), RULE, lease, lambda _: True).run(lambda: False)


def seen(seconds: float = 0.5, link: str = LINK.digest) -> Looked:
    """A look that confirmed the fault, of a turn before this one."""
    reading = CheckReading(
        name="error-logs", count=6, threshold=5, since=at(-300), until=at(seconds)
    )
    candidate = Candidate(name="link", digest=link, seen_at=at(-30))
    return Looked(
        at=at(seconds),
        since=at(-300),
        checks=(reading,),
        candidates=(candidate,),
        first_line_at=at(-30),
    )


def intended(seconds: float) -> ReportIntended:
    return ReportIntended(
        at=at(seconds),
        link=LINK.name,
        digest=LINK.digest,
        reason=Reason.THRESHOLD_REACHED,
    )


TRACED = FirstErrorFound(at=at(1), first_error_at=at(-30))


def answered(seconds: float) -> ReportAnswered:
    return ReportAnswered(
        at=at(seconds), link=LINK.name, digest=LINK.digest, outcome=Outcome.RESOLVED
    )


def withheld(seconds: float) -> ReportWithheld:
    return ReportWithheld(
        at=at(seconds),
        link=LINK.name,
        digest=LINK.digest,
        reason=Reason.THRESHOLD_REACHED,
    )


def recovered(seconds: float) -> Finished:
    return Finished(
        at=at(seconds),
        state=State.RECOVERED,
        reason=Reason.ERRORS_STOPPED,
        proof=Proof.QUIET,
    )


def test_a_turn_goes_from_the_alert_to_the_report_without_waiting() -> None:
    bench = Bench()

    due = turn(bench)

    assert bench.factory.calls == [LINK]
    assert bench.store.kinds("i1")[2:6] == [
        "looked",
        "decided",
        "report_intended",
        "report_answered",
    ]
    assert bench.store.load("i1").state is State.VERIFYING
    assert due is not None
    assert due > bench.clock.at


def test_the_intent_is_durable_before_the_factory_is_called() -> None:
    bench = Bench()
    before: list[list[str]] = []
    bench.factory.calling = lambda: before.append(bench.store.kinds("i1"))

    turn(bench)

    (told,) = before
    assert told[-1] == "report_intended"


def test_a_look_the_decision_and_the_intent_share_one_write() -> None:
    bench, writes = Bench(), list[int]()
    bench.factory.calling = lambda: writes.append(bench.store.writes)

    turn(bench)

    assert writes == [1]


def test_too_few_lines_hold_the_incident_until_the_next_look() -> None:
    bench = Bench()
    bench.logs.evidence = failing(3)

    due = turn(bench)

    assert bench.factory.calls == []
    assert bench.store.load("i1").reason is Reason.BELOW_THRESHOLD
    assert due == at(1) + RULE.recheck
    assert bench.meter.decisions == [(Decision.HOLD, Reason.BELOW_THRESHOLD)]


def test_a_decision_that_came_too_late_is_taken_again_with_the_news() -> None:
    bench = Bench()
    silenced = PersonActed(at=at(1), action=PersonAction.SILENCED, person="dana")
    bench.store.between.append(lambda: bench.store.hear("i1", silenced))

    turn(bench)

    assert bench.factory.calls == []
    assert bench.store.load("i1").reason is Reason.SILENCED
    assert "report_intended" not in bench.store.kinds("i1")


def test_what_was_read_before_a_refused_decision_is_not_lost() -> None:
    bench = Bench()
    acknowledged = PersonActed(
        at=at(1), action=PersonAction.ACKNOWLEDGED, person="dana"
    )
    bench.store.between.append(lambda: bench.store.hear("i1", acknowledged))

    turn(bench)

    assert bench.store.kinds("i1").count("looked") >= 1
    assert bench.store.kinds("i1")[2] == "person_acted"
    assert bench.factory.calls == [LINK]


def test_a_lost_lease_stops_before_the_first_byte() -> None:
    bench = Bench()

    due = turn(bench, fresh=lambda: "report_intended" not in bench.store.kinds("i1"))

    assert bench.factory.calls == []
    assert bench.store.kinds("i1")[-1] == "report_intended"
    assert due == bench.clock.at


def test_a_call_ends_sooner_by_what_the_writing_of_its_intent_took() -> None:
    bench = Bench()
    # Another may begin at intent + timeout + 1 s: by then this one must be over.
    bench.store.between.append(lambda: setattr(bench.clock, "at", at(3)))

    turn(bench)

    assert bench.factory.calls == [LINK]
    assert bench.factory.late == 2
    assert bench.store.load("i1").reports[0].at == at(1)


def test_whoever_lost_the_lease_in_storage_reports_nothing_and_ends() -> None:
    bench = Bench()
    bench.store.between.append(lambda: bench.store.held.update(i1="another"))

    due = turn(bench)

    assert bench.factory.calls == []
    assert "report_intended" not in bench.store.kinds("i1")
    assert due is not None
    assert bench.store.called.count("decide") <= MOST_STEPS


def test_an_intent_whose_answer_may_still_come_is_waited_for() -> None:
    bench = Bench()

    due = turn(bench, [*opened(), seen(), intended(0.6)])

    assert bench.factory.calls == []
    assert due == at(0.6 + 6)


def test_an_intent_without_an_answer_is_unknown_and_called_once_more() -> None:
    bench = Bench()
    bench.clock.at = at(8)

    turn(bench, [*opened(), seen(), intended(0.6)])

    first, second = bench.store.load("i1").reports
    assert first.outcome is Outcome.UNKNOWN
    assert (second.reason, second.outcome) == (Reason.UNANSWERED, Outcome.RESOLVED)
    assert bench.factory.calls == [LINK]
    assert bench.meter.outcomes == [Outcome.UNKNOWN, Outcome.RESOLVED]


def test_rule_9_the_factory_is_asked_with_the_other_method_after_an_unknown() -> None:
    bench = Bench()
    turn(bench)
    assert bench.factory.firsts == [""]

    again = Bench()
    again.clock.at = at(8)
    turn(again, [*opened(), seen(), intended(0.6)])
    assert again.factory.firsts == ["POST"]


def test_a_link_that_is_not_at_hand_is_found_again_by_its_digest() -> None:
    bench = Bench()

    turn(bench, [*opened(), seen()])

    assert [link.reveal() for link in bench.factory.calls] == [LINK.reveal()]
    assert bench.logs.asked


def test_a_link_that_the_logs_no_longer_hold_is_not_reported() -> None:
    bench = Bench()
    bench.logs.evidence = failing(6, link=NEWER)

    due = turn(bench, [*opened(), seen()])

    assert LINK not in bench.factory.calls
    assert due == bench.clock.at + RULE.recheck
    assert bench.store.kinds("i1")[-1] == "looked"


def test_the_fixed_link_needs_no_search() -> None:
    fixed = ReportLink(fixed="https://factory.example.com/report")
    bench = Bench(fixed_link=fixed)

    turn(bench, [*opened(), seen()])

    assert bench.factory.calls[:1] == [fixed]


def test_what_was_learned_is_written_when_stopping() -> None:
    bench = Bench()

    due = turn(bench, stopping=lambda: bool(bench.logs.asked))

    assert bench.store.kinds("i1") == ["opened", "alert_fired", "looked"]
    assert bench.factory.calls == []
    assert due == bench.clock.at


def test_an_answer_is_written_whoever_came_between() -> None:
    bench = Bench()
    resolved = AlertResolved(
        at=at(1), fingerprint="f1", starts_at=at(0), sender=Sender.GRAFANA
    )
    bench.factory.calling = lambda: bench.store.hear("i1", resolved)

    turn(bench)

    kinds = bench.store.kinds("i1")
    assert kinds.index("alert_resolved") < kinds.index("report_answered")
    assert bench.store.load("i1").reports[0].outcome is Outcome.RESOLVED


def test_a_refused_report_is_tried_again_later_and_not_at_once() -> None:
    bench = Bench()
    bench.factory.outcomes = [Outcome.REFUSED]

    due = turn(bench)

    assert bench.factory.calls == [LINK]
    assert bench.store.load("i1").reason is Reason.FACTORY_REFUSED
    assert due is not None
    assert due > bench.clock.at


def test_shadow_mode_withholds_and_calls_nobody() -> None:
    bench = Bench()

    turn(bench, rule=replace(RULE, mode=Mode.SHADOW))

    assert bench.factory.calls == []
    assert "report_withheld" in bench.store.kinds("i1")


def test_a_turn_that_never_comes_to_wait_ends_all_the_same() -> None:
    bench = Bench()

    def again() -> None:
        bench.store.hear(
            "i1",
            PersonActed(at=at(1), action=PersonAction.ACKNOWLEDGED, person="dana"),
        )
        bench.store.between.append(again)

    bench.store.between.append(again)

    due = turn(bench)

    assert due == bench.clock.at + RULE.recheck
    assert bench.store.kinds("i1")[-1] == "looked", "what was read is kept"


def slow(bench: Bench) -> list[datetime]:
    """Each look takes longer than until the next one; when each began."""
    began: list[datetime] = []

    def take_long() -> None:
        began.append(bench.clock.at)
        bench.clock.at += RULE.recheck * 2

    bench.logs.reading = take_long
    return began


@pytest.mark.parametrize(
    ("mode", "before", "state"),
    [
        (Mode.AUTO, [], State.HOLDING),
        (Mode.AUTO, [seen(), intended(1), answered(2)], State.VERIFYING),
        (Mode.SHADOW, [seen(), withheld(1), TRACED], State.STOOD_DOWN),
        (Mode.AUTO, [seen(), intended(1), answered(2), recovered(30)], State.RECOVERED),
    ],
    ids=["no report yet", "after a report", "in shadow", "recovered"],
)
def test_each_look_is_decided_upon_before_the_next_however_long_it_takes(
    mode: Mode, before: list[Event], state: State
) -> None:
    bench = Bench()
    bench.clock.at = at(60)
    bench.logs.evidence = failing(3, seconds=58)
    looks = slow(bench)

    due = turn(bench, [*opened(), *before], rule=replace(RULE, mode=mode))

    assert looks == [at(60)]
    assert bench.store.load("i1").state is state
    assert due is not None


def test_an_answer_is_decided_upon_before_the_next_look_however_late_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()

    def stall(*_: object) -> None:
        bench.clock.at += RULE.recheck * 2

    monkeypatch.setattr(bench.meter, "reported", stall)
    states: list[State] = []
    bench.logs.reading = lambda: states.append(bench.store.load("i1").state)

    turn(bench, opened())

    assert bench.factory.calls == [LINK]
    assert State.REPORTING not in states
    assert bench.store.load("i1").state is State.VERIFYING


def test_while_logs_hang_after_a_report_a_person_is_called_in_time() -> None:
    bench = Bench()
    bench.clock.at = at(60)
    bench.logs.evidence = UNREADABLE
    looks = slow(bench)
    turn(bench, [*opened(), seen(), intended(1), answered(2)])

    for _ in range(5):
        if bench.store.load("i1").state is State.VERIFYING:
            turn_again(bench)

    assert bench.store.load("i1").reason is Reason.LOGS_UNREADABLE
    assert bench.clock.at <= looks[0] + RULE.unreadable_for + RULE.recheck * 2


def test_a_relapse_that_storage_declines_is_not_asked_for_again_and_again() -> None:
    bench = Bench()
    bench.clock.at = at(60)
    bench.logs.evidence = failing(6, seconds=40)

    due = turn(bench, [*opened(), recovered(30)])

    assert bench.store.relapses == 1
    assert due is not None


@pytest.mark.parametrize("method", ["load", "brakes", "decide"])
def test_storage_that_fails_before_the_intent_means_no_call(method: str) -> None:
    bench = Bench()
    bench.store.broken.add(method)

    with pytest.raises(StorageUnavailable):
        turn(bench)

    assert bench.factory.calls == []


def test_a_check_that_is_named_as_the_failed_orders_leads_to_the_first_error() -> None:
    rule = replace(RULE, checks=(replace(RULE.checks[0], name="failed"),), failed="{}")
    logs = ListedLogs(evidence=failing(6))

    found = trace_back(logs, fold("i1", opened()), rule, Brakes(), at(0))

    assert found.first_error_at == at(-30)
    assert len(found.lines) == 6


def test_a_report_is_timed_from_the_opening_once() -> None:
    bench = Bench()

    turn(bench)

    assert bench.meter.waited == [1.0]
    answer = bench.store.told("i1", ReportAnswered)
    assert len(answer) == 1


def test_an_answer_that_could_not_be_written_costs_one_more_call_at_most() -> None:
    bench = Bench()
    bench.factory.calling = lambda: bench.store.broken.add("record")
    with pytest.raises(StorageUnavailable):
        turn(bench)
    left = bench.store.timelines["i1"]
    bench.factory.calling = lambda: None
    bench.store.broken.clear()
    bench.clock.at = at(8)
    bench.factory.outcomes = [Outcome.NOTHING_TO_RESOLVE]

    turn(bench, left)

    assert [link.digest for link in bench.factory.calls] == [LINK.digest] * 2
    assert [report.outcome for report in bench.store.load("i1").reports] == [
        Outcome.UNKNOWN,
        Outcome.NOTHING_TO_RESOLVE,
    ]


@dataclass
class OrdersLogs:
    """Error lines without a link at these seconds, and good orders at those."""

    errors: list[float]
    good: list[float] = field(default_factory=list)

    def read(self, questions: Sequence[Question]) -> tuple[Evidence, ...]:
        return tuple(self._answer(question) for question in questions)

    def _answer(self, asked: Question) -> Evidence:
        seconds = self.good if asked.query == "good" else self.errors
        lines = tuple(
            LogLine(at_ns=to_ns(at(second)), digest=f"{second}")
            for second in sorted(seconds, reverse=True)
            if asked.since <= at(second) < asked.until
        )
        return Counted(
            name=asked.name, lines=lines, since=asked.since, until=asked.until
        )


def lived(bench: Bench, logs: OrdersLogs, *seconds: float) -> Incident:
    """The incident after turns at these times, of a rule that knows good orders."""
    rule = replace(RULE, traffic="good")
    bench.store.timelines["i1"] = opened()
    for second in seconds:
        bench.clock.at = at(second)
        so_far = OrdersLogs(
            [s for s in logs.errors if s <= second],
            [s for s in logs.good if s <= second],
        )
        tools = replace(bench.tools(), logs=so_far)
        lease = bench.store.open("i1", bench.store.timelines["i1"])
        Turn(tools, rule, lease, lambda _: True).run(lambda: False)
    return bench.store.load("i1")


def test_the_factory_is_asked_once_when_a_person_is_called_without_a_link() -> None:
    bench = Bench()
    bench.factory.silent = "no connection within 5 s"

    errors = OrdersLogs(errors=[float(second) for second in range(-10, 120)])
    incident = lived(bench, errors, 1, 31, 61, 91, 121)

    assert (incident.state, incident.reason) == (State.NEEDS_HUMAN, Reason.NO_LINK)
    assert (bench.factory.probes, bench.factory.calls) == (1, [])
    assert bench.store.told("i1", FactoryProbed) == [
        FactoryProbed(at=at(61), reachable=False, why="no connection within 5 s")
    ]


def test_nobody_is_called_nor_asked_seven_seconds_after_orders_work_again() -> None:
    bench = Bench()
    errors = [float(second) for second in range(-10, 50)]

    incident = lived(bench, OrdersLogs(errors, good=[54.0, 58.0]), 1, 31, 61)

    assert (incident.state, incident.reason) == (State.HOLDING, Reason.NO_LINK)
    words = sentence(incident, RULE)
    assert words.endswith("orders have worked again since 12:00:54.")
    assert bench.factory.probes == 0
