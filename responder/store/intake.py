"""Deliveries become rows: a batch is triaged together and written together."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from responder.incident.alert import Delivery
from responder.incident.fold import fold
from responder.incident.known import (
    FiringRow,
    Triaged,
)
from responder.incident.ports import Accepted, Lease
from responder.incident.rule import Rule
from responder.incident.triage import triage
from responder.store.appends import newborn
from responder.store.batch import Batch, read_known
from responder.store.claims import LEASE_FOR, is_leased, new_lease
from responder.store.codec import encode_verdicts, storable
from responder.store.tables import (
    AnyRow,
    deliveries,
    delivery_incidents,
    events,
    firings,
    incidents,
    upsert,
)
from responder.store.timeline import (
    Folds,
    Summarise,
    append,
    columns_of,
    event_rows,
    with_row,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A delivery with its masked text, packed before it comes to the lane."""

    delivery: Delivery
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Takes deliveries in. `take_in` is for one transaction of the lane."""

    rules: Sequence[Rule]
    folds: Folds
    summarise: Summarise
    new_id: Callable[[], str]
    now: Callable[[], datetime]

    def take_in(
        self, conn: Connection, arrivals: Sequence[Arrival]
    ) -> Sequence[Accepted]:
        """Triage in order, write, lease what is new or hurried."""
        known = read_known(conn, [a.delivery for a in arrivals])
        batch, found = Batch(), list[Triaged]()
        for index, arrival in enumerate(arrivals):
            result = triage(arrival.delivery, self.rules, known, self.new_id)
            batch.add(index, arrival.delivery, result)
            found.append(result)
        leases = self._write_incidents(conn, batch)
        _write_firings(conn, batch.firings.values())
        _write_deliveries(conn, arrivals, found)
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

    def _write_incidents(self, conn: Connection, batch: Batch) -> list[Lease]:
        now = self.now()
        rows = _rows(conn, batch.touched - set(batch.opened))
        leases: list[Lease] = []
        # The old ones first: one that ends makes room for its successor.
        self._append(conn, batch, rows)
        standing = [_standing(row, batch, now, leases) for row in rows.values()]
        if standing:
            conn.execute(_STANDING, standing)
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
            conn.execute(insert(incidents), new)
            conn.execute(insert(events), written)
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
            conn.execute(_BY_ID, changed)


_BY_ID = update(incidents).where(incidents.c.id == bindparam("which"))
_STANDING = _BY_ID.values(
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


def _rows(conn: Connection, wanted: set[str]) -> dict[str, AnyRow]:
    if not wanted:
        return {}
    query = select(incidents).where(incidents.c.id.in_(sorted(wanted)))
    return {row.id: row for row in conn.execute(query.order_by(incidents.c.id))}


def _write_firings(conn: Connection, rows: Iterable[FiringRow]) -> None:
    values = [
        {
            "rule": row.rule,
            "fingerprint": row.fingerprint,
            "starts_at": row.starts_at,
            "incident": row.incident,
            "resolved": row.resolved,
        }
        for row in rows
    ]
    if values:
        statement = upsert(conn, firings)
        new = statement.excluded
        conn.execute(
            statement.on_conflict_do_update(
                index_elements=list(firings.primary_key.columns),
                set_={"incident": new.incident, "resolved": new.resolved},
            ),
            values,
        )


def _write_deliveries(
    conn: Connection, arrivals: Sequence[Arrival], found: Sequence[Triaged]
) -> None:
    pairs = list(zip(arrivals, found, strict=True))
    conn.execute(insert(deliveries), [_delivery(a, t) for a, t in pairs])
    spoken = [
        {"delivery": arrival.delivery.id, "incident": incident}
        for arrival, result in pairs
        for incident in sorted(
            {v.incident for v in result.verdicts if v.incident} | set(result.events)
        )
    ]
    if spoken:
        conn.execute(insert(delivery_incidents), spoken)


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
