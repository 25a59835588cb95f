"""The sentences that people read."""

from dataclasses import replace
from datetime import timedelta

import pytest

from responder.incident.alert import PersonAction
from responder.incident.events import (
    Decided,
    Event,
    FactoryProbed,
    Finished,
    Looked,
    PersonActed,
    ReportAnswered,
    ReportIntended,
    ReportShared,
    ReportWithheld,
)
from responder.incident.incident import Incident, apply, fold
from responder.incident.names import Decision, Outcome, Reason, State, UnreadableReason
from responder.incident.notify import acted_text
from responder.incident.phrases import span
from responder.incident.rule import Rule
from responder.incident.words import event_words, outcome_words, sentence, state_words
from tests.web_parts import QUERY, RULE, at, founding, look

PLAIN = Rule(name="gone", match=(), checks=())


def held(reason: Reason, state: State = State.HOLDING, observed: int = 3) -> Incident:
    decided = Decided(
        at=at(1),
        decision=Decision.HOLD,
        state=state,
        reason=reason,
        observed=observed,
        limit=5,
        check="error-logs",
        until=at(10),
    )
    return fold("inc-1", [*founding()[:3], decided])


def decided(reason: Reason, state: State, seconds: float) -> Decided:
    return Decided(at=at(seconds), decision=Decision.VERIFY, state=state, reason=reason)


def everything() -> list[Event]:
    digest = "7f3a" * 16
    return [
        *founding(),
        PersonActed(at=at(1), action=PersonAction.SILENCED, person="ana"),
        ReportShared(
            at=at(1),
            link="link 7f3a",
            digest=digest,
            incident="inc-0",
            outcome=Outcome.RESOLVED,
            answered_at=at(0),
        ),
        ReportWithheld(at=at(1), link="", digest="", reason=Reason.NO_LINK),
    ]


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("rule", [RULE, PLAIN], ids=["its rule", "a lost rule"])
def test_every_reason_has_a_sentence_in_every_state(
    reason: Reason, state: State, rule: Rule
) -> None:
    words = sentence(held(reason, state), rule)

    assert words[0].isupper() or words[0].isdigit()
    assert words.endswith(".")
    assert QUERY not in words
    assert "/api/" not in words


@pytest.mark.parametrize("reason", Reason)
def test_a_timeline_of_only_an_opening_has_every_sentence_too(reason: Reason) -> None:
    bare = fold("inc-1", [*founding()[:1], decided(reason, State.HOLDING, 1)])

    assert sentence(bare, RULE).endswith(".")


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_words(outcome: Outcome) -> None:
    assert outcome_words(outcome)


@pytest.mark.parametrize("state", State)
def test_every_state_has_words(state: State) -> None:
    assert state_words(state)


@pytest.mark.parametrize("event", everything(), ids=lambda event: event.event)
def test_every_event_has_words(event: Event) -> None:
    assert event_words(event)


def test_a_hold_says_the_count_and_what_the_rule_needs() -> None:
    words = sentence(held(Reason.BELOW_THRESHOLD), RULE)

    assert words == "Held: 3 error logs in the last 5 min, the rule needs 5."


def test_a_hold_says_the_latest_count_not_the_decisions() -> None:
    incident = apply(held(Reason.BELOW_THRESHOLD), look(20, 4))

    assert sentence(incident, RULE) == (
        "Held: 4 error logs in the last 5 min, the rule needs 5."
    )


def test_a_missing_link_points_to_our_own_service() -> None:
    words = sentence(held(Reason.NO_LINK, State.NEEDS_HUMAN, 14), RULE)

    assert words == (
        "14 errors confirmed, limit 5, but no line carries a factory link: "
        "look at our own service."
    )


def test_a_missing_newer_link_after_a_wrong_code_tells_of_the_code() -> None:
    digest = "7f3a" * 16
    wrong: list[Event] = [
        ReportIntended(
            at=at(2), link="link 7f3a", digest=digest, reason=Reason.NEWER_LINK
        ),
        ReportAnswered(
            at=at(3), link="link 7f3a", digest=digest, outcome=Outcome.WRONG_CODE
        ),
        decided(Reason.NO_LINK, State.NEEDS_HUMAN, 63),
    ]
    incident = fold("inc-1", [*founding()[:3], *wrong])

    assert sentence(incident, RULE) == (
        "The factory does not know the code of link 7f3a: "
        "open the newest failing order and report by hand."
    )


