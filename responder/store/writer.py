"""Group commit: whatever waits together is written in one transaction."""

import logging
import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import (
    DatabaseError,
    DataError,
    IntegrityError,
    ProgrammingError,
    SQLAlchemyError,
)

from responder.incident.ports import StorageUnavailable
from responder.store.database import Database, why

# One job of a transaction: its result, and its savepoint.
#
# At first all share the transaction, for savepoints cost more than most jobs. If one
# fails, all is undone and done again with each under a savepoint.


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


_log = logging.getLogger("responder.store")

A = TypeVar("A")
R = TypeVar("R")
T = TypeVar("T")
_Each = Callable[[Connection, Callable[[Connection], Any]], Result]

_AT_ONCE = 256
_TOO_LATE = "the database took too long to write"
_STOPPED = "the storage is not running"
_PAUSES = (0.01, 0.05, 0.2)
"""Seconds before a batch is tried again that lost a race or its connection."""


def wait(future: Future[T], seconds: float) -> T:
    """The answer; `StorageUnavailable` if it does not come in time."""
    try:
        return future.result(timeout=seconds)
    except TooLate:
        # Not begun yet: then it is never written.
        future.cancel()
        raise StorageUnavailable(_TOO_LATE) from None


@dataclass(frozen=True, slots=True)
class Job:
    """Something to write, and who waits for it."""

    call: Callable[[Connection], Any]
    future: Future[Any]
    incidents: Sequence[str] = ()
    groups: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Delivered(Generic[A]):
    """A delivery on its way in, and who waits for its verdicts."""

    arrival: A
    future: Future[Any]


class GroupCommitWriter(Generic[A, R]):
    """`take_in` writes a batch of arrivals and answers for each, in order."""

    def __init__(
        self,
        database: Database,
        take_in: Callable[[Connection, Sequence[A]], Sequence[R]],
    ) -> None:
        self._database = database
        self._take_in = take_in
        self._queue: SimpleQueue[Job | Delivered[A] | None] = SimpleQueue()
        self._open = False
        self._gate = threading.Lock()
        self._thread = threading.Thread(
            target=self._run, name="responder-store", daemon=True
        )

    def start(self) -> None:
        self._open = True
        self._thread.start()

    def close(self) -> None:
        """Write what was handed in, then stop."""
        with self._gate:
            was_open, self._open = self._open, False
            self._queue.put(None)
        if was_open:
            self._thread.join()

    def submit(
        self,
        job: Callable[[Connection], T],
        incidents: Sequence[str] = (),
        groups: Sequence[tuple[str, str]] = (),
    ) -> Future[T]:
        """The job's answer, once it is committed.

        It changes these incidents, and opens one in these (rule, group).
        """
        future: Future[T] = Future()
        self._put(Job(job, future, incidents, groups))
        return future

    def deliver(self, arrival: A) -> Future[R]:
        """What became of the arrival, once it is committed."""
        future: Future[R] = Future()
        self._put(Delivered(arrival, future))
        return future

    def _put(self, work: Job | Delivered[A]) -> None:
        with self._gate:
            if not self._open:
                raise StorageUnavailable(_STOPPED)
            self._queue.put(work)

    def _run(self) -> None:
        going = True
        while going:
            batch: list[Job | Delivered[A]] = []
            work = self._queue.get()
            while work is not None:
                batch.append(work)
                if len(batch) == _AT_ONCE:
                    break
                try:
                    work = self._queue.get_nowait()
                except Empty:
                    break
            going = work is not None
            # Whoever stopped waiting was told so: nothing is written for them.
            wanted = [w for w in batch if w.future.set_running_or_notify_cancel()]
            if wanted:
                with _Answered(wanted):
                    self._write(wanted)

    def _write(self, batch: Sequence[Job | Delivered[A]]) -> None:
        jobs = [work for work in batch if isinstance(work, Job)]
        arrived = [work for work in batch if isinstance(work, Delivered)]
        results = self._results(jobs, [work.arrival for work in arrived])
        works: list[Job | Delivered[A]] = [*jobs, *arrived]
        for work, result in zip(works, results, strict=True):
            result.tell(work.future)

    def _results(self, jobs: Sequence[Job], arrivals: Sequence[A]) -> list[Result]:
        pauses, each = iter(_PAUSES), shared
        while True:
            results: list[Result] = []
            try:
                with self._database.writing() as conn:
                    self._hold(conn, jobs)
                    results.extend(self._tried(conn, jobs, arrivals, each))
                return results
            except OneFailed:
                # One by one, each under a savepoint of its own.
                each = alone
                continue
            except StorageUnavailable as error:
                return [Result(error=error)] * (len(jobs) + len(arrivals))
            except SQLAlchemyError as error:
                # With results in hand it was the commit that failed: it may have
                # been done all the same, and doing it twice is worse than saying so.
                again = not results and self._database.passing(error)
                pause = next(pauses, None)
                if pause is None or not again:
                    failed = Result(error=StorageUnavailable(why(error)))
                    return [failed] * (len(jobs) + len(arrivals))
            # Two that collided must not collide again.
            threading.Event().wait(pause * (0.5 + random.random()))

    def _tried(
        self, conn: Connection, jobs: Sequence[Job], arrivals: Sequence[A], each: _Each
    ) -> list[Result]:
        results = [each(conn, job.call) for job in jobs]
        return [*results, *self._take_in_all(conn, arrivals, each)]

    def _hold(self, conn: Connection, jobs: Sequence[Job]) -> None:
        """Several rows are locked together: one by one, two writers could deadlock."""
        wanted = {incident for job in jobs for incident in job.incidents}
        groups = {group for job in jobs for group in job.groups}
        if len(wanted) + len(groups) > 1:
            self._database.hold(conn, groups=groups, incidents=wanted)

    def _take_in_all(
        self, conn: Connection, arrivals: Sequence[A], each: _Each
    ) -> list[Result]:
        if not arrivals:
            return []
        together = each(conn, lambda c: self._take_in(c, arrivals))
        if together.error is None:
            return [Result(value=value) for value in together.value]
        # One of them is bad: only that one shall fail.
        return [self._take_in_one(conn, arrival) for arrival in arrivals]

    def _take_in_one(self, conn: Connection, arrival: A) -> Result:
        one = alone(conn, lambda c: self._take_in(c, [arrival])[0])
        if one.error is None:
            return one
        cause = f"the delivery could not be stored: {type(one.error).__name__}"
        return Result(error=StorageUnavailable(cause))


class _Answered:
    """Whatever fails in a batch, its waiters are answered, and the writer goes on."""

    def __init__(self, batch: Sequence[Job | Delivered[Any]]) -> None:
        self._batch = batch

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        _log.error("writer failure", exc_info=error)
        failed = StorageUnavailable(f"the batch failed: {type(error).__name__}")
        for work in self._batch:
            if not work.future.done():
                work.future.set_exception(failed)
        return True


# A writer without a thread: the caller does its job, in a transaction of its own.


class ImmediateWriter(GroupCommitWriter[A, R]):
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
