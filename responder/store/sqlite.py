"""SQLite: one file, one process, one writer; and a database in memory for replays."""

import fcntl
import logging
import os
import random
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event, update
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from responder.incident.ports import Clock, StorageUnavailable
from responder.private import keep_private
from responder.store.database import (
    HEAD,
    BadStorage,
    DatabaseInUse,
    newer,
    prepare,
    why,
    writing,
)
from responder.store.tables import errands, incidents

log = logging.getLogger("responder.store")

_BUSY_MS = 2000
_STAMP_EVERY = 1.0
_STAMP_AT = 68
"""Where a file has its application_id, four bytes."""
_STAMPS = 2**31


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
        keep_private(Path(path))
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


class OpenFile:
    """The file as it was opened, and whether its path still leads to it.

    A process goes on writing to a file that somebody has deleted or replaced, and no
    restart finds what it wrote. A copy written over the file in place keeps device and
    inode: by the stamp, a number that only grows, in every second that something is
    written, the file is known for what was opened or an older state.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.wal = Path(f"{os.path.realpath(file)}-wal")
        self.lock = Path(f"{file}.lock")
        # Kept until SQLite has closed its own: closing any descriptor of a file drops
        # every lock that this process has on it.
        self._fd = os.open(file, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # By text: a Path takes ten times as long to look up, before each commit.
        self._opened = {str(file): _identity(os.fstat(self._fd))}
        self._seen = self._stamp = 0
        self._stamped_at = float("-inf")

    def learn(self, stamp: int) -> None:
        """SQLite has opened it, too, and reads this stamp."""
        for path in (self.wal, self.lock):
            # Without -wal on a disk where SQLite cannot have one.
            if path.exists():
                self._opened[str(path)] = _identity(path.stat())
        self._seen, self._stamp = self._in_file(), stamp

    def trouble(self) -> str:
        """What was done to it; "" while all is as it was opened. Raises OSError."""
        for path, opened in self._opened.items():
            if not _leads(path, opened):
                done = "replaced" if os.path.exists(path) else "deleted"
                return f"{path} was {done} while it was in use"
        if self.is_overwritten():
            return f"{self.file} was overwritten while it was in use"
        return ""

    def is_ours(self, path: Path) -> bool:
        """Whether the path still leads to what was opened."""
        return _leads(str(path), self._opened.get(str(path)))

    def is_overwritten(self) -> bool:
        """Whether its content is neither what was seen last nor what we wrote since."""
        found = self._in_file()
        if (found - self._seen) % _STAMPS > (self._stamp - self._seen) % _STAMPS:
            return True
        self._seen = found
        return False

    def stamp(self, conn: Connection, now: float) -> None:
        """Write the next stamp, if the last one is of another second."""
        if now - self._stamped_at >= _STAMP_EVERY:
            self._stamp, self._stamped_at = (self._stamp + 1) % _STAMPS, now
            conn.exec_driver_sql(f"PRAGMA application_id = {self._stamp}")

    def close(self) -> None:
        os.close(self._fd)

    def _in_file(self) -> int:
        return int.from_bytes(os.pread(self._fd, 4, _STAMP_AT), "big")


class SqliteDatabase:
    """The file for this process alone: whoever held a lease before is gone."""

    lanes = 1

    def __init__(self, file: Path, clock: Clock) -> None:
        self.clock = clock
        self.lost = ""
        self._gone = ""
        self._file = file
        self._lock = Lock(file)
        self._open_file: OpenFile | None = None
        self._held: sqlite3.Connection | None = None
        self._engine: Engine | None = None

    def open(self) -> Engine:
        """Every lease is void. Raises `DatabaseInUse` or `BadStorage`."""
        self._lock.acquire()
        try:
            self._open()
        except SQLAlchemyError as error:
            raise BadStorage(_no_use(self._file, why(error))) from None
        except (OSError, sqlite3.Error) as error:
            raise BadStorage(_no_use(self._file, str(error))) from None
        finally:
            if self._held is None:
                self.close()
        assert self._engine is not None
        return self._engine

    def _open(self) -> None:
        self._open_file = opened = OpenFile(self._file)
        for path in (self._file, opened.wal, Path(f"{self._file}-shm")):
            keep_private(path)
        self._engine = engine = _engine_of(self._file)
        with writing(engine) as conn:
            _set_up(conn, self._file)
            stamp = conn.exec_driver_sql("PRAGMA application_id").scalar_one()
            stamp = (stamp + 1) % _STAMPS if stamp else random.randrange(1, _STAMPS)
            conn.exec_driver_sql(f"PRAGMA application_id = {stamp}")
        held = _connect(self._file)
        # Open for as long as we are: the last one to close would delete the -wal file.
        held.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
        opened.learn(stamp)
        if trouble := opened.trouble():
            held.close()
            raise BadStorage(f"{trouble}: start again")
        self._held = held

    def close(self) -> None:
        if self._gone:
            return  # SQLite would write its -wal into whatever lies there now.
        if self._held is not None:
            self._held.close()
            self._held = None
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None
        if self._open_file is not None:
            self._open_file.close()
            self._open_file = None
        self._lock.release()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        assert self._engine is not None, "not open"
        assert self._open_file is not None, "not open"
        self._still_ours()
        with writing(self._engine) as conn:
            yield conn
            self._open_file.stamp(conn, self.clock.monotonic())
        self._still_ours()

    def verify(self) -> None:
        if trouble := self._gone or self._trouble():
            raise StorageUnavailable(trouble)

    def _still_ours(self) -> None:
        """Raise `StorageUnavailable` if it is not: nothing more is written then."""
        if not self._gone and (trouble := self._trouble()):
            self._gone = trouble
            try:
                self._leave()
            finally:
                self.lost = trouble
        if self._gone:
            raise StorageUnavailable(self._gone)

    def _trouble(self) -> str:
        assert self._open_file is not None, "not open"
        try:
            return self._open_file.trouble()
        except OSError as error:
            raise StorageUnavailable(f"{self._file}: {error.strerror}") from None

    def _leave(self) -> None:
        """Save what was committed, and keep our -wal from what lies there now.

        SQLite would take it for the new file's own, and damage that one by it.
        """
        opened, held = self._open_file, self._held
        assert opened is not None, "not open"
        assert held is not None, "not open"
        facts = {"why": self._gone}
        aside = beside(self._file, self.clock.now())
        try:
            if not opened.is_ours(self._file):
                _save(held, aside)
                facts["saved"] = str(aside)
                if opened.is_ours(opened.wal):
                    opened.wal.unlink()
            elif opened.is_overwritten():
                if opened.is_ours(opened.wal):
                    opened.wal.rename(f"{aside}-wal")
            else:
                held.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
                if opened.is_ours(opened.lock) and not opened.is_ours(opened.wal):
                    with suppress(FileNotFoundError):
                        opened.wal.rename(f"{aside}-wal")
        except (OSError, sqlite3.Error) as error:
            facts["unsaved"] = str(error)
        log.critical("database lost", extra=facts)

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


def beside(file: Path, now: datetime) -> Path:
    """Where what was in the file's place is kept."""
    return file.with_name(f"{file.name}.replaced-{now:%Y%m%dT%H%M%S}Z")


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _leads(path: str, opened: tuple[int, int] | None) -> bool:
    try:
        return _identity(os.stat(path)) == opened
    except FileNotFoundError:
        return False


