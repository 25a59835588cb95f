"""From events to the incident: the fold of a timeline."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from responder.incident.alert import PersonAction
from responder.incident.events import (
    AlertFired,
    AlertResolved,
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
from responder.incident.fold_operator import decided, operated
from responder.incident.model import ORDER_APART, Firing, Incident, Report, line_time
from responder.incident.names import Outcome
from responder.incident.supplier_events import FactoryProbed, FixRecorded
from responder.incident.told import Told

_HEADLESS = "a timeline begins with `opened`"


def fold(incident_id: str, events: Iterable[Event]) -> Incident:
    """The incident that these events tell of, the first of which is `Opened`."""
    incident = fold_on(None, events, incident_id)
    if incident is None:
        raise ValueError(f"incident {incident_id} has no events")
    return incident


def fold_on(
    incident: Incident | None, events: Iterable[Event], incident_id: str = ""
) -> Incident | None:
    """The incident after these events: the same as `apply` on each in turn.

    A run of alerts is taken at once, since one delivery may bring thousands.
    """
    alerts: list[AlertFired | AlertResolved] = []
    for event in events:
        if isinstance(event, AlertFired | AlertResolved):
            alerts.append(event)
            continue
        incident = apply(_alerted(incident, alerts), event, incident_id)
        alerts = []
    return _alerted(incident, alerts)


def apply(incident: Incident | None, event: Event, incident_id: str = "") -> Incident:
    """The incident after one more event. The first must be `Opened`."""
    if isinstance(event, Opened):
        return Incident(
            id=incident_id,
            rule=event.rule,
            group=event.group,
            opened_at=event.at,
            last_firing_at=event.at,
            sender=event.sender,
            relapse_of=event.relapse_of,
            opened_as=event.reason,
            opened_by=event.by,
            drill=event.drill,
            reason=event.reason,
            seq=1,
        )
    if incident is None:
        raise ValueError(_HEADLESS)
    return replace(_after(incident, event), seq=incident.seq + 1)


def _after(incident: Incident, event: Event) -> Incident:
    match event:
        case Opened():
            return incident
        case AlertFired() | AlertResolved():
            return _heard(incident, [event])
        case PersonActed():
            return _person(incident, event)
        case Looked():
            return _failed(_looked(incident, event), event)
        case FirstErrorFound():
            return _begun(_failed(incident, event), event)
        case Decided():
            return decided(incident, event)
        case Finished():
            return replace(
                incident,
                state=event.state,
                reason=event.reason,
                proof=event.proof,
                ended_at=event.at,
                finished=event,
            )
        case ReportIntended() | ReportAnswered() | ReportShared() | ReportWithheld():
            return _reported(incident, event)
        case FixRecorded():
            return incident
        case FactoryProbed():
            return replace(incident, probed=event)
        case Told():
            return replace(incident, told=(*incident.told, event))
        case _:
            return operated(incident, event)


def _alerted(
    incident: Incident | None, alerts: Sequence[AlertFired | AlertResolved]
) -> Incident | None:
    if not alerts:
        return incident
    if incident is None:
        raise ValueError(_HEADLESS)
    return replace(_heard(incident, alerts), seq=incident.seq + len(alerts))


def _heard(
    incident: Incident, alerts: Sequence[AlertFired | AlertResolved]
) -> Incident:
    firings = dict(incident.firings)
    heard, started = incident.last_firing_at, incident.alert_started_at
    fired, resolved_at = incident.fired_at, incident.resolved_at
    for event in alerts:
        known = firings.get(event.fingerprint)
        if isinstance(event, AlertFired):
            heard = max(heard, event.at)
            fired = max(fired or event.at, event.at)
            started = min(started or event.starts_at, event.starts_at)
            if known is None or event.starts_at >= known.starts_at:
                firings[event.fingerprint] = Firing(starts_at=event.starts_at)
        elif known and event.starts_at == known.starts_at:
            # A late word on the firing before says nothing of the one that lasts.
            resolved_at = max(resolved_at or event.at, event.at)
            firings[event.fingerprint] = replace(
                known,
                resolved=True,
                cleanly=not event.state_reason and not event.truncated,
            )
    return replace(
        incident,
        firings=firings,
        last_firing_at=heard,
        fired_at=fired,
        resolved_at=resolved_at,
        alert_started_at=started,
    )


def _person(incident: Incident, event: PersonActed) -> Incident:
    incident = replace(incident, last_person_at=event.at)
    match event.action:
        case PersonAction.SILENCED:
            return replace(incident, silenced=True, silenced_until=event.until)
        case PersonAction.UNSILENCED:
            return replace(incident, silenced=False, silenced_until=None)
        case _:
            return incident


def _looked(incident: Incident, event: Looked) -> Incident:
    unreadable = any(c.unreadable for c in event.checks)
    reached = any(c.reached for c in event.checks)
    first, linked = _first_error(incident, event)
    usable = bool(event.candidates)
    confirmed = incident.confirmed_at or (event.at if reached else None)
    return replace(
        incident,
        look=event,
        looked_at=event.at,
        base_floor=event.floor if incident.look is None else incident.base_floor,
        candidates=incident.candidates
        if unreadable and not usable
        else event.candidates,
        first_error_at=first,
        first_error_linked=linked,
        confirmed_at=confirmed,
        unreadable_since=(incident.unreadable_since or event.at)
        if unreadable
        else None,
        unreadable_looks=incident.unreadable_looks + 1 if unreadable else 0,
        traffic_unreadable_since=(incident.traffic_unreadable_since or event.at)
        if event.traffic_unreadable or event.failed_unreadable
        else None,
        no_link_since=_no_link_since(incident, reached, usable, event.at),
        last_failure_at=event.last_failure_at or incident.last_failure_at,
        below_since=(
            None if unreadable or reached else incident.below_since or event.at
        ),
        line_keys=incident.line_keys | set(event.lines),
        good_keys=incident.good_keys | set(event.good_lines),
    )


def _failed(incident: Incident, event: Looked | FirstErrorFound) -> Incident:
    affected = set(event.affected_lines)
    return replace(
        incident,
        failed_keys=incident.failed_keys | set(event.failed_lines) | affected,
        affected_keys=incident.affected_keys | affected,
    )


def _first_error(incident: Incident, event: Looked) -> tuple[datetime | None, bool]:
    """The first error so far, and whether it has a link: no line without one is it."""
    known, linked = incident.first_error_at, incident.first_error_linked
    seen = event.first_line_at
    if seen is None or incident.first_error_final or linked > event.first_linked:
        return known, linked
    if known is None or event.first_linked > linked:
        return seen, event.first_linked
    return min(known, seen), linked


def _begun(incident: Incident, event: FirstErrorFound) -> Incident:
    """What came before the first error is not of this incident."""
    first = event.first_error_at
    lines = incident.line_keys | set(event.lines)
    orders = first - ORDER_APART
    return replace(
        incident,
        first_error_at=first,
        first_error_final=True,
        line_keys=_since(first, lines),
        failed_keys=_since(orders, incident.failed_keys),
        affected_keys=_since(orders, incident.affected_keys),
    )


def _since(first: datetime, keys: Iterable[str]) -> frozenset[str]:
    return frozenset(key for key in keys if line_time(key) >= first)


def _no_link_since(
    incident: Incident, reached: bool, usable: bool, at: datetime
) -> datetime | None:
    if usable:
        return None
    return incident.no_link_since or (at if reached else None)


def _reported(
    incident: Incident,
    event: ReportIntended | ReportAnswered | ReportShared | ReportWithheld,
) -> Incident:
    match event:
        case ReportIntended():
            intended = Report(
                at=event.at,
                link=event.link,
                digest=event.digest,
                reason=event.reason,
                by=event.by,
            )
            reports = (*incident.reports, intended)
            return replace(incident, reports=reports, requested=None)
        case ReportAnswered():
            answered = replace(
                incident.reports[-1],
                answered_at=event.at,
                outcome=event.outcome,
                method=event.method,
                status=event.status,
                message=event.message,
                seconds=event.seconds,
            )
            # A link of an earlier fault began nothing: the next one seen does.
            wrong = event.outcome is Outcome.WRONG_CODE
            return replace(
                incident,
                reports=(*incident.reports[:-1], answered),
                first_error_linked=incident.first_error_linked and not wrong,
            )
        case ReportShared():
            return replace(incident, shared=event)
        case ReportWithheld():
            return replace(incident, withheld_at=event.at, withheld_link=event.link)
