"""What operators do, each in one transaction: actions, the pause, the sessions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    String,
    Table,
    Text,
    func,
    select,
    update,
)

from responder.incident.actions import (
    Action,
    ActionRefused,
    Already,
    NoSuchIncident,
    Pressed,
    Standing,
    TooLate,
    judge,
)
from responder.incident.incident import Incident
from responder.incident.names import Reason
from responder.incident.pause import Pause
from responder.incident.ports import Clock, Lease
from responder.incident.rule import Rule
from responder.store.database import reading
from responder.store.drills import DrillDatabase
from responder.store.leases import LEASE_FOR, is_leased, new_lease
from responder.store.links import Supplier
from responder.store.service import HourOfCalls, hour_of_calls, pause_of, read_brakes
from responder.store.tables import AnyRow, Moment, brakes, incidents, metadata, upsert
from responder.store.timeline import (
    BY_ID,
    Summarise,
    append,
    catch_up,
    columns_of,
    lock_row,
    with_row,
)

_HELD = (Reason.PAUSED.value, Reason.BREAKER_OPEN.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The operators' writes."""

    rules: Sequence[Rule]
    supplier: Supplier
    summarise: Summarise

    def act(
        self, conn: Connection, incident: str, action: Action, now: datetime
    ) -> Pressed:
        """Judge it on what is known now and append; the worker is told."""
        row = lock_row(conn, incident)
        found = catch_up(conn, incident, None) if row else None
        if row is None or found is None:
            raise NoSuchIncident(incident)
        known = with_row(found, row)
        bare = Rule(name=known.rule, match=(), checks=())
        rule = next((r for r in self.rules if r.name == known.rule), bare)
        standing = read_brakes(conn, known, self.supplier, now)
        came = judge(known, rule, standing, action, now)
        if isinstance(came, ActionRefused):
            raise TooLate(came.words, came.by, came.at)
        if isinstance(came, Already):
            return _pressed(known, done=False, by=came.by, at=came.at)
        (after,) = append(conn, [(known, [came])])
        columns = columns_of(after, self.summarise)
        lease = _hurry(row, now, columns)
        conn.execute(BY_ID, {"which": after.id, **columns})
        return _pressed(after, done=True, by=action.by, at=now, lease=lease)


def _pressed(
    incident: Incident,
    *,
    done: bool,
    by: str,
    at: datetime,
    lease: Lease | None = None,
) -> Pressed:
    return Pressed(
        incident=incident.id,
        rule=incident.rule,
        state=incident.state,
        done=done,
        by=by,
        at=at,
        lease=lease,
    )


def _hurry(row: AnyRow, now: datetime, columns: dict[str, object]) -> Lease | None:
    """Due at once; leased to us if nobody works on it."""
    columns["due_at"] = now
    if is_leased(row, now):
        columns["hurried"] = True
        return None
    lease = new_lease(row.id)
    columns |= {"hurried": False, "lease_token": lease.token}
    columns["lease_until"] = now + LEASE_FOR
    return lease


def pause(conn: Connection, by: str, until: datetime | None, now: datetime) -> None:
    """Press the switch; open incidents are looked at at once."""
    _hurry_all(conn, now)
    conn.execute(
        update(brakes).values(
            paused=True,
            paused_by=by,
            paused_at=now,
            paused_until=until,
            resumed_by=None,
            resumed_at=None,
        )
    )


def start_paused(conn: Connection, by: str, now: datetime) -> None:
    """Pause without an end, unless a pause holds."""
    held = pause_of(conn.execute(select(brakes)).one())
    if held is None or not held.holds(now):
        pause(conn, by, None, now)


def resume(conn: Connection, by: str, now: datetime) -> None:
    """End the pause that holds; without one nothing changes."""
    held = pause_of(conn.execute(select(brakes)).one())
    if held is None or not held.holds(now):
        return
    _hurry_all(conn, now)
    conn.execute(update(brakes).values(paused=False, resumed_by=by, resumed_at=now))


