"""Reads for pages, API and metrics. They see only what is committed."""

import base64
import binascii
import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Index,
    Select,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
)

from responder.incident.events import Event
from responder.incident.incident import Incident
from responder.incident.names import Outcome, Proof, Reason, State, Verdict
from responder.incident.ports import StorageUnavailable
from responder.incident.view import (
    BadCursor,
    IncidentPage,
    IncidentSummary,
    ReceivedBody,
    ReceivedDelivery,
    ReportSummary,
    Search,
    Stamp,
)
from responder.store.database import reading
from responder.store.tables import (
    AnyRow,
    deliveries,
    delivery_incidents,
    events,
    from_us,
    incidents,
    to_us,
)
from responder.store.timeline import Folds, Stories, read_row, with_row

# Small answers about many incidents, each read from an index of its own.

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


# Where a page of incidents ends and the next begins, as a text.


def cursor_of(row: AnyRow) -> str:
    text = f"{to_us(row.opened_at)}.{row.id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(cursor: str) -> tuple[datetime, str]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
        us, _, last = text.partition(".")
        at = from_us(int(us))
    except (ValueError, OverflowError, binascii.Error):
        raise BadCursor("this cursor was not issued by this service") from None
    if not last.isalnum():
        raise BadCursor("this cursor was not issued by this service")
    return at, last


# The masked texts of deliveries, as they were stored.

_MOST = 2000


def bodies_of(conn: Connection, incident: str) -> tuple[ReceivedBody, ...]:
    """Those that spoke of an incident, oldest first."""
    query = (
        _columns()
        .join(delivery_incidents, delivery_incidents.c.delivery == deliveries.c.id)
        .where(delivery_incidents.c.incident == incident)
        .order_by(deliveries.c.received_at, deliveries.c.id)
        .limit(_MOST)
    )
    return tuple(_body(row) for row in conn.execute(query))


def body_of(conn: Connection, delivery: str) -> ReceivedBody | None:
    row = conn.execute(_columns().where(deliveries.c.id == delivery)).first()
    return _body(row) if row else None


def _columns() -> Select[tuple[str, object, str, bytes]]:
    column = deliveries.c
    return select(column.id, column.received_at, column.sender, column.body)


def _body(row: AnyRow) -> ReceivedBody:
    return ReceivedBody(
        id=row.id,
        received_at=row.received_at,
        sender=row.sender,
        text=zlib.decompress(row.body).decode("utf-8", "replace"),
    )


class StoredArchive:
    """`Archive`, but for what writes: each answer is of one committed state."""

    _folds: Folds
    _stories: Stories

    @property
    def engine(self) -> Engine:
        """Where to read. Raises `StorageUnavailable` while nothing is open."""
        raise StorageUnavailable("the storage is not running")

    def search(self, search: Search) -> IncidentPage:
        with reading(self.engine) as conn:
            return _search(conn, search)

    def timeline(self, incident: str) -> tuple[Incident, tuple[Event, ...]] | None:
        with reading(self.engine) as conn:
            row = read_row(conn, incident)
            found = self._folds.committed(conn, incident) if row else None
            if row is None or found is None:
                return None
            return with_row(found, row), self._stories.committed(conn, incident)

    def stamp(self, incident: str) -> Stamp | None:
        with reading(self.engine) as conn:
            return stamp(conn, incident)

    def delays(self, rule: str, limit: int = 50) -> tuple[timedelta, ...]:
        with reading(self.engine) as conn:
            return delays(conn, rule, limit)

    def deliveries(
        self,
        *,
        incident: str | None = None,
        verdict: str | None = None,
        limit: int = 50,
    ) -> tuple[ReceivedDelivery, ...]:
        with reading(self.engine) as conn:
            return _deliveries(conn, incident, verdict, limit)

    def bodies(self, incident: str) -> tuple[ReceivedBody, ...]:
        with reading(self.engine) as conn:
            return bodies_of(conn, incident)

    def body(self, delivery: str) -> ReceivedBody | None:
        with reading(self.engine) as conn:
            return body_of(conn, delivery)

    def has_delivery(self, delivery: str) -> bool:
        """Whether a delivery of this id is stored."""
        with reading(self.engine) as conn:
            return has_delivery(conn, delivery)

    def counts(self) -> dict[tuple[str, State], int]:
        with reading(self.engine) as conn:
            return counts(conn)

    def opened(self) -> dict[str, datetime]:
        """When the oldest open incident of each rule was opened, of those with one."""
        with reading(self.engine) as conn:
            return opened(conn)


