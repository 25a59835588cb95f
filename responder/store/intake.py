"""Deliveries become rows: a batch is triaged together and written together."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select

from responder.incident.alert import Delivery
from responder.incident.events import Event
from responder.incident.incident import fold
from responder.incident.names import Reason, State
from responder.incident.ports import Accepted, Lease
from responder.incident.rule import Rule
from responder.incident.triage import (
    STAYS,
    EndedIncident,
    FiringRow,
    KnownFiring,
    OpenIncident,
    Silence,
    TriageContext,
    Triaged,
    triage,
)
from responder.store.database import Database
from responder.store.leases import LEASE_FOR, is_leased, new_lease
from responder.store.tables import (
    AnyRow,
    deliveries,
    delivery_incidents,
    firings,
    incidents,
    put,
)
from responder.store.timeline import (
    BY_ID,
    EVENT,
    Folds,
    Summarise,
    append,
    columns_of,
    encode_verdicts,
    event_rows,
    newborn,
    storable,
    with_row,
)

# A batch of deliveries: what triage must know before, and what it comes to.

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
) -> TriageContext:
    """What triage needs to know, read at once for the whole batch.

    `spoken_of` are the (rule, group) of its alerts. Of incidents that ended before
    `ended_since` no alert comes any more.
    """
    known = TriageContext()
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


# Rows of deliveries with their verdicts, and of firings.


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A delivery with its masked text, compressed before it comes to the writer."""

    delivery: Delivery
    body: bytes


def write_firings(
    conn: Connection, rows: Iterable[FiringRow], heard_at: datetime
) -> None:
    """Remember the firings, each once, as they are known now."""
    values = [
        {
            "rule": row.rule,
            "fingerprint": row.fingerprint,
            "starts_at": row.starts_at,
            "incident": row.incident,
            "resolved": row.resolved,
            "heard_at": heard_at,
            "silenced_by": storable(row.silence.by) if row.silence else None,
            "silenced_until": row.silence.until if row.silence else None,
        }
        # In one order, whoever writes them.
        for row in sorted(rows, key=_key)
    ]
    if values:
        names = frozenset(values[0])
        conn.execute(put(conn.dialect.name, firings, names, _NEWS), values)


_NEWS = frozenset({"incident", "resolved", "heard_at", "silenced_by", "silenced_until"})


def _key(row: FiringRow) -> tuple[str, str, datetime]:
    return row.fingerprint, row.rule, row.starts_at


def write_deliveries(
    conn: Connection, arrivals: Sequence[Arrival], found: Sequence[Triaged]
) -> None:
    """Keep each delivery with its verdicts, and the incidents that it spoke of."""
    pairs = list(zip(arrivals, found, strict=True))
    conn.execute(_DELIVERY, [_delivery(a, t) for a, t in pairs])
    spoken = [
        {"delivery": arrival.delivery.id, "incident": incident}
        for arrival, result in pairs
        for incident in sorted(
            {v.incident for v in result.verdicts if v.incident} | set(result.events)
        )
    ]
    if spoken:
        conn.execute(_SPOKEN, spoken)


def write_and_remove(conn: Connection, now: datetime) -> None:
    """Take the room of a delivery of 64 KiB. Nobody ever sees it."""
    name = f"probe-{os.urandom(8).hex()}"
    texts = ("sender", "credential", "receiver", "group_key", "alert_group", "kinds")
    row: dict[str, Any] = dict.fromkeys(texts, "")
    row |= {"id": name, "received_at": now, "truncated": 0, "alerts": 0}
    conn.execute(_DELIVERY, row | {"verdicts": [], "body": os.urandom(65536)})
    conn.execute(delete(deliveries).where(deliveries.c.id == name))


_DELIVERY = insert(deliveries)
_SPOKEN = insert(delivery_incidents)


