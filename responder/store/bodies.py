"""The masked texts of deliveries, as they were stored."""

import zlib

from sqlalchemy import Connection, Select, select

from responder.incident.listing import HeardBody
from responder.store.tables import AnyRow, deliveries, delivery_incidents

_MOST = 2000


def bodies_of(conn: Connection, incident: str) -> tuple[HeardBody, ...]:
    """Those that spoke of an incident, oldest first."""
    query = (
        _columns()
        .join(delivery_incidents, delivery_incidents.c.delivery == deliveries.c.id)
        .where(delivery_incidents.c.incident == incident)
        .order_by(deliveries.c.received_at, deliveries.c.id)
        .limit(_MOST)
    )
    return tuple(_body(row) for row in conn.execute(query))


def body_of(conn: Connection, delivery: str) -> HeardBody | None:
    row = conn.execute(_columns().where(deliveries.c.id == delivery)).first()
    return _body(row) if row else None


def _columns() -> Select[tuple[str, object, str, bytes]]:
    column = deliveries.c
    return select(column.id, column.received_at, column.sender, column.body)


def _body(row: AnyRow) -> HeardBody:
    return HeardBody(
        id=row.id,
        received_at=row.received_at,
        sender=row.sender,
        text=zlib.decompress(row.body).decode("utf-8", "replace"),
    )
