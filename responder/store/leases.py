"""Leases on incidents, when the next is due, and the heartbeat of the process."""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    and_,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    update,
)

from responder.incident.ports import Clock, Lease
from responder.incident.service import Downtime, Uptime
from responder.store.database import reading
from responder.store.sqlite import Disk
from responder.store.tables import (
    AnyRow,
    calls,
    errands,
    factories,
    gaps,
    incidents,
    life,
    links,
    upsert,
)

LEASE_FOR = timedelta(seconds=4)
_LONGEST = LEASE_FOR * 2
"""No lease reaches further, but one of before the clock was set back: it is void."""


def new_lease(incident: str) -> Lease:
    return Lease(incident=incident, token=secrets.token_hex(8))


def holds(row: AnyRow, lease: Lease, now: datetime) -> bool:
    """Whether the lease is still good on this row."""
    return row.lease_token == lease.token and is_leased(row, now)


def is_leased(row: AnyRow, now: datetime) -> bool:
    return (
        row.lease_token is not None
        and row.lease_until is not None
        and now < row.lease_until <= now + _LONGEST
    )


def take(conn: Connection, due_by: datetime, now: datetime, limit: int) -> list[Lease]:
    """Lease up to `limit` incidents that are due by then and not leased."""
    query = (
        select(incidents.c.id)
        .where(incidents.c.due_at <= due_by, unleased(now))
        .order_by(incidents.c.due_at, incidents.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    leases = [new_lease(found) for found in conn.execute(query).scalars()]
    if leases:
        statement = (
            update(incidents)
            .where(incidents.c.id == bindparam("which"))
            .values(lease_token=bindparam("token"), lease_until=now + LEASE_FOR)
            # Whoever takes it reads all that was heard so far.
            .values(hurried=False)
        )
        conn.execute(statement, _named(leases))
    return leases


def next_due(conn: Connection, now: datetime) -> datetime | None:
    """When the next incident is due that nobody works on."""
    query = select(func.min(incidents.c.due_at)).where(unleased(now))
    found: datetime | None = conn.execute(query).scalar()
    return found


def renew(conn: Connection, leases: Sequence[Lease], now: datetime) -> None:
    """Prolong those that nobody else took meanwhile."""
    if leases:
        statement = update(incidents).where(_ours()).values(lease_until=now + LEASE_FOR)
        conn.execute(statement, _named(leases))


def release(
    conn: Connection, lease: Lease, due_at: datetime | None, now: datetime
) -> None:
    """Give back. What was hurried meanwhile stays due at once."""
    # `incidents.due_at` is the time of the hurry; without one, now is as good.
    moment = incidents.c.due_at.type
    hurried_at = func.coalesce(incidents.c.due_at, bindparam("now", now, type_=moment))
    later = bindparam("later", due_at, type_=moment)
    statement = (
        update(incidents)
        .where(_ours())
        .values(
            due_at=case((incidents.c.hurried, hurried_at), else_=later),
            hurried=False,
            lease_token=None,
            lease_until=None,
        )
    )
    conn.execute(statement, _named([lease]))


def looked(conn: Connection, lease: Lease, at: datetime) -> None:
    """Move the row's time of the last look, no event."""
    statement = update(incidents).where(_ours()).values(looked_at=at)
    conn.execute(statement, _named([lease]))


def unleased(now: datetime) -> ColumnElement[bool]:
    until = incidents.c.lease_until
    return or_(until.is_(None), until <= now, until > now + _LONGEST)


def _ours() -> ColumnElement[bool]:
    return and_(
        incidents.c.id == bindparam("which"),
        incidents.c.lease_token == bindparam("token"),
    )


def _named(leases: Sequence[Lease]) -> list[dict[str, Any]]:
    return [{"which": lease.incident, "token": lease.token} for lease in leases]


# The heartbeat of the process, and the downtime that it shows.

GAP = timedelta(seconds=60)
"""Without a stamp for longer, nobody was there."""
_TOLD = 10
_DOUBT = timedelta(seconds=2)
"""Replicas' times differ by less, although all are the database's."""

Write = Callable[[Callable[[Connection], Any]], Any]


class Heartbeat:
    """Stamps for this process; `disk` is what its storage lies on.

    All raise `StorageUnavailable` while the database fails.
    """

    def __init__(
        self, write: Write, engine: Callable[[], Engine], clock: Clock, disk: Disk
    ) -> None:
        self._write = write
        self._engine = engine
        self._clock = clock
        self._disk = disk
        self._began = False
        self._tried_at = 0.0
        self._now = clock.now()

    def beat(self) -> Downtime | None:
        """Say that we run; the gap that this ends, if nobody ran for a while.

        The first one of a process also makes everything due that is open or watched:
        whatever happened meanwhile is looked at once. So does one that finds the
        clock set back, as what is due would wait for the old time to come again.
        While the database is away, beats fail, but somebody runs: that is no gap.
        """
        passed = self._clock.monotonic() - self._tried_at
        away = self._began and passed < GAP.total_seconds()
        try:
            found: Downtime | None = self._write(lambda conn: self._stamp(conn, away))
        finally:
            self._tried_at = self._clock.monotonic()
        self._now = self._clock.now()
        self._began = True
        return found

    def memory(self) -> Uptime:
        """What is remembered now."""
        newest = select(gaps).order_by(gaps.c.since.desc()).limit(_TOLD)
        with reading(self._engine()) as conn:
            row = conn.execute(select(life)).first()
            told = [
                Downtime(since=g.since, until=g.until) for g in conn.execute(newest)
            ]
        return Uptime(
            since=row.since if row else None,
            gaps=tuple(told),
            history_lost=bool(row and row.history_lost),
            forgets=self._disk.forgets,
        )

    def _stamp(self, conn: Connection, away: bool) -> Downtime | None:
        now = self._clock.now()
        row = conn.execute(select(life).with_for_update()).first()
        # Also while nobody ran.
        back = now < self._now or (row is not None and now < row.stamped_at - _DOUBT)
        if back:
            _let_nothing_be_later(conn, now)
        if back or not self._began:
            _look_at_everything(conn, now)
        if row is None:
            first = upsert(conn, life).values(
                id=1,
                since=now,
                stamped_at=now,
                history_lost=self._disk.history_expected,
            )
            conn.execute(first.on_conflict_do_nothing(index_elements=[life.c.id]))
            return None
        conn.execute(update(life).values(stamped_at=now))
        if away or now - row.stamped_at <= GAP:
            return None
        conn.execute(insert(gaps).values(since=row.stamped_at, until=now))
        return Downtime(since=row.stamped_at, until=now)


def _look_at_everything(conn: Connection, now: datetime) -> None:
    """What is open, and what ended and is watched, is due at once."""
    row = incidents.c
    conn.execute(
        update(incidents)
        .where(or_(row.ended_at.is_(None), row.due_at > now))
        .where(unleased(now))
        .values(due_at=now)
    )


_NOT_LATER = (
    errands.c.due_at,
    factories.c.floor_at,
    links.c.answered_at,
    links.c.effective_at,
    links.c.in_flight_since,
    calls.c.at,
)


def _let_nothing_be_later(conn: Connection, now: datetime) -> None:
    """The clock was set back: what happened counts as done by now, not in the future.

    Else lines would be counted from a floor that is yet to come: none for an hour. And
    what failed to be told would wait as long.
    """
    for column in _NOT_LATER:
        later = update(column.table).where(column > now)
        conn.execute(later.values({column.name: now}))
    # Whoever keeps links in memory reads them anew.
    conn.execute(update(factories).values(changes=factories.c.changes + 1))
