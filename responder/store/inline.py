"""A lane without a thread: who hands a job in does it, in a transaction of its own."""

from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from responder.incident.ports import StorageUnavailable
from responder.store.engine import why
from responder.store.lane import Delivered, Job, Lane

A = TypeVar("A")
R = TypeVar("R")


class InlineLane(Lane[A, R]):
    """For one caller at a time, as a replay is: nobody waits for another thread.

    What a job raises reaches its caller at once.
    """

    def start(self) -> None:
        self._open = True

    def close(self) -> None:
        self._open = False

    def _put(self, work: Job | Delivered[A]) -> None:
        if not self._open:
            raise StorageUnavailable("the storage is not running")
        try:
            with self._database.writing() as conn:
                value = self._done(conn, work)
        except SQLAlchemyError as error:
            raise StorageUnavailable(why(error)) from None
        work.future.set_result(value)

    def _done(self, conn: Connection, work: Job | Delivered[A]) -> Any:
        if isinstance(work, Job):
            return work.call(conn)
        return self._take_in(conn, [work.arrival])[0]
