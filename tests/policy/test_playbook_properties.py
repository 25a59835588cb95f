"""What holds for every timeline, however it came about."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from hypothesis import example, given
from hypothesis import strategies as st

from responder.incident.alert import PersonAction
from responder.incident.events import (
    AlertFired,
    AlertResolved,
    Candidate,
    CheckReading,
    Event,
    Finished,
    FirstErrorFound,
    Looked,
    Opened,
    PersonActed,
    ReportAnswered,
    ReportIntended,
    ReportShared,
    ReportWithheld,
)
from responder.incident.facts import used_up
from responder.incident.incident import Incident, apply, fold
from responder.incident.names import (
    Mode,
    Outcome,
    Reason,
    Sender,
    State,
    UnreadableReason,
)
from responder.incident.playbook import next_step
from responder.incident.rule import Rule
from responder.incident.service import Brakes, LinkRecord
from responder.incident.steps import Send, Step, Wait, Watch
from tests.policy.timelines import QUIET_RULE, RULE, T0, at, decided, resolved

DIGESTS = ("a" * 64, "b" * 64, "c" * 64)
AGAIN = (Reason.UNANSWERED, Reason.FIX_DID_NOT_HOLD)


@dataclass(frozen=True)
class Case:
    """One moment of one incident: what next_step is given."""

    events: tuple[Event, ...]
    rule: Rule
    brakes: Brakes
    seconds: float

    @property
    def incident(self) -> Incident:
        return fold("i1", self.events)

    def step(self) -> Step:
        return next_step(self.incident, self.rule, self.brakes, at(self.seconds))


digests = st.sampled_from(DIGESTS)
names = st.sampled_from(["f1", "f2"])


def fired(seconds: float, name: str) -> AlertFired:
    return AlertFired(
        at=at(seconds), fingerprint=name, starts_at=at(-10), sender=Sender.GRAFANA
    )


def candidate(seconds: float, digest: str, late: bool) -> Candidate:
    return Candidate(
        name=f"link {digest[:4]}", digest=digest, seen_at=at(seconds), late=late
    )


def looked(
    seconds: float,
    count: int | None,
    found: Sequence[tuple[str, bool]],
    good: int | None,
) -> Looked:
    reading = CheckReading(
        name="error-logs",
        count=count,
        threshold=5,
        since=at(seconds - 300),
        until=at(seconds),
        unreadable=UnreadableReason.TIMEOUT if count is None else None,
    )
    links = found if count is not None else ()
    return Looked(
        at=at(seconds),
        since=at(seconds - 300),
        checks=(reading,),
        candidates=tuple(candidate(seconds, d, late) for d, late in links),
        good_orders=good,
        traffic_unreadable=good is None,
        matched=count or 0,
        first_line_at=at(seconds - 5) if count else None,
    )


def called(
    seconds: float, digest: str, outcome: Outcome, reason: Reason
) -> list[Event]:
    link = f"link {digest[:4]}"
    return [
        ReportIntended(at=at(seconds), link=link, digest=digest, reason=reason),
        ReportAnswered(at=at(seconds), link=link, digest=digest, outcome=outcome),
    ]


def intended(seconds: float, digest: str) -> list[Event]:
    return called(seconds, digest, Outcome.UNKNOWN, Reason.THRESHOLD_REACHED)[:1]


def shared(seconds: float, digest: str) -> ReportShared:
    return ReportShared(
        at=at(seconds),
        link=f"link {digest[:4]}",
        digest=digest,
        incident="i2",
        outcome=Outcome.RESOLVED,
        answered_at=at(seconds - 1),
    )


def silence(seconds: float, action: PersonAction, until: float | None) -> PersonActed:
    end = None if until is None else at(seconds + until)
    return PersonActed(at=at(seconds), action=action, person="ana", until=end)


Maker = Callable[[float], Sequence[Event]]


def later(make: Callable[..., Sequence[Event] | Event]) -> Callable[..., Maker]:
    """`make` with its time left open, to be given last."""

    def with_facts(*facts: object) -> Maker:
        def at_time(now: float) -> Sequence[Event]:
            made = make(now, *facts)
            return made if isinstance(made, list) else [made]  # type: ignore[list-item]

        return at_time

    return with_facts


def ended(seconds: float, state: State) -> Finished:
    return Finished(at=at(seconds), state=state, reason=Reason.ORDER_SEEN)


def resolves(seconds: float, name: str, why: str) -> AlertResolved:
    return resolved(seconds, name, state_reason=why)


def traced(seconds: float) -> FirstErrorFound:
    return FirstErrorFound(at=at(seconds), first_error_at=at(-90))


def withheld(seconds: float) -> ReportWithheld:
    return ReportWithheld(at=at(seconds), link="", digest="", reason=Reason.NO_LINK)


links = st.lists(st.tuples(digests, st.booleans()), max_size=3)
orders = st.none() | st.integers(0, 2)
counts = st.sampled_from([None, 0, 4, 5, 6, 6, 6])
reasons = st.sampled_from([Reason.THRESHOLD_REACHED, *AGAIN])
going_on = st.sampled_from([state for state in State if not state.ended])
ends = st.sampled_from([State.RECOVERED, State.STOOD_DOWN, State.CLOSED])
silences = st.sampled_from([PersonAction.SILENCED, PersonAction.UNSILENCED])
happenings = st.one_of(
    st.builds(later(looked), counts, links, orders),
    st.builds(later(called), digests, st.sampled_from(Outcome), reasons),
    st.builds(later(intended), digests),
    st.builds(later(decided), going_on, st.sampled_from(Reason)),
    st.builds(later(fired), names),
    st.builds(later(resolves), names, st.sampled_from(["", "Paused"])),
    st.builds(later(silence), silences, st.none() | st.integers(1, 60)),
    st.builds(later(shared), digests),
    st.builds(later(traced)),
    st.builds(later(withheld)),
    st.builds(later(ended), ends),
)
happenings_of_reports = st.one_of(
    st.builds(later(looked), counts, links, orders),
    st.builds(later(called), digests, st.sampled_from(Outcome), reasons),
)
gaps = st.sampled_from([0.1, 1.0, 6.0, 10.0, 35.0, 60.0, 300.0, 900.0])


OPENINGS: tuple[tuple[Event, ...], ...] = (
    (Opened(at=T0, rule=RULE.name, sender=Sender.GRAFANA), fired(0, "f1")),
    (Opened(at=T0, rule=RULE.name, sender=Sender.GRAFANA),),
    (
        Opened(at=T0, rule=RULE.name, reason=Reason.RELAPSE, relapse_of="i0"),
        fired(0, "f1"),
    ),
)


def timeline(
    opening: Sequence[Event], story: Sequence[tuple[float, Maker]]
) -> tuple[Event, ...]:
    """In the order of time; while a report is out none is sent, only answered."""
    events, now = list(opening), 0.0
    sent: ReportIntended | None = None
    for gap, make in story:
        now += gap
        for event in make(now):
            if isinstance(event, ReportIntended):
                if sent is not None:
                    continue
                sent = event
            elif isinstance(event, ReportAnswered):
                assert sent is not None
                event = replace(event, digest=sent.digest, link=sent.link)
                sent = None
            events.append(event)
    return tuple(events)


timelines = st.builds(
    timeline,
    st.sampled_from(OPENINGS),
    st.lists(st.tuples(gaps, happenings), max_size=8),
)


ripening = st.builds(
    timeline,
    st.just(OPENINGS[0]),
    st.lists(st.tuples(gaps, happenings_of_reports), max_size=3),
)


def record(
    seconds: float, digest: str, known: tuple[Outcome, float, bool]
) -> LinkRecord:
    outcome, ago, second = known
    spending = outcome.moves_floor or outcome is Outcome.WRONG_CODE
    when = at(seconds - ago)
    return LinkRecord(
        digest=digest,
        outcome=outcome,
        answered_at=when,
        incident="i2" if second else "i1",
        spent=spending or (outcome is Outcome.UNKNOWN and second),
        effective_at=when if outcome.may_have_taken_effect else None,
    )


answers = st.tuples(
    st.sampled_from(Outcome), st.sampled_from([0.0, 5.0, 40.0, 130.0]), st.booleans()
)
knowledge = st.dictionaries(digests, answers, max_size=2)
rules = st.builds(
    replace,
    st.sampled_from([RULE, QUIET_RULE]),
    mode=st.sampled_from([Mode.AUTO, Mode.AUTO, Mode.SHADOW]),
    max_reports=st.integers(1, 3),
)
held = st.builds(
    Brakes,
    in_flight=st.sampled_from([False, False, True]),
    reports_last_hour=st.sampled_from([0, 0, 5, 6]),
    fixed_link=st.sampled_from([None, None, DIGESTS[0]]),
    fixed_name=st.just("link aaaa"),
)


@st.composite
def cases(draw: st.DrawFn, *, ripe: bool = False) -> Case:
    """`ripe`: the latest look confirms the fault and has links."""
    events = draw(ripening if ripe else timelines)
    last = (events[-1].at - T0).total_seconds()
    if ripe:
        last += 0.1
        found = [(digest, False) for digest in DIGESTS[1:]]
        events = (*events, looked(last, 6, found, 0))
    seconds = last + draw(st.sampled_from([0.0, 0.1, 1.0, 6.0, 7.0, 10.0, 31.0, 901.0]))
    known = {d: record(seconds, d, told) for d, told in draw(knowledge).items()}
    floor = max((r.answered_at for r in known.values() if r.answered_at), default=None)
    brakes = replace(
        Brakes() if ripe and draw(st.booleans()) else draw(held),
        links=known,
        floor=floor,
    )
    return Case(events, draw(rules), brakes, seconds)


@given(cases())
def test_there_is_one_next_step_and_a_report_only_where_the_policy_allows(
    case: Case,
) -> None:
    step, incident = case.step(), case.incident
    assert isinstance(step, Step)
    if isinstance(step, Wait | Watch):
        assert step.until >= at(case.seconds)
    if isinstance(step, Send):
        fires_and_may_be_heard(case, incident)
        within_bounds(case, incident, step)
        if case.brakes.fixed_link is None:
            has_evidence(case, incident, step)


@given(cases(ripe=True))
def test_where_a_report_is_due_it_keeps_to_the_same(case: Case) -> None:
    step, incident = case.step(), case.incident
    if isinstance(step, Send):
        fires_and_may_be_heard(case, incident)
        within_bounds(case, incident, step)
        if case.brakes.fixed_link is None:
            has_evidence(case, incident, step)


def fires_and_may_be_heard(case: Case, incident: Incident) -> None:
    """Rules 3 and 18, and nothing after the end or while an answer is awaited."""
    assert any(isinstance(event, AlertFired) for event in case.events)
    assert incident.ended_at is None
    assert incident.outstanding is None
    end = incident.silenced_until
    assert not incident.silenced or (end and at(case.seconds) >= end)


def within_bounds(case: Case, incident: Incident, step: Send) -> None:
    """Rules 2, 10, 11 and 13."""
    brakes, record = case.brakes, case.brakes.links.get(step.digest)
    assert not used_up(incident, case.rule.max_reports, step.digest)
    assert brakes.reports_last_hour < brakes.max_reports_per_hour
    assert not brakes.in_flight
    assert case.rule.mode is not Mode.SHADOW
    if record and record.spent and step.digest != brakes.fixed_link:
        assert step.reason in AGAIN
    if record and record.effective_at and step.reason is not Reason.UNANSWERED:
        assert at(case.seconds) >= record.effective_at + case.rule.cooldown


def has_evidence(case: Case, incident: Incident, step: Send) -> None:
    """Rules 4 and 7: the link was read, and at first the threshold too."""
    assert incident.look is not None
    assert step.digest in {c.digest for c in incident.candidates}
    readings = [c for e in case.events if isinstance(e, Looked) for c in e.checks]
    assert any(reading.count is not None for reading in readings)
    if not incident.answered and not incident.shared:
        assert any(check.reached for check in incident.look.checks)


@given(timelines)
@example(OPENINGS[0])
def test_a_timeline_folds_as_its_events_apply_one_by_one(
    events: tuple[Event, ...],
) -> None:
    first, *rest = events
    stepwise = reduce(lambda seen, e: apply(seen, e), rest, apply(None, first, "i1"))

    assert fold("i1", events) == stepwise
    assert stepwise.seq == len(events)
