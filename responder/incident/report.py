"""The incident report: a timeline as Markdown that a person completes."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from responder.incident.alert import PersonAction
from responder.incident.evaluation import MOST_LINES
from responder.incident.events import (
    AlertFired,
    AlertResolved,
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
    Told,
    Where,
)
from responder.incident.incident import Incident, Report, line_time
from responder.incident.names import (
    Mode,
    Outcome,
    Proof,
    Reason,
    Sender,
    State,
    UnreadableReason,
)
from responder.incident.phrases import clock, count_of, span
from responder.incident.view import IncidentSummary
from responder.incident.words import (
    affected,
    event_words,
    outcome_words,
    unreadable_words,
)

# What a timeline knows, as the sections of the incident report ask for it.

Kind = TypeVar("Kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncounted:
    """A time in which the logs could not be counted. `until` None: to the end."""

    since: datetime
    until: datetime | None
    reason: UnreadableReason


class Record:
    """One incident's evidence. Every answer follows from the events alone."""

    def __init__(self, incident: Incident, events: Sequence[Event]) -> None:
        self.incident = incident
        self.events = tuple(events)
        self.looks = self.all_of(Looked)
        self.firings = self.all_of(AlertFired)
        lines = sorted(line_time(key) for key in incident.line_keys)
        self.lines = tuple(lines)
        self.failed = tuple(sorted(line_time(key) for key in incident.failed_keys))
        firsts = [*lines[:1], *filter(None, [incident.first_error_at])]
        self.first_error = min(firsts, default=None)
        self.last_error = max(lines, default=self.first_error)
        self.minutes_only = all(_whole(at) for at in self._moments())

    def all_of(self, kind: type[Kind]) -> tuple[Kind, ...]:
        return tuple(event for event in self.events if isinstance(event, kind))

    def _moments(self) -> list[datetime]:
        """The times that people and programs noted down, not those of log lines."""
        noted = [event.at for event in self.events]
        noted += [f.starts_at for f in self.firings]
        noted += [by_hand.reported_at for by_hand in self.all_of(ReportedByHand)]
        return noted + [f.first_error_at for f in self.all_of(FirstErrorFound)]

    # Times

    @property
    def began(self) -> datetime:
        """The first error; without one, the alert's start, or our hearing of it."""
        started = self.incident.alert_started_at or self.incident.opened_at
        return self.first_error or started

    def clock(self, at: datetime) -> str:
        """The time of day in UTC, with its day where that is not the first one."""
        text = clock(at)[:5] if self.minutes_only else clock(at)
        at, began = at.astimezone(UTC), self.began.astimezone(UTC)
        return text if at.date() == began.date() else f"{at:%Y-%m-%d} {text}"

    def length(self, length: timedelta) -> str:
        """A length in words, `about` where the record knows whole minutes only."""
        if not self.minutes_only:
            return span(length)
        return f"about {count_of(max(0, round(length.total_seconds() / 60)), 'minute')}"

    @property
    def heard_at(self) -> datetime:
        opened = self.incident.opened_at
        # An alert may come after our own watch has seen the fault.
        return min(self.firings[0].at, opened) if self.firings else opened

    @property
    def detection_delay(self) -> timedelta | None:
        """From the first error to our hearing of the alert; None if unknown."""
        if self.first_error is None or not self.firings:
            return None
        delay = self.heard_at - self.first_error
        return delay if delay >= timedelta(0) else None

    @property
    def outage(self) -> timedelta | None:
        """From the first error log to the last; None if none is known."""
        if self.first_error is None or self.last_error is None:
            return None
        return self.last_error - self.first_error

    # Evidence

    @property
    def counted(self) -> bool:
        """Whether any look could count: if none could, nothing is known of errors."""
        readings = [check for look in self.looks for check in look.checks]
        return bool(self.lines) or any(r.count is not None for r in readings)

    @property
    def errors(self) -> str:
        """`66 error logs`, `at least 5000 error logs`."""
        number = self.incident.errors
        partial = [t for t in self.all_of(FirstErrorFound) if not t.complete]
        beyond = any(c.at_least for look in self.looks for c in look.checks)
        least = "at least " if partial or beyond or number >= MOST_LINES else ""
        return least + count_of(number, "error log")

    @property
    def failed_orders(self) -> str | None:
        """None: the record holds none, because none could be counted."""
        counted = any(k.failed_asked and not k.failed_unreadable for k in self.looks)
        if not self.failed and not counted:
            return None
        least = "at least " if len(self.failed) >= MOST_LINES else ""
        return least + count_of(len(self.failed), "failed order")

    @property
    def confirming(self) -> CheckReading | None:
        """The reading that first reached a limit."""
        readings = (check for look in self.looks for check in look.checks)
        return next((reading for reading in readings if reading.reached), None)

    @property
    def linked(self) -> bool:
        """Whether failing lines carried a report link of the factory."""
        return any(look.candidates for look in self.looks)

    @property
    def good_orders(self) -> int | None:
        """Good orders from the report to the end; None: never asked or unreadable.

        What the watch over a relapse sees later proves nothing, and is not counted.
        """
        finished = self.incident.finished
        if finished and finished.good_orders is not None:
            return finished.good_orders
        counts = [k.good_orders for k in self.looks if k.good_orders is not None]
        return max(counts, default=None)

    @property
    def uncounted(self) -> tuple[Uncounted, ...]:
        return uncounted(self.looks)

    # What was done

    @property
    def calls(self) -> tuple[Report, ...]:
        return self.incident.reports

    @property
    def effective(self) -> Report | None:
        """The last call after which the factory said that nothing is wrong."""
        ended = (r for r in reversed(self.calls) if r.outcome and r.outcome.moves_floor)
        return next(ended, None)

    @property
    def by_hand(self) -> ReportedByHand | None:
        """A person's own report: the last that they told of."""
        return next(reversed(self.all_of(ReportedByHand)), None)

    @property
    def people(self) -> tuple[str, ...]:
        """Everyone who did something, in the order of the record."""
        names = [
            event.person if isinstance(event, PersonActed) else getattr(event, "by", "")
            for event in self.events
        ]
        return tuple(dict.fromkeys(name for name in names if name.strip()))

    @property
    def ended_by_call_at(self) -> datetime | None:
        """The report that ended it: by hand, our own, or another incident's."""
        if self.by_hand:
            return self.by_hand.reported_at
        if self.effective:
            return self.effective.answered_at or self.effective.at
        return self.incident.shared.answered_at if self.incident.shared else None

    @property
    def called_person(self) -> Decided | None:
        """The first time that Responder called a person."""
        decisions = self.all_of(Decided)
        return next((d for d in decisions if d.state is State.NEEDS_HUMAN), None)

    @property
    def acknowledged(self) -> PersonActed | None:
        for acted in self.all_of(PersonActed):
            if acted.action is PersonAction.ACKNOWLEDGED and acted.person.strip():
                return acted
        return None

    @property
    def mode(self) -> Mode:
        """Shadow if a report was withheld: the timeline tells nothing else of it."""
        return Mode.SHADOW if self.incident.withheld_at else Mode.AUTO


