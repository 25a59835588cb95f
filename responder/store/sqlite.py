"""SQLite: one file, one process, one writer."""

import fcntl
import os
from collections.abc import Iterable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, update
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from responder.incident.ports import Clock
from responder.store import schema
from responder.store.engine import BadStorage, DatabaseInUse, why, writing
from responder.store.errands import errands
from responder.store.tables import incidents

_BUSY_MS = 2000


class Lock:
    """The exclusive right to serve one database file, held as long as the process.

    The kernel drops it when the process ends, however it ends: no stale locks.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._fd: int | None = None

    def acquire(self) -> None:
        """Raises `DatabaseInUse` or `BadStorage`."""
        path = f"{self.file}.lock"
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise BadStorage(_no_place(self.file, error)) from None
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pid = os.read(fd, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(fd)
            raise DatabaseInUse(
                f"{self.file} is already served by process {pid}: stop that one, or "
                "give this one another storage.url"
            ) from None
        os.ftruncate(fd, 0)
        os.write(fd, f"{os.getpid()}\n".encode())
        self._fd = fd

    def release(self) -> None:
        if self._fd is not None:
            with suppress(OSError):
                os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = None


class SqliteDatabase:
    """The file for this process alone: whoever held a lease before is gone."""

    lanes = 1
    lost = ""

    def __init__(self, file: Path, clock: Clock) -> None:
        self.clock = clock
        self._file = file
        self._lock = Lock(file)
        self._engine: Engine | None = None

    def open(self) -> Engine:
        """Every lease is void. Raises `DatabaseInUse` or `BadStorage`."""
        self._lock.acquire()
        try:
            self._engine = _open_engine(self._file)
        finally:
            if self._engine is None:
                self._lock.release()
        return self._engine

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None
        self._lock.release()

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
        """Never: the busy timeout was waited out already."""
        return False


def _open_engine(file: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(file)),
        hide_parameters=True,
        pool_size=16,
        max_overflow=16,
        pool_timeout=2,
        pool_use_lifo=True,
        # timeout: sqlite3 sets it as the busy timeout of the connection.
        connect_args={
            "isolation_level": None,
            "timeout": _BUSY_MS / 1000,
            "cached_statements": 256,
            "check_same_thread": False,
        },
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    try:
        with writing(engine) as conn:
            _set_up(conn, file)
    except SQLAlchemyError as error:
        engine.dispose()
        raise BadStorage(_no_use(file, error)) from None
    except BadStorage:
        engine.dispose()
        raise
    return engine


def _prepare(connection: Any, record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=OFF"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(conn: Connection) -> None:
    # A writer that began as a reader could not wait for another: SQLite refuses
    # the upgrade at once. So it says what it is from the start.
    writer = conn.get_execution_options().get("immediate")
    conn.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")


def _set_up(conn: Connection, file: Path) -> None:
    # The first version wrote its schema's number here and nowhere else: kept up, so
    # that it refuses a file that has moved on.
    version = conn.exec_driver_sql("PRAGMA user_version").scalar_one()
    if version > int(schema.HEAD):
        raise BadStorage(schema.newer(str(file), f"{version:04}"))
    schema.prepare(conn, str(file))
    conn.exec_driver_sql(f"PRAGMA user_version = {int(schema.HEAD)}")
    # The lock says that nobody else lives: whoever held a lease is gone.
    for table in (incidents, errands):
        conn.execute(update(table).values(lease_token=None, lease_until=None))


def _no_place(file: Path, error: OSError) -> str:
    where = file.absolute().parent
    return (
        f"{where} cannot hold the database ({error.strerror}): create the directory "
        "and let this user write to it, or set another storage.url"
    )


def _no_use(file: Path, error: SQLAlchemyError) -> str:
    if file.is_dir():
        return f"{file} is a directory: name a file in it by storage.url"
    return (
        f"{file} cannot be used ({why(error)}): if it is damaged or no database, "
        "move it away or restore a copy; if it is read-only, let this user write to "
        "it and its directory; or set another storage.url"
    )
