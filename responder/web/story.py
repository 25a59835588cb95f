"""What pages show of incidents and deliveries, ready for a template."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from responder.incident.event_words import (
    event_words,
    outcome_words,
    reading_words,
    unreadable_words,
)
from responder.incident.events import CheckReading, Event, Looked
from responder.incident.model import Incident, Report
from responder.incident.names import State
from responder.incident.phrases import clock, span
from responder.incident.ports import HeardDelivery, IncidentSummary
from responder.incident.words import state_words


def day_clock(at: datetime) -> str:
    """A day and time of day in UTC: `2026-11-05 16:42:10`."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRow:
    """One incident of a list."""

    id: str
    rule: str
    group: str
    state: str
    waits: bool
    sentence: str
    opened_at: str
    ago: str

    @classmethod
    def of(cls, incident: IncidentSummary, now: datetime) -> "IncidentRow":
        return cls(
            id=incident.id,
            rule=incident.rule,
            group=incident.group,
            state=state_words(incident.state),
            waits=incident.state is State.NEEDS_HUMAN,
            sentence=incident.summary,
            opened_at=day_clock(incident.opened_at),
            ago=span(now - incident.opened_at),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """One delivery of a list. `why` says for each ignored alert what was missing."""

    received_at: str
    ago: str
    sender: str
    credential: str
    verdicts: str
    why: tuple[str, ...]
    signed: str

    @classmethod
    def of(cls, delivery: HeardDelivery, now: datetime) -> "DeliveryRow":
        verdicts = dict.fromkeys(v.verdict.value for v in delivery.verdicts)
        difference = delivery.clock_difference
        return cls(
            received_at=day_clock(delivery.received_at),
            ago=span(now - delivery.received_at),
            sender=delivery.sender,
            credential=delivery.credential,
            verdicts=", ".join(verdicts).replace("_", " ") or "no alerts",
            why=tuple(dict.fromkeys(v.why for v in delivery.verdicts if v.why)),
            signed=""
            if difference is None
            else f"signature good, clock difference {abs(difference):.0f} s",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a timeline. `offset` counts from the alert's start."""

    at: datetime
    offset: str
    words: str
    kind: str
    again: int = 0
    until: str = ""

    @property
    def clock(self) -> str:
        return clock(self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """One check's last reading."""

    name: str
    count: str
    threshold: int
    window: str
    reached: bool

    @classmethod
    def of(cls, reading: CheckReading) -> "CheckRow":
        least = "at least " if reading.at_least else ""
        count = f"{least}{reading.count}"
        if reading.count is None:
            reason = reading.unreadable
            why = unreadable_words(reason) if reason else "no answer"
            count = f"could not be counted: {reading.detail or why}"
        return cls(
            name=reading.name,
            count=count,
            threshold=reading.threshold,
            window=f"{clock(reading.since)} to {clock(reading.until)}",
            reached=reading.reached,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """One call to the factory."""

    clock: str
    link: str
    answer: str
    message: str

    @classmethod
    def of(cls, report: Report) -> "ReportRow":
        answer = "no answer yet"
        if report.outcome:
            status = f"HTTP {report.status}, " if report.status is not None else ""
            took = f"{report.method} {status}{report.seconds:.2f} s".strip()
            answer = f"{outcome_words(report.outcome)} ({took})"
        return cls(
            clock=clock(report.at),
            link=report.link,
            answer=answer,
            message=report.message,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One incident for its page."""

    incident: Incident
    state: str
    times: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]
    checks: tuple[CheckRow, ...]
    reports: tuple[ReportRow, ...]

    @classmethod
    def of(cls, incident: Incident, events: Sequence[Event]) -> "Story":
        look = incident.look
        return cls(
            incident=incident,
            state=state_words(incident.state),
            times=_times(incident),
            lines=_lines(incident, events),
            checks=tuple(CheckRow.of(c) for c in look.checks) if look else (),
            reports=tuple(ReportRow.of(report) for report in incident.reports),
        )


def _times(incident: Incident) -> tuple[tuple[str, str], ...]:
    named = (
        ("First error log", incident.first_error_at),
        ("Alert began", incident.alert_started_at),
        ("Heard", incident.opened_at),
        ("Reported", incident.reported_at),
        ("Ended", incident.ended_at),
    )
    return tuple((name, day_clock(at) if at else "not yet") for name, at in named)


def _lines(incident: Incident, events: Sequence[Event]) -> tuple[Line, ...]:
    """The timeline, looks that read the same as the one before folded into it."""
    start = incident.alert_started_at or incident.opened_at
    lines: list[Line] = []
    before = ""
    for event in events:
        same = _reading(event) if isinstance(event, Looked) else ""
        if same and same == before:
            folded = lines[-1]
            lines[-1] = replace(folded, again=folded.again + 1, until=clock(event.at))
            continue
        before = same
        lines.append(
            Line(
                at=event.at,
                offset=_offset(event.at, start),
                words=event_words(event),
                kind=event.event,
            )
        )
    return tuple(lines)


def _reading(look: Looked) -> str:
    """What a look read, without when: equal for looks that read the same."""
    timeless = [
        reading_words(replace(c, since=look.since, until=look.since))
        for c in look.checks
    ]
    parts = [*timeless, look.good_orders, look.traffic_unreadable]
    return repr(parts).replace(clock(look.since), "")


def _offset(at: datetime, start: datetime) -> str:
    seconds = (at - start).total_seconds()
    sign = "−" if seconds < 0 else "+"
    return f"{sign}{abs(seconds):.1f} s"