def standing(conn: Connection, supplier: Supplier, now: datetime) -> Standing:
    """What holds every report."""
    held: Pause | None = pause_of(conn.execute(select(brakes)).one())
    hour: HourOfCalls = hour_of_calls(conn, supplier, now)
    waiting = select(func.count()).where(
        incidents.c.ended_at.is_(None),
        incidents.c.reason.in_(_HELD),
        incidents.c.drill.is_(None),
    )
    return Standing(
        pause=held if held and held.holds(now) else None,
        breaker_open=hour.count >= supplier.max_reports_per_hour,
        reports_last_hour=hour.count,
        max_reports_per_hour=supplier.max_reports_per_hour,
        hour_frees_at=hour.frees_at,
        held=conn.execute(waiting).scalar_one(),
    )


def _hurry_all(conn: Connection, now: datetime) -> None:
    # Incidents in the order of intake, and before the brakes, as a reservation does.
    column = incidents.c
    conn.execute(
        select(column.id)
        .where(column.ended_at.is_(None))
        .order_by(column.rule, column.grp, column.id)
        .with_for_update()
    )
    conn.execute(
        update(incidents)
        .where(incidents.c.ended_at.is_(None))
        .values(due_at=now, hurried=True)
    )


# `Controls` on the database.


class OperatorWrite(Protocol):
    """A job for the next transaction, which changes these incidents."""

    def __call__(self, job: Callable[[Connection], Any], *incidents: str) -> Any: ...


class StoredControls:
    """`Controls` through the writer."""

    def __init__(
        self,
        people: People,
        write: OperatorWrite,
        engine: Callable[[], Engine],
        clock: Clock,
    ) -> None:
        self._people = people
        self._write = write
        self._engine = engine
        self._clock = clock

    def act(self, incident: str, action: Action) -> Pressed:
        found: Pressed = self._write(
            lambda conn: self._people.act(conn, incident, action, self._clock.now()),
            incident,
        )
        return found

    def pause(self, by: str, until: datetime | None) -> None:
        self._write(lambda conn: pause(conn, by, until, self._clock.now()))

    def start_paused(self, by: str) -> None:
        """As `pause` without an end; a pause that holds already is left alone."""
        self._write(lambda conn: start_paused(conn, by, self._clock.now()))

    def resume(self, by: str) -> None:
        self._write(lambda conn: resume(conn, by, self._clock.now()))

    def standing(self) -> Standing:
        with reading(self._engine()) as conn:
            return standing(conn, self._people.supplier, self._clock.now())


# Sessions of operators that were ended early.

ended_sessions = Table(
    "ended_sessions",
    metadata,
    Column("id", String(32), primary_key=True),
    # When its cookie is void by itself, so that this row says nothing any more.
    Column("ends_at", Moment, nullable=False),
)
operators = Table(
    "operators",
    metadata,
    Column("name", Text, primary_key=True),
    # How often all sessions were ended: those of an earlier number are over.
    Column("epoch", Integer, nullable=False),
)


class StoredSessions:
    """What operators' cookies are looked up in, on the store's database."""

    def __init__(self, base: DrillDatabase) -> None:
        self._base = base

    def epoch(self, user: str) -> int:
        with reading(self._base.engine) as conn:
            return _epoch(conn, user)

    def is_open(self, user: str, session: str, epoch: int) -> bool:
        ended = select(ended_sessions.c.id).where(ended_sessions.c.id == session)
        with reading(self._base.engine) as conn:
            return _epoch(conn, user) == epoch and conn.execute(ended).first() is None

    def end(self, session: str, ends_at: datetime) -> None:
        def job(conn: Connection) -> None:
            row = upsert(conn, ended_sessions).values(id=session, ends_at=ends_at)
            conn.execute(row.on_conflict_do_nothing())

        self._base.write(job)

    def end_all(self, user: str) -> None:
        def job(conn: Connection) -> None:
            row = upsert(conn, operators).values(name=user, epoch=1)
            more = {"epoch": operators.c.epoch + 1}
            conn.execute(
                row.on_conflict_do_update(index_elements=[operators.c.name], set_=more)
            )

        self._base.write(job)


def _epoch(conn: Connection, user: str) -> int:
    query = select(operators.c.epoch).where(operators.c.name == user)
    return int(conn.execute(query).scalar() or 0)
