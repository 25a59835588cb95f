"""What holds the service, read in one go just before a decision."""

from datetime import datetime

from sqlalchemy import Connection, exists, func, select

from responder.incident.brakes import Brakes
from responder.incident.model import Incident
from responder.store import tables
from responder.store.links import HOUR, Supplier, in_flight_elsewhere, record_of
from responder.store.tables import AnyRow, calls, factories, incidents, links

# Far more than an hour of logs can speak of; older ones are in no window.
_LINKS = 500


def read_brakes(
    conn: Connection, incident: Incident, supplier: Supplier, now: datetime
) -> Brakes:
    """The brakes as of `now`, from this incident's point of view."""
    row = _standing(conn, incident, supplier, now)
    hour = select(func.count(), func.min(calls.c.at)).where(calls.c.at > now - HOUR)
    count, oldest = conn.execute(hour).one()
    known = (
        select(links)
        .where(links.c.factory == supplier.name)
        .order_by(links.c.answered_at.desc())
        .limit(_LINKS)
    )
    return Brakes(
        floor=row.floor,
        links={r.digest: record_of(r, supplier) for r in conn.execute(known)},
        in_flight=bool(row.busy),
        reports_last_hour=count,
        max_reports_per_hour=supplier.max_reports_per_hour,
        hour_frees_at=oldest + HOUR if oldest else None,
        paused=bool(row.paused),
        timeout=supplier.timeout,
        fixed_link=supplier.fixed,
        fixed_name=supplier.fixed_name,
        open_elsewhere=bool(row.elsewhere),
    )


def _standing(
    conn: Connection, incident: Incident, supplier: Supplier, now: datetime
) -> AnyRow:
    """Pause, floor, a report in flight and a successor, in one query."""
    floor = (
        select(factories.c.floor_at)
        .where(factories.c.name == supplier.name)
        .scalar_subquery()
    )
    busy = exists().where(in_flight_elsewhere(incident.id, supplier, now))
    elsewhere = exists().where(
        incidents.c.rule == incident.rule,
        incidents.c.grp == incident.group,
        incidents.c.ended_at.is_(None),
        incidents.c.id != incident.id,
    )
    return conn.execute(
        select(
            tables.brakes.c.paused,
            floor.label("floor"),
            busy.label("busy"),
            elsewhere.label("elsewhere"),
        )
    ).one()
