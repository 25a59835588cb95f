"""What people's actions and their brakes make of an incident. Part of the fold."""

from dataclasses import replace

from responder.incident.events import Decided
from responder.incident.model import Incident
from responder.incident.names import Reason
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
from responder.incident.pause import Pause

_LAPSES = frozenset(
    {
        Reason.BELOW_THRESHOLD,
        Reason.LOGS_UNREADABLE,
        Reason.NO_LINK,
        Reason.SILENCED,
    }
)
"""Reasons to hold after which a planned report is announced anew."""


def operated(incident: Incident, event: OperatorEvent) -> Incident:
    """The incident after one of these events."""
    match event:
        case Paused() | Resumed():
            return replace(incident, pauses=_pauses(incident.pauses, event))
        case ReportPlanned():
            return replace(incident, planned=event)
        case Vetoed():
            after = replace(incident, vetoed=event, requested=None)
        case VetoUndone():
            planned = incident.planned
            if planned and event.act_at:
                planned = replace(planned, at=event.at, act_at=event.act_at)
            after = replace(incident, vetoed=None, planned=planned)
        case ReportRequested():
            # A veto stays for when it lapses: it is taken back for this call alone.
            after = replace(incident, requested=event)
        case ReportedByHand():
            after = replace(incident, reported_by_hand_at=event.reported_at)
        case Noted():
            after = incident
    return replace(after, last_person_at=event.at)


def decided(incident: Incident, event: Decided) -> Incident:
    """The incident in the state that was decided."""
    planned = None if event.reason in _LAPSES else incident.planned
    return replace(
        incident,
        state=event.state,
        reason=event.reason,
        decided=event,
        planned=planned,
    )


def _pauses(known: tuple[Pause, ...], event: Paused | Resumed) -> tuple[Pause, ...]:
    ended = known
    if known and known[-1].ended_at is None:
        by = event.by if isinstance(event, Resumed) else ""
        ended = (*known[:-1], replace(known[-1], ended_at=event.at, ended_by=by))
    if isinstance(event, Resumed):
        return ended
    pause = Pause(
        at=event.at, by=event.by, until=event.until, pressed_at=event.pressed_at
    )
    return (*ended, pause)
