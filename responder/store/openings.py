"""Incidents opened without an alert, and the duties that replicas share."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, exists, insert, select, update

from responder.incident.events import Opened
from responder.incident.incident import fold
from responder.incident.names import State
from responder.incident.openings import Aftermath, Began, Duty
from responder.incident.ports import Clock
from responder.store.database import Database, reading
from responder.store.leases import LEASE_FOR, new_lease
from responder.store.tables import AnyRow, duties, events, incidents, upsert
from responder.store.timeline import Summarise, event_rows, newborn


class OpeningWrite(Protocol):
    """A job for the next transaction, which opens one in these (rule, group)."""

    def __call__(
        self,
        job: Callable[[Connection], Any],
        *incidents: str,
        groups: Sequence[tuple[str, str]] = (),
    ) -> Any: ...


class StoredOpenings:
    """`Openings` through the writer."""

    def __init__(
        self,
        write: OpeningWrite,
        engine: Callable[[], Engine],
        database: Database,
        summarise: Summarise,
        new_id: Callable[[], str],
    ) -> None:
        self._write = write
        self._engine = engine
        self._database = database
        self._summarise = summarise
        self._new_id = new_id

    def aftermath(self, rule: str) -> Aftermath:
        row = incidents.c
        last = (
            select(row.ended_at, row.state, row.due_at)
            .where(row.rule == rule, row.grp == "", row.ended_at.is_not(None))
            .order_by(row.ended_at.desc())
            .limit(1)
        )
        with reading(self._engine()) as conn:
            found = conn.execute(last).first()
        if found is None:
            return Aftermath()
        return Aftermath(
            ended_at=found.ended_at,
            closed=found.state == State.CLOSED,
            watched=found.due_at is not None,
        )

    def open(
        self, opened: Opened, *, looked_at: datetime | None = None
    ) -> Began | None:
        new = self._new_id()
        group = (opened.rule, opened.group)
        found: Began | None = self._write(
            lambda conn: self._open(conn, opened, new, looked_at), groups=[group]
        )
        return found

    def _open(
        self, conn: Connection, opened: Opened, new: str, looked_at: datetime | None
    ) -> Began | None:
        self._database.hold(conn, groups=[(opened.rule, opened.group)])
        if (there := _open_one(conn, opened)) is not None:
            return Began(
                incident=there.id, rule=opened.rule, done=False, at=there.opened_at
            )
        if looked_at is not None and _ended_since(conn, opened, looked_at):
            return None
        now, lease = self._database.clock.now(), new_lease(new)
        row = newborn(fold(new, [opened]), self._summarise)
        row |= {"due_at": now, "lease_token": lease.token}
        row |= {"lease_until": now + LEASE_FOR}
        conn.execute(insert(incidents), [row])
        conn.execute(insert(events), event_rows(new, 0, [opened]))
        return Began(
            incident=new, rule=opened.rule, done=True, at=opened.at, lease=lease
        )


def _open_one(conn: Connection, like: Opened) -> AnyRow | None:
    row = incidents.c
    query = select(incidents).where(
        row.rule == like.rule, row.grp == like.group, row.ended_at.is_(None)
    )
    return conn.execute(query).first()


def _ended_since(conn: Connection, like: Opened, looked_at: datetime) -> bool:
    row = incidents.c
    found = exists().where(
        row.rule == like.rule, row.grp == like.group, row.ended_at > looked_at
    )
    return bool(conn.execute(select(found)).scalar())


class StoredDuties:
    """`Duties` as one row each: whoever moves its time on does it."""

    def __init__(
        self,
        write: Callable[[Callable[[Connection], Any]], Any],
        engine: Callable[[], Engine],
        clock: Clock,
    ) -> None:
        self._write = write
        self._engine = engine
        self._clock = clock

    def take(self, name: str, every: timedelta) -> Duty:
        duty: Duty = self._write(
            lambda conn: _take(conn, name, every, self._clock.now())
        )
        return duty

    def keep(self, name: str, note: str) -> None:
        self._write(
            lambda conn: conn.execute(
                update(duties).where(duties.c.name == name).values(note=note)
            )
        )

    def note(self, name: str) -> str:
        query = select(duties.c.note).where(duties.c.name == name)
        with reading(self._engine()) as conn:
            found: str | None = conn.execute(query).scalar()
        return found or ""


def _take(conn: Connection, name: str, every: timedelta, now: datetime) -> Duty:
    first = upsert(conn, duties).values(name=name, due_at=now, note="")
    conn.execute(first.on_conflict_do_nothing(index_elements=[duties.c.name]))
    query = select(duties).where(duties.c.name == name).with_for_update()
    row = conn.execute(query).one()
    # Farther off than a whole interval: the interval was longer, or the clock ahead.
    if now < row.due_at <= now + every:
        return Duty(mine=False, again=row.due_at - now, note=row.note)
    conn.execute(update(duties).where(duties.c.name == name).values(due_at=now + every))
    return Duty(mine=True, again=every, note=row.note)
