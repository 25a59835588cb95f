"""The stamp of whoever runs, and the gaps between stamps."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from responder.incident.ports import StorageUnavailable
from responder.incident.service import Downtime
from responder.store.leases import Heartbeat
from responder.store.sqlite import Disk, disk_of
from responder.store.store import Store
from tests.conftest import Place
from tests.fakes import SetClock
from tests.store_parts import alert, at, finished, open_incident, store_on


@contextmanager
def started(place: Place) -> Iterator[Store]:
    with closing(store_on(place.url, place.clock)) as store:
        store.start()
        yield store


def life_on(store: Store, disk: Disk | None = None) -> Heartbeat:
    """The life of a process that just started."""
    return Heartbeat(store.write, lambda: store.engine, store.clock, disk or Disk())


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Somebody else writes to the file and does not come to an end."""
    with closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def pass_by(place: Place, seconds: float, store: Store) -> None:
    """So long passes, by both clocks."""
    place.clock.at += timedelta(seconds=seconds)
    store.writable()  # On PostgreSQL the time is learned from an answer.


def test_a_new_storage_remembers_since_when_and_no_gap(place: Place) -> None:
    with started(place) as store:
        life = life_on(store)
        assert life.beat() is None
        assert (life.memory().since, life.memory().gaps) == (at(0), ())


def test_beats_in_time_are_no_gap_also_over_a_restart(place: Place) -> None:
    with started(place) as store:
        life = life_on(store)
        life.beat()
        pass_by(place, 10, store)
        assert life.beat() is None
        pass_by(place, 60, store)
        assert life_on(store).beat() is None


def test_a_start_after_more_than_a_minute_tells_the_gap(place: Place) -> None:
    with started(place) as store:
        life_on(store).beat()
        pass_by(place, 61, store)
        again = life_on(store)
        assert again.beat() == Downtime(since=at(0), until=at(61))
        assert again.memory().gaps == (Downtime(since=at(0), until=at(61)),)
        assert again.memory().since == at(0)


def test_a_process_that_stood_still_for_long_tells_a_gap(place: Place) -> None:
    with started(place) as store:
        life = life_on(store)
        life.beat()
        pass_by(place, 3600, store)
        assert life.beat() == Downtime(since=at(0), until=at(3600))


def test_another_replica_that_ran_meanwhile_leaves_no_gap(place: Place) -> None:
    with started(place) as store:
        one, other = life_on(store), life_on(store)
        one.beat()
        for _ in range(10):
            pass_by(place, 30, store)
            one.beat()
        assert other.beat() is None


def test_a_database_away_is_no_gap_of_those_who_ran(tmp_path: Path) -> None:
    place = Place(url=f"sqlite:///{tmp_path / 'responder.db'}", clock=SetClock())
    with started(place) as store:
        life = life_on(store)
        life.beat()
        for _ in range(3):
            place.clock.at += timedelta(seconds=30)
            with locked(tmp_path / "responder.db"), pytest.raises(StorageUnavailable):
                life.beat()
        assert life.beat() is None


def test_the_first_beat_makes_everything_due_that_is_open_or_watched(
    place: Place,
) -> None:
    with started(place) as store:
        waiting, _ = open_incident(store)
        store.release(waiting, at(600))
        asleep, _ = open_incident(store, alert("f2", shop="b"))
        store.release(asleep, None)
        watched, incident = open_incident(store, alert("f3", shop="c"))
        assert store.decide(watched, incident, [finished(1)]).accepted
        store.release(watched, at(600))
        over, incident = open_incident(store, alert("f4", shop="d"))
        assert store.decide(over, incident, [finished(1)]).accepted
        store.release(over, None)
        life_on(store).beat()
        taken = {lease.incident for lease in store.take(at(0), 10)}
        assert taken == {waiting.incident, asleep.incident, watched.incident}


def test_a_later_beat_leaves_due_times_alone(place: Place) -> None:
    with started(place) as store:
        life = life_on(store)
        life.beat()
        lease, _ = open_incident(store)
        store.release(lease, at(600))
        life.beat()
        assert store.take(at(0), 10) == []


def test_what_somebody_works_on_is_not_taken_away_by_a_start(place: Place) -> None:
    with started(place) as store:
        lease, incident = open_incident(store)
        life_on(store).beat()
        assert store.take(at(0), 10) == []
        assert store.decide(lease, incident, [finished(1)]).accepted


# What the storage lies on

MOUNTS = """\
overlay / overlay rw,lowerdir=/a:/b 0 0
proc /proc proc rw 0 0
/dev/sda1 /data ext4 rw 0 0
tmpfs /data/quick tmpfs rw 0 0
nas:/export /data/two\\040words nfs4 rw 0 0
/dev/sdb1 /data/quick/local xfs rw 0 0
"""


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("/srv/responder.db", "container"),
        ("/data/responder.db", ""),
        ("/data/quick/responder.db", "memory"),
        ("/data/quick/local/responder.db", ""),
        ("/data/two words/responder.db", "network"),
        ("/database/responder.db", "container"),
    ],
)
def test_the_deepest_mount_says_whether_a_file_stays(
    tmp_path: Path, file: str, told: str
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    forgets = disk_of(Path(file), mounts).forgets
    assert told in forgets
    assert bool(forgets) == bool(told)


def test_without_a_table_of_mounts_nothing_is_claimed(tmp_path: Path) -> None:
    assert disk_of(tmp_path / "x.db", tmp_path / "none") == Disk()


def test_a_file_that_was_served_and_is_gone_is_history_lost(tmp_path: Path) -> None:
    file = tmp_path / "responder.db"
    place = Place(url=f"sqlite:///{file}", clock=SetClock())
    assert not disk_of(file).history_expected
    with started(place) as store:
        life_on(store, disk_of(file)).beat()
    assert not disk_of(file).history_expected
    for part in ("", "-wal", "-shm"):
        Path(f"{file}{part}").unlink(missing_ok=True)
    disk = disk_of(file)
    assert disk.history_expected
    with started(place) as store:
        life_on(store, disk).beat()
        assert life_on(store).memory().history_lost
