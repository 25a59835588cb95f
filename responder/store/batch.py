"""A batch of deliveries: what triage must know before, and what it comes to."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, or_, select

from responder.incident.alert import Delivery
from responder.incident.events import Event
from responder.incident.known import (
    EndedIncident,
    FiringRow,
    Known,
    KnownFiring,
    OpenIncident,
    Triaged,
)
from responder.incident.names import Reason, State
from responder.store.tables import AnyRow, firings, incidents

_CHUNK = 1000


@dataclass(slots=True, kw_only=True)
class Batch:
    """What a batch of deliveries comes to, merged."""

    opened: list[str] = field(default_factory=list)
    events: dict[str, list[Event]] = field(default_factory=dict)
    heard: dict[str, datetime] = field(default_factory=dict)
    hurry: dict[str, int] = field(default_factory=dict)
    """Incidents to hurry, and which delivery was the first to do so."""
    groups: dict[str, set[str]] = field(default_factory=dict)
    firings: dict[tuple[str, str, datetime], FiringRow] = field(default_factory=dict)

    def add(self, index: int, delivery: Delivery, found: Triaged) -> None:
        self.opened += found.opened
        for incident, added in found.events.items():
            self.events.setdefault(incident, []).extend(added)
        for incident in found.heard:
            before = self.heard.get(incident, delivery.received_at)
            self.heard[incident] = max(before, delivery.received_at)
        for incident in sorted(found.hurry):
            self.hurry.setdefault(incident, index)
        if group := delivery.notification.alert_group:
            for verdict in found.verdicts:
                if verdict.incident:
                    self.groups.setdefault(verdict.incident, set()).add(group)
        for row in found.firings:
            self.firings[(row.rule, row.fingerprint, row.starts_at)] = row

    def joins(self, row: AnyRow) -> bool:
        """Whether the row's incident was heard of in a further alert group."""
        return not self.groups.get(row.id, set()) <= set(row.alert_groups)

    @property
    def touched(self) -> set[str]:
        return {*self.events, *self.heard, *self.hurry, *self.groups}


def read_known(
    conn: Connection, arrived: Iterable[Delivery], ended_since: datetime
) -> Known:
    """What triage needs to know, read at once for the whole batch.

    Of incidents that ended before `ended_since` no alert comes any more.
    """
    known = Known()
    columns = (
        incidents.c.id,
        incidents.c.rule,
        incidents.c.grp,
        incidents.c.automation_over,
        incidents.c.alert_groups,
    )
    for row in conn.execute(select(*columns).where(incidents.c.ended_at.is_(None))):
        known.open[(row.rule, row.grp)] = OpenIncident(
            id=row.id, automation_over=row.automation_over
        )
        for group in row.alert_groups:
            known.groups.setdefault(group, []).append(row.id)
    known.unheard = _unheard(conn, ended_since)
    prints = sorted({a.fingerprint for d in arrived for a in d.notification.alerts})
    for start in range(0, len(prints), _CHUNK):
        some = prints[start : start + _CHUNK]
        query = select(firings).where(firings.c.fingerprint.in_(some))
        for row in conn.execute(query):
            seen = known.firings.setdefault((row.rule, row.fingerprint), {})
            seen[row.starts_at] = KnownFiring(
                incident=row.incident, resolved=row.resolved
            )
    return known


def _unheard(
    conn: Connection, ended_since: datetime
) -> dict[tuple[str, str], EndedIncident]:
    """Ended with their fault confirmed, opened by a watch or a person."""
    row = incidents.c
    query = (
        select(row.id, row.rule, row.grp, row.ended_at)
        .where(
            row.ended_at > ended_since,
            or_(row.state == State.RECOVERED, row.reason == Reason.SHADOW),
            row.opened_reason.in_((Reason.SELF_DETECTED, Reason.OPENED_BY_PERSON)),
        )
        .order_by(row.ended_at)
    )
    return {
        (found.rule, found.grp): EndedIncident(id=found.id, ended_at=found.ended_at)
        for found in conn.execute(query)
    }
