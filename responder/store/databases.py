"""Which database an address names."""

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from responder.incident.ports import Clock
from responder.store.engine import BadStorage, Database
from responder.store.postgres import PostgresDatabase
from responder.store.sqlite import SqliteDatabase

_POSTGRES = ("postgresql+psycopg", "postgresql", "postgres")
_REMEDY = "write sqlite:///responder.db or postgresql+psycopg://user@host/database"


def database_at(url: str, clock: Clock) -> Database:
    """The database, not opened yet. Raises `BadStorage` for any other address."""
    try:
        parsed: URL = make_url(url)
    except (ArgumentError, ValueError):
        raise BadStorage(f"storage.url is no database address: {_REMEDY}") from None
    if parsed.drivername in _POSTGRES:
        return PostgresDatabase(parsed, clock)
    if parsed.drivername != "sqlite":
        raise BadStorage(
            f"storage.url names {parsed.drivername}, which is not supported: {_REMEDY}"
        )
    if parsed.database in (None, "", ":memory:"):
        raise BadStorage(
            "storage.url names no file, and what is accepted must outlive the "
            f"process: {_REMEDY}"
        )
    return SqliteDatabase(Path(str(parsed.database)), clock)
