"""The outbox: one row for each incident and channel, leased while it is delivered.

The rows follow from the timelines. Whoever appends to one marks its incident
`untold`; a sweep turns marks into due errands. What was told is on the timeline.
"""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, and_, bindparam, case, or_, select, update

from responder.incident.events import Told, Where
from responder.incident.incident import Incident
from responder.incident.notify import FRESH_FOR, PendingNotice, Scene
from responder.incident.ports import Clock
from responder.store.database import reading
from responder.store.tables import AnyRow, errands, incidents, upsert
from responder.store.timeline import Appends, Folds, read_row, with_row

T = TypeVar("T")

LEASE_FOR = timedelta(seconds=15)
_AT_ONCE = 20
_LATELY = max(FRESH_FOR.values())


class OutboxDatabase(Protocol):
    """The store as the outbox needs it."""

    @property
    def clock(self) -> Clock: ...

    @property
    def engine(self) -> Engine: ...

    def write(self, job: Callable[[Connection], T], *incidents: str) -> T: ...


class StoredOutbox:
    """`Outbox` on the store's database, for these places."""

    def __init__(
        self,
        places: Sequence[Where],
        base: OutboxDatabase,
        appends: Appends,
        folds: Folds,
    ) -> None:
        self._places = tuple(places)
        self._base = base
        self._appends = appends
        self._folds = folds

    def sweep(self) -> None:
        marked = select(incidents.c.id).where(_MARKED).limit(1)
        while True:
            with reading(self._base.engine) as conn:
                if conn.execute(marked).first() is None:
                    return
            if not self._base.write(self._sweep):
                return

    def take(self, where: Where) -> PendingNotice | None:
        now = self._base.clock.now()
        with reading(self._base.engine) as conn:
            if conn.execute(_due(where, now)).first() is None:
                return None
        found: PendingNotice | None = self._base.write(
            lambda conn: self._take(conn, where)
        )
        return found

    def scene(self, errand: PendingNotice) -> tuple[Incident, Scene] | None:
        with reading(self._base.engine) as conn:
            row = read_row(conn, errand.incident)
            found = self._folds.committed(conn, errand.incident) if row else None
            if row is None or found is None:
                return None
            return with_row(found, row), self._around(conn, row)

    def _around(self, conn: Connection, row: AnyRow) -> Scene:
        groups = frozenset(row.alert_groups)
        busy: set[str] = set()
        before: list[Told] = []
        for other in _others(conn, row.id, self._base.clock.now()) if groups else ():
            common = groups & frozenset(other.alert_groups)
            if common and other.ended_at is None:
                busy |= common
            if common and (fold := self._folds.committed(conn, other.id)):
                before += fold.told
        return Scene(
            groups=tuple(row.alert_groups),
            busy=frozenset(busy),
            before=tuple(sorted(before, key=lambda told: told.at)),
        )

    def record(self, incident: Incident, told: Told) -> Incident:
        after: Incident = self._base.write(
            lambda conn: self._appends.record(conn, incident, [told]).incident,
            incident.id,
        )
        return after

    def release(self, errand: PendingNotice, after: timedelta | None = None) -> None:
        self._base.write(lambda conn: self._release(conn, errand, after))

    def _sweep(self, conn: Connection) -> int:
        now = self._base.clock.now()
        marked = (
            select(incidents.c.id, incidents.c.ended_at)
            .where(_MARKED)
            .order_by(incidents.c.id)
            .limit(_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        found = conn.execute(marked).all()
        if not found:
            return 0
        known = update(incidents).where(incidents.c.id.in_([row.id for row in found]))
        conn.execute(known.values(untold=False))
        oldest = now - _LATELY
        wanted = [
            {"incident": row.id, "place": place.value, "due_at": now}
            for row in found
            if row.ended_at is None or row.ended_at > oldest
            for place in self._places
        ]
        if wanted:
            _wake(conn, wanted)
        return len(found)

    def _take(self, conn: Connection, where: Where) -> PendingNotice | None:
        now = self._base.clock.now()
        query = _due(where, now).limit(1).with_for_update(skip_locked=True)
        row = conn.execute(query).first()
        if row is None:
            return None
        token = secrets.token_hex(8)
        conn.execute(
            update(errands)
            .where(errands.c.incident == row.incident, errands.c.place == row.place)
            .values(
                lease_token=token,
                lease_until=now + LEASE_FOR,
                tries=row.tries + 1,
                # Whoever takes it reads all that was told so far.
                woken=False,
            )
        )
        return PendingNotice(
            incident=row.incident, where=where, token=token, tries=row.tries
        )

    def _release(
        self, conn: Connection, errand: PendingNotice, after: timedelta | None
    ) -> None:
        now = self._base.clock.now()
        now_ = bindparam("now", now, type_=errands.c.due_at.type)
        statement = update(errands).where(
            errands.c.incident == errand.incident,
            errands.c.place == errand.where.value,
            errands.c.lease_token == errand.token,
        )
        free: dict[str, Any] = {"lease_token": None, "lease_until": None}
        if after is None:
            free |= {"tries": 0, "due_at": case((errands.c.woken, now_), else_=None)}
        else:
            free["due_at"] = now + after
        conn.execute(statement.values(free))


_MARKED = incidents.c.untold.is_(True)


def _due(where: Where, now: datetime) -> Any:
    free = or_(errands.c.lease_until.is_(None), errands.c.lease_until <= now)
    return (
        select(errands)
        .where(and_(errands.c.place == where.value, errands.c.due_at <= now, free))
        .order_by(errands.c.due_at, errands.c.incident)
        .limit(1)
    )


def _wake(conn: Connection, wanted: Sequence[dict[str, Any]]) -> None:
    """Make them due; what waits after a failure goes on waiting."""
    made = upsert(conn, errands).values(tries=0, woken=True)
    waits = and_(errands.c.tries > 0, errands.c.due_at.is_not(None))
    conn.execute(
        made.on_conflict_do_update(
            index_elements=[errands.c.incident, errands.c.place],
            set_={
                "woken": True,
                "due_at": case((waits, errands.c.due_at), else_=made.excluded.due_at),
            },
        ),
        wanted,
    )


def _others(conn: Connection, but: str, now: datetime) -> Sequence[Any]:
    """Every other incident that is open, or ended lately: their alert groups."""
    row = incidents.c
    lately = or_(row.ended_at.is_(None), row.ended_at > now - _LATELY)
    query = select(row.id, row.ended_at, row.alert_groups)
    return conn.execute(query.where(lately, row.id != but).order_by(row.id)).all()