def uncounted(looks: Sequence[Looked]) -> tuple[Uncounted, ...]:
    """The times in which at least one check could not be read."""
    spans: list[Uncounted] = []
    since: datetime | None = None
    why = UnreadableReason.UNREACHABLE
    for look in looks:
        reason = next((c.unreadable for c in look.checks if c.unreadable), None)
        if reason and since is None:
            since, why = look.at, reason
        if not reason and since is not None:
            spans.append(Uncounted(since=since, until=look.at, reason=why))
            since = None
    if since is not None:
        spans.append(Uncounted(since=since, until=None, reason=why))
    return tuple(spans)


def after(times: Sequence[datetime], at: datetime) -> int:
    """How many of these times are not before `at`."""
    return sum(1 for time in times if time >= at)


def _whole(at: datetime) -> bool:
    return at.second == 0 and at.microsecond == 0


# Blanks for a person to fill in, and escaping of text that others wrote.

LONGEST = 200
"""Characters of a stranger's text that a report repeats."""

BLANK = re.compile(r"(?<!\\)\[\s*FILL\s+IN\b\s*:?\s*([^\[\]]{0,300})", re.IGNORECASE)
"""Where a blank begins; its hint is the group."""
_SPECIAL = re.compile(r"([\\`*_\[\]<>&~$|])")
_ADDRESS = re.compile(r"(?i)\b(https?|ftp|mailto|www)([:.])")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Blank:
    """A place that evidence could not fill. `line` counts from 1."""

    line: int
    hint: str


def blank(hint: str) -> str:
    """A visible blank. The hint is ours: no `]` and nobody else's words."""
    return f"[FILL IN: {hint}]"


