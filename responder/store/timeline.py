"""Timelines as rows: reading and folding them, appending to them, events as JSON."""

import dataclasses
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic_core import PydanticSerializationError
from sqlalchemy import Connection, bindparam, exists, insert, select, update

from responder.incident.alert import AlertVerdict
from responder.incident.events import (
    AlertFired,
    Event,
    Opened,
    ReportAnswered,
    ReportIntended,
)
from responder.incident.facts import handed_to_person
from responder.incident.incident import Incident, Report, fold, fold_on
from responder.incident.names import Reason
from responder.incident.ports import Appended, Lease
from responder.store.database import Database
from responder.store.leases import holds
from responder.store.links import Supplier, answered, reserve
from responder.store.tables import AnyRow, events, firings, incidents, to_us

# Events to JSON and back, distinguished by `event`.

_EVENT: TypeAdapter[Event] = TypeAdapter(
    Annotated[Event, Field(discriminator="event")],
    config=ConfigDict(hide_input_in_errors=True),
)
_VERDICTS: TypeAdapter[tuple[AlertVerdict, ...]] = TypeAdapter(
    tuple[AlertVerdict, ...], config=ConfigDict(hide_input_in_errors=True)
)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def encode(event: Event) -> str:
    """The event as JSON. U+0000 and lone surrogates become U+FFFD."""
    try:
        text = _EVENT.dump_json(event).decode()
    except PydanticSerializationError:
        return _EVENT.dump_json(_storable(event)).decode()
    if "\\u0000" in text:
        return _EVENT.dump_json(_storable(event)).decode()
    return text


def decode(text: str) -> Event:
    """The event of this JSON. Raises pydantic's `ValidationError`, inputs hidden."""
    return _EVENT.validate_json(text)


def public(event: Event) -> dict[str, Any]:
    """The event as the API shows it: JSON values, `at` and `event` among them."""
    shown: dict[str, Any] = json.loads(encode(event))
    return shown


def encode_verdicts(verdicts: tuple[AlertVerdict, ...]) -> list[dict[str, Any]]:
    """Verdicts as JSON values."""
    # By hand: a group of 10,000 alerts has to be stored within a fraction of a second.
    return [
        {
            "fingerprint": storable(found.fingerprint),
            "verdict": found.verdict.value,
            "incident": found.incident,
            "rule": found.rule,
            "why": storable(found.why),
        }
        for found in verdicts
    ]


def decode_verdicts(values: object) -> tuple[AlertVerdict, ...]:
    # JSON mode is not needed: the values are plain, and enums take their text.
    return _VERDICTS.validate_python(values)


def storable(text: str) -> str:
    """The text without what no database takes."""
    return _UNSTORABLE.sub("�", text)


def _storable(value: Any) -> Any:
    """The same value with every text in it made storable."""
    if type(value) is str:
        return storable(value)
    if isinstance(value, tuple):
        return tuple(_storable(part) for part in value)
    if isinstance(value, Mapping):
        return {storable(key): _storable(part) for key, part in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        parts = {f.name: _storable(getattr(value, f.name)) for f in fields}
        return dataclasses.replace(value, **parts)
    return value


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
        "automation_over": handed_to_person(incident),
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


# Appends of the worker: facts always, decisions on the `seq` they were taken on.


@dataclass(frozen=True, slots=True)
class Appends:
    """The writes of one worker, each for one transaction of the writer."""

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