def _delivery(arrival: Arrival, found: Triaged) -> dict[str, Any]:
    delivery, notice = arrival.delivery, arrival.delivery.notification
    kinds = sorted({verdict.verdict.value for verdict in found.verdicts})
    return {
        "id": delivery.id,
        "received_at": delivery.received_at,
        "sender": notice.sender.value,
        "credential": delivery.credential,
        "receiver": storable(notice.receiver),
        "group_key": storable(notice.group_key),
        "alert_group": storable(notice.alert_group),
        "truncated": notice.truncated_alerts,
        "alerts": len(notice.alerts),
        "verdicts": encode_verdicts(tuple(found.verdicts)),
        "kinds": f",{','.join(kinds)},",
        "body": arrival.body,
        "clock_difference": delivery.clock_difference,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredIntake:
    """Takes deliveries in. `take_in` is for one transaction of the writer."""

    rules: Sequence[Rule]
    database: Database
    folds: Folds
    summarise: Summarise
    new_id: Callable[[], str]
    now: Callable[[], datetime]

    def take_in(
        self, conn: Connection, arrivals: Sequence[Arrival]
    ) -> Sequence[Accepted]:
        """Triage in order, write, lease what is new or hurried."""
        told = [arrival.delivery for arrival in arrivals]
        groups = {*self._groups(told)}
        self.database.hold(conn, groups=groups)
        batch, found, rows = self._triage(conn, told, groups)
        leases = self._write_incidents(conn, batch, rows)
        write_firings(conn, batch.firings.values(), self.now())
        write_deliveries(conn, arrivals, found)
        return [
            Accepted(
                verdicts=tuple(result.verdicts),
                leases=tuple(
                    lease
                    for lease in leases
                    if batch.hurry.get(lease.incident) == index
                ),
            )
            for index, result in enumerate(found)
        ]

    def _groups(self, told: Iterable[Delivery]) -> Iterator[tuple[str, str]]:
        """The (rule, group) that the alerts speak of."""
        for alert in (alert for one in told for alert in one.notification.alerts):
            rule = next((r for r in self.rules if r.takes(alert.labels)), None)
            if rule is not None:
                yield rule.name, rule.group_of(alert.labels)

    def _long_ago(self) -> datetime:
        """No alert speaks of an incident that ended before that (rule 16)."""
        windows = (rule.longest_window for rule in self.rules if rule.checks)
        return self.now() - max(windows, default=timedelta()) - 2 * STAYS

    def _triage(
        self,
        conn: Connection,
        told: Sequence[Delivery],
        groups: Iterable[tuple[str, str]],
    ) -> tuple[Batch, list[Triaged], dict[str, AnyRow]]:
        """What the deliveries come to, with the rows that they touch, locked.

        A worker may end an incident between the read and the lock: then look again.
        A locked row stays as it is, so that this ends.
        """
        while True:
            known = read_known(conn, told, groups, self._long_ago())
            open_then = {o.id: o.automation_over for o in known.open.values()}
            batch, found = Batch(), list[Triaged]()
            for index, delivery in enumerate(told):
                result = triage(delivery, self.rules, known, self.new_id)
                batch.add(index, delivery, result)
                found.append(result)
            rows = _lock_rows(conn, batch.touched - set(batch.opened))
            if all(_stands(row, open_then) for row in rows.values()):
                return batch, found, rows

    def _write_incidents(
        self, conn: Connection, batch: Batch, rows: dict[str, AnyRow]
    ) -> list[Lease]:
        now = self.now()
        leases: list[Lease] = []
        # The old ones first: one that ends makes room for its successor.
        self._append(conn, batch, rows)
        standing = [_standing(row, batch, now, leases) for row in rows.values()]
        if standing:
            conn.execute(_STANDING, standing)
        # A group that is new to an incident is to be told what is known of it.
        joined = [name for name, row in rows.items() if batch.joins(row)]
        if joined:
            conn.execute(_JOINED, [{"which": name} for name in joined])
        new: list[dict[str, Any]] = []
        written: list[dict[str, Any]] = []
        for name in batch.opened:
            story = batch.events[name]
            lease = new_lease(name)
            leases.append(lease)
            row = newborn(fold(name, story), self.summarise)
            row |= {"due_at": now, "alert_groups": sorted(batch.groups.get(name, ()))}
            row |= {"lease_token": lease.token, "lease_until": now + LEASE_FOR}
            new.append(row)
            written += event_rows(name, 0, story)
        if new:
            conn.execute(_INCIDENT, new)
            conn.execute(EVENT, written)
        return leases

    def _append(self, conn: Connection, batch: Batch, rows: dict[str, AnyRow]) -> None:
        pairs = []
        for name, row in rows.items():
            if name in batch.events:
                folded = self.folds.within(conn, name)
                assert folded is not None, "a row without a timeline"
                pairs.append((with_row(folded, row), batch.events[name]))
        if pairs:
            changed = [
                {"which": after.id, **columns_of(after, self.summarise)}
                for after in append(conn, pairs)
            ]
            conn.execute(BY_ID, changed)


_TOUCHED = (
    _ROW.id,
    _ROW.ended_at,
    _ROW.automation_over,
    _ROW.looked_at,
    _ROW.last_firing_at,
    _ROW.alert_groups,
    _ROW.due_at,
    _ROW.hurried,
    _ROW.lease_token,
    _ROW.lease_until,
)
_LOCKED: Select[Any] = (
    select(*_TOUCHED)
    .where(_ROW.id.in_(bindparam("ids", expanding=True)))
    .order_by(_ROW.rule, _ROW.grp, _ROW.id)
    .with_for_update()
)
_INCIDENT = insert(incidents)
_JOINED = BY_ID.values(untold=True)
_STANDING = BY_ID.values(
    {
        name: bindparam(name)
        for name in (
            "last_firing_at",
            "alert_groups",
            "due_at",
            "hurried",
            "lease_token",
            "lease_until",
        )
    }
)


def _standing(
    row: AnyRow, batch: Batch, now: datetime, leases: list[Lease]
) -> dict[str, Any]:
    """The row's notice, due time and lease after the batch."""
    heard = batch.heard.get(row.id, row.last_firing_at)
    groups = {*row.alert_groups, *batch.groups.get(row.id, ())}
    after: dict[str, Any] = {
        "which": row.id,
        "last_firing_at": max(row.last_firing_at, heard),
        "alert_groups": sorted(groups),
        "due_at": row.due_at,
        "hurried": row.hurried,
        "lease_token": row.lease_token,
        "lease_until": row.lease_until,
    }
    if row.id in batch.hurry:
        after["due_at"] = now
        if is_leased(row, now):
            after["hurried"] = True
        else:
            lease = new_lease(row.id)
            leases.append(lease)
            after |= {"hurried": False, "lease_token": lease.token}
            after["lease_until"] = now + LEASE_FOR
    return after


def _stands(row: AnyRow, open_then: dict[str, bool]) -> bool:
    """Whether the row is still what triage took it for."""
    if row.id not in open_then:
        return True
    over: bool = row.automation_over
    return row.ended_at is None and over == open_then[row.id]


def _lock_rows(conn: Connection, wanted: set[str]) -> dict[str, AnyRow]:
    """The rows as they stay until the commit. The groups are held already."""
    return {
        row.id: row
        for some in chunks(sorted(wanted))
        for row in conn.execute(_LOCKED, {"ids": some})
    }