def blanks(text: str) -> list[Blank]:
    """Every blank that is left, also one that an editor wrapped or lower-cased."""
    return [
        Blank(
            line=text.count("\n", 0, found.start()) + 1,
            hint=" ".join(found[1].split()),
        )
        for found in BLANK.finditer(text)
    ]


def plain(text: str, longest: int = LONGEST) -> str:
    """A stranger's text as Markdown that shows it and does nothing else.

    One line of at most `longest` characters: no mark-up, HTML, link, heading or
    blank can come of it, and nothing that is invisible or turns the line around.
    """
    line = " ".join("".join(_visible(text)).split())
    if len(line) > longest:
        line = line[: longest - 1].rstrip() + "…"
    return _ADDRESS.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", line))


def _visible(text: str) -> Iterator[str]:
    for letter in text:
        hidden = unicodedata.category(letter) in _HIDDEN
        yield " " if hidden or letter.isspace() else letter


# What could be better: Prevention and Action items of the incident report.

_SLOW = timedelta(seconds=30)
"""A wait that is worth an action item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What was before this incident. `earlier`: of its rule, newest first.

    `first` says that nothing at all is recorded before it; `more` that `earlier` is
    not all.
    """

    earlier: Sequence[IncidentSummary] = ()
    more: bool = False
    first: bool = False


def prevention(record: Record, history: History) -> str:
    """What was known of this fault before."""
    said = []
    if relapse := record.incident.relapse_of:
        said.append(f"This is a relapse of incident `{relapse}`: its fix did not hold.")
    rule = plain(record.incident.rule)
    if not history.earlier:
        begins = " (which begins with this one)" if history.first else ""
        said.append(
            f"No earlier incident with rule {rule} is in Responder's history{begins}."
        )
        return " ".join(said)
    least = "at least " if history.more else ""
    many = count_of(len(history.earlier), "earlier incident")
    last = history.earlier[0]
    began = (last.first_error_at or last.opened_at).astimezone(UTC)
    said.append(
        f"Responder's history holds {least}{many} with rule {rule}. The last, "
        f"`{last.id}`, began at {began:%Y-%m-%d %H:%M} with {_size(last)}; this one "
        f"has {count_of(record.incident.errors, 'error log')}"
        f"{_orders(record.incident.failed_orders)}."
    )
    return " ".join(said)


def _size(last: IncidentSummary) -> str:
    return f"{count_of(last.errors, 'error log')}{_orders(last.failed_orders)}"


def _orders(failed: int) -> str:
    return f" and {count_of(failed, 'failed order')}" if failed else ""


def action_items(record: Record) -> str:
    """What the evidence suggests, each with its evidence, and a free line."""
    owner = blank("owner, date")
    items = [f"{owner} {action} ({why})" for action, why in _suggested(record)]
    items.append(blank('owner, date and action of your own, or "none"'))
    return "\n".join(f"{n}. {item}" for n, item in enumerate(items, start=1))


def _suggested(record: Record) -> Iterator[tuple[str, str]]:
    yield from _earlier_alert(record)
    yield from _of_mode(record)
    yield from _of_evidence(record)
    yield from _of_supplier(record)


def _earlier_alert(record: Record) -> Iterator[tuple[str, str]]:
    late, whole = record.detection_delay, record.outage
    if late is None or late < _SLOW:
        return
    whose = f" of {record.length(whole)}" if whole and late < whole else ""
    yield (
        "Shorten the alert's pending period and group wait.",
        f"{record.length(late)}{whose} passed before the alert arrived",
    )


def _of_mode(record: Record) -> Iterator[tuple[str, str]]:
    withheld = record.incident.withheld_at
    if withheld is None:
        return
    until = record.by_hand.reported_at if record.by_hand else record.last_error
    why = f"it would have reported at {record.clock(withheld)}"
    if until and until > withheld:
        why += f", {record.length(until - withheld)} earlier"
    rule = plain(record.incident.rule)
    yield f"Move rule {rule} from shadow to veto or auto.", why


