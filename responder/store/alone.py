"""One job among others in a transaction: what it came to, and a part of its own.

At first all share the transaction, for savepoints cost more than most jobs. If one
fails, all is undone and done again with each under a savepoint.
"""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, ProgrammingError


@dataclass(frozen=True, slots=True)
class Result:
    """What one job came to. It reaches its waiter only after the commit."""

    value: Any = None
    error: Exception | None = None

    def tell(self, future: Future[Any]) -> None:
        if self.error is not None:
            future.set_exception(self.error)
        else:
            future.set_result(self.value)


class OneFailed(Exception):
    """A job failed by itself: the others deserve to be done without it."""


class _Shared:
    """A part of the transaction that all share: whoever fails here fails all.

    Raises `OneFailed` in place of what is one job's own affair.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, Exception) and not _fails_all(error):
            raise OneFailed from None


class _Savepoint:
    """One job's own part of the transaction: if it fails, only that is undone.

    What it fails with is kept for whoever handed the job in. Only what costs the
    whole transaction (disk full, locked, damaged) goes on to the batch.
    """

    def __init__(self, conn: Connection) -> None:
        self._savepoint = conn.begin_nested()
        self.error: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if error is None:
            self._savepoint.commit()
            return False
        if not isinstance(error, Exception) or _fails_all(error):
            return False
        self._savepoint.rollback()
        self.error = error
        return True


def shared(conn: Connection, call: Callable[[Connection], Any]) -> Result:
    """Run as part of the transaction. Raises `OneFailed` if the job fails."""
    with _Shared():
        return Result(value=call(conn))


def alone(conn: Connection, call: Callable[[Connection], Any]) -> Result:
    """Run under a savepoint: a job that fails takes nothing else with it."""
    value = None
    with _Savepoint(conn) as savepoint:
        value = call(conn)
    return Result(value=value, error=savepoint.error)


def _fails_all(error: Exception) -> bool:
    alone = (IntegrityError, DataError, ProgrammingError)
    if not isinstance(error, DatabaseError) or isinstance(error, alone):
        return False
    # PostgreSQL's class 54: a value beyond its limits, as too long for an index.
    return not str(getattr(error.orig, "sqlstate", "")).startswith("54")
