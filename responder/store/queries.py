"""Reads for pages, API and metrics. They see only what is committed."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, case, or_, select

from responder.incident.events import Event
from responder.incident.listing import (
    HeardBody,
    HeardDelivery,
    IncidentPage,
    IncidentSummary,
    ReportSummary,
    Search,
    Stamp,
)
from responder.incident.model import Incident
from responder.incident.names import Outcome, Proof, Reason, State, Verdict
from responder.incident.ports import StorageUnavailable
from responder.store import figures
from responder.store.bodies import bodies_of, body_of
from responder.store.cursors import cursor_of, place_of
from responder.store.engine import reading
from responder.store.tables import (
    AnyRow,
    deliveries,
    delivery_incidents,
    from_us,
    incidents,
)
from responder.store.timeline import Folds, Stories, read_row, with_row


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
            return figures.stamp(conn, incident)

    def delays(self, rule: str, limit: int = 50) -> tuple[timedelta, ...]:
        with reading(self.engine) as conn:
            return figures.delays(conn, rule, limit)

    def deliveries(
        self,
        *,
        incident: str | None = None,
        verdict: str | None = None,
        limit: int = 50,
    ) -> tuple[HeardDelivery, ...]:
        with reading(self.engine) as conn:
            return _deliveries(conn, incident, verdict, limit)

    def bodies(self, incident: str) -> tuple[HeardBody, ...]:
        with reading(self.engine) as conn:
            return bodies_of(conn, incident)

    def body(self, delivery: str) -> HeardBody | None:
        with reading(self.engine) as conn:
            return body_of(conn, delivery)

    def has_delivery(self, delivery: str) -> bool:
        """Whether a delivery of this id is stored."""
        with reading(self.engine) as conn:
            return figures.has_delivery(conn, delivery)

    def counts(self) -> dict[tuple[str, State], int]:
        with reading(self.engine) as conn:
            return figures.counts(conn)

    def opened(self) -> dict[str, datetime]:
        """When the oldest open incident of each rule was opened, of those with one."""
        with reading(self.engine) as conn:
            return figures.opened(conn)


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
) -> tuple[HeardDelivery, ...]:
    """The latest deliveries, newest first."""
    columns = (
        deliveries.c.id,
        deliveries.c.received_at,
        deliveries.c.sender,
        deliveries.c.credential,
        deliveries.c.alerts,
        deliveries.c.kinds,
        # Of ten thousand alerts the verdicts are a megabyte: only where they tell why.
        case((figures.told(Verdict.IGNORED), deliveries.c.verdicts)).label("ignored"),
        deliveries.c.clock_difference,
    )
    query = select(*columns)
    if incident is not None:
        query = query.join(
            delivery_incidents, delivery_incidents.c.delivery == deliveries.c.id
        ).where(delivery_incidents.c.incident == incident)
    if verdict is not None:
        query = query.where(figures.told(verdict))
    elif incident is None:
        query = query.where(~figures.told(Verdict.DRILL))
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


def _heard(row: AnyRow) -> HeardDelivery:
    return HeardDelivery(
        id=row.id,
        received_at=row.received_at,
        sender=row.sender,
        credential=row.credential,
        alerts=row.alerts,
        kinds=tuple(Verdict(kind) for kind in row.kinds.split(",") if kind),
        why=tuple(dict.fromkeys(v["why"] for v in row.ignored or () if v["why"])),
        clock_difference=row.clock_difference,
    )
