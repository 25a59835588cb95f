"""The writer lane over a real file: whatever goes wrong, it goes on."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from responder.incident.ports import Clock, StorageUnavailable
from responder.store.store import database_at
from responder.store.writer import GroupCommitWriter, wait
from tests.fakes import SetClock


class Unforeseen(Exception):
    """Nothing that a database would say."""


def refuse_all(conn: Connection, arrivals: object) -> list[str]:
    """A triage with a bug in it."""
    raise Unforeseen


@pytest.fixture
def lane(tmp_path: Path) -> Iterator[GroupCommitWriter[str, str]]:
    database = database_at(f"sqlite:///{tmp_path / 'lane.db'}", SetClock())
    database.open()
    found: GroupCommitWriter[str, str] = GroupCommitWriter(database, refuse_all)
    found.start()
    yield found
    found.close()
    database.close()


def insert(conn: Connection, number: int) -> None:
    conn.execute(text("INSERT INTO t VALUES (:n)"), {"n": number})


def one(conn: Connection) -> int:
    return int(conn.execute(text("SELECT 1")).scalar_one())


@contextmanager
def busy(lane: GroupCommitWriter[str, str]) -> Iterator[None]:
    """What is handed in meanwhile is one batch."""
    begun, over = Event(), Event()

    def work(conn: Connection) -> None:
        begun.set()
        over.wait(20)

    lane.submit(work)
    begun.wait(20)
    yield
    over.set()


def test_a_job_that_fails_is_told_and_the_next_one_runs(
    lane: GroupCommitWriter[str, str],
) -> None:
    def fail(conn: Connection) -> None:
        raise Unforeseen

    with pytest.raises(Unforeseen):
        wait(lane.submit(fail), 5)
    assert wait(lane.submit(one), 5) == 1


def test_a_delivery_that_no_one_can_take_in_fails_alone(
    lane: GroupCommitWriter[str, str],
) -> None:
    with pytest.raises(StorageUnavailable):
        wait(lane.deliver("an alert"), 5)
    assert wait(lane.submit(one), 5) == 1


def test_of_a_job_that_fails_nothing_stays_and_its_neighbours_do(
    lane: GroupCommitWriter[str, str],
) -> None:
    def keep(number: int) -> Callable[[Connection], None]:
        return lambda conn: insert(conn, number)

    def fail(conn: Connection) -> None:
        insert(conn, 2)
        raise Unforeseen

    wait(lane.submit(lambda conn: conn.execute(text("CREATE TABLE t (n)"))), 5)
    with busy(lane):
        told = [lane.submit(job) for job in (keep(1), fail, keep(3))]

    assert wait(told[0], 5) is wait(told[2], 5) is None
    with pytest.raises(Unforeseen):
        wait(told[1], 5)
    kept = lane.submit(lambda conn: conn.execute(text("SELECT n FROM t")).all())
    assert wait(kept, 5) == [(1,), (3,)]


@dataclass
class Noted:
    """A database that writes nothing down but what is asked of it."""

    commits_fail: bool = False
    lanes: int = 1
    lost: str = ""
    commits: int = 0
    held: list[object] = field(default_factory=list)
    clock: Clock = field(default_factory=SetClock)

    @contextmanager
    def writing(self) -> Iterator[Any]:
        yield None
        self.commits += 1
        if self.commits_fail:
            raise OperationalError("COMMIT", {}, Exception("connection lost"))

    def verify(self) -> None:
        raise NotImplementedError

    def passing(self, error: SQLAlchemyError) -> bool:
        return True

    def hold(
        self,
        conn: Connection,
        *,
        groups: Iterable[tuple[str, str]] = (),
        incidents: Iterable[str] = (),
    ) -> None:
        self.held.append((list(groups), sorted(incidents)))

    def open(self) -> Engine:
        raise AssertionError("a lane opens no database")

    def close(self) -> None: ...


def test_a_commit_that_fails_is_not_done_again() -> None:
    """It may have been done all the same."""
    database = Noted(commits_fail=True)
    lane: GroupCommitWriter[str, str] = GroupCommitWriter(database, refuse_all)
    lane.start()
    with pytest.raises(StorageUnavailable):
        wait(lane.submit(lambda conn: None), 5)
    lane.close()
    assert database.commits == 1


@pytest.mark.parametrize(
    ("jobs", "held"),
    [
        ([(["i1"], [])], []),
        ([(["i2"], []), (["i1"], [])], [([], ["i1", "i2"])]),
        ([(["i1"], []), ([], [("r", "g")])], [([("r", "g")], ["i1"])]),
    ],
    ids=["one row", "two rows", "a row and a group"],
)
def test_what_a_batch_changes_is_locked_together_in_one_order(
    jobs: list[tuple[list[str], list[tuple[str, str]]]], held: list[object]
) -> None:
    database = Noted()
    lane: GroupCommitWriter[str, str] = GroupCommitWriter(database, refuse_all)
    lane.start()
    with busy(lane):
        for incidents, groups in jobs:
            lane.submit(lambda conn: None, incidents, groups)
    lane.close()
    assert database.held == held


def test_a_database_that_fails_in_its_own_way_does_not_end_the_lane(
    tmp_path: Path,
) -> None:
    database = database_at(f"sqlite:///{tmp_path / 'lane.db'}", SetClock())
    lane: GroupCommitWriter[str, str] = GroupCommitWriter(database, refuse_all)
    lane.start()
    with pytest.raises(StorageUnavailable):
        wait(lane.submit(one), 5)
    database.open()
    assert wait(lane.submit(one), 5) == 1
    lane.close()
    database.close()