def _of_evidence(record: Record) -> Iterator[tuple[str, str]]:
    if gaps := record.uncounted:
        yield (
            "Make the logs readable for Responder at all times.",
            f"{unreadable_words(gaps[0].reason)} at {record.clock(gaps[0].since)}",
        )
    asked = any(look.failed_asked for look in record.looks)
    if record.lines and not record.failed and not asked:
        yield (
            "Let the rule count failed orders (its setting `failed`).",
            "the record holds error logs only",
        )
    if record.incident.proof is Proof.QUIET:
        yield (
            "Let the rule look for good orders (its setting `traffic`).",
            "recovery was judged by silence",
        )


def _of_supplier(record: Record) -> Iterator[tuple[str, str]]:
    called = record.called_person
    if called and called.reason is Reason.NO_LINK:
        yield (
            "Find out why the failing orders carried no report link.",
            "a person was called for it",
        )
    if called and called.reason in (Reason.ERRORS_CONTINUE, Reason.MAX_REPORTS):
        yield (
            "Ask the supplier why the report did not help.",
            f"{count_of(len(record.calls), 'call')}, and orders still failed",
        )
    failed = (Outcome.REFUSED, Outcome.UNREACHABLE, Outcome.UNKNOWN)
    unheard = [call for call in record.calls if call.outcome in failed]
    if unheard:
        yield (
            "Ask the supplier why its report address did not answer as agreed.",
            f"{count_of(len(unheard), 'call')} without a proper answer",
        )


# What happened: Summary, Detection, Impact and Root cause of the incident report.

SENDERS = {
    Sender.GRAFANA: "Grafana",
    Sender.ALERTMANAGER: "Alertmanager",
    Sender.IRM: "Grafana IRM",
    Sender.GRAFANA_PULL: "Grafana, which Responder asked",
}
_PROOFS = {
    Proof.ORDERS: "Recovery was proven by good orders",
    Proof.QUIET: "Recovery was judged by the error logs, which stopped",
    Proof.SUPPLIER: "Recovery rests on the factory's word; no order came to prove it",
}


def summary(record: Record) -> str:
    """What failed, when, who ended it and how it stands."""
    said = [_what_failed(record), _how_heard(record), _how_ended(record)]
    if record.incident.proof:
        said.append(f"{_PROOFS[record.incident.proof]}.")
    said.append(_severity(record))
    return " ".join(part for part in said if part)


def _what_failed(record: Record) -> str:
    day = f"{record.began.day} {record.began:%B %Y}"
    first, last = record.first_error, record.last_error
    if not record.counted:
        hint = "how many orders failed, and from when to when"
        return f"On {day} the logs could not be counted: {blank(hint)}."
    if first is None or last is None:
        return f"On {day} an alert came in; no error log was found for it."
    when = f"On {day}, from {record.clock(first)} to {record.clock(last)},"
    written = "was" if record.errors == "1 error log" else "were"
    if record.failed_orders is None:
        said = f"{when} orders failed: {record.errors} {written} written."
    else:
        failed = record.failed_orders.replace("failed order", "pizza order")
        said = f"{when} {failed} failed and {record.errors} {written} written."
    gaps = " and ".join(_between(record, gap) for gap in record.uncounted)
    return f"{said} The logs could not be counted {gaps}." if gaps else said


def _how_heard(record: Record) -> str:
    if not record.firings:
        return ""
    when = record.clock(record.heard_at)
    return f"The alert reached Responder at {when}{_since_first(record)}."


def _since_first(record: Record) -> str:
    late = record.detection_delay
    return "" if late is None else f", {record.length(late)} after the first error"


def _how_ended(record: Record) -> str:
    said = []
    if by_hand := record.by_hand:
        when = record.clock(by_hand.reported_at)
        said.append(f"A person reported the fault to the factory at {when}.")
    if ours := _how_reported(record):
        said.append(ours)
    if not said and record.incident.withheld_at:
        said.append("Responder only watched, and no report by hand is on the record.")
    elif not said:
        said.append("Nothing was reported to the factory.")
    return " ".join(said)


def _how_reported(record: Record) -> str:
    """What Responder's own calls did, "" without any."""
    incident, call = record.incident, record.effective
    if call:
        waited = record.length(call.at - record.heard_at)
        people = "" if record.called_person or record.people else "; nobody had to act"
        when = f"at {record.clock(call.at)}"
        if not record.minutes_only:
            when += f", {waited} after the alert arrived"
        return f"Responder reported the fault to the factory {when}{people}."
    if incident.shared:
        other = record.clock(incident.shared.answered_at)
        return f"The report of another incident, at {other}, covered this one."
    if record.calls:
        return "Responder called the factory, but no call is known to have worked."
    return ""


