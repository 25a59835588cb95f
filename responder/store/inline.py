"""A lane without a thread: who hands a job in does it, in a transaction of its own."""

from typing import Any, TypeVar

from responder.incident.ports import StorageUnavailable
from responder.store.lane import Lane

A = TypeVar("A")
R = TypeVar("R")


class InlineLane(Lane[A, R]):
    """For one caller at a time, as a replay is: nobody waits for another thread."""

    def start(self) -> None:
        self._open = True

    def close(self) -> None:
        self._open = False

    def _put(self, work: Any) -> None:
        if not self._open:
            raise StorageUnavailable("the storage is not running")
        self._write([work])
