"""What the page of one incident shows, ready for its template."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import parse_qs, quote, urlsplit

from responder.incident.actions import Standing
from responder.incident.attempt import MOST_WRONG_CODES, link_at_hand
from responder.incident.drill import in_shadow
from responder.incident.events import (
    AlertFired,
    AlertResolved,
    CheckReading,
    Decided,
    Event,
    Finished,
    FirstErrorFound,
    Looked,
    PersonActed,
    ReportAnswered,
    ReportIntended,
    ReportShared,
    ReportWithheld,
)
from responder.incident.evidence import to_ns
from responder.incident.facts import (
    acts_at,
    effective_calls,
    handed_to_person,
    live_plan,
    verifying_since,
    wrong_codes,
)
from responder.incident.incident import Incident, Report, line_time
from responder.incident.names import Mode, Outcome, Proof, State, Verdict
from responder.incident.phrases import clock, count_of, span
from responder.incident.report import uncounted
from responder.incident.rule import Rule
from responder.incident.view import ReceivedDelivery
from responder.incident.words import (
    affected,
    event_words,
    lines_of,
    nearest,
    outcome_words,
    reading_words,
    unreadable_words,
)
from responder.web.chart import (
    Delay,
    Drawing,
    NumberRow,
    Series,
    delay_of,
    draw,
    spoken,
    strips_of,
    table,
)
from responder.web.headline import Headline, incident_headline
from responder.web.lists import DeliveryRow, Others, day_clock, folded_alerts, state_of

# The four answers that an incident's page begins with.


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What broke, what was done, what proves that it worked, what is left to do."""

    broken: str
    did: tuple[str, ...]
    proof: str
    left: str


def answers_of(incident: Incident, events: Sequence[Event], ask: str) -> Answers:
    """`ask` is what the headline asks of a person, "" if nothing."""
    return Answers(
        broken=_broken(incident, events),
        did=_did(incident),
        proof=_proof(incident),
        left=_left(incident, ask),
    )


def which_report(incident: Incident, rule: Rule) -> str:
    """Which of the incident's reports the next one is; rule 11 says which count."""
    number, most = effective_calls(incident) + 1, rule.max_reports
    if number <= most:
        return f"This is report {number} of {most}."
    return f"This is report {number}; Responder by itself stops at {most}."


def last_counted(incident: Incident) -> str:
    """What the last look says of the fault, by the check that decides; "" before it."""
    look = incident.look
    if look is None or not look.checks:
        return ""
    found = nearest(look)
    blind = ", ".join(c.name for c in look.checks if c.count is None)
    if found is None:
        return "The error logs could not be counted."
    said = f"{lines_of(found.name, found.count or 0)} in the last look"
    said += f", limit {found.threshold}"
    if found.reached:
        said += ": orders still fail"
    return f"{said}. Could not be counted: {blind}." if blind else f"{said}."


def _broken(incident: Incident, events: Sequence[Event]) -> str:
    keys = [
        k for e in events if isinstance(e, Looked | FirstErrorFound) for k in e.lines
    ]
    if not keys:
        looked = incident.look
        if looked and all(check.count is None for check in looked.checks):
            return "Not known: the logs could not be counted."
        return (
            "No error log was found in the rule's window."
            if looked
            else ("Not known yet: the logs were not read.")
        )
    first = incident.first_error_at or min(map(line_time, keys))
    last = max(map(line_time, keys))
    orders = count_of(incident.failed_orders, "failed order")
    what = f"{orders}, " if incident.failed_orders else ""
    when = f"at {clock(first)} UTC"
    if last - first >= timedelta(seconds=1):
        when = f"from {clock(first)} to {clock(last)} UTC ({span(last - first)})"
    said = f"{what}{count_of(incident.errors, 'error log')}, {when}."
    return " ".join(filter(None, [said, affected(incident), *_blind(events)]))


def _blind(events: Sequence[Event]) -> Iterator[str]:
    """The times that the counts leave out."""
    for gap in uncounted([e for e in events if isinstance(e, Looked)]):
        until = f"to {clock(gap.until)} UTC" if gap.until else "on"
        yield f"Could not be counted from {clock(gap.since)} {until}."


def _did(incident: Incident) -> tuple[str, ...]:
    if incident.reports:
        return tuple(_called(report) for report in incident.reports)
    if incident.shared:
        return (
            f"Took the report of {clock(incident.shared.answered_at)} UTC, sent for "
            f"incident {incident.shared.incident}, as its own.",
        )
    if incident.withheld_at:
        return (
            f"Shadow mode: would have reported at {clock(incident.withheld_at)} UTC. "
            "Nothing was sent.",
        )
    return ("Counted the error logs. Sent no report.",)


def _called(report: Report) -> str:
    start = f"Reported at {clock(report.at)} UTC with {report.link}"
    if report.outcome is None:
        return f"{start}; no answer yet."
    if report.message and report.status is not None:
        return f"{start}; the factory: “{report.message}”"
    return f"{start}; {outcome_words(report.outcome, report.status)}."