def _severity(record: Record) -> str:
    found = (f.labels.get("severity", "") for f in record.firings)
    severity = next((label for label in found if label.strip()), None)
    if severity:
        return f"Severity, by the alert's label: {plain(severity)}."
    return f"Severity: {blank('your scale; the alert carried no severity label')}."


def detection(record: Record) -> str:
    """Which alert told of it, how late it was, and what made it late."""
    said = [_which_alert(record)]
    said += _delays(record)
    acknowledged = record.acknowledged
    if acknowledged:
        who, when = plain(acknowledged.person), record.clock(acknowledged.at)
        said.append(f"{who} acknowledged it at {when}.")
    timers = blank("pending period and group wait of the rule (Alerting, its rule)")
    if record.firings:
        said.append(f"Known delays of the alert: {timers}.")
    return " ".join(said)


def _which_alert(record: Record) -> str:
    when, rule = record.clock(record.heard_at), plain(record.incident.rule)
    if not record.firings:
        return f"No alert: Responder's own watch of rule {rule} found it at {when}."
    sender = SENDERS[record.firings[0].sender]
    names = (f.labels.get("alertname", "") for f in record.firings)
    name = next((plain(n) for n in names if n.strip()), None)
    name = name or blank("alert name, not in the record")
    others = len({f.fingerprint for f in record.firings}) - 1
    more = f" with {count_of(others, 'more alert')}" if others else ""
    return f"The alert {name}{more} reached Responder from {sender} at {when}."


def _delays(record: Record) -> list[str]:
    first, started = record.first_error, record.incident.alert_started_at
    if first is None or (late := record.detection_delay) is None:
        return []
    said = [f"That is {record.length(late)} after the first error log."]
    if started and first < started < record.heard_at:
        rule, wait = started - first, record.heard_at - started
        said.append(
            f"The rule took {record.length(rule)} of it to fire, and the notice "
            f"{record.length(wait)} to arrive."
        )
    return said


def impact(record: Record) -> str:
    """How long, how many, and what nobody counted."""
    first, last = record.first_error, record.last_error
    said = []
    if first is not None and last is not None:
        length = record.length(last - first).removeprefix("about ")
        said.append(f"{length}, {record.clock(first)} to {record.clock(last)}.")
    said.append(_numbers(record))
    said += [_gap(record, gap) for gap in record.uncounted]
    customers = blank("number of customers whose orders failed")
    cases = blank('number of support cases, or "none"')
    said += [f"Customers affected: {customers}.", f"Support cases: {cases}."]
    return " ".join(said)


def _numbers(record: Record) -> str:
    if not record.counted:
        return f"Failed orders and error logs: {blank('numbers; none was counted')}."
    if record.failed_orders is None:
        orders = blank("number; the record holds error logs only")
        return f"{record.errors}. Failed orders: {orders}."
    per = ""
    if record.lines and record.failed:
        per = f" ({len(record.lines) / len(record.failed):.1f} per order)"
    said = f"{record.failed_orders}, {record.errors}{per}."
    return f"{said} {affected(record.incident)}".rstrip()


def _gap(record: Record, gap: Uncounted) -> str:
    between, why = _between(record, gap), unreadable_words(gap.reason)
    return f"Not counted {between}, {why}: the numbers may be higher."


def _between(record: Record, gap: Uncounted) -> str:
    until = f"to {record.clock(gap.until)}" if gap.until else "to the end"
    return f"from {record.clock(gap.since)} {until}"


def root_cause(record: Record) -> str:
    """What is known, apart from what only the supplier or we ourselves can know."""
    supplier = blank('its explanation, or "not disclosed by the supplier"')
    cause = blank("what failed, and why")
    if record.linked:
        known = "the failing orders carried a report link from the factory"
        call = record.effective
        if call and call.outcome is Outcome.RESOLVED:
            known += ", which said that the problem was resolved when it was called"
        said = [f"What is known: {known}.", f"Why the factory failed: {supplier}."]
    elif record.confirming and not record.calls:
        said = [
            "What is known: no failing order carried a report link from the factory, "
            f"which points to our own service. Why it failed: {cause}."
        ]
    else:
        said = [f"The record does not tell: {cause}."]
    if lateness := _lateness(record):
        said.append(lateness)
    return " ".join(said)


