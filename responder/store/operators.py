"""What people do, each for one transaction of the lane: actions and the pause."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from responder.incident.actions import (
    Action,
    Already,
    Refusal,
    judge,
)
from responder.incident.controls import NoSuchIncident, Pressed, Standing, TooLate
from responder.incident.model import Incident
from responder.incident.names import Reason
from responder.incident.pause import Pause
from responder.incident.ports import Lease
from responder.incident.rule import Rule
from responder.store.brakes import HourOfCalls, hour_of_calls, pause_of, read_brakes
from responder.store.claims import LEASE_FOR, is_leased, new_lease
from responder.store.links import Supplier
from responder.store.tables import AnyRow, brakes, incidents
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
        if isinstance(came, Refusal):
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
