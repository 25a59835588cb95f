"""The founding incident of 7 April 2025 as timelines: its two worlds.

The record of it holds whole minutes, 66 error logs and 18 failed orders from 18:44
to 18:49; when each was written is not known, so both are spread evenly here.
"""

from datetime import UTC, datetime, timedelta

from responder.incident.alert import PersonAction
from responder.incident.events import (
    AlertFired,
    Candidate,
    CheckReading,
    Decided,
    Event,
    Finished,
    FirstErrorFound,
    Looked,
    Noted,
    Opened,
    PersonActed,
    ReportAnswered,
    ReportedByHand,
    ReportIntended,
    ReportWithheld,
)
from responder.incident.evidence import to_ns
from responder.incident.names import Decision, Outcome, Proof, Reason, Sender, State

DIGEST = "7f3a" * 16
FIRST = datetime(2025, 4, 7, 18, 44, tzinfo=UTC)
LAST = FIRST + timedelta(minutes=5)
HEARD = FIRST + timedelta(minutes=2)


def spread(number: int, name: str, until: datetime) -> tuple[str, ...]:
    """Keys of that many lines from the first error to the last, as far as a time."""
    times = (FIRST + (LAST - FIRST) * n / (number - 1) for n in range(number))
    return tuple(f"{to_ns(at)}-{name}" for at in times if at <= until)


def looked(
    at: datetime,
    count: int,
    since: datetime,
    *,
    good: int | None = None,
    before: datetime | None = None,
) -> Looked:
    reading = CheckReading(
        name="error-logs", count=count, threshold=5, since=since, until=at
    )
    until = before - timedelta(microseconds=1) if before else at
    seen = Candidate(name="link 7f3a", digest=DIGEST, seen_at=at)
    return Looked(
        at=at,
        since=since,
        checks=(reading,),
        candidates=(seen,) if count else (),
        good_orders=good,
        lines=spread(66, "error", until) if count else (),
        failed_lines=spread(18, "order", until) if count else (),
        first_line_at=FIRST if count else None,
    )


def opened(at: datetime, sender: Sender, **labels: str) -> list[Event]:
    return [
        Opened(at=at, rule="order-errors", sender=sender),
        AlertFired(
            at=at,
            fingerprint="57c6d9296de2ad30",
            starts_at=HEARD - timedelta(seconds=30) if at > HEARD else HEARD,
            sender=sender,
            labels=labels,
        ),
    ]


def heard() -> datetime:
    """When the alert reaches Responder in the second world."""
    return HEARD + timedelta(milliseconds=300)


def as_it_was() -> list[Event]:
    """Shadow mode: Responder only watches; a person reports by hand at 18:48."""

    def at(minute: int) -> datetime:
        return FIRST.replace(minute=minute)

    def decided(decision: Decision, state: State, minute: int) -> Decided:
        return Decided(
            at=at(minute), decision=decision, state=state, reason=Reason.SHADOW
        )

    person = "Dana Moreno"
    return [
        *opened(HEARD, Sender.IRM),
        looked(HEARD, 26, FIRST, before=HEARD),
        decided(Decision.WITHHOLD, State.VERIFYING, 46),
        ReportWithheld(
            at=HEARD, link="link 7f3a", digest=DIGEST, reason=Reason.THRESHOLD_REACHED
        ),
        PersonActed(at=at(47), action=PersonAction.ACKNOWLEDGED, person=person),
        looked(at(49), 66, FIRST),
        ReportedByHand(at=at(50), by=person, reported_at=at(48)),
        looked(at(50), 0, at(50)),
        Finished(at=at(50), state=State.STOOD_DOWN, reason=Reason.SHADOW),
        Noted(at=at(50), by=person, text="Declared stable."),
    ]


def as_it_would_have_been() -> list[Event]:
    """Responder acts on the alert of 18:46; its own record knows seconds."""

    def at(seconds: float) -> datetime:
        return heard() + timedelta(seconds=seconds)

    return [
        *opened(heard(), Sender.GRAFANA, alertname="Order errors", severity="critical"),
        looked(at(0.1), 27, FIRST),
        Decided(
            at=at(0.2),
            decision=Decision.REPORT,
            state=State.REPORTING,
            reason=Reason.THRESHOLD_REACHED,
            observed=27,
            limit=5,
            check="error-logs",
        ),
        ReportIntended(
            at=at(0.2),
            link="link 7f3a",
            digest=DIGEST,
            reason=Reason.THRESHOLD_REACHED,
        ),
        ReportAnswered(
            at=at(0.3),
            link="link 7f3a",
            digest=DIGEST,
            outcome=Outcome.RESOLVED,
            method="GET",
            status=200,
            message="Problem resolved. Pizza is back on the menu!",
            seconds=0.1,
        ),
        looked(at(10), 0, at(0.3), good=0),
        FirstErrorFound(at=at(10.1), first_error_at=FIRST),
        looked(at(30.3), 0, at(0.3), good=3),
        Finished(
            at=at(30.4),
            state=State.RECOVERED,
            reason=Reason.ORDER_SEEN,
            proof=Proof.ORDERS,
            good_orders=3,
        ),
    ]
