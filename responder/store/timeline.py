"""Timelines as rows: folding them, and the columns that follow from the fold."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from responder.incident.events import Event
from responder.incident.fold import fold_on
from responder.incident.model import Incident, Report
from responder.incident.playbook import automation_over
from responder.store.codec import decode, encode, storable
from responder.store.tables import AnyRow, events, incidents, to_us

Summarise = Callable[[Incident], str]


class Folds:
    """Folds of committed events, kept so that a load reads only what came since.

    Events never change once committed, so that a kept fold can be old, never wrong.
    """

    def __init__(self, size: int = 256) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Incident] = OrderedDict()

    def committed(self, conn: Connection, incident: str) -> Incident | None:
        """The incident as a reader sees it; None if there is none."""
        found = self.within(conn, incident)
        if found is not None:
            with self._lock:
                self._kept[incident] = found
                self._kept.move_to_end(incident)
                while len(self._kept) > self._size:
                    self._kept.popitem(last=False)
        return found

    def within(self, conn: Connection, incident: str) -> Incident | None:
        """The incident as a transaction sees it: not kept, it may be undone."""
        with self._lock:
            base = self._kept.get(incident)
        return catch_up(conn, incident, base)


class Stories:
    """Committed events of what is looked at, kept so that a page reads only new ones.

    No more than `most` events in all, unless one incident alone has more.
    """

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[Event, ...]] = OrderedDict()

    def committed(self, conn: Connection, incident: str) -> tuple[Event, ...]:
        """The incident's events as a reader sees them."""
        with self._lock:
            known = self._kept.get(incident, ())
        found = (*known, *read_events(conn, incident, after=len(known)))
        with self._lock:
            self._kept[incident] = found
            self._kept.move_to_end(incident)
            while (
                len(self._kept) > 1 and sum(map(len, self._kept.values())) > self._most
            ):
                self._kept.popitem(last=False)
        return found


def catch_up(conn: Connection, incident: str, base: Incident | None) -> Incident | None:
    """`base` with the events that came since."""
    since = base.seq if base else 0
    return fold_on(base, read_events(conn, incident, after=since), incident)


def read_events(conn: Connection, incident: str, after: int = 0) -> list[Event]:
    """The events of one incident with a `seq` beyond `after`, in order."""
    found = conn.execute(_AFTER, {"which": incident, "after": after})
    return [decode(body) for body in found.scalars()]


def read_row(conn: Connection, incident: str) -> AnyRow | None:
    return conn.execute(_ROW, {"which": incident}).first()


# Made once: every load asks them again.
_AFTER = (
    select(events.c.body)
    .where(events.c.incident == bindparam("which"), events.c.seq > bindparam("after"))
    .order_by(events.c.seq)
)
_ROW = select(incidents).where(incidents.c.id == bindparam("which"))
EVENT = insert(events)
"""Executed with `event_rows`."""
BY_ID = update(incidents).where(incidents.c.id == bindparam("which"))
"""Executed with `which` and the columns to change."""
_LOCKED_ROW = _ROW.with_for_update()


def lock_row(conn: Connection, incident: str) -> AnyRow | None:
    """The row as it is now, and as it stays until the commit."""
    return conn.execute(_LOCKED_ROW, {"which": incident}).first()


def with_row(incident: Incident, row: AnyRow) -> Incident:
    """The incident with the row's times where they are later."""
    return replace(
        incident,
        looked_at=_later(incident.looked_at, row.looked_at),
        last_firing_at=max(incident.last_firing_at, row.last_firing_at),
    )


def append(
    conn: Connection, batch: Sequence[tuple[Incident, Sequence[Event]]]
) -> list[Incident]:
    """Append to each incident its events; the incidents after it."""
    rows: list[dict[str, Any]] = []
    after: list[Incident] = []
    for incident, added in batch:
        rows += event_rows(incident.id, incident.seq, added)
        after.append(fold_on(incident, added) or incident)
    if rows:
        conn.execute(EVENT, rows)
    return after


def event_rows(incident: str, seq: int, added: Iterable[Event]) -> list[dict[str, Any]]:
    """Rows of events that follow the `seq`-th."""
    return [
        {"incident": incident, "seq": n, "at": event.at, "body": encode(event)}
        for n, event in enumerate(added, start=seq + 1)
    ]


def columns_of(incident: Incident, summarise: Summarise) -> dict[str, Any]:
    """The columns that repeat the fold, for lists and for triage."""
    answered = incident.answered
    return {
        "state": incident.state.value,
        "reason": incident.reason.value,
        "proof": incident.proof.value if incident.proof else None,
        "alert_started_at": incident.alert_started_at,
        "first_error_at": incident.first_error_at,
        "reported_at": incident.reported_at,
        "ended_at": incident.ended_at,
        "errors": incident.errors,
        "failed_orders": incident.failed_orders,
        "seq": incident.seq,
        "last_firing_at": incident.last_firing_at,
        "looked_at": incident.looked_at,
        "automation_over": automation_over(incident),
        "summary": storable(summarise(incident)),
        "reports": [_report(report) for report in answered],
        "outcome": _outcome(answered),
        "untold": True,
        "shared_with": incident.shared.incident if incident.shared else None,
        "withheld_at": incident.withheld_at,
        "by_hand_at": incident.reported_by_hand_at,
    }


def birth_of(incident: Incident) -> dict[str, Any]:
    """The columns that never change after the first."""
    return {
        "id": incident.id,
        "rule": incident.rule,
        "grp": incident.group,
        "opened_at": incident.opened_at,
        "relapse_of": incident.relapse_of,
        "opened_reason": incident.opened_as.value,
        "drill": incident.drill or None,
    }


def _outcome(answered: Sequence[Report]) -> str | None:
    last = answered[-1].outcome if answered else None
    return last.value if last else None


def _report(report: Report) -> dict[str, Any]:
    return {
        "at": to_us(report.at),
        "link": report.link,
        "method": report.method,
        "outcome": report.outcome.value if report.outcome else None,
        "status": report.status,
        "message": storable(report.message),
        "seconds": report.seconds,
    }


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at), default=None)
