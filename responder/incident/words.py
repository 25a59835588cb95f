"""What happened, in words: one line of a timeline for every kind of event."""

from collections.abc import Mapping

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
    ReportShared,
    ReportWithheld,
)
from responder.incident.names import (
    Outcome,
    Proof,
    Reason,
    State,
    UnreadableReason,
)
from responder.incident.phrases import clock, count_of, span
from responder.incident.supplier_events import (
    FactoryProbed,
    FixRecorded,
    supplier_words,
)
from responder.incident.told import Told
from responder.incident.told_words import told_words
from responder.incident.words_operator import operator_words

_OUTCOMES: Mapping[Outcome, str] = {
    Outcome.RESOLVED: "the factory said that the problem is resolved",
    Outcome.NOTHING_TO_RESOLVE: "the factory said that there was nothing to resolve",
    Outcome.WRONG_CODE: "the factory does not know this code",
    Outcome.REFUSED: "the factory refused the report",
    Outcome.UNREACHABLE: "the factory could not be reached, nothing was sent",
    Outcome.UNKNOWN: "no complete answer came, the report may have worked",
}
_NOT_IN_CONTRACT = (
    "the factory answered, but not as its contract says, the report may have worked"
)
_UNREADABLE: Mapping[UnreadableReason, str] = {
    UnreadableReason.UNREACHABLE: "the log source could not be reached",
    UnreadableReason.TIMEOUT: "the log source did not answer in time",
    UnreadableReason.UNAUTHORIZED: "the log source refused our credentials",
    UnreadableReason.BAD_QUERY: "the log source did not understand the query",
    UnreadableReason.TOO_MUCH: "the log source found too much to read",
    UnreadableReason.OVERLOADED: "the log source is overloaded",
    UnreadableReason.SERVER_ERROR: "the log source failed",
    UnreadableReason.NOT_LOKI: "what answered is no log source",
    UnreadableReason.PARTIAL: "the log source answered in part only",
    UnreadableReason.STORAGE: "the logs could not be read",
}
_PROOFS: Mapping[Proof, str] = {
    Proof.ORDERS: "proven by orders",
    Proof.QUIET: "the errors stopped",
    Proof.SUPPLIER: "by the factory's word",
}
_ENDS: Mapping[State, str] = {
    State.RECOVERED: "recovered",
    State.STOOD_DOWN: "stood down",
    State.CLOSED: "closed",
    State.SUPERSEDED: "superseded by a new incident",
}


def outcome_words(outcome: Outcome, status: int | None = None) -> str:
    """What the factory's answer meant; `status` is None if none came in full."""
    if outcome is Outcome.UNKNOWN and status is not None:
        return _NOT_IN_CONTRACT
    return _OUTCOMES[outcome]


def unreadable_words(reason: UnreadableReason) -> str:
    """Why a query could not be counted."""
    return _UNREADABLE[reason]


def reading_words(reading: CheckReading) -> str:
    """One check's number: `error-logs 14, limit 5`. Never its query."""
    if reading.count is None:
        reason = reading.unreadable
        why = reading.detail or (unreadable_words(reason) if reason else "no answer")
        return f"{reading.name} could not be counted: {why}"
    least = "at least " if reading.at_least else ""
    window = span(reading.until - reading.since)
    return (
        f"{reading.name} {least}{reading.count}, limit {reading.threshold}, "
        f"in {window} to {clock(reading.until)}"
    )


def event_words(event: Event) -> str:
    """One line of a timeline, without its time."""
    match event:
        case Opened():
            return _opened(event)
        case AlertFired():
            name = event.labels.get("alertname", "an alert")
            return f"{name} fires, heard from {event.sender}"
        case AlertResolved():
            why = f" ({event.state_reason})" if event.state_reason else ""
            return f"the alert resolved{why}, heard from {event.sender}"
        case PersonActed():
            until = f" until {clock(event.until)}" if event.until else ""
            return f"{event.person or 'IRM itself'} {event.action}{until} in IRM"
        case Looked():
            return _looked(event)
        case FirstErrorFound():
            how = "" if event.complete else " or earlier"
            return f"first error log found at {clock(event.first_error_at)}{how}"
        case Decided():
            return _decided(event)
        case Finished():
            return _finished(event)
        case ReportIntended() | ReportAnswered() | ReportShared() | ReportWithheld():
            return _reported(event)
        case FixRecorded() | FactoryProbed():
            return supplier_words(event)
        case Told():
            return told_words(event)
        case _:
            return operator_words(event)


def _finished(event: Finished) -> str:
    if event.by:
        why = f" ({event.why})" if event.why else ""
        return f"{event.by} closed it{why}"
    proof = f", {_PROOFS[event.proof]}" if event.proof else ""
    end = _ENDS.get(event.state, event.state)
    return f"{end}{proof} ({event.reason.replace('_', ' ')})"


def _opened(event: Opened) -> str:
    if event.relapse_of:
        return f"incident opened: a relapse of {event.relapse_of}"
    if event.drill:
        return f"drill {event.drill} opened an incident under rule {event.rule}"
    by = ""
    if event.reason is Reason.SELF_DETECTED:
        by = " by Responder's own watch"
    elif event.by:
        by = f" by {event.by}"
    return f"incident opened{by} under rule {event.rule}"


def _looked(event: Looked) -> str:
    parts = [reading_words(reading) for reading in event.checks]
    if event.good_orders is not None:
        parts.append(count_of(event.good_orders, "good order"))
    if event.traffic_unreadable:
        parts.append("good orders could not be counted")
    if event.failed_unreadable:
        parts.append("failed orders could not be counted")
    return "counted: " + "; ".join(parts) if parts else "looked at the logs"


def _decided(event: Decided) -> str:
    numbers = ""
    if event.observed is not None:
        numbers = f": {event.observed}"
        numbers += f" of {event.limit}" if event.limit is not None else ""
        numbers += f" in check {event.check}" if event.check else ""
    until = f", until {clock(event.until)}" if event.until else ""
    verb, reason = (text.replace("_", " ") for text in (event.decision, event.reason))
    return f"decided to {verb} ({reason}{numbers}{until})".replace(
        "decided to needs human", "called a person"
    )


def _reported(
    event: ReportIntended | ReportAnswered | ReportShared | ReportWithheld,
) -> str:
    match event:
        case ReportIntended():
            return f"reporting to the factory with {event.link}"
        case ReportAnswered():
            said = f': "{event.message}"' if event.message else ""
            how = f" by {event.method}" if event.method else ""
            status = f", HTTP {event.status}" if event.status is not None else ""
            words = outcome_words(event.outcome, event.status)
            return f"{event.link}{how}{status}: {words}{said}"
        case ReportShared():
            return (
                f"{event.link} was already reported at {clock(event.answered_at)} "
                f"for incident {event.incident}"
            )
        case ReportWithheld():
            return f"shadow mode: would have reported with {event.link or 'no link'}"
