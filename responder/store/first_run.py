"""`FirstRun` as one row of the duties that replicas share."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, select

from responder.incident.ports import Clock
from responder.store.engine import reading
from responder.store.tables import duties
from responder.store.upsert import upsert

T = TypeVar("T")
_NAME = "first run"
_OVER = "over"


class StoredFirstRun:
    """Over for all replicas once it is over for one."""

    def __init__(
        self,
        write: Callable[[Callable[[Connection], Any]], Any],
        engine: Callable[[], Engine],
        clock: Clock,
    ) -> None:
        self._write = write
        self._engine = engine
        self._clock = clock

    def over(self) -> bool:
        query = select(duties.c.note).where(duties.c.name == _NAME)
        with reading(self._engine()) as conn:
            return bool(conn.execute(query).scalar() == _OVER)

    def end(self) -> None:
        self._write(self._end)

    def _end(self, conn: Connection) -> None:
        over = {"due_at": self._clock.now(), "note": _OVER}
        row = upsert(conn, duties).values(name=_NAME, **over)
        conn.execute(
            row.on_conflict_do_update(index_elements=[duties.c.name], set_=over)
        )
