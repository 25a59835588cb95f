"""Leases: who works on which incident, and when the next one is due."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)

from responder.incident.ports import Lease
from responder.store.tables import AnyRow, incidents

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
