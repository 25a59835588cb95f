"""The report's timeline: what a reader needs of it, each with its source."""

from collections.abc import Iterator
from datetime import datetime

from responder.incident.event_words import (
    event_words,
    outcome_words,
    unreadable_words,
)
from responder.incident.events import (
    AlertFired,
    AlertResolved,
    CheckReading,
    Decided,
    Event,
    Finished,
    FirstErrorFound,
    Looked,
    Opened,
    PersonActed,
    ReportAnswered,
    ReportIntended,
    ReportWithheld,
)
from responder.incident.names import Proof, Reason, State
from responder.incident.operator_events import Noted, ReportedByHand
from responder.incident.phrases import count_of, span
from responder.incident.report_facts import SENDERS
from responder.incident.report_record import Record
from responder.incident.report_text import plain
from responder.incident.told import Told, Where

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
        yield from _told(event, reading, next(answers, None) if sent else None)


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


def _told(
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
