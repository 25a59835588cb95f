"""Builders for incidents in the policy's tests: times are seconds since the opening."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from responder.incident.events import (
    AlertFired,
    AlertResolved,
    Candidate,
    CheckReading,
    Decided,
    Event,
    FirstErrorFound,
    Looked,
    Opened,
    ReportAnswered,
    ReportIntended,
)
from responder.incident.incident import Incident, apply, fold
from responder.incident.names import (
    Decision,
    Outcome,
    Reason,
    Sender,
    State,
    UnreadableReason,
)
from responder.incident.playbook import next_step
from responder.incident.rule import Check, Rule
from responder.incident.service import Brakes, LinkRecord
from responder.incident.steps import Gather, Note, Step, TraceBack, Wait
from responder.worker.record import waited

T0 = datetime(2025, 4, 7, 18, 46, tzinfo=UTC)
LINK = "a" * 64
OTHER = "b" * 64
RULE = Rule(
    name="pizza-factory",
    match=(),
    checks=(
        Check(
            name="error-logs",
            query='{component="jwt-pizza-service"}',
            window=timedelta(minutes=5),
            threshold=5,
        ),
    ),
    traffic='{component="jwt-pizza-service"} |= "menuId"',
)
QUIET_RULE = replace(RULE, traffic=None)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def opened(*events: Event, alerts: Sequence[str] = ("f1",)) -> Incident:
    """An incident opened at 0 s by the alerts named, and then these events."""
    fired = [
        AlertFired(at=T0, fingerprint=name, starts_at=at(-10), sender=Sender.GRAFANA)
        for name in alerts
    ]
    return fold("i1", [Opened(at=T0, rule=RULE.name), *fired, *events])


def look(
    seconds: float,
    count: int | None = 6,
    *,
    links: Sequence[str] = (LINK,),
    late: bool = False,
    good: int | None = None,
    matched: int = 0,
    traffic_unreadable: bool = False,
    failures: int = 0,
    stale: int = 0,
    failed_at: float | None = None,
    in_a_row: int = 0,
) -> Looked:
    """A look that counted `count` lines (None: unreadable) with these links."""
    reading = CheckReading(
        name="error-logs",
        count=count,
        threshold=5,
        since=at(seconds - 300),
        until=at(seconds),
        unreadable=UnreadableReason.TIMEOUT if count is None else None,
    )
    candidates = tuple(
        Candidate(name=f"link {d[:4]}", digest=d, seen_at=at(seconds), late=late)
        for d in links
        if count is not None
    )
    return Looked(
        at=at(seconds),
        since=at(seconds - 300),
        checks=(reading,),
        candidates=candidates,
        good_orders=good,
        traffic_unreadable=traffic_unreadable,
        matched=matched,
        failures=failures,
        stale_failures=stale,
        last_failure_at=None if failed_at is None else at(failed_at),
        good_since_failure=in_a_row or (0 if failures or stale else good or 0),
        working_since=at(seconds) if in_a_row else None,
        first_line_at=at(-60) if count else None,
    )


def resolved(seconds: float, name: str = "f1", **facts: object) -> AlertResolved:
    base = AlertResolved(
        at=at(seconds), fingerprint=name, starts_at=at(-10), sender=Sender.GRAFANA
    )
    return replace(base, **facts)  # type: ignore[arg-type]


def intended(
    seconds: float, digest: str = LINK, reason: Reason = Reason.THRESHOLD_REACHED
) -> ReportIntended:
    return ReportIntended(
        at=at(seconds), link="link aaaa", digest=digest, reason=reason
    )


def answered(seconds: float, outcome: Outcome, digest: str = LINK) -> ReportAnswered:
    return ReportAnswered(
        at=at(seconds), link="link aaaa", digest=digest, outcome=outcome
    )


def call(seconds: float, outcome: Outcome, digest: str = LINK) -> list[Event]:
    """One report sent and answered within a second."""
    return [intended(seconds, digest), answered(seconds + 1, outcome, digest)]


def traced(seconds: float) -> FirstErrorFound:
    return FirstErrorFound(at=at(seconds), first_error_at=at(-120))


def decided(seconds: float, state: State, reason: Reason) -> Decided:
    decision = Decision.HOLD
    if state is State.NEEDS_HUMAN:
        decision = Decision.NEEDS_HUMAN
    return Decided(at=at(seconds), decision=decision, state=state, reason=reason)


def spent(
    digest: str, seconds: float, outcome: Outcome, incident: str = "i1"
) -> LinkRecord:
    return LinkRecord(
        digest=digest,
        outcome=outcome,
        answered_at=at(seconds),
        incident=incident,
        spent=True,
        effective_at=at(seconds) if outcome.may_have_taken_effect else None,
    )


def brakes(*records: LinkRecord, **facts: object) -> Brakes:
    known = Brakes(links={r.digest: r for r in records})
    return replace(known, **facts)  # type: ignore[arg-type]


def followed(
    incident: Incident,
    rule: Rule,
    brakes: Brakes,
    seen: Callable[[float], Looked],
    seconds: float,
    until: float,
) -> tuple[list[Decided], Step]:
    """The decisions to wait from `seconds` on, and the step at `until` or before.

    Each look reads what `seen` has for its second. It ends with the first step that
    is more than a look or a wait.
    """
    decisions: list[Decided] = []
    while True:
        step = next_step(incident, rule, brakes, at(seconds))
        match step:
            case Gather():
                incident = apply(incident, seen(seconds))
            case TraceBack():
                incident = apply(incident, traced(seconds))
            case Note():
                incident = apply(incident, step.event)
            case Wait():
                if (step.state, step.reason) != (incident.state, incident.reason):
                    decisions.append(waited(step, at(seconds)))
                    incident = apply(incident, decisions[-1])
                if seconds >= until:
                    return decisions, step
                seconds = max((step.until - T0).total_seconds(), seconds)
            case _:
                return decisions, step
        # Each turn takes a moment.
        seconds += 0.01
