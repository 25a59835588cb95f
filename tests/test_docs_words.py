"""`docs/words.md` names what there is, and quotes each sentence as people read it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import get_args

import pytest

from responder.incident.alert import PersonAction
from responder.incident.events import (
    AlertResolved,
    Decided,
    Event,
    FactoryProbed,
    Finished,
    FirstErrorFound,
    FixRecorded,
    Noted,
    Opened,
    Paused,
    PersonActed,
    ReportAnswered,
    ReportedByHand,
    ReportPlanned,
    ReportRequested,
    ReportShared,
    ReportWithheld,
    Resumed,
    Told,
    Vetoed,
    VetoUndone,
    What,
    Where,
)
from responder.incident.incident import fold
from responder.incident.names import (
    Decision,
    Outcome,
    Proof,
    Reason,
    Sender,
    State,
    UnreadableReason,
    Verdict,
)
from responder.incident.words import (
    event_words,
    outcome_words,
    sentence,
    state_words,
    unreadable_words,
)
from tests.docs import page, table
from tests.web_parts import RULE, at, founding, look, reading

WORDS = page("docs/words.md")
DIGEST = "7f3a" * 16
DECIDED = Decided(
    at=at(1),
    decision=Decision.HOLD,
    state=State.HOLDING,
    reason=Reason.BELOW_THRESHOLD,
    observed=3,
    limit=5,
    check="error-logs",
    until=at(11),
)
ENOUGH = replace(DECIDED, observed=14)
SHARED = ReportShared(
    at=at(1),
    link="link 7f3a",
    digest=DIGEST,
    incident="01k9a",
    outcome=Outcome.RESOLVED,
    answered_at=at(-20),
)
OPENED, FIRED, LOOKED, _, INTENDED, ANSWERED, _ = founding()
RELAPSED = Opened(
    at=at(0), rule="pizza-factory", reason=Reason.RELAPSE, relapse_of="01k9a"
)
SELF_DETECTED = Opened(at=at(0), rule="pizza-factory", reason=Reason.SELF_DETECTED)
BY_HAND = Opened(
    at=at(0), rule="pizza-factory", reason=Reason.OPENED_BY_PERSON, by="ana"
)
DRILLED = Opened(at=at(0), rule="pizza-factory", drill="5c0ffee5")
HEARD: list[Event] = [OPENED, FIRED, LOOKED]
REPORTED: list[Event] = [*HEARD, INTENDED, ANSWERED]
BLIND = replace(
    look(0.1),
    checks=(replace(reading(None), unreadable=UnreadableReason.TIMEOUT),),
    candidates=(),
)


PROBED = FactoryProbed(at=at(61), reachable=True)


def answered(outcome: Outcome, status: int | None = None) -> ReportAnswered:
    return ReportAnswered(
        at=at(0.3), link="link 7f3a", digest=DIGEST, outcome=outcome, status=status
    )


def finished(state: State, proof: Proof | None = None) -> Finished:
    reason = Reason.ALERT_RESOLVED
    return Finished(at=at(42.3), state=state, reason=reason, proof=proof)


def story(reason: Reason) -> list[Event]:
    """What came before an incident has this reason, in an ordinary case of it."""
    stories: Mapping[Reason, list[Event]] = {
        Reason.RELAPSE: [RELAPSED],
        Reason.SELF_DETECTED: [SELF_DETECTED],
        Reason.OPENED_BY_PERSON: [BY_HAND],
        Reason.LOGS_UNREADABLE: [OPENED, FIRED, BLIND],
        Reason.NO_LINK: [*HEARD, PROBED],
        Reason.WRONG_CODE: [*HEARD, INTENDED, answered(Outcome.WRONG_CODE)],
        Reason.FACTORY_REFUSED: [*HEARD, INTENDED, answered(Outcome.REFUSED, 502)],
        Reason.FACTORY_UNREACHABLE: [*HEARD, INTENDED, answered(Outcome.UNREACHABLE)],
        Reason.UNANSWERED: [*HEARD, INTENDED],
        Reason.COOLDOWN: REPORTED,
        Reason.FIX_DID_NOT_HOLD: REPORTED,
        Reason.REPORTED: REPORTED,
        Reason.REPORT_SHARED: [*HEARD, SHARED],
        Reason.SHADOW: [*HEARD, withheld()],
        Reason.DRILL: [DRILLED, FIRED, LOOKED, withheld()],
        Reason.PAUSED: [*HEARD, paused()],
        Reason.VETO_WINDOW: [*HEARD, planned()],
        Reason.VETOED: [*HEARD, Vetoed(at=at(1), by="ana")],
        Reason.SILENCED: [*HEARD, silenced()],
        Reason.ERRORS_CONTINUE: REPORTED,
        Reason.UNPROVEN: REPORTED,
        Reason.ORDER_SEEN: REPORTED,
        Reason.ERRORS_STOPPED: REPORTED,
        Reason.SUPPLIER_CONFIRMED: REPORTED,
    }
    return stories.get(reason, HEARD)


def withheld() -> ReportWithheld:
    reason = Reason.THRESHOLD_REACHED
    return ReportWithheld(at=at(1), link="link 7f3a", digest=DIGEST, reason=reason)


def silenced() -> PersonActed:
    action = PersonAction.SILENCED
    return PersonActed(at=at(1), action=action, person="ana", until=at(3600))


def paused() -> Paused:
    return Paused(at=at(1), by="ana", until=at(7200))


def planned() -> ReportPlanned:
    return ReportPlanned(
        at=at(1),
        act_at=at(21),
        link="link 7f3a",
        digest=DIGEST,
        reason=Reason.THRESHOLD_REACHED,
    )


def said(reason: Reason, state: State) -> str:
    """The sentence of a reason in a state, in an ordinary case of both."""
    if state.ended:
        proof = Proof.ORDERS if reason is Reason.ORDER_SEEN else None
        end = replace(finished(state, proof), reason=reason, good_orders=1)
        if reason is Reason.CLOSED_BY_PERSON:
            end = replace(end, by="ana", why="fixed by hand")
        last: Event = end
    else:
        below = reason is Reason.BELOW_THRESHOLD
        hourly = reason is Reason.BREAKER_OPEN
        last = replace(DECIDED if below else ENOUGH, state=state, reason=reason)
        last = replace(last, limit=6) if hourly else last
    return sentence(fold("01k9b", [*story(reason), last]), RULE)


EVENTS: Iterable[Event] = (
    OPENED,
    FIRED,
    AlertResolved(
        at=at(60),
        fingerprint="57c6d9296de2ad30",
        starts_at=at(-90),
        sender=Sender.GRAFANA,
        state_reason="MissingSeries",
    ),
    silenced(),
    look(good_orders=2),
    FirstErrorFound(at=at(1), first_error_at=at(-114)),
    replace(ENOUGH, decision=Decision.REPORT, reason=Reason.THRESHOLD_REACHED),
    INTENDED,
    ANSWERED,
    SHARED,
    withheld(),
    founding()[-1],
    planned(),
    Vetoed(at=at(1), by="ana"),
    VetoUndone(at=at(1), by="ana", act_at=at(21)),
    ReportRequested(at=at(1), by="ana"),
    ReportedByHand(at=at(200), by="ana", reported_at=at(120)),
    Noted(at=at(1), by="ana", text="the factory knows"),
    paused(),
    Resumed(at=at(100), by="ana"),
    FixRecorded(at=at(1), fixed_at=at(-1)),
    PROBED,
    Told(at=at(100), where=Where.IRM, what=What.ACKNOWLEDGED, group="IQ7WZ2X9"),
)


def test_every_state_is_there_with_its_words() -> None:
    told = {row[0]: row[1] for row in table(WORDS, "States")}
    assert told == {state.value: state_words(state) for state in State}


def test_every_outcome_is_there_with_its_words() -> None:
    told = {row[0]: row[1] for row in table(WORDS, "Outcomes")}
    assert told == {outcome.value: outcome_words(outcome) for outcome in Outcome}


def test_every_cause_of_unreadable_logs_is_there_with_its_words() -> None:
    told = {row[0]: row[1] for row in table(WORDS, "Unreadable logs")}
    expected = {reason.value: unreadable_words(reason) for reason in UnreadableReason}
    assert told == expected


@pytest.mark.parametrize(
    ("heading", "names"),
    [("Verdicts", Verdict), ("Decisions", Decision), ("Proofs", Proof)],
)
def test_every_name_of_a_closed_set_is_there_and_no_other(
    heading: str, names: Iterable[str]
) -> None:
    assert [row[0] for row in table(WORDS, heading)] == list(names)


def test_every_reason_is_there_in_the_order_of_an_incident() -> None:
    told = [row[0] for row in table(WORDS, "Reasons")]
    assert list(dict.fromkeys(told)) == list(Reason)


@pytest.mark.parametrize("row", table(WORDS, "Reasons"), ids=lambda row: row[:2])
def test_the_sentence_of_a_reason_is_the_one_that_people_read(row: list[str]) -> None:
    reason, state, words = row
    assert said(Reason(reason), State(state)) == words


def test_every_event_is_there_with_its_words() -> None:
    told = {row[0]: row[1] for row in table(WORDS, "Events")}
    assert told == {event.event: event_words(event) for event in EVENTS}
    assert set(told) == {_name_of(kind) for kind in get_args(Event)}


def _name_of(kind: type[Event]) -> str:
    name = kind.__dataclass_fields__["event"].default
    assert isinstance(name, str)
    return name
