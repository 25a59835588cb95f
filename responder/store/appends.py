"""Appends of the worker: facts always, decisions on the `seq` they were taken on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, insert, select, update

from responder.incident.events import (
    AlertFired,
    Event,
    Opened,
    ReportAnswered,
    ReportIntended,
)
from responder.incident.fold import fold
from responder.incident.model import Incident
from responder.incident.names import Reason
from responder.incident.ports import Appended, Lease
from responder.store.claims import holds
from responder.store.engine import Database
from responder.store.links import Supplier, answered, reserve
from responder.store.tables import AnyRow, firings, incidents
from responder.store.timeline import (
    BY_ID,
    EVENT,
    Summarise,
    append,
    birth_of,
    catch_up,
    columns_of,
    event_rows,
    lock_row,
    read_events,
    with_row,
)


@dataclass(frozen=True, slots=True)
class Appends:
    """The writes of one worker, each for one transaction of the lane."""

    supplier: Supplier
    summarise: Summarise
    database: Database

    def record(
        self, conn: Connection, incident: Incident, added: Sequence[Event]
    ) -> Appended:
        """Append facts, whoever came between."""
        current, _ = _refresh(conn, incident)
        for event in added:
            if isinstance(event, ReportAnswered):
                answered(conn, incident.id, event, self.supplier)
        return Appended(incident=self._write(conn, current, added), accepted=True)

    def decide(
        self,
        conn: Connection,
        lease: Lease,
        incident: Incident,
        added: Sequence[Event],
        now: datetime,
    ) -> Appended:
        """Append if `seq`, lease and (with an intent) the reservation hold."""
        current, row = _refresh(conn, incident)
        if row.seq != incident.seq or not holds(row, lease, now):
            return Appended(incident=current, accepted=False)
        for event in added:
            if isinstance(event, ReportIntended) and not reserve(
                conn, incident.id, event, self.supplier, now
            ):
                return Appended(incident=current, accepted=False)
        return Appended(incident=self._write(conn, current, added), accepted=True)

    def open_relapse(
        self,
        conn: Connection,
        lease: Lease,
        old: Incident,
        new: str,
        at: datetime,
        now: datetime,
    ) -> str | None:
        """Open incident `new`, due at once, with the unresolved firings of `old`."""
        # Before the row: intake takes the two in this order.
        self.database.hold(conn, groups=[(old.rule, old.group)])
        current, row = _refresh(conn, old)
        if not holds(row, lease, now) or not current.fires:
            return None
        if _is_open(conn, current):
            return None
        story = _relapse_story(conn, current, at)
        incident = fold(new, story)
        conn.execute(
            insert(incidents),
            [
                {
                    **newborn(incident, self.summarise),
                    "due_at": at,
                    "alert_groups": row.alert_groups,
                }
            ],
        )
        conn.execute(EVENT, event_rows(new, 0, story))
        conn.execute(
            update(firings)
            .where(firings.c.incident == old.id, firings.c.resolved.is_(False))
            .values(incident=new)
        )
        return new

    def _write(
        self, conn: Connection, incident: Incident, added: Sequence[Event]
    ) -> Incident:
        (after,) = append(conn, [(incident, added)])
        conn.execute(BY_ID, {"which": after.id, **columns_of(after, self.summarise)})
        return after


def newborn(incident: Incident, summarise: Summarise) -> dict[str, Any]:
    """The whole row of a new incident, due and leased by nobody yet."""
    return {
        **birth_of(incident),
        **columns_of(incident, summarise),
        "due_at": None,
        "hurried": False,
        "lease_token": None,
        "lease_until": None,
        "alert_groups": [],
    }


def _refresh(conn: Connection, incident: Incident) -> tuple[Incident, AnyRow]:
    """The incident with what came since, and its row as it is now."""
    row = lock_row(conn, incident.id)
    if row is None:
        raise LookupError(f"there is no incident {incident.id}")
    current = incident
    if row.seq != incident.seq:
        current = catch_up(conn, incident.id, incident) or incident
    return with_row(current, row), row


def _is_open(conn: Connection, like: Incident) -> bool:
    found = exists().where(
        incidents.c.rule == like.rule,
        incidents.c.grp == like.group,
        incidents.c.ended_at.is_(None),
    )
    return bool(conn.execute(select(found)).scalar())


def _relapse_story(conn: Connection, old: Incident, at: datetime) -> list[Event]:
    opened = Opened(
        at=at,
        rule=old.rule,
        group=old.group,
        reason=Reason.RELAPSE,
        relapse_of=old.id,
    )
    newest: dict[str, AlertFired] = {}
    for event in read_events(conn, old.id):
        if isinstance(event, AlertFired):
            newest[event.fingerprint] = event
    going_on = [
        replace(fired, at=at)
        for fingerprint, fired in newest.items()
        if not old.firings[fingerprint].resolved
    ]
    return [opened, *going_on]
