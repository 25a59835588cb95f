"""PostgreSQL: one database and one clock for identical replicas."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from responder.incident.ports import Clock
from responder.store.database import READING, BadStorage, prepare, why, writing
from responder.store.tables import incidents as incident_rows

# One time for all replicas: the database's.


class SharedClock:
    """The database's time, carried from look to look by this machine's monotonic one.

    The machine's own time of day is used until the first look and never again: it
    may be wrong, differ between replicas, or jump.
    """

    def __init__(self, machine: Clock) -> None:
        self._machine = machine
        self._zero = machine.now() - _span(machine.monotonic())

    def now(self) -> datetime:
        return self._zero + _span(self._machine.monotonic())

    def monotonic(self) -> float:
        return self._machine.monotonic()

    def agree(self, told: datetime, before: float, after: float) -> None:
        """The database said `told` between these two monotonic times.

        What lies within the doubt of that is left as it is, so that the time does
        not waver with every answer's way.
        """
        earliest = told.astimezone(UTC) - _span(after)
        latest = told.astimezone(UTC) - _span(before)
        self._zero = min(max(self._zero, earliest), latest)


def _span(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


_SCHEMA_LOCK = (0x52455350, 0)
_GROUP_LOCK = 0x52455351
_STRIPES = 256
"""Locks for (rule, group). Few: a storm of groups must fit the server's lock table."""

# A lock that is waited for this long is given up and the batch tried again, within
# the time of a request. The server finds a deadlock after a whole second only.
_BEGIN = text(
    "SELECT clock_timestamp(), set_config('lock_timeout', '400ms', true), "
    "set_config('statement_timeout', '5s', true), "
    # A replica that froze within a transaction must not hold up the others.
    "set_config('idle_in_transaction_session_timeout', '5s', true)"
)
_PREPARE = text(
    "SELECT set_config('lock_timeout', '60s', true), pg_advisory_xact_lock(:a, :b)"
)
_HOLD = text(
    "SELECT pg_advisory_xact_lock(:kind, stripe) "
    "FROM unnest(CAST(:stripes AS integer[])) AS stripe"
)
_PASSING = {
    "40001",  # serialization_failure
    "40P01",  # deadlock_detected
    "55P03",  # lock_not_available
    "57P01",  # admin_shutdown
    "57P02",  # crash_shutdown
    "57P03",  # cannot_connect_now
}
_PATIENCE = {
    "connect_timeout": 2,
    # A host that vanished without a word is noticed within seconds.
    "tcp_user_timeout": 3000,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "application_name": "responder",
}


class PostgresDatabase:
    """A database that several replicas share."""

    # Other replicas write beside us anyway: so may we, and intake waits for no job.
    lanes = 2
    lost = ""

    def __init__(self, url: URL, clock: Clock) -> None:
        self._url = url.set(drivername="postgresql+psycopg")
        self.clock = SharedClock(clock)
        self._engine: Engine | None = None

    def open(self) -> Engine:
        """Connect, and make or migrate the schema. Raises `BadStorage`."""
        engine = self._connect()
        self._engine = engine
        try:
            with writing(engine) as conn:
                # Several may start at once: one makes the schema, the others find it.
                a, b = _SCHEMA_LOCK
                conn.execute(_PREPARE, {"a": a, "b": b})
                prepare(conn, self._name())
            with self.writing():
                pass  # the clock is read, before anyone asks for the time
        except SQLAlchemyError as error:
            self.close()
            raise BadStorage(self._no_use(error)) from None
        except BadStorage:
            self.close()
            raise
        return engine

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        assert self._engine is not None, "not open"
        with writing(self._engine) as conn:
            before = self.clock.monotonic()
            told = conn.execute(_BEGIN).scalar_one()
            self.clock.agree(told, before, self.clock.monotonic())
            yield conn

    def verify(self) -> None:
        """Nothing to do: it is always the same database."""

    def hold(
        self,
        conn: Connection,
        *,
        groups: Iterable[tuple[str, str]] = (),
        incidents: Iterable[str] = (),
    ) -> None:
        """Lock (rule, group) by name, as there may be no row yet; then the rows."""
        stripes = sorted({_stripe(*group) for group in groups})
        if stripes:
            conn.execute(_HOLD, {"kind": _GROUP_LOCK, "stripes": stripes})
        wanted = sorted(set(incidents))
        if wanted:
            row = incident_rows.c
            conn.execute(
                select(row.id)
                .where(row.id.in_(wanted))
                .order_by(row.rule, row.grp, row.id)
                .with_for_update()
            )

    def passing(self, error: SQLAlchemyError) -> bool:
        if not isinstance(error, DBAPIError):
            return False
        lost = error.connection_invalidated
        return lost or getattr(error.orig, "sqlstate", None) in _PASSING

    def _connect(self) -> Engine:
        given = self._url.query
        patience = {k: v for k, v in _PATIENCE.items() if k not in given}
        options: dict[str, Any] = {
            READING: {
                "isolation_level": "REPEATABLE READ",
                "postgresql_readonly": True,
            }
        }
        try:
            return create_engine(
                self._url,
                hide_parameters=True,
                isolation_level="READ COMMITTED",
                execution_options=options,
                pool_size=16,
                max_overflow=16,
                pool_timeout=2,
                pool_use_lifo=True,
                pool_pre_ping=True,
                connect_args={**patience, "prepare_threshold": None},
            )
        except ImportError:
            raise BadStorage(
                "storage.url names PostgreSQL, and its driver is not installed: "
                'install the extra, pip install "jwt-pizza-responder[postgres]"'
            ) from None

    def _name(self) -> str:
        host = self._url.host or self._url.query.get("host") or "this machine"
        return f"the database {self._url.database or ''} at {host}"

    def _no_use(self, error: SQLAlchemyError) -> str:
        return (
            f"{self._name()} cannot be used ({why(error)}): see that the server runs, "
            "that host, port, user and password of storage.url are right, and that "
            "this user may create tables in it"
        )


def _stripe(rule: str, group: str) -> int:
    """The same in every process, unlike `hash`."""
    name = f"{rule}\0{group}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(name, digest_size=4).digest()) % _STRIPES
