"""Sentences for what people do here, and for what their brakes hold."""

from responder.incident.model import Incident
from responder.incident.operator_events import (
    Noted,
    OperatorEvent,
    Paused,
    ReportedByHand,
    ReportPlanned,
    ReportRequested,
    Resumed,
    Vetoed,
    VetoUndone,
)
from responder.incident.phrases import clock, clock_and_day
from responder.incident.rule import Rule
from responder.incident.words_facts import calls_a_person, held


def paused(incident: Incident, _rule: Rule) -> str:
    pause = incident.pauses[-1] if incident.pauses else None
    if pause is None:
        return held(incident, "automatic reports are paused.")
    until = f" (until {clock(pause.until)})" if pause.until else ""
    at = clock_and_day(pause.pressed_at or pause.at, beside=pause.at)
    stopped = f"{pause.by} stopped automatic reports at {at}{until}."
    return held(incident, stopped)


def veto_window(incident: Incident, _rule: Rule) -> str:
    # The decision knows of pauses since the announcement, the plan does not.
    decided = incident.decided
    act_at = decided.until if decided else None
    when = f" at {clock(act_at)}" if act_at else ""
    return f"Will report{when} unless you stop it."


def vetoed(incident: Incident, _rule: Rule) -> str:
    veto = incident.vetoed
    by = f"Stopped by {veto.by} at {clock(veto.at)}." if veto else "Stopped."
    if calls_a_person(incident):
        return f"{by} Responder will not report it: report by hand, or close it."
    return f"{by} Responder will not report this incident."


def opened(incident: Incident, _rule: Rule) -> str:
    who = incident.opened_by or "A person"
    return f"{who} said: look now. The error logs are being counted."


def closed(incident: Incident, _rule: Rule) -> str:
    finished = incident.finished
    if finished is None or not finished.by:
        return "Closed by a person."
    why = f": {finished.why}" if finished.why else ""
    return f"Closed by {finished.by}{why}."


def operator_words(event: OperatorEvent) -> str:
    """One line of a timeline, without its time."""
    match event:
        case ReportPlanned():
            when = clock(event.act_at)
            return f"will report with {event.link} at {when} unless somebody stops it"
        case Vetoed():
            return f"{event.by} stopped it: Responder will not report this incident"
        case VetoUndone():
            when = f"; reporting at {clock(event.act_at)}" if event.act_at else ""
            return f"{event.by} took the veto back{when}"
        case ReportRequested():
            return f"{event.by} said: report now"
        case ReportedByHand():
            return f"{event.by} reported by hand at {clock(event.reported_at)}"
        case Noted():
            return f"{event.by} noted: {event.text}"
        case Paused():
            until = f" until {clock(event.until)}" if event.until else ""
            at = ""
            if event.pressed_at and event.pressed_at < event.at:
                at = f" at {clock_and_day(event.pressed_at, beside=event.at)}"
            return f"{event.by} stopped automatic reports{at}{until}"
        case Resumed():
            if event.by:
                return f"{event.by} resumed automatic reports"
            return "the pause ended, automatic reports go on"