def _proof(incident: Incident) -> str:
    end = incident.finished
    if end is None:
        look = incident.look
        if look and look.good_orders is not None:
            return (
                f"{count_of(look.good_orders, 'good order')} since the report so far."
            )
        return "None yet."
    match end.proof:
        case Proof.ORDERS:
            start = verifying_since(incident)
            within = (
                f" {span(end.at - start)} after the factory's answer" if start else ""
            )
            return f"{count_of(end.good_orders or 1, 'good order')} seen{within}."
        case Proof.QUIET:
            stray = count_of(end.stray, "error log")
            return f"The errors stopped: {stray} since the report."
        case Proof.SUPPLIER:
            return "The factory's word alone: no order came to prove it."
    return "None was needed: nothing was reported." if not incident.reports else "None."


def _left(incident: Incident, ask: str) -> str:
    if incident.state is State.NEEDS_HUMAN:
        return ask or "A person is needed: see the sentence above."
    if not incident.state.ended:
        return "Nothing for you now: Responder goes on by itself."
    if incident.proof is Proof.SUPPLIER:
        return "Place an order yourself to be sure."
    return "Nothing."


# Links back to Grafana, built from what the alert carried.

_NAMES = {
    "generator": "Alert rule",
    "dashboard": "Dashboard",
    "panel": "Panel",
    "silence": "Silence this alert",
    "image": "Picture",
}
_AROUND = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One place to look. Only ever http or https: senders write what they like."""

    name: str
    url: str


def addresses_of(
    incident: Incident, events: Sequence[Event], rule: Rule
) -> tuple[Address, ...]:
    """Where in Grafana to see for yourself, the failing orders' logs first."""
    fired = [e for e in events if isinstance(e, AlertFired) and e.links]
    links: Mapping[str, str] = fired[-1].links if fired else {}
    known = [
        Address(name=name, url=links[key])
        for key, name in _NAMES.items()
        if safe(links.get(key, ""))
    ]
    generator = links.get("generator", "")
    explore = _explore(generator, incident, rule) if safe(generator) else None
    return (explore, *known) if explore else tuple(known)


def safe(address: str) -> bool:
    """Whether an address from outside may become a link at all."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _explore(generator: str, incident: Incident, rule: Rule) -> Address | None:
    """Grafana's Explore with the rule's query, from before the alert until its end.

    Only where the alert came from Grafana itself: its rule's address has `/alerting/`.
    The pane names no data source, so Explore opens the default one.
    """
    parts = urlsplit(generator)
    base, found, _ = parts.path.partition("/alerting/")
    query = rule.failed or (rule.checks[-1].query if rule.checks else "")
    if not found or not query:
        return None
    since = (incident.first_error_at or incident.opened_at) - _AROUND
    until = str(_ms(incident.ended_at + _AROUND)) if incident.ended_at else "now"
    pane = {
        "queries": [{"refId": "A", "expr": query}],
        "range": {"from": str(_ms(since)), "to": until},
    }
    org = parse_qs(parts.query).get("orgId", ["1"])[0]
    panes = quote(json.dumps({"logs": pane}, separators=(",", ":")), safe="")
    url = (
        f"{parts.scheme}://{parts.netloc}{base}/explore?schemaVersion=1"
        f"&orgId={quote(org, safe='')}&panes={panes}"
    )
    return Address(name="Failing orders in Grafana", url=url)


def _ms(at: datetime) -> int:
    return to_ns(at) // 1_000_000


# An incident's timeline, line by line, with the evidence behind each.

_MOST, _BEGINNING = 300, 100
"""Lines of a timeline that a page shows, and how many of them from its beginning."""


class Show(StrEnum):
    """Which lines of a timeline to show."""

    ALL = "all"
    DECISIONS = "decisions"
    PEOPLE = "people"


_DECISIONS = (Decided, ReportIntended, ReportAnswered, ReportShared, ReportWithheld)
_SHOWN: dict[Show, tuple[type, ...]] = {
    Show.ALL: (object,),
    Show.DECISIONS: (*_DECISIONS, Finished),
    Show.PEOPLE: (PersonActed,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a timeline. `offset` counts from the alert's start."""

    at: datetime
    offset: str
    words: str
    kind: str
    evidence: tuple[tuple[str, str], ...] = ()
    again: int = 0
    until: str = ""

    @property
    def clock(self) -> str:
        return clock(self.at)


def told(
    events: Sequence[Event], start: datetime, rule: Rule, show: Show = Show.ALL
) -> tuple[Line, ...]:
    """The timeline, looks that read the same as the one before folded into it."""
    lines: list[Line] = []
    before = ""
    shown = [event for event in events if isinstance(event, _SHOWN[show])]
    for event in folded_alerts(shown):
        if isinstance(event, Others):
            before = ""
            lines.append(_others(event, start))
            continue
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
                evidence=_evidence(event, rule),
            )
        )
    return _middle_left_out(lines)


