"""Opens the database file, once and for one process."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, select, update
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, SQLAlchemyError

from responder.incident.ports import StorageUnavailable
from responder.store.tables import SCHEMA_VERSION, brakes, incidents, metadata

_BUSY_MS = 2000


class BadStorage(Exception):
    """The database cannot be used: a sentence that says why, and the remedy."""


class DatabaseInUse(BadStorage):
    """Another process serves this database; its file and process are named."""


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


def file_of(url: str) -> Path:
    """The file of an SQLite address. Raises `BadStorage` for any other address."""
    try:
        parsed: URL = make_url(url)
    except ArgumentError:
        raise BadStorage(
            "storage.url is no database address: write sqlite:///responder.db"
        ) from None
    if parsed.get_backend_name() != "sqlite":
        raise BadStorage(
            f"storage.url names {parsed.get_backend_name()}, which is not supported "
            "yet: write sqlite:///responder.db"
        )
    if parsed.database in (None, "", ":memory:"):
        raise BadStorage(
            "storage.url names no file, and what is accepted must outlive the "
            "process: write sqlite:///responder.db"
        )
    return Path(str(parsed.database))


def open_engine(file: Path) -> Engine:
    """The engine on the file, tables made, all leases void. Raises `BadStorage`."""
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


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that holds the right to write from its first statement on."""
    with engine.connect() as conn:
        conn = conn.execution_options(immediate=True)
        with conn.begin():
            yield conn


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one committed state; `StorageUnavailable` if it fails."""
    try:
        with engine.connect() as conn:
            yield conn
    except SQLAlchemyError as error:
        raise StorageUnavailable(why(error)) from None


def why(error: SQLAlchemyError) -> str:
    """The database's own words, without statement and parameters."""
    if isinstance(error, DatabaseError):
        return f"the database says: {error.orig}"
    return f"the database is not available: {type(error).__name__}"


def _prepare(connection: Any, record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=OFF"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(conn: Connection) -> None:
    # A writer that began as a reader could not wait for another: SQLite refuses
    # the upgrade at once. So it says what it is from the start.
    writer = conn.get_execution_options().get("immediate")
    conn.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")


def _set_up(conn: Connection, file: Path) -> None:
    version = conn.exec_driver_sql("PRAGMA user_version").scalar_one()
    if version > SCHEMA_VERSION:
        raise BadStorage(
            f"{file} was written by a newer Responder (schema {version}, this one "
            f"knows {SCHEMA_VERSION}): start the newer one, or use another file"
        )
    metadata.create_all(conn)
    conn.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
    if conn.execute(select(brakes.c.id)).first() is None:
        conn.execute(insert(brakes).values(id=1, paused=False))
    # The lock says that nobody else lives: whoever held a lease is gone.
    conn.execute(update(incidents).values(lease_token=None, lease_until=None))


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
