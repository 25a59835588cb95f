"""A copy of the SQLite file, taken while it is served."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

_BUSY = 30.0


class BackupFailed(Exception):
    """There is no copy: a sentence that says why, and the remedy."""


def back_up(file: Path, copy: Path) -> None:
    """Write one committed state of `file` to `copy`, whole and synced, or nothing.

    By SQLite's online backup, in one read transaction: whoever serves the file goes
    on writing meanwhile. `copy` appears at once and complete, readable by its owner
    alone. Raises `BackupFailed`.
    """
    if not file.is_file():
        raise BackupFailed(f"{file} does not exist: name the storage by --config")
    if copy.exists():
        raise BackupFailed(f"{copy} exists already: name a new file")
    unfinished = copy.with_name(f"{copy.name}.unfinished")
    try:
        os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        try:
            _copy(file, unfinished)
            unfinished.rename(copy)
        finally:
            unfinished.unlink(missing_ok=True)
        _sync(copy.absolute().parent)
    except OSError as error:
        why = f"{copy} cannot be written ({error.strerror})"
        raise BackupFailed(f"{why}: name a place with room for it") from None
    except sqlite3.Error as error:
        raise BackupFailed(f"{file} cannot be copied ({error})") from None


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
