"""A batch of deliveries: what triage must know before, and what it comes to."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select

from responder.incident.alert import Delivery
from responder.incident.events import Event
from responder.incident.known import (
    EndedIncident,
    FiringRow,
    Known,
    KnownFiring,
    OpenIncident,
    Silence,
    Triaged,
)
from responder.incident.names import Reason, State
from responder.store.tables import AnyRow, firings, incidents

_CHUNK = 1000
MOST_FIRINGS = 100
"""So many of an alert's firings are looked at, the newest: one that comes and goes all
day, kept for months, would hold up all intake."""


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
    conn: Connection,
    arrived: Sequence[Delivery],
    spoken_of: Iterable[tuple[str, str]],
    ended_since: datetime,
) -> Known:
    """What triage needs to know, read at once for the whole batch.

    `spoken_of` are the (rule, group) of its alerts. Of incidents that ended before
    `ended_since` no alert comes any more.
    """
    known = Known()
    in_groups = any(one.notification.alert_group for one in arrived)
    found = _all_open(conn) if in_groups else _open(conn, spoken_of)
    for row in found:
        known.open[(row.rule, row.grp)] = OpenIncident(
            id=row.id, automation_over=row.automation_over
        )
        for group in row.alert_groups if in_groups else ():
            known.groups.setdefault(group, []).append(row.id)
    known.recovered = _recovered(conn, ended_since)
    prints = sorted({a.fingerprint for d in arrived for a in d.notification.alerts})
    for some in chunks(prints):
        for row in conn.execute(_HEARD, {"prints": some}):
            seen = known.firings.setdefault((row.rule, row.fingerprint), {})
            silence = None
            if row.silenced_by is not None:
                silence = Silence(by=row.silenced_by, until=row.silenced_until)
            seen[row.starts_at] = KnownFiring(
                incident=row.incident, resolved=row.resolved, silence=silence
            )
    return known


def _all_open(conn: Connection) -> Iterator[AnyRow]:
    """With the alert groups that they belong to: any of them may be spoken of."""
    yield from conn.execute(_OPEN.add_columns(incidents.c.alert_groups))


def _open(conn: Connection, spoken_of: Iterable[tuple[str, str]]) -> Iterator[AnyRow]:
    groups: dict[str, set[str]] = {}
    for rule, group in spoken_of:
        groups.setdefault(rule, set()).add(group)
    for rule, names in groups.items():
        for some in chunks(sorted(names)):
            yield from conn.execute(_OPEN_OF, {"of": rule, "groups": some})


def _recovered(
    conn: Connection, ended_since: datetime
) -> dict[tuple[str, str], EndedIncident]:
    """The newest of each rule and group, if it recovered or ended in shadow."""
    newest = {
        (row.rule, row.grp): row for row in conn.execute(_ENDED, {"since": ended_since})
    }
    return {
        key: EndedIncident(id=row.id, ended_at=row.ended_at)
        for key, row in newest.items()
        if row.state == State.RECOVERED or row.reason == Reason.SHADOW
    }


def chunks(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), _CHUNK):
        yield names[start : start + _CHUNK]


# Made once: every batch asks them again.
_ROW = incidents.c
_OPEN: Select[Any] = select(_ROW.id, _ROW.rule, _ROW.grp, _ROW.automation_over).where(
    _ROW.ended_at.is_(None)
)
_OPEN_OF = _OPEN.where(
    _ROW.rule == bindparam("of"), _ROW.grp.in_(bindparam("groups", expanding=True))
)
_ENDED = (
    select(_ROW.id, _ROW.rule, _ROW.grp, _ROW.ended_at, _ROW.state, _ROW.reason)
    .where(_ROW.ended_at > bindparam("since"))
    .order_by(_ROW.ended_at, _ROW.id)
)
_NEWEST_FIRST = func.row_number().over(
    partition_by=(firings.c.fingerprint, firings.c.rule),
    order_by=firings.c.starts_at.desc(),
)
_NUMBERED = (
    select(firings, _NEWEST_FIRST.label("newer"))
    .where(firings.c.fingerprint.in_(bindparam("prints", expanding=True)))
    .subquery()
)
_HEARD = select(_NUMBERED).where(_NUMBERED.c.newer <= MOST_FIRINGS)
