"""A database in memory, for lives that need no tomorrow: replays and rehearsals."""

from collections.abc import Iterable
from contextlib import AbstractContextManager

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from responder.incident.ports import Clock
from responder.store import schema
from responder.store.engine import writing


class MemoryDatabase:
    """SQLite's tables on one connection: whoever uses it does so one after the other.

    What `Store` keeps here is gone with it: never for a service.
    """

    lanes = 0
    lost = ""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._engine: Engine | None = None

    def open(self) -> Engine:
        self._engine = create_engine(
            "sqlite://",
            hide_parameters=True,
            poolclass=StaticPool,
            connect_args={"isolation_level": None, "check_same_thread": False},
        )
        event.listen(self._engine, "begin", _begin)
        with writing(self._engine) as conn:
            schema.prepare(conn, "memory")
        return self._engine

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def writing(self) -> AbstractContextManager[Connection]:
        assert self._engine is not None, "not open"
        return writing(self._engine)

    def verify(self) -> None:
        """Nothing to do: it is always the same database."""

    def hold(
        self,
        conn: Connection,
        *,
        groups: Iterable[tuple[str, str]] = (),
        incidents: Iterable[str] = (),
    ) -> None:
        """Nothing to do: there is one writer."""

    def passing(self, error: SQLAlchemyError) -> bool:
        """Never: nobody else is here."""
        return False


def _begin(conn: Connection) -> None:
    conn.exec_driver_sql("BEGIN")
