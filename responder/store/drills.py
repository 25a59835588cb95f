"""Drills as rows, each with its steps as JSON."""

import json
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, delete, select

from responder.incident.drills import Drill, DrillStep
from responder.store.database import reading
from responder.store.tables import drills, upsert

KEPT = 200
"""So many of the latest drills are kept."""
T = TypeVar("T")
_DRILL: TypeAdapter[Drill] = TypeAdapter(Drill)


class DrillDatabase(Protocol):
    """The store as drills need it."""

    @property
    def engine(self) -> Engine: ...

    def write(self, job: Callable[[Connection], T]) -> T: ...


class StoredDrills:
    """`Drills` on the store's database."""

    def __init__(self, base: DrillDatabase) -> None:
        self._base = base

    def save(self, drill: Drill) -> None:
        self._base.write(lambda conn: _save(conn, drill))

    def find(self, drill: str) -> Drill | None:
        return self._one(select(drills.c.body).where(drills.c.id == drill))

    def last(self, rule: str | None = None) -> Drill | None:
        newest = select(drills.c.body).order_by(drills.c.at.desc(), drills.c.id)
        if rule is not None:
            newest = newest.where(drills.c.rule == rule)
        return self._one(newest.limit(1))

    def _one(self, query: Any) -> Drill | None:
        with reading(self._base.engine) as conn:
            body = conn.execute(query).scalar()
        return None if body is None else _read(body)


def _read(body: str) -> Drill:
    """A drill as it was kept, without steps that drills no longer take."""
    kept = json.loads(body)
    kept["taken"] = [step for step in kept["taken"] if step["part"] in set(DrillStep)]
    return _DRILL.validate_python(kept)


def _save(conn: Connection, drill: Drill) -> None:
    values = {
        "at": drill.at,
        "rule": drill.rule,
        "ended_at": drill.ended_at,
        "passed": drill.passed,
        "body": _DRILL.dump_json(drill).decode(),
    }
    statement = upsert(conn, drills).values(id=drill.id, **values)
    conn.execute(
        statement.on_conflict_do_update(index_elements=[drills.c.id], set_=values)
    )
    old = select(drills.c.id).order_by(drills.c.at.desc(), drills.c.id).offset(KEPT)
    # Without a limit SQLite takes no offset.
    gone = conn.execute(old.limit(KEPT)).scalars().all()
    if gone:
        conn.execute(delete(drills).where(drills.c.id.in_(gone)))
