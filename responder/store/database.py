"""What every database has in common: transactions, failures, schema, migrations."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    inspect,
    select,
)
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from responder.incident.ports import Clock, StorageUnavailable
from responder.store.tables import brakes, metadata, upsert

READING = "responder_reading"
"""The engine's execution option that holds the options of a reading connection."""


class BadStorage(Exception):
    """The database cannot be used: a sentence that says why, and the remedy."""


class DatabaseInUse(BadStorage):
    """Another process serves this database; its file and process are named."""


class Database(Protocol):
    """One database as the store needs it."""

    @property
    def clock(self) -> Clock:
        """The time that everyone who works on this database goes by."""

    @property
    def lanes(self) -> int:
        """How many writers may work at once: 1, or 2 to keep intake from waiting.

        0: whoever writes does so in their own thread, one at a time.
        """

    @property
    def lost(self) -> str:
        """Why this process will never reach it again; "" while it does."""

    def open(self) -> Engine:
        """Connect; the schema is made or brought up to date. Raises `BadStorage`."""

    def close(self) -> None:
        """Leave it to others. Again is no error."""

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction that may write, committed at its end.

        Raises `StorageUnavailable` if it went where nobody will read it.
        """

    def verify(self) -> None:
        """Raise `StorageUnavailable` if a restart would not find what is stored."""

    def hold(
        self,
        conn: Connection,
        *,
        groups: Iterable[tuple[str, str]] = (),
        incidents: Iterable[str] = (),
    ) -> None:
        """Keep other writers from these (rule, group) and incidents until the commit.

        Always taken in one order, so that two who want the same wait for each other
        and never both for ever.
        """

    def passing(self, error: SQLAlchemyError) -> bool:
        """Whether nothing was written and the same may well work at once."""


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
            options = engine.get_execution_options().get(READING, {})
            yield conn.execution_options(**options)
    except SQLAlchemyError as error:
        raise StorageUnavailable(why(error)) from None


def why(error: SQLAlchemyError) -> str:
    """The database's own words on one line, without statement and parameters."""
    if isinstance(error, DatabaseError):
        return f"the database says: {' '.join(str(error.orig).split())}"
    return f"the database is not available: {type(error).__name__}"


# The schema of a database: made where there is none, brought up to date where old.
#
# A new database is made from the tables at once. Alembic is imported only for an old
# one: a start seldom needs it, and every start would wait for it.

FIRST = "0001"
"""What the first version made, which kept no revision in the database."""
HEAD = "0015"
"""The revision that `tables` describes: the newest in `migrations/versions`."""

# Alembic's own table, named as it names it.
_version = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), primary_key=True),
)


def prepare(conn: Connection, where: str) -> None:
    """Make or migrate the schema in the caller's transaction.

    The caller keeps others out meanwhile. Raises `BadStorage` for a newer database
    and SQLAlchemyError for what the database refuses; `where` names it.
    """
    found = revision(conn)
    if found is None:
        metadata.create_all(conn)
        _stamp(conn, HEAD)
    elif found != HEAD:
        if not (found.isdecimal() and int(found) < int(HEAD)):
            raise BadStorage(newer(where, found))
        _upgrade(conn, found)
    statement = upsert(conn, brakes).values(id=1, paused=False)
    conn.execute(statement.on_conflict_do_nothing(index_elements=[brakes.c.id]))


def revision(conn: Connection) -> str | None:
    """The database's revision; None for an empty one."""
    tables = inspect(conn)
    if tables.has_table(_version.name):
        told: str | None = conn.execute(select(_version.c.version_num)).scalar()
        if told is not None:
            return told
    return FIRST if tables.has_table("incidents") else None


def newer(where: str, found: str) -> str:
    """The sentence that refuses a database of a newer version."""
    return (
        f"{where} was written by a newer Responder (schema {found}, this one "
        f"knows {HEAD}): start the newer one, or use another database"
    )


def _stamp(conn: Connection, at: str) -> None:
    _version.create(conn, checkfirst=True)
    conn.execute(_version.insert().values(version_num=at))


def _upgrade(conn: Connection, found: str) -> None:
    from alembic import command
    from alembic.config import Config

    if not inspect(conn).has_table(_version.name):
        _stamp(conn, found)
    config = Config()
    place = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(place).replace("%", "%%"))
    config.attributes["connection"] = conn
    command.upgrade(config, HEAD)
