"""The writer lane over a real file: whatever goes wrong, it goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from responder.incident.ports import StorageUnavailable
from responder.store.databases import database_at
from responder.store.lane import Lane, wait
from tests.fakes import SetClock


class Unforeseen(Exception):
    """Nothing that a database would say."""


def refuse_all(conn: Connection, arrivals: object) -> list[str]:
    """A triage with a bug in it."""
    raise Unforeseen


@pytest.fixture
def lane(tmp_path: Path) -> Iterator[Lane[str, str]]:
    database = database_at(f"sqlite:///{tmp_path / 'lane.db'}", SetClock())
    database.open()
    found: Lane[str, str] = Lane(database, refuse_all)
    found.start()
    yield found
    found.close()
    database.close()


def one(conn: Connection) -> int:
    return int(conn.execute(text("SELECT 1")).scalar_one())


def test_a_job_that_fails_is_told_and_the_next_one_runs(lane: Lane[str, str]) -> None:
    def fail(conn: Connection) -> None:
        raise Unforeseen

    with pytest.raises(Unforeseen):
        wait(lane.submit(fail), 5)
    assert wait(lane.submit(one), 5) == 1


def test_a_delivery_that_no_one_can_take_in_fails_alone(lane: Lane[str, str]) -> None:
    with pytest.raises(StorageUnavailable):
        wait(lane.deliver("an alert"), 5)
    assert wait(lane.submit(one), 5) == 1


def test_a_database_that_fails_in_its_own_way_does_not_end_the_lane(
    tmp_path: Path,
) -> None:
    database = database_at(f"sqlite:///{tmp_path / 'lane.db'}", SetClock())
    lane: Lane[str, str] = Lane(database, refuse_all)
    lane.start()
    with pytest.raises(StorageUnavailable):
        wait(lane.submit(one), 5)
    database.open()
    assert wait(lane.submit(one), 5) == 1
    lane.close()
    database.close()