def _lateness(record: Record) -> str:
    """How much of the outage had passed before anything could be done about it."""
    late, whole = record.detection_delay, record.outage
    if late is None or not whole or late <= timedelta(0):
        return ""
    return (
        f"Contributing, from this record: {record.length(late)} passed before the "
        f"alert arrived, of {record.length(whole)} in all."
    )


# The report's timeline: what a reader needs of it, each with its source.

_PERSON = "recorded by a person"
_LONGEST_NOTE = 1000

Entry = tuple[datetime, str, str]
"""When, what, and where it is known from."""


def timeline(record: Record) -> str:
    """The entries as a list, oldest first."""
    entries = sorted(_entries(record), key=lambda entry: entry[0])
    return "\n".join(
        f"- _{record.clock(at)}_ - {capital(words)}. ({source})"
        for at, words, source in entries
    )


def capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def numbers(reading: CheckReading) -> str:
    """`14 error logs in 5 min`, by the check's name, never its query."""
    least = "at least " if reading.at_least else ""
    lines = count_of(reading.count or 0, "error log")
    if reading.name != "error-logs":
        lines = f"{count_of(reading.count or 0, 'line')} of check {plain(reading.name)}"
    window = span(reading.until - reading.since)
    return f"{least}{lines} in {window}"


def _entries(record: Record) -> Iterator[Entry]:
    yield from _errors(record)
    yield from _alerts(record)
    yield from _gaps(record)
    answers = iter(record.all_of(ReportAnswered))
    reading: CheckReading | None = None
    for event in record.events:
        if isinstance(event, Looked):
            reading = next((c for c in event.checks if c.reached), reading)
        sent = isinstance(event, ReportIntended)
        yield from _event_lines(event, reading, next(answers, None) if sent else None)


def _errors(record: Record) -> Iterator[Entry]:
    first, last = record.first_error, record.last_error
    if first is None or last is None:
        return
    walked = record.all_of(FirstErrorFound)
    earlier = " that could be read" if any(not w.complete for w in walked) else ""
    yield first, f"first error log{earlier}", "logs"
    if last > first:
        yield last, "last error log", "logs"


def _alerts(record: Record) -> Iterator[Entry]:
    """The first notice, and one entry for all that followed."""
    if record.firings:
        first, *more = record.firings
        source = SENDERS[first.sender]
        yield first.at, f"the alert reaches Responder from {source}", source
        if more:
            joined = f"{count_of(len(more), 'more firing')} joined since"
            yield more[-1].at, joined, SENDERS[more[-1].sender]
    resolved = record.all_of(AlertResolved)
    if resolved:
        ends = (
            "the alert resolves" if len(resolved) == 1 else "the alerts have resolved"
        )
        yield resolved[-1].at, ends, SENDERS[resolved[-1].sender]


def _gaps(record: Record) -> Iterator[Entry]:
    for gap in record.uncounted:
        until = f" until {record.clock(gap.until)}" if gap.until else ""
        why = unreadable_words(gap.reason)
        yield gap.since, f"the error logs cannot be counted{until}: {why}", "Responder"


def _event_lines(
    event: Event, reading: CheckReading | None, answer: ReportAnswered | None
) -> Iterator[Entry]:
    """What Responder decided and did."""
    counted = f" ({numbers(reading)}, limit {reading.threshold})" if reading else ""
    match event:
        case Decided():
            if event.state in (State.HOLDING, State.NEEDS_HUMAN):
                words = plain(event_words(event))
                yield event.at, f"Responder {words}", "Responder"
        case ReportIntended():
            said = f": {_answer(answer)}" if answer else ", no answer is known"
            words = f"Responder reports to the factory with {plain(event.link)}"
            yield event.at, f"{words}{counted}{said}", "Responder"
        case ReportWithheld():
            words = f"Responder would have reported now{counted}"
            yield event.at, words, "Responder, shadow mode"
        case Finished():
            yield event.at, _end(event), "Responder"
        case _:
            yield from _other(event)


def _other(event: Event) -> Iterator[Entry]:
    """What people did, and whatever else there is to tell."""
    match event:
        case AlertFired() | AlertResolved() | Looked() | FirstErrorFound():
            return
        case ReportAnswered():
            return
        case Opened():
            if event.relapse_of:
                yield event.at, plain(event_words(event)), "Responder"
        case PersonActed():
            yield event.at, plain(event_words(event)), "IRM"
        case ReportedByHand():
            words = f"{plain(event.by)} reports the fault to the factory by hand"
            yield event.reported_at, words, _PERSON
        case Told():
            if event.where is not Where.GRAFANA:
                yield event.at, plain(event_words(event)), "Responder"
        case Noted():
            words = f"{plain(event.by)} notes: {plain(event.text, _LONGEST_NOTE)}"
            yield event.at, words.rstrip("."), _PERSON
        case _:
            yield event.at, plain(event_words(event)), "Responder"


