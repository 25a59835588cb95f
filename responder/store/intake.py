"""Deliveries become rows: a batch is triaged together and written together."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, bindparam, insert, select

from responder.incident.alert import Delivery
from responder.incident.fold import fold
from responder.incident.known import Triaged
from responder.incident.ports import Accepted, Lease
from responder.incident.rule import Rule
from responder.incident.starts import STAYS
from responder.incident.triage import triage
from responder.store.appends import newborn
from responder.store.batch import Batch, chunks, read_known
from responder.store.claims import LEASE_FOR, is_leased, new_lease
from responder.store.engine import Database
from responder.store.spoken import Arrival, write_deliveries, write_firings
from responder.store.tables import AnyRow, incidents
from responder.store.timeline import (
    BY_ID,
    EVENT,
    Folds,
    Summarise,
    append,
    columns_of,
    event_rows,
    with_row,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Takes deliveries in. `take_in` is for one transaction of the lane."""

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


_ROW = incidents.c
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
