"""Every event survives the way through JSON, and no text in it can hurt a database."""

import json
import typing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from responder.incident.alert import AlertVerdict, PersonAction
from responder.incident.events import (
    AlertFired,
    AlertResolved,
    Candidate,
    CheckReading,
    Decided,
    Event,
    FactoryProbed,
    Finished,
    FirstErrorFound,
    FixRecorded,
    Looked,
    Noted,
    Opened,
    Paused,
    PersonActed,
    ReportAnswered,
    ReportedByHand,
    ReportIntended,
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
from responder.store.timeline import decode, decode_verdicts, encode, encode_verdicts

AT = datetime(2026, 11, 5, 12, 0, 0, 123456, tzinfo=UTC)
READING = CheckReading(name="error-logs", count=7, threshold=5, since=AT, until=AT)
UNREAD = replace(READING, count=None, unreadable=UnreadableReason.TIMEOUT)
EVENTS: list[Event] = [
    Opened(at=AT, rule="pizza-factory", group="shop='a'", sender=Sender.IRM),
    Opened(at=AT, rule="r", sender=Sender.GRAFANA_PULL),
    Opened(at=AT, rule="r", reason=Reason.RELAPSE, relapse_of="inc-1"),
    AlertFired(
        at=AT,
        fingerprint="f1",
        starts_at=AT - timedelta(minutes=1),
        sender=Sender.GRAFANA,
        labels={"alertname": "Order errors", "été": "ü"},
        links={"panel": "https://grafana.example.com"},
    ),
    AlertResolved(
        at=AT, fingerprint="f1", starts_at=AT, sender=Sender.GRAFANA, truncated=True
    ),
    PersonActed(at=AT, action=PersonAction.SILENCED, person="ada", until=AT),
    Looked(
        at=AT,
        since=AT,
        checks=(READING, UNREAD),
        candidates=(Candidate(name="link 7f3a", digest="a" * 64, seen_at=AT),),
        good_orders=0,
        lines=("1-a", "2-b"),
    ),
    FirstErrorFound(at=AT, first_error_at=AT, lines=("1-a",), complete=False),
    Decided(
        at=AT,
        decision=Decision.HOLD,
        state=State.HOLDING,
        reason=Reason.BELOW_THRESHOLD,
        observed=4,
        limit=5,
        check="error-logs",
        until=AT,
    ),
    ReportIntended(at=AT, link="link 7f3a", digest="a" * 64, reason=Reason.NEWER_LINK),
    ReportAnswered(
        at=AT, link="l", digest="d", outcome=Outcome.UNKNOWN, status=None, seconds=0.25
    ),
    ReportShared(
        at=AT,
        link="l",
        digest="d",
        incident="inc-1",
        outcome=Outcome.RESOLVED,
        answered_at=AT,
    ),
    ReportWithheld(at=AT, link="l", digest="d", reason=Reason.SHADOW),
    ReportPlanned(
        at=AT, act_at=AT, link="l", digest="d", reason=Reason.THRESHOLD_REACHED
    ),
    Vetoed(at=AT, by="ada"),
    VetoUndone(at=AT, by="ada", act_at=AT),
    ReportRequested(at=AT, by="ada"),
    ReportedByHand(at=AT, by="ada", reported_at=AT),
    Noted(at=AT, by="ada", text="the oven is on fire"),
    Paused(at=AT, by="ada", until=AT),
    Resumed(at=AT, by="ada"),
    Told(at=AT, where=Where.GRAFANA, what=What.REGION_OPENED, ref="71", mark="acted"),
    FixRecorded(at=AT, fixed_at=AT - timedelta(seconds=1)),
    FactoryProbed(at=AT, reachable=False, why="no connection within 5 s"),
    Finished(
        at=AT, state=State.RECOVERED, reason=Reason.ERRORS_STOPPED, proof=Proof.QUIET
    ),
]


def test_every_kind_of_event_is_tried() -> None:
    assert {type(event) for event in EVENTS} == set(typing.get_args(Event))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event)
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    assert decode(encode(event)) == event


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event)
def test_a_stored_event_carries_its_public_name_and_time(event: Event) -> None:
    stored = json.loads(encode(event))

    assert stored["event"] == event.event
    assert datetime.fromisoformat(stored["at"]) == AT


@pytest.mark.parametrize("bad", ["\x00", "\ud800"])
def test_what_no_database_takes_becomes_the_replacement_character(bad: str) -> None:
    fired = AlertFired(
        at=AT,
        fingerprint=f"f{bad}1",
        starts_at=AT,
        sender=Sender.GRAFANA,
        labels={f"na{bad}me": f"a{bad}b"},
    )

    text = encode(fired)

    assert "\\u0000" not in text
    assert text.encode()
    assert decode(text) == replace(fired, fingerprint="f�1", labels={"na�me": "a�b"})


def test_an_unknown_kind_of_event_is_refused_without_showing_it() -> None:
    with pytest.raises(ValidationError) as refused:
        decode('{"event": "teleported", "at": "2026-11-05T12:00:00Z", "x": "s3cret"}')

    assert "s3cret" not in str(refused.value)


def test_verdicts_come_back_as_they_were() -> None:
    verdicts = (
        AlertVerdict(fingerprint="f1", verdict=Verdict.OPENED, incident="i", rule="r"),
        AlertVerdict(fingerprint="f2", verdict=Verdict.IGNORED, why="no rule"),
    )

    assert decode_verdicts(encode_verdicts(verdicts)) == verdicts


OLDER = [
    (
        '{"at": "2026-11-05T12:00:00Z", "by": "ada", "link": "link cccc", '
        '"digest": "cccc", "event": "report_requested"}',
        ReportRequested(at=AT.replace(microsecond=0), by="ada"),
    ),
    (
        '{"at": "2026-11-05T12:00:00Z", "by": "ada", '
        '"act_at": "2026-11-05T12:00:00Z", "event": "veto_undone"}',
        VetoUndone(
            at=AT.replace(microsecond=0), by="ada", act_at=AT.replace(microsecond=0)
        ),
    ),
    (
        '{"at": "2026-11-05T12:00:00Z", "link": "link cccc", "digest": "cccc", '
        '"reason": "logs_unreadable", "event": "report_intended"}',
        ReportIntended(
            at=AT.replace(microsecond=0),
            link="link cccc",
            digest="cccc",
            reason=Reason.LOGS_UNREADABLE,
        ),
    ),
]


@pytest.mark.parametrize(
    ("stored", "event"), OLDER, ids=["pasted link", "undone veto", "unreadable logs"]
)
def test_what_only_earlier_versions_wrote_is_still_read(
    stored: str, event: Event
) -> None:
    assert decode(stored) == event
