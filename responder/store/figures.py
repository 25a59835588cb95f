"""Small answers about many incidents, each read from an index of its own."""

from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    Index,
    and_,
    func,
    literal_column,
    select,
)

from responder.incident.listing import Stamp
from responder.incident.names import State, Verdict
from responder.store.tables import deliveries, delivery_incidents, events, incidents

_column = incidents.c
_reported = _column.reported_at.is_not(None)
_judged = _column.agreement.is_not(None)
indexes = (
    Index(
        "incidents_reported",
        _column.rule,
        _column.opened_at,
        sqlite_where=_reported,
        postgresql_where=_reported,
    ),
    Index(
        "incidents_judged",
        _column.rule,
        _column.agreement,
        sqlite_where=_judged,
        postgresql_where=_judged,
    ),
)
"""The first is for `delays`. The second is no longer used; old databases have it."""
counting_index = Index("incidents_counted", incidents.c.rule, incidents.c.state)
"""What each scrape of the metrics counts, without reading the rows."""


def told(verdict: str) -> ColumnElement[bool]:
    """Deliveries with this verdict, in the very words that an index is made with."""
    return deliveries.c.kinds.like(literal_column(f"'%,{Verdict(verdict)},%'"))


listing_indexes = tuple(
    Index(
        f"deliveries_{verdict}",
        deliveries.c.received_at,
        deliveries.c.id,
        sqlite_where=told(verdict),
        postgresql_where=told(verdict),
    )
    for verdict in (Verdict.IGNORED, Verdict.TEST, Verdict.HEARTBEAT)
)
"""Small ones, over the few rows that every look at the first page asks for."""


def stamp(conn: Connection, incident: str) -> Stamp | None:
    """What changes whenever an incident does, from its row alone."""
    heard = (
        select(func.count())
        .select_from(delivery_incidents)
        .where(delivery_incidents.c.incident == incident)
    )
    query = select(
        _column.seq,
        _column.looked_at,
        _column.last_firing_at,
        _column.ended_at,
        events.c.at.label("last_at"),
        heard.scalar_subquery().label("deliveries"),
    )
    newest = and_(events.c.incident == _column.id, events.c.seq == _column.seq)
    query = query.join(events, newest).where(_column.id == incident)
    row = conn.execute(query).first()
    return None if row is None else Stamp(**row._mapping)


def delays(conn: Connection, rule: str, limit: int) -> tuple[timedelta, ...]:
    """From first error to report, of the rule's latest reported incidents."""
    query = (
        select(_column.reported_at, _column.first_error_at)
        .where(_column.rule == rule, _reported)
        .order_by(_column.opened_at.desc())
        .limit(limit)
    )
    return tuple(
        max(row.reported_at - row.first_error_at, timedelta())
        for row in conn.execute(query)
        if row.first_error_at is not None
    )


def counts(conn: Connection) -> dict[tuple[str, State], int]:
    """How many incidents there are, by rule and state. Drills are none."""
    query = select(_column.rule, _column.state, func.count()).group_by(
        _column.rule, _column.state
    )
    counted = {(rule, State(state)): n for rule, state, n in conn.execute(query)}
    # Each from an index of its own, so that no row is read.
    for rule, state, n in conn.execute(query.where(_column.drill.is_not(None))):
        counted[(rule, State(state))] -= n
    return {key: n for key, n in counted.items() if n}


def opened(conn: Connection) -> dict[str, datetime]:
    """When the oldest open incident of each rule was opened, of those with one."""
    query = (
        select(_column.rule, func.min(_column.opened_at))
        .where(_column.ended_at.is_(None), _column.drill.is_(None))
        .group_by(_column.rule)
    )
    return {row.rule: row[1] for row in conn.execute(query)}


def has_delivery(conn: Connection, delivery: str) -> bool:
    """Whether a delivery of this id is stored."""
    query = select(deliveries.c.id).where(deliveries.c.id == delivery)
    return conn.execute(query).first() is not None
