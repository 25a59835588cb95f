"""What every database has in common: transactions, failures in words, one interface.

`sqlite` and `postgres` are the two databases; `databases` chooses by the address.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from responder.incident.ports import Clock, StorageUnavailable

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