def _end(event: Finished) -> str:
    if event.proof is Proof.ORDERS and event.good_orders:
        orders = count_of(event.good_orders, "good order")
        return f"recovered, proven by {orders} since the report"
    if event.reason is Reason.SHADOW:
        return "Responder stops watching"
    return plain(event_words(event))


def _answer(answer: ReportAnswered) -> str:
    status = f" (HTTP {answer.status})" if answer.status is not None else ""
    said = f', in its words "{plain(answer.message)}"' if answer.message else ""
    return f"{outcome_words(answer.outcome, answer.status)}{status}{said}"


# Who did what: Response and Resolution of the incident report.


def response(record: Record) -> str:
    """Responder's part, then people's, then what was in the way."""
    said = [_by_responder(record), *_by_people(record), _obstacles(record)]
    return " ".join(part for part in said if part)


def _by_responder(record: Record) -> str:
    incident, confirming = record.incident, record.confirming
    counted = ""
    if confirming:
        limit = f"where {confirming.threshold} are the limit"
        counted = f" counted {numbers(confirming)}, {limit},"
    if incident.withheld_at:
        return (
            f"Responder only watched (shadow mode): it{counted} and would have "
            f"reported at {record.clock(incident.withheld_at)}."
        )
    if record.calls:
        first = record.calls[0]
        waited = record.length(first.at - record.heard_at)
        heard = f"heard of it at {record.clock(record.heard_at)}"
        counted = f",{counted}" if counted else ""
        more = f", {len(record.calls)} times in all" if record.calls[1:] else ""
        return (
            f"By Responder: it {heard}{counted} and called the factory "
            f"{waited} later{more}."
        )
    if incident.shared:
        return "Another incident's report covered this one; Responder verified it."
    if not confirming:
        return "Responder looked, found no limit reached, and did not report."
    return f"Responder{counted} and did not report."


def _by_people(record: Record) -> list[str]:
    said, told = [], set()
    if acknowledged := record.acknowledged:
        after_it = _later(record, acknowledged.at, record.heard_at)
        who = plain(acknowledged.person)
        told.add(acknowledged.person)
        said.append(f"{who} acknowledged at {record.clock(acknowledged.at)}{after_it}.")
    if decided := record.called_person:
        words = plain(event_words(decided))
        said.append(f"At {record.clock(decided.at)} Responder {words}.")
    if by_hand := record.by_hand:
        since = acknowledged.at if acknowledged else record.heard_at
        when = record.clock(by_hand.reported_at)
        told.add(by_hand.by)
        after_it = _later(record, by_hand.reported_at, since)
        said.append(f"{plain(by_hand.by)} reported by hand at {when}{after_it}.")
    if record.people:
        names = [plain(name) for name in record.people if name not in told]
        also = f"Also on the record: {', '.join(names)}. " if names else ""
        said.append(f"{also}Nobody else is on the record.")
    elif record.effective and record.incident.state is State.RECOVERED:
        said.append(
            "Left out: a person reading the page, looking for the link and calling "
            "the factory. Nobody is on the record as having acted."
        )
    else:
        said.append("Nobody is on the record as having acted.")
    return said


def _later(record: Record, at: datetime, since: datetime) -> str:
    return f", {record.length(at - since)} later" if at > since else ""


def _obstacles(record: Record) -> str:
    hint = 'what slowed you down; "none" is an answer'
    return f"Obstacles: {blank(hint)}."


def resolution(record: Record) -> str:
    """What ended it, the supplier's words, the proof, and what was spared."""
    called = _call(record) or [_without_call(record)]
    return " ".join([*called, *_proof(record), *_spared(record)])


def _call(record: Record) -> list[str]:
    said = [_call_words(record, call) for call in record.calls]
    if by_hand := record.by_hand:
        said.append(
            f"{plain(by_hand.by)} reported the fault to the factory by hand at "
            f"{record.clock(by_hand.reported_at)}; its answer is not on the record."
        )
    if shared := record.incident.shared:
        at = record.clock(shared.answered_at)
        said.append(f"The report of incident `{shared.incident}` at {at}.")
    return said


