"""An incident: the fold of its events, and nothing that is not in them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from responder.incident.alert import PersonAction
from responder.incident.events import (
    AlertFired,
    AlertResolved,
    Candidate,
    Decided,
    Event,
    FactoryProbed,
    Finished,
    FirstErrorFound,
    FixRecorded,
    Looked,
    Noted,
    Opened,
    OperatorEvent,
    Paused,
    PersonActed,
    ReportAnswered,
    ReportedByHand,
    ReportIntended,
    ReportPlanned,
    ReportRequested,
    ReportShared,
    ReportWithheld,
    Resumed,
    Told,
    Vetoed,
    VetoUndone,
)
from responder.incident.evidence import from_ns
from responder.incident.names import (
    Outcome,
    Proof,
    Reason,
    Sender,
    State,
    UnreadableReason,
)
from responder.incident.pause import Pause

ORDER_APART = timedelta(seconds=1)
"""The line of an order and that of a check may be some milliseconds apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """One fingerprint seen firing: its newest start, and how it ended if it did."""

    starts_at: datetime
    resolved: bool = False
    cleanly: bool = False
    """Resolved without a state reason and from a delivery that left nothing out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One call to the factory. `outcome` is None while no answer is known."""

    at: datetime
    link: str
    digest: str
    reason: Reason
    by: str = ""
    """The person who asked for it, "" if none did."""
    answered_at: datetime | None = None
    outcome: Outcome | None = None
    method: str = ""
    status: int | None = None
    message: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What is known of one incident, all of it from its timeline.

    `looked_at` and `last_firing_at` may be later than the timeline's own: a look
    that read the same as the last, and repeated notices, move only the row.
    """

    id: str
    rule: str
    group: str = ""
    state: State = State.INVESTIGATING
    reason: Reason = Reason.ALERT_RECEIVED
    proof: Proof | None = None
    opened_at: datetime
    sender: Sender | None = None
    """Whose alert opened it; None if a watch did, or a person."""
    opened_as: Reason = Reason.ALERT_RECEIVED
    opened_by: str = ""
    """The person who opened it, "" if none did."""
    drill: str = ""
    """The drill's id: it is never reported and counts nowhere. "" for a real one."""
    alert_started_at: datetime | None = None
    first_error_at: datetime | None = None
    first_error_linked: bool = False
    """It is the first line with the incident's link."""
    first_error_final: bool = False
    base_floor: datetime | None = None
    """The factory's floor before this incident: its errors are later."""
    ended_at: datetime | None = None
    relapse_of: str | None = None
    seq: int = 0
    firings: Mapping[str, Firing] = field(default_factory=dict)
    last_firing_at: datetime
    resolved_at: datetime | None = None
    """When the last resolve of a firing came in."""
    fired_at: datetime | None = None
    """When the last firing that was new came in; repeats do not move it."""
    silenced: bool = False
    silenced_until: datetime | None = None
    last_person_at: datetime | None = None
    look: Looked | None = None
    looked_at: datetime | None = None
    candidates: tuple[Candidate, ...] = ()
    confirmed_at: datetime | None = None
    unreadable_since: datetime | None = None
    unreadable_looks: int = 0
    traffic_unreadable_since: datetime | None = None
    no_link_since: datetime | None = None
    probed: FactoryProbed | None = None
    """The last answer to whether the factory answers at all."""
    last_failure_at: datetime | None = None
    """The newest line seen that shows a failed or affected order."""
    below_since: datetime | None = None
    reports: tuple[Report, ...] = ()
    shared: ReportShared | None = None
    withheld_at: datetime | None = None
    """When a rule in shadow mode would have reported."""
    withheld_link: str = ""
    """The name of the link that it would have called."""
    pauses: tuple[Pause, ...] = ()
    """When all reports were paused, as far as this incident was open then."""
    planned: ReportPlanned | None = None
    vetoed: Vetoed | None = None
    requested: ReportRequested | None = None
    """A person's *report now* that no call has answered yet."""
    reported_by_hand_at: datetime | None = None
    decided: Decided | None = None
    finished: Finished | None = None
    line_keys: frozenset[str] = frozenset()
    failed_keys: frozenset[str] = frozenset()
    """Orders that failed or were affected, by one line each."""
    affected_keys: frozenset[str] = frozenset()
    """Those of them that were answered with a link and no error."""
    good_keys: frozenset[str] = frozenset()
    told: tuple[Told, ...] = ()

    @property
    def errors(self) -> int:
        """Distinct lines (time and text) that any check matched."""
        return len(self.line_keys)

    @property
    def failed_orders(self) -> int:
        return len(self.failed_keys)

    @property
    def answered(self) -> tuple[Report, ...]:
        return tuple(r for r in self.reports if r.outcome is not None)

    @property
    def outstanding(self) -> Report | None:
        """An intent without an answer (rule 10), if there is one."""
        last = self.reports[-1] if self.reports else None
        return last if last and last.outcome is None else None

    @property
    def reported_at(self) -> datetime | None:
        """When the first report left."""
        return self.reports[0].at if self.reports else None

    @property
    def fires(self) -> bool:
        """Whether an alert still fires, as far as its sender has said."""
        return not self.firings or any(not f.resolved for f in self.firings.values())

    @property
    def never_fired(self) -> bool:
        """Opened by a sender that has told of no firing yet: no reason to act."""
        return self.sender is not None and not self.firings

    @property
    def resolved_cleanly(self) -> bool:
        """Rule 17: every fingerprint seen firing has resolved, by itself and whole."""
        return bool(self.firings) and all(f.cleanly for f in self.firings.values())


def line_time(key: str) -> datetime:
    """The time of a line from its key in `Looked.lines`."""
    return from_ns(int(key.partition("-")[0]))


def unreadable_reading(incident: Incident) -> tuple[str, UnreadableReason, str] | None:
    """The first query that the last look could not count: name, reason, detail."""
    if incident.look is None:
        return None
    for check in incident.look.checks:
        if check.unreadable:
            return check.name, check.unreadable, check.detail
    return None


# The fold of operators' actions and the pause.

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


# From events to the incident: the fold of a timeline.

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
            return _with_firings(incident, [event])
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
    return replace(_with_firings(incident, alerts), seq=incident.seq + len(alerts))


def _with_firings(
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
