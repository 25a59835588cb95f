"""What is known of report links: reservation before a call, the answer after it."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from responder.incident.events import ReportAnswered, ReportIntended
from responder.incident.evidence import ReportLink
from responder.incident.method import UNKNOWN_METHOD
from responder.incident.names import Outcome, Reason
from responder.incident.service import LinkRecord
from responder.store.tables import AnyRow, brakes, calls, factories, links, put, upsert

HOUR = timedelta(hours=1)
_SPENDING = frozenset(
    {Outcome.RESOLVED, Outcome.NOTHING_TO_RESOLVE, Outcome.WRONG_CODE}
)
_WITHOUT_EFFECT = frozenset({Outcome.REFUSED, Outcome.UNREACHABLE})
_AGAIN = frozenset({Reason.FIX_DID_NOT_HOLD, Reason.UNANSWERED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplier:
    """One factory and its bounds. `fixed` is the digest of a link never spent."""

    name: str
    timeout: float
    fixed: str | None
    fixed_name: str
    max_reports_per_hour: int

    @classmethod
    def of(
        cls,
        name: str,
        *,
        timeout: timedelta,
        fixed_link: ReportLink | None,
        max_reports_per_hour: int,
    ) -> Self:
        """The supplier of this host; `fixed_link` replaces the search for links."""
        return cls(
            name=name,
            timeout=timeout.total_seconds(),
            fixed=fixed_link.digest if fixed_link else None,
            fixed_name=fixed_link.name if fixed_link else "",
            max_reports_per_hour=max_reports_per_hour,
        )

    @property
    def patience(self) -> timedelta:
        """How long an intent may be without an answer before it blocks no more."""
        return timedelta(seconds=self.timeout + 1)


def record_of(row: AnyRow, supplier: Supplier) -> LinkRecord:
    """The row as the policy sees it."""
    return LinkRecord(
        digest=row.digest,
        outcome=Outcome(row.outcome) if row.outcome else None,
        answered_at=row.answered_at,
        incident=row.incident,
        spent=row.spent and row.digest != supplier.fixed,
        effective_at=row.effective_at,
        unknowns=row.unknowns,
        again=row.again,
    )


def busy_elsewhere(incident: Any, factory: Any, since: Any) -> ColumnElement[bool]:
    """Another incident's report that left later than `since` has no answer yet."""
    return and_(
        links.c.factory == factory,
        links.c.in_flight_since > since,
        links.c.in_flight_incident != incident,
    )


def reserve(
    conn: Connection,
    incident: str,
    intent: ReportIntended,
    supplier: Supplier,
    now: datetime,
) -> bool:
    """Mark the link as in flight, unless something holds it (rule 11).

    A pause and a spent link do not hold what a person asked for (`intent.by`).
    The one row of `brakes` is locked first: reservations follow one another.
    """
    paused = conn.execute(_PAUSED, {"now": now}).scalar_one()
    if paused and not intent.by:
        return False
    counted = conn.execute(_COUNTED, {"since": now - HOUR}).scalar_one()
    if counted >= supplier.max_reports_per_hour:
        return False
    left = {"left": now - supplier.patience}
    asked = {"incident": incident, "factory": supplier.name, **left}
    if conn.execute(_BUSY, asked).scalar():
        return False
    row = _read(conn, supplier, intent.digest)
    spent = row and row.spent and intent.digest != supplier.fixed
    if spent and not _may_repeat(row, intent):
        return False
    if row and row.effective_at and row.effective_at > intent.at:
        # Answered since the decision: cool-down and rule 2 speak anew.
        return False
    marks = {"in_flight_since": intent.at, "in_flight_incident": incident}
    _write(conn, supplier, intent.digest, intent.link, marks)
    return True


def _may_repeat(row: AnyRow | None, intent: ReportIntended) -> bool:
    """Whether a spent link may be called: rules 10, 13 and 15(b)."""
    if intent.by:
        return row is None or row.outcome != Outcome.WRONG_CODE.value
    if row is not None and row.again and intent.reason is Reason.FIX_DID_NOT_HOLD:
        return False
    return intent.reason in _AGAIN


def answered(
    conn: Connection, incident: str, answer: ReportAnswered, supplier: Supplier
) -> None:
    """Write down the answer: link, bound and floor."""
    conn.execute(select(brakes.c.id).with_for_update())
    row = _read(conn, supplier, answer.digest)
    outcome, fixed = answer.outcome, answer.digest == supplier.fixed
    marks: dict[str, Any] = {}
    if not (row and row.spent and outcome in _WITHOUT_EFFECT):
        # A call in vain does not touch the answer that spent the link: lines are
        # old news by the time of that one.
        marks |= {
            "outcome": outcome.value,
            "answered_at": answer.at,
            "incident": incident,
        }
    if row is None or row.in_flight_incident in (None, incident):
        marks |= {"in_flight_since": None, "in_flight_incident": None}
    unknowns = (row.unknowns if row else 0) + (outcome is Outcome.UNKNOWN)
    marks["unknowns"] = unknowns
    before = bool(row and row.spent)
    spent = outcome in _SPENDING or unknowns >= 2 or before
    marks["spent"] = spent and not fixed
    if before and outcome not in _WITHOUT_EFFECT:
        marks["again"] = True
    if outcome.may_have_taken_effect:
        marks["effective_at"] = answer.at
        _count(conn, answer.at, incident, outcome, supplier)
    _write(conn, supplier, answer.digest, answer.link, marks)
    if outcome.moves_floor:
        _raise_floor(conn, answer.at, supplier)
    _remember_method(conn, answer, supplier)