def _call_words(record: Record, call: Report) -> str:
    called = f"Responder called the factory at {record.clock(call.at)}"
    if call.outcome is None:
        return f"{called}; no answer is known."
    said = f': "{plain(call.message)}"' if call.message else ""
    return f"{called}; {outcome_words(call.outcome, call.status)}{said}."


def _proof(record: Record) -> list[str]:
    incident, last = record.incident, record.last_error
    called = record.ended_by_call_at
    said = []
    if called and last is not None:
        late = after(record.lines, called)
        left = count_of(late, "error log") if late else "No error log"
        said.append(f"{left} came after it; the last one was at {record.clock(last)}.")
    if incident.proof is Proof.ORDERS and record.good_orders:
        orders = count_of(record.good_orders, "good order")
        when = f" by {record.clock(incident.ended_at)}" if incident.ended_at else ""
        said.append(f"Proof: {orders}{when}.")
    elif incident.proof is Proof.QUIET:
        said.append("Proof: the error logs stopped; good orders were not counted.")
    elif incident.proof is Proof.SUPPLIER:
        said.append("No order came to prove it: it rests on the factory's word.")
    return said


def _spared(record: Record) -> list[str]:
    """What came after the moment at which shadow mode would have reported."""
    withheld = record.incident.withheld_at
    if withheld is None or not record.lines:
        return []
    lines = after(record.lines, withheld)
    spared = f"{lines} of the {count_of(len(record.lines), 'error log')}"
    if record.failed:
        orders = after(record.failed, withheld)
        spared += f" and {orders} of the {count_of(len(record.failed), 'failed order')}"
    return [
        f"Responder would have reported at {record.clock(withheld)}: {spared} came "
        "after that and could have been left out."
    ]


def _without_call(record: Record) -> str:
    how = blank("what ended it, and how you know")
    if record.incident.finished is None:
        return f"It is not resolved yet: {how}."
    if record.incident.withheld_at:
        return f"What ended it is not on the record: {how}."
    words = plain(event_words(record.incident.finished))
    when = record.clock(record.incident.finished.at)
    return f"Nothing was reported to the factory. Responder at {when}: {words}. {how}."


HEADINGS = (
    "Summary",
    "Detection",
    "Impact",
    "Timeline",
    "Response",
    "Root cause",
    "Resolution",
    "Prevention",
    "Action items",
    "Changes made",
)
"""Nine of the course's template, and what was changed because of the incident."""


def file_name(number: int) -> str:
    """Where the course wants it: `incident-1.md`."""
    return f"incident-{number}.md"


def report(
    incident: Incident,
    events: Sequence[Event],
    *,
    number: int = 1,
    history: History | None = None,
) -> str:
    """The whole report as Markdown. `number` is the person's own count."""
    record = Record(incident, events)
    write: Mapping[str, Callable[[], str]] = {
        "Summary": lambda: summary(record),
        "Detection": lambda: detection(record),
        "Impact": lambda: impact(record),
        "Timeline": lambda: timeline(record),
        "Response": lambda: response(record),
        "Root cause": lambda: root_cause(record),
        "Resolution": lambda: resolution(record),
        "Prevention": lambda: prevention(record, history or History()),
        "Action items": lambda: action_items(record),
        "Changes made": _changes,
    }
    sections = [f"## {heading}\n\n{write[heading]()}" for heading in HEADINGS]
    title = f"# Incident: {record.began:%Y-%m-%d %H-%M-%S}"
    return "\n\n".join([title, _origin(record, number), *sections]) + "\n"


def _origin(record: Record, number: int) -> str:
    shadow = record.mode is Mode.SHADOW
    mode = "; shadow mode: it watched and called nothing" if shadow else ""
    parts = [
        f"> Written by Responder from recorded evidence (incident {number}, "
        f"`{record.incident.id}`{mode}).",
        "All times are UTC.",
    ]
    if record.incident.drill:
        parts.append("**This was a drill:** no order failed, nothing was reported.")
    if not record.incident.state.ended:
        parts.append("The incident is still open: write this again when it has ended.")
    return " ".join(parts)


def _changes() -> str:
    hint = 'alert rules or settings you changed because of this incident, or "none"'
    return blank(hint)
