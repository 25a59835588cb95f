"""Copies of the SQLite file: taken while it is served, put back while it is not."""

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy import NullPool, create_engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from responder.store import database
from responder.store.database import BadStorage, DatabaseInUse
from responder.store.sqlite import Lock, beside

_BUSY = 30.0
_PARTS = ("", "-wal", "-shm", "-journal")


class BackupFailed(Exception):
    """There is no copy: a sentence that says why, and the remedy."""


class RestoreFailed(Exception):
    """Nothing was restored: a sentence that says why, and the remedy."""


def back_up(file: Path, copy: Path) -> None:
    """Write one committed state of `file` to `copy`, whole and synced, or nothing.

    By SQLite's online backup, in one read transaction: whoever serves the file goes
    on writing meanwhile. `copy` appears at once and complete, readable by its owner
    alone. Raises `BackupFailed`.
    """
    if not file.is_file():
        raise BackupFailed(f"{file} does not exist: name the storage by --config")
    _refuse_taken(copy)
    try:
        unfinished = _unfinished(copy)
        try:
            _copy(file, unfinished)
            # Unlike a rename it never writes over what appeared meanwhile.
            os.link(unfinished, copy)
        finally:
            unfinished.unlink(missing_ok=True)
        _sync(copy.absolute().parent)
    except FileExistsError:
        raise BackupFailed(f"{copy} exists already: name a new file") from None
    except OSError as error:
        why = f"{copy} cannot be written ({error.strerror})"
        raise BackupFailed(f"{why}: name a place with room for it") from None
    except sqlite3.Error as error:
        raise BackupFailed(f"{file} cannot be copied ({error})") from None


def restore(copy: Path, file: Path, now: datetime) -> Path | None:
    """Put `copy` in the place of `file`, whole and synced, or change nothing.

    What was there is kept beside it; the answer is its path, None if there was nothing.
    Raises `RestoreFailed` while `file` is served, and for a `copy` that is damaged, no
    database of Responder or one of a newer version.
    """
    if not copy.is_file():
        raise RestoreFailed(f"{copy} does not exist: name a copy")
    if file.exists() and copy.samefile(file):
        raise RestoreFailed(f"{copy} is the storage itself: name a copy of it")
    lock = Lock(file)
    try:
        lock.acquire()
    except DatabaseInUse as error:
        raise RestoreFailed(str(error).split(":")[0] + ": stop it first") from None
    except BadStorage as error:
        raise RestoreFailed(str(error)) from None
    try:
        return _restored(copy, file.resolve(), now)
    except OSError as error:
        why = f"{file} cannot be written ({error.strerror})"
        raise RestoreFailed(f"{why}: make room there, or run as its owner") from None
    except (sqlite3.Error, SQLAlchemyError) as error:
        why = str(getattr(error, "orig", error))
        raise RestoreFailed(f"{copy} is no sound database ({why})") from None
    finally:
        lock.release()


def _restored(copy: Path, file: Path, now: datetime) -> Path | None:
    unfinished = _unfinished(file)
    try:
        _copy(copy, unfinished)
        _check(copy, unfinished)
        # Run by root it must stay the file of whoever serves it.
        owner = (file if file.exists() else file.parent).stat()
        for path in (unfinished, Path(f"{file}.lock")):
            with suppress(PermissionError, FileNotFoundError):
                os.chown(path, owner.st_uid, owner.st_gid)
        kept = _keep(file, beside(file, now))
        unfinished.replace(file)
        _sync(file.parent)
    finally:
        for part in _PARTS:
            Path(f"{unfinished}{part}").unlink(missing_ok=True)
    return kept


def _check(copy: Path, unfinished: Path) -> None:
    with closing(sqlite3.connect(unfinished)) as found:
        (sound,) = found.execute("PRAGMA integrity_check(1)").fetchone()
    if sound != "ok":
        raise sqlite3.DatabaseError(sound)
    url = URL.create("sqlite", database=str(unfinished))
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as conn:
        revision = database.revision(conn)
    if revision is None:
        raise RestoreFailed(f"{copy} is no database of Responder: name another copy")
    if not revision.isdecimal() or int(revision) > int(database.HEAD):
        raise RestoreFailed(database.newer(str(copy), revision))


def _keep(file: Path, kept: Path) -> Path | None:
    """Give what is there a second name, with what its journal holds.

    The first name stays until the new file takes it: at no moment is there none.
    """
    if not file.exists():
        return None
    _empty_journal(file)
    try:
        os.link(file, kept)
    except FileExistsError:
        raise
    except OSError:
        shutil.copy2(file, kept)
    # Those of a file that could not be opened: never beside another one.
    for part in ("-wal", "-journal"):
        with suppress(FileNotFoundError):
            Path(f"{file}{part}").rename(f"{kept}{part}")
    Path(f"{file}-shm").unlink(missing_ok=True)
    return kept


def _empty_journal(file: Path) -> None:
    """Write what the journal of a sound file holds into the file itself.

    The journal is renamed before the new file is in place: a crash in between would
    leave the old file without its last commits. Raises `RestoreFailed` if it cannot be
    written. A file that is no sound database has nothing to keep together.
    """
    why = "another program reads it"
    try:
        with closing(sqlite3.connect(file)) as old:
            (busy, *_) = old.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy:
            return
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            return
        why = str(error)
    raise RestoreFailed(
        f"the journal of {file} cannot be written into it ({why}): "
        "make room there, or end what reads it"
    )


def _refuse_taken(copy: Path) -> None:
    """Raise `BackupFailed` where a database is, was or is served."""
    for part in _PARTS:
        if Path(f"{copy}{part}").exists():
            raise BackupFailed(f"{copy}{part} exists already: name a new file")
    if Path(f"{copy}.lock").exists():
        raise BackupFailed(f"{copy} is a storage, by its .lock: name another file")


def _unfinished(target: Path) -> Path:
    """A new file beside it, for its owner alone."""
    folder, prefix = target.absolute().parent, f"{target.name}.unfinished-"
    opened, name = tempfile.mkstemp(dir=folder, prefix=prefix)
    os.close(opened)
    return Path(name)


def _copy(file: Path, unfinished: Path) -> None:
    source = f"{file.absolute().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(source, uri=True, timeout=_BUSY)) as live,
        closing(sqlite3.connect(unfinished, isolation_level=None)) as written,
    ):
        live.backup(written)
        # One file: what the copy's own journal would hold is in it.
        written.execute("PRAGMA journal_mode=DELETE")
        (found,) = written.execute("PRAGMA quick_check").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(f"the copy is damaged: {found}")
    _sync(unfinished)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
