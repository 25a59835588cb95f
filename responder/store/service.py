"""Facts of the whole service, read in one transaction just before a decision."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, exists, func, select

from responder.incident.incident import Incident
from responder.incident.pause import Pause
from responder.incident.service import Brakes
from responder.store import tables
from responder.store.links import (
    HOUR,
    KnownLinks,
    Supplier,
    busy_elsewhere,
    newest_links,
)
from responder.store.tables import AnyRow, calls, factories, incidents


def read_brakes(
    conn: Connection,
    incident: Incident,
    supplier: Supplier,
    now: datetime,
    ready_at: datetime | None = None,
    known: KnownLinks | None = None,
) -> Brakes:
    """The brakes as of `now`, from this incident's point of view.

    `known` is for committed reads: what a transaction wrote itself may be undone.
    """
    row = _standing(conn, incident, supplier, now)
    hour = hour_of_calls(conn, supplier, now)
    changes = row.changes or 0
    links = known.at(conn, changes) if known else newest_links(conn, supplier)
    return Brakes(
        floor=row.floor,
        links=links,
        in_flight=bool(row.busy),
        reports_last_hour=hour.count,
        max_reports_per_hour=supplier.max_reports_per_hour,
        hour_frees_at=hour.frees_at,
        pause=pause_of(row),
        ready_at=ready_at,
        timeout=supplier.timeout,
        fixed_link=supplier.fixed,
        fixed_name=supplier.fixed_name,
        method=(row.method_fixed if supplier.fixed else row.method_found) or "",
        open_elsewhere=bool(row.elsewhere),
    )


def earlier_end(conn: Connection, incident: Incident) -> datetime | None:
    """When the last incident of its rule and group ended, before it opened."""
    row = incidents.c
    found: datetime | None = conn.execute(
        select(row.ended_at)
        .where(row.rule == incident.rule, row.grp == incident.group)
        .where(row.ended_at <= incident.opened_at, row.id != incident.id)
        .order_by(row.ended_at.desc())
        .limit(1)
    ).scalar()
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class HourOfCalls:
    """The calls that count against the breaker (rule 11).

    `frees_at` is when fewer than the limit will be left; None while there are fewer.
    """

    count: int
    frees_at: datetime | None


def hour_of_calls(conn: Connection, supplier: Supplier, now: datetime) -> HourOfCalls:
    """The last hour's calls that may have taken effect."""
    recent = calls.c.at > now - HOUR
    count: int = conn.execute(_RECENT, {"since": now - HOUR}).scalar_one()
    if count < supplier.max_reports_per_hour:
        return HourOfCalls(count=count, frees_at=None)
    last_too_many = (
        select(calls.c.at)
        .where(recent)
        .order_by(calls.c.at.desc())
        .offset(supplier.max_reports_per_hour - 1)
        .limit(1)
    )
    at: datetime = conn.execute(last_too_many).scalar_one()
    return HourOfCalls(count=count, frees_at=at + HOUR)


def pause_of(row: AnyRow) -> Pause | None:
    """The latest pause of the `brakes` row, over or not; None if there was none."""
    if row.paused_at is None:
        return None
    return Pause(
        at=row.paused_at,
        by=row.paused_by or "",
        until=row.paused_until,
        ended_at=row.resumed_at,
        ended_by=row.resumed_by or "",
    )


def _standing(
    conn: Connection, incident: Incident, supplier: Supplier, now: datetime
) -> AnyRow:
    """Pause, floor, a report in flight and a successor, in one query."""
    asked = {
        "factory": supplier.name,
        "left": now - supplier.patience,
        "incident": incident.id,
        "rule": incident.rule,
        "group": incident.group,
    }
    return conn.execute(_STANDING, asked).one()


# Made once: before every step of every incident they are asked again.
_RECENT = select(func.count()).select_from(calls).where(calls.c.at > bindparam("since"))
_STANDING = select(
    tables.brakes,
    select(factories.c.floor_at)
    .where(factories.c.name == bindparam("factory"))
    .scalar_subquery()
    .label("floor"),
    select(factories.c.changes)
    .where(factories.c.name == bindparam("factory"))
    .scalar_subquery()
    .label("changes"),
    select(factories.c.method_found)
    .where(factories.c.name == bindparam("factory"))
    .scalar_subquery()
    .label("method_found"),
    select(factories.c.method_fixed)
    .where(factories.c.name == bindparam("factory"))
    .scalar_subquery()
    .label("method_fixed"),
    exists()
    .where(
        busy_elsewhere(bindparam("incident"), bindparam("factory"), bindparam("left"))
    )
    .label("busy"),
    exists()
    .where(
        incidents.c.rule == bindparam("rule"),
        incidents.c.grp == bindparam("group"),
        incidents.c.ended_at.is_(None),
        incidents.c.id != bindparam("incident"),
    )
    .label("elsewhere"),
)