def _save(held: sqlite3.Connection, copy: Path) -> None:
    os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(copy)) as saved:
        held.backup(saved)
        saved.execute("PRAGMA journal_mode=DELETE").close()


def _connect(file: Path) -> sqlite3.Connection:
    """A connection to the file, which must be there: a deleted one is not made anew."""
    return sqlite3.connect(
        f"{file.absolute().as_uri()}?mode=rw",
        uri=True,
        isolation_level=None,
        # sqlite3 sets it as the busy timeout of the connection.
        timeout=_BUSY_MS / 1000,
        cached_statements=256,
        check_same_thread=False,
    )


def _engine_of(file: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(file)),
        creator=lambda: _connect(file),
        hide_parameters=True,
        pool_size=16,
        max_overflow=16,
        pool_timeout=2,
        pool_use_lifo=True,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
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
    if version > int(HEAD):
        raise BadStorage(newer(str(file), f"{version:04}"))
    prepare(conn, str(file))
    conn.exec_driver_sql(f"PRAGMA user_version = {int(HEAD)}")
    # The lock says that no other process runs: whoever held a lease is gone.
    for table in (incidents, errands):
        conn.execute(update(table).values(lease_token=None, lease_until=None))


def _no_place(file: Path, error: OSError) -> str:
    where = file.absolute().parent
    return (
        f"{where} cannot hold the database ({error.strerror}): create the directory "
        "and let this user write to it, or set another storage.url"
    )