@pytest.mark.parametrize(
    ("status", "message", "words"),
    [
        (
            200,
            "Order 66 taken",
            'the factory answered the report of 12:00:00 with "Order 66 taken", which '
            "is not in its contract, so it may or may not have worked.",
        ),
        (
            None,
            "The report was sent; no complete answer within 5 s",
            "the report of 12:00:00 got no answer, so it may or may not have worked.",
        ),
    ],
    ids=["an answer that is not in the contract", "none"],
)
def test_rule_10_no_answer_is_said_only_when_none_came(
    status: int | None, message: str, words: str
) -> None:
    digest, reason = "7f3a" * 16, Reason.THRESHOLD_REACHED
    unknown = ReportAnswered(
        at=at(5),
        link="link 7f3a",
        digest=digest,
        outcome=Outcome.UNKNOWN,
        status=status,
        message=message,
    )
    called: list[Event] = [
        ReportIntended(at=at(0), link="link 7f3a", digest=digest, reason=reason),
        unknown,
        decided(Reason.UNANSWERED, State.HOLDING, 6),
    ]
    incident = fold("inc-1", [*founding()[:3], *called])

    assert sentence(incident, RULE).startswith(f"Held: {words}")
    came = "no complete answer came" not in event_words(unknown)
    assert came is (status is not None)


def two_calls(*later: Event, second: Outcome | None) -> Incident:
    """The fault fixed by a call at noon; then one at 12:05:00, answered or not."""
    digest, reason = "9b2c" * 16, Reason.FIX_DID_NOT_HOLD
    more: list[Event] = [
        ReportIntended(at=at(300), link="link 9b2c", digest=digest, reason=reason)
    ]
    if second:
        more.append(
            ReportAnswered(
                at=at(301), link="link 9b2c", digest=digest, outcome=second, status=200
            )
        )
    return fold("inc-1", [*founding()[:6], *more, *later])


def test_a_fix_that_did_not_hold_names_the_call_that_did_not_help() -> None:
    again = decided(Reason.FIX_DID_NOT_HOLD, State.REPORTING, 300)

    assert sentence(two_calls(again, second=None), RULE) == (
        "Orders fail again after the report of 12:00:00. "
        "Reporting to the factory once more."
    )


def test_a_wait_for_proof_names_the_call_that_recovery_is_judged_by() -> None:
    waiting = decided(Reason.REPORTED, State.VERIFYING, 302)

    refused = sentence(two_calls(waiting, second=Outcome.REFUSED), RULE)
    assert refused.startswith("Reported 12:00:00.")
    fixed = sentence(two_calls(waiting, second=Outcome.RESOLVED), RULE)
    assert fixed.startswith("Reported 12:05:00.")


def test_the_note_in_irm_names_the_call_that_worked_of_two() -> None:
    text = acted_text(two_calls(second=Outcome.RESOLVED), "")

    assert "reported link 9b2c at 12:05:00 UTC" in text


def test_a_report_awaits_a_good_order_and_says_so() -> None:
    verifying = decided(Reason.REPORTED, State.VERIFYING, 1)
    incident = fold("inc-1", [*founding()[:6], verifying])

    assert sentence(incident, RULE) == (
        "Reported 12:00:00. Waiting for a good order: none yet."
    )


def test_recovery_says_how_long_after_the_report_the_order_was_seen() -> None:
    words = sentence(fold("inc-1", founding()), RULE)

    assert words == "Recovered: a good order was seen 30 s after the report."


def test_unreadable_logs_name_the_check_and_the_reason() -> None:
    blind = Looked(
        at=at(1),
        since=at(-300),
        checks=(
            look(1, None)
            .checks[0]
            .__class__(
                name="error-logs",
                count=None,
                since=at(-300),
                until=at(1),
                unreadable=UnreadableReason.TIMEOUT,
            ),
        ),
    )
    hold = decided(Reason.LOGS_UNREADABLE, State.HOLDING, 2)
    incident = fold("inc-1", [*founding()[:2], blind, hold])

    assert sentence(incident, RULE) == (
        'Held: the logs could not be counted (check "error-logs": '
        "the log source did not answer in time). Trying again."
    )


def test_an_end_without_a_report_after_a_call_for_help_is_no_recovery() -> None:
    end = Finished(at=at(900), state=State.STOOD_DOWN, reason=Reason.ERRORS_STOPPED)
    incident = fold("inc-1", [*founding()[:3], end])

    assert sentence(incident, RULE).startswith("Stood down: ")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0 s"),
        (0.25, "0.2 s"),
        (12, "12 s"),
        (60, "1 min"),
        (118, "1 min 58 s"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_a_span_has_its_two_largest_units(seconds: float, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("event", "ending"),
    [
        (
            FactoryProbed(at=at(1), reachable=True),
            "but no line carries a factory link, and the factory answers: "
            "look at our own service.",
        ),
        (
            FactoryProbed(at=at(1), reachable=False, why="no connection within 5 s"),
            "but no line carries a factory link, and the factory does not answer "
            "(no connection within 5 s): look at the factory.",
        ),
        (
            replace(look(0.1), candidates=(), foreign_links=3),
            "but the links in the logs carry another key than factory.api_key: "
            "correct that setting.",
        ),
    ],
    ids=["our own service", "the factory", "another key"],
)
def test_who_is_called_without_a_link_reads_where_to_look(
    event: Event, ending: str
) -> None:
    called = decided(Reason.NO_LINK, State.NEEDS_HUMAN, 62)
    called = replace(called, observed=14, limit=5)

    words = sentence(fold("inc-1", [*founding()[:3], event, called]), RULE)

    assert words == f"14 errors confirmed, limit 5, {ending}"
