"""What the page of one incident shows, ready for its template."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from responder.incident.event_words import outcome_words, unreadable_words
from responder.incident.events import CheckReading, Event
from responder.incident.listing import HeardDelivery
from responder.incident.model import Incident, Report
from responder.incident.names import Verdict
from responder.incident.phrases import clock
from responder.incident.rule import Rule
from responder.incident.window import acts_at
from responder.web.addresses import Address, addresses_of
from responder.web.answers import Answers, answers_of
from responder.web.can import Can
from responder.web.delay import Delay, delay_of
from responder.web.drawing import Drawing, draw
from responder.web.headline import Headline, incident_headline
from responder.web.lists import DeliveryRow, day_clock, state_of
from responder.web.numbers import NumberRow, spoken, table
from responder.web.strips import Strips, strips_of
from responder.web.telling import Line, Show, told

WIDTHS = (("phone", 340.0), ("desk", 640.0))
"""Each chart is drawn once for each kind of screen: its text keeps its size."""


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
            answer = f"{outcome_words(report.outcome, report.status)} ({took})"
        return cls(
            clock=clock(report.at),
            link=report.link,
            answer=answer,
            message=report.message,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Both charts with their words and the table behind them."""

    strips: Strips
    drawings: tuple[tuple[str, Drawing], ...]
    spoken: str
    rows: tuple[NumberRow, ...]

    @classmethod
    def of(cls, incident: Incident, events: Sequence[Event]) -> "Chart | None":
        strips = strips_of(incident, events)
        if strips is None:
            return None
        return cls(
            strips=strips,
            drawings=tuple((name, draw(strips, width)) for name, width in WIDTHS),
            spoken=spoken(strips),
            rows=table(strips),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One incident for its page."""

    incident: Incident
    state: str
    answers: Answers
    chart: Chart | None
    delay: Delay
    times: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]
    checks: tuple[CheckRow, ...]
    reports: tuple[ReportRow, ...]
    addresses: tuple[Address, ...]
    show: Show
    rule: Rule
    head: Headline
    can: Can
    act_at: datetime | None
    """When an announced report leaves, None without one."""

    @classmethod
    def of(
        cls,
        incident: Incident,
        events: Sequence[Event],
        rule: Rule,
        *,
        can: Can,
        show: Show = Show.ALL,
    ) -> "Story":
        look = incident.look
        start = incident.alert_started_at or incident.opened_at
        head = incident_headline(incident, rule)
        return cls(
            incident=incident,
            state=state_of(incident),
            answers=answers_of(incident, events, head.ask),
            chart=Chart.of(incident, events),
            delay=delay_of(incident),
            times=_times(incident),
            lines=told(events, start, rule, show),
            checks=tuple(CheckRow.of(c) for c in look.checks) if look else (),
            reports=tuple(ReportRow.of(report) for report in incident.reports),
            addresses=addresses_of(incident, events, rule),
            show=show,
            rule=rule,
            head=head,
            can=can,
            act_at=_act_at(incident),
        )


def _act_at(incident: Incident) -> datetime | None:
    if incident.finished or incident.vetoed or incident.outstanding:
        return None
    if incident.pauses and incident.pauses[-1].ended_at is None:
        return None
    return acts_at(incident, incident.looked_at or incident.opened_at)


def _times(incident: Incident) -> tuple[tuple[str, str], ...]:
    named = (
        ("First error log", incident.first_error_at),
        ("Alert began", incident.alert_started_at),
        ("Heard", incident.opened_at),
        ("Reported", incident.reported_at),
        ("Ended", incident.ended_at),
    )
    return tuple((name, day_clock(at) if at else "not yet") for name, at in named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """What senders delivered for one incident: resends folded under the first."""

    telling: tuple[DeliveryRow, ...]
    resends: tuple[str, ...]
    left_out: int = 0
    """Older ones, of which the page does not tell."""

    @classmethod
    def of(
        cls, heard: Sequence[HeardDelivery], every: int, now: datetime
    ) -> "Deliveries":
        """`heard` are the latest of `every`, newest first, as the archive gives it."""
        telling: list[DeliveryRow] = []
        resends: list[HeardDelivery] = []
        for delivery in reversed(heard):
            kinds = set(delivery.kinds)
            if kinds and kinds <= {Verdict.REPEATED, Verdict.ECHO}:
                resends.append(delivery)
            else:
                telling.append(DeliveryRow.of(delivery, now))
        many = len(resends)
        return cls(
            telling=tuple(telling),
            resends=tuple(
                f"resend {number} of {many} from {delivery.sender}, "
                f"{day_clock(delivery.received_at)} UTC"
                for number, delivery in enumerate(resends, start=1)
            ),
            left_out=max(every - len(heard), 0),
        )