def _others(others: Others, start: datetime) -> Line:
    first = others.events[0]
    return Line(
        at=first.at,
        offset=_offset(first.at, start),
        words=others.words,
        kind=first.event,
        evidence=others.named,
    )


def _middle_left_out(lines: Sequence[Line]) -> tuple[Line, ...]:
    """What a page can carry of a very long story: its beginning and its end."""
    if len(lines) <= _MOST:
        return tuple(lines)
    left = lines[_BEGINNING : len(lines) - _MOST + _BEGINNING]
    gap = replace(
        left[0],
        words=f"{len(left)} lines until {clock(left[-1].at)} are left out here; "
        "the API tells them all",
        kind="left_out",
        evidence=(),
        again=0,
    )
    return (*lines[:_BEGINNING], gap, *lines[_BEGINNING - _MOST :])


def _reading(look: Looked) -> str:
    """What a look read, without when: equal for looks that read the same."""
    timeless = [
        reading_words(replace(c, since=look.since, until=look.since))
        for c in look.checks
    ]
    parts = [*timeless, look.good_orders, look.traffic_unreadable]
    parts.append(look.failed_unreadable)
    return repr(parts).replace(clock(look.since), "")


def _offset(at: datetime, start: datetime) -> str:
    seconds = (at - start).total_seconds()
    sign = "−" if seconds < 0 else "+"
    return f"{sign}{abs(seconds):.1f} s"


def _evidence(event: Event, rule: Rule) -> tuple[tuple[str, str], ...]:
    match event:
        case Looked():
            return tuple(pair for c in event.checks for pair in _counted(c, rule))
        case Decided():
            return _decided(event, rule)
        case AlertFired():
            return (
                ("Alert began", f"{event.starts_at:%Y-%m-%d %H:%M:%S} UTC"),
                ("Fingerprint", event.fingerprint),
                *event.labels.items(),
            )
        case AlertResolved() if event.truncated or event.state_reason:
            left = "the delivery left alerts out" if event.truncated else ""
            return (("Not clean", left or event.state_reason),)
        case ReportAnswered():
            return (("Took", f"{event.seconds:.2f} s"),)
    return ()


def _counted(reading: CheckReading, rule: Rule) -> tuple[tuple[str, str], ...]:
    found = "could not count" if reading.count is None else str(reading.count)
    window = f"{clock(reading.since)} to {clock(reading.until)} UTC"
    read = (
        f"{'at least ' if reading.at_least else ''}{found}, limit {reading.threshold}, "
        f"{window}"
    )
    query = _query(reading.name, rule)
    return ((reading.name, read), *((("Query", query),) if query else ()))


def _decided(event: Decided, rule: Rule) -> tuple[tuple[str, str], ...]:
    if event.observed is None:
        return ()
    numbers = [("Observed", str(event.observed))]
    if event.limit is not None:
        numbers.append(("Limit", str(event.limit)))
    query = _query(event.check, rule)
    return (*numbers, ("Check", event.check), *((("Query", query),) if query else ()))


def _query(check: str, rule: Rule) -> str:
    return next((c.query for c in rule.checks if c.name == check), "")


# Which buttons an incident has now. The store decides again when one is pressed.


@dataclass(frozen=True, slots=True, kw_only=True)
class Can:
    """`why_not`: what keeps a report from leaving even if a person asks, or ""."""

    veto: bool
    report: bool
    why_not: str
    close: bool

    @property
    def any(self) -> bool:
        return self.veto or self.report or self.close

    @classmethod
    def of(
        cls,
        incident: Incident,
        rule: Rule,
        standing: Standing,
        fixed_link: bool,
    ) -> "Can":
        open_ = incident.finished is None
        rule = in_shadow(rule, incident)
        acts = open_ and rule.mode is not Mode.SHADOW
        sent = incident.outstanding is not None
        done = verifying_since(incident) is not None and live_plan(incident) is None
        wrong = any(r.outcome is Outcome.WRONG_CODE for r in incident.reports)
        linked = not wrong if fixed_link else link_at_hand(incident) is not None
        return cls(
            veto=acts
            and incident.vetoed is None
            and not (sent or done or handed_to_person(incident)),
            report=acts and not sent,
            why_not=_why_not(incident, standing, linked),
            close=open_ and not sent,
        )


def _why_not(incident: Incident, standing: Standing, linked: bool) -> str:
    if standing.breaker_open:
        return "All reports allowed within an hour are used."
    if wrong_codes(incident) >= MOST_WRONG_CODES:
        return f"The factory took none of {MOST_WRONG_CODES} links: report by hand."
    if linked:
        return ""
    if wrong := [r for r in incident.reports if r.outcome is Outcome.WRONG_CODE]:
        return f"The factory does not know the code of {wrong[-1].link}."
    return "No link found yet: report by hand."


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

    strips: Series
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
        cls, heard: Sequence[ReceivedDelivery], every: int, now: datetime
    ) -> "Deliveries":
        """`heard` are the latest of `every`, newest first, as the archive gives it."""
        telling: list[DeliveryRow] = []
        resends: list[ReceivedDelivery] = []
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
