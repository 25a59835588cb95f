"""Retention: delete what is old, a little in each transaction."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    Delete,
    Engine,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    tuple_,
)

from responder.incident.ports import Clock
from responder.store.database import reading
from responder.store.operators import ended_sessions
from responder.store.tables import (
    calls,
    deliveries,
    delivery_incidents,
    errands,
    events,
    firings,
    gaps,
    incidents,
    life,
)

INCIDENTS, ROWS = 20, 100
"""So many in one transaction: some milliseconds."""

Write = Callable[[Callable[[Connection], int]], int]


class Retention:
    """Deletes what ended, and was last heard of, longer ago than `keep`.

    `step` deletes one batch and says how many rows it took, 0 when nothing is left.
    On a shared database one replica at a time does. Raises `StorageUnavailable`.
    """

    def __init__(
        self, write: Write, engine: Callable[[], Engine], clock: Clock, keep: timedelta
    ) -> None:
        self._write = write
        self._engine = engine
        self._clock = clock
        self._keep = keep

    def step(self) -> int:
        before = self._clock.now() - self._keep
        for batch in (_incidents, _deliveries, _small):
            if gone := self._write(partial(_alone, batch=batch, before=before)):
                return gone
        return self._stray_firings(before)

    def _stray_firings(self, before: datetime) -> int:
        """Firings of no incident. Found by reading, as no index leads to them."""
        key = tuple_(*firings.primary_key.columns)
        stray = select(*firings.primary_key.columns).where(_is_stray(before))
        with reading(self._engine()) as conn:
            found = [tuple(row) for row in conn.execute(stray.limit(ROWS))]
        if not found:
            return 0
        statement = delete(firings).where(key.in_(found), _is_stray(before))
        return self._write(lambda conn: _count(conn, statement))


def _alone(
    conn: Connection, batch: Callable[[Connection, datetime], int], before: datetime
) -> int:
    """The batch, unless another replica is at it."""
    mine = select(life.c.id).with_for_update(skip_locked=True)
    return batch(conn, before) if conn.execute(mine).first() else 0


def _incidents(conn: Connection, before: datetime) -> int:
    row, later = incidents.c, incidents.alias("later")
    relapsed = exists().where(later.c.relapse_of == row.id, later.c.ended_at.is_(None))
    query = (
        select(row.id)
        .where(row.ended_at < before, row.last_firing_at < before)
        .where(row.due_at.is_(None), row.lease_token.is_(None), ~relapsed)
        .order_by(row.ended_at, row.id)
        .limit(INCIDENTS)
        .with_for_update(skip_locked=True)
    )
    old = list(conn.execute(query).scalars())
    if not old:
        return 0
    for column in (
        events.c.incident,
        firings.c.incident,
        delivery_incidents.c.incident,
        errands.c.incident,
        row.id,
    ):
        conn.execute(delete(column.table).where(column.in_(old)))
    return len(old)


def _deliveries(conn: Connection, before: datetime) -> int:
    """Those that speak of no incident any more, or never did."""
    spoken = exists().where(delivery_incidents.c.delivery == deliveries.c.id)
    old = (
        select(deliveries.c.id)
        .where(deliveries.c.received_at < before, ~spoken)
        .order_by(deliveries.c.received_at, deliveries.c.id)
        .limit(ROWS)
    )
    return _count(conn, delete(deliveries).where(deliveries.c.id.in_(old)))


def _small(conn: Connection, before: datetime) -> int:
    gone = _count(conn, delete(calls).where(calls.c.at < before))
    gone += _count(conn, delete(gaps).where(gaps.c.until < before))
    over = ended_sessions.c.ends_at < before
    return gone + _count(conn, delete(ended_sessions).where(over))


def _is_stray(before: datetime) -> ColumnElement[bool]:
    heard = func.coalesce(firings.c.heard_at, firings.c.starts_at)
    known = exists().where(incidents.c.id == firings.c.incident)
    return and_(heard < before, or_(firings.c.incident.is_(None), ~known))


def _count(conn: Connection, statement: Delete) -> int:
    done: CursorResult[Any] = conn.execute(statement)
    return max(0, done.rowcount)