def _no_use(file: Path, reason: str) -> str:
    if file.is_dir():
        return f"{file} is a directory: name a file in it by storage.url"
    return (
        f"{file} cannot be used ({reason}): if it is damaged or no database, "
        "move it away or restore a copy; if it is read-only, let this user write to "
        "it and its directory; or set another storage.url"
    )


# What kind of disk a database file lies on, and whether it keeps what it is given.

MOUNTS = Path("/proc/self/mounts")
_CONTAINER = "a container's own layer, gone with the container"
_RAM = "memory, gone with the machine"
_NETWORK = "a network disk, where SQLite's locks cannot be trusted"
_FORGETFUL = {
    **dict.fromkeys(("overlay", "aufs", "fuse.fuse-overlayfs"), _CONTAINER),
    **dict.fromkeys(("tmpfs", "ramfs", "devtmpfs"), _RAM),
    **dict.fromkeys(("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs"), _NETWORK),
    **dict.fromkeys(("ceph", "fuse.glusterfs", "fuse.sshfs", "virtiofs"), _NETWORK),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """What is known of the storage's place before it is opened."""

    forgets: str = ""
    """What it lies on, if that does not keep it safe, with the kind's name."""
    history_expected: bool = False
    """No database is there, though one was served from this file before."""


def disk_of(file: Path | None, mounts: Path = MOUNTS) -> Disk:
    """The disk of a database file, as it is now; nothing is known of a server's.

    `mounts` is a table in the form of /proc/mounts; without one nothing is known.
    """
    if file is None:
        return Disk()
    kind = _kind(Path(os.path.realpath(file)), mounts)
    why = _FORGETFUL.get(kind)
    # Whoever serves a file leaves its lock beside it.
    served = Path(f"{file}.lock").exists()
    return Disk(
        forgets=f"{why} ({kind})" if why else "",
        history_expected=served and (not file.exists() or not file.stat().st_size),
    )


def _kind(file: Path, mounts: Path) -> str:
    """The file system of the deepest mount above the file; later ones lie on top."""
    best, kind = -1, ""
    try:
        table = mounts.read_text("utf-8", "surrogateescape")
    except OSError:
        return ""
    for line in table.splitlines():
        _, point, found, *_ = [*line.split(" "), "", ""]
        place = Path(re.sub(r"\\([0-7]{3})", lambda o: chr(int(o[1], 8)), point))
        if file.is_relative_to(place) and len(place.parts) >= best:
            best, kind = len(place.parts), found
    return kind


# A database in memory, for replays.


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
        event.listen(self._engine, "begin", _begin_in_memory)
        with writing(self._engine) as conn:
            prepare(conn, "memory")
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


def _begin_in_memory(conn: Connection) -> None:
    conn.exec_driver_sql("BEGIN")