def _count(
    conn: Connection, at: datetime, incident: str, outcome: Outcome, supplier: Supplier
) -> None:
    conn.execute(
        insert(calls).values(
            at=at, incident=incident, outcome=outcome.value, factory=supplier.name
        )
    )


def _raise_floor(conn: Connection, at: datetime, supplier: Supplier) -> None:
    old = select(factories.c.floor_at).where(factories.c.name == supplier.name)
    floor = max(conn.execute(old).scalar() or at, at)
    statement = upsert(conn, factories).values(name=supplier.name, floor_at=floor)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=[factories.c.name], set_={"floor_at": floor}
        )
    )


def _remember_method(
    conn: Connection, answer: ReportAnswered, supplier: Supplier
) -> None:
    """Rule 9: keep the method that the factory takes for this kind of link.

    It is forgotten when the factory does not know it any more: by the status, or
    because the call went on to the other one.
    """
    if not answer.method:
        return
    fixed = answer.digest == supplier.fixed
    column = factories.c.method_fixed if fixed else factories.c.method_found
    its_row = factories.c.name == supplier.name
    known: str | None = conn.execute(select(column).where(its_row)).scalar()
    method = known
    if answer.outcome in _SPENDING:
        method = answer.method
    elif answer.status in UNKNOWN_METHOD or answer.method != known:
        method = None
    if method != known:
        conn.execute(update(factories).where(its_row).values({column: method}))


def _read(conn: Connection, supplier: Supplier, digest: str) -> AnyRow | None:
    return conn.execute(_LINK, {"of": supplier.name, "which": digest}).first()


def _write(
    conn: Connection,
    supplier: Supplier,
    digest: str,
    name: str,
    marks: dict[str, Any],
) -> None:
    new = {"spent": False, "unknowns": 0, "again": False, **marks}
    new |= {"factory": supplier.name, "digest": digest, "name": name}
    kind = conn.dialect.name
    conn.execute(put(kind, links, frozenset(new), frozenset(marks)), new)
    changed = conn.execute(_CHANGED, {"of": supplier.name})
    if not changed.rowcount:
        # Nobody else inserts it meanwhile: they wait for the row of `brakes`.
        conn.execute(insert(factories), {"name": supplier.name, "changes": 1})


# Made once: every report asks them, between its decision and the wire.
_PAUSED = select(
    and_(
        brakes.c.paused,
        or_(brakes.c.paused_until.is_(None), brakes.c.paused_until > bindparam("now")),
    )
).with_for_update()
_COUNTED = (
    select(func.count()).select_from(calls).where(calls.c.at > bindparam("since"))
)
_BUSY = select(
    exists().where(
        busy_elsewhere(bindparam("incident"), bindparam("factory"), bindparam("left"))
    )
)
_LINK = select(links).where(
    links.c.factory == bindparam("of"), links.c.digest == bindparam("which")
)
_CHANGED = (
    update(factories)
    .where(factories.c.name == bindparam("of"))
    .values(changes=factories.c.changes + 1)
)


# What is known of a factory's links, kept until it changes.

# Far more than an hour of logs can speak of; older ones are in no window.
_MOST = 500
_NEWEST = (
    select(links)
    .where(links.c.factory == bindparam("factory"))
    .order_by(links.c.answered_at.desc())
    .limit(_MOST)
)


class KnownLinks:
    """The newest links of one factory, for committed reads.

    Every step of every incident asks for them, and they change with a report only:
    each write of one counts up `factories.changes`, in every replica.
    """

    def __init__(self, supplier: Supplier) -> None:
        self._supplier = supplier
        self._lock = threading.Lock()
        self._kept: tuple[int | None, Mapping[str, LinkRecord]] = (None, {})

    def at(self, conn: Connection, changes: int) -> Mapping[str, LinkRecord]:
        """By digest, as they are after so many changes."""
        with self._lock:
            kept_at, kept = self._kept
        if kept_at == changes:
            return kept
        found = newest_links(conn, self._supplier)
        with self._lock:
            self._kept = (changes, found)
        return found


def newest_links(conn: Connection, supplier: Supplier) -> dict[str, LinkRecord]:
    """By digest, as this transaction sees them."""
    rows = conn.execute(_NEWEST, {"factory": supplier.name})
    return {row.digest: record_of(row, supplier) for row in rows}