def _search(conn: Connection, wanted: Search) -> IncidentPage:
    """A page of incidents, newest first. Raises `BadCursor`."""
    limit = max(1, wanted.limit)
    query = (
        select(incidents)
        .where(*_conditions(wanted))
        .order_by(incidents.c.opened_at.desc(), incidents.c.id.desc())
        .limit(limit + 1)
    )
    rows = conn.execute(query).all()
    shown = rows[:limit]
    more = cursor_of(shown[-1]) if len(rows) > limit else None
    return IncidentPage(incidents=tuple(_summary(row) for row in shown), cursor=more)


def _deliveries(
    conn: Connection, incident: str | None, verdict: str | None, limit: int
) -> tuple[ReceivedDelivery, ...]:
    """The latest deliveries, newest first."""
    columns = (
        deliveries.c.id,
        deliveries.c.received_at,
        deliveries.c.sender,
        deliveries.c.credential,
        deliveries.c.alerts,
        deliveries.c.kinds,
        # Of ten thousand alerts the verdicts are a megabyte: only where they tell why.
        case((told(Verdict.IGNORED), deliveries.c.verdicts)).label("ignored"),
        deliveries.c.clock_difference,
    )
    query = select(*columns)
    if incident is not None:
        query = query.join(
            delivery_incidents, delivery_incidents.c.delivery == deliveries.c.id
        ).where(delivery_incidents.c.incident == incident)
    if verdict is not None:
        query = query.where(told(verdict))
    elif incident is None:
        query = query.where(~told(Verdict.DRILL))
    newest = query.order_by(deliveries.c.received_at.desc(), deliveries.c.id.desc())
    rows: Iterable[AnyRow] = conn.execute(newest.limit(limit))
    return tuple(_heard(row) for row in rows)


def _conditions(wanted: Search) -> list[ColumnElement[bool]]:
    column = incidents.c
    found: list[ColumnElement[bool]] = []
    if wanted.rule is not None:
        found.append(column.rule == wanted.rule)
    if wanted.state is not None:
        found.append(column.state == wanted.state.value)
    if wanted.outcome is not None:
        found.append(column.outcome == wanted.outcome.value)
    if wanted.withheld:
        found.append(column.withheld_at.is_not(None))
    if wanted.text:
        found.append(
            or_(
                column.rule.icontains(wanted.text, autoescape=True),
                column.summary.icontains(wanted.text, autoescape=True),
            )
        )
    if wanted.since is not None:
        found.append(column.opened_at >= wanted.since)
    if wanted.until is not None:
        found.append(column.opened_at < wanted.until)
    if wanted.drills is not None:
        found.append(column.drill.is_not(None) == wanted.drills)
    if wanted.open_only:
        found.append(column.ended_at.is_(None))
    if wanted.cursor is not None:
        at, last = place_of(wanted.cursor)
        same = and_(column.opened_at == at, column.id < last)
        found.append(or_(column.opened_at < at, same))
    return found


def _summary(row: AnyRow) -> IncidentSummary:
    return IncidentSummary(
        id=row.id,
        rule=row.rule,
        group=row.grp,
        state=State(row.state),
        reason=Reason(row.reason),
        proof=Proof(row.proof) if row.proof else None,
        summary=row.summary,
        opened_at=row.opened_at,
        alert_started_at=row.alert_started_at,
        first_error_at=row.first_error_at,
        reported_at=row.reported_at,
        ended_at=row.ended_at,
        errors=row.errors,
        failed_orders=row.failed_orders,
        relapse_of=row.relapse_of,
        reports=tuple(_report(values) for values in row.reports),
        seq=row.seq,
        shared_with=row.shared_with,
        withheld_at=row.withheld_at,
        reported_by_hand_at=row.by_hand_at,
        drill=row.drill is not None,
        looked_at=row.looked_at,
    )


def _report(values: dict[str, Any]) -> ReportSummary:
    return ReportSummary(
        at=from_us(values["at"]),
        link=values["link"],
        method=values["method"],
        outcome=Outcome(values["outcome"]),
        status=values["status"],
        message=values["message"],
        seconds=values["seconds"],
    )


def _heard(row: AnyRow) -> ReceivedDelivery:
    return ReceivedDelivery(
        id=row.id,
        received_at=row.received_at,
        sender=row.sender,
        credential=row.credential,
        alerts=row.alerts,
        kinds=tuple(Verdict(kind) for kind in row.kinds.split(",") if kind),
        why=tuple(dict.fromkeys(v["why"] for v in row.ignored or () if v["why"])),
        clock_difference=row.clock_difference,
    )
