"""Opening the file, and what happens when it cannot be used."""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from responder.incident.alert import Delivery
from responder.incident.events import Opened
from responder.incident.ports import StorageUnavailable
from responder.incident.view import Search
from responder.store import BadStorage, DatabaseInUse, Store
from responder.store.links import Supplier
from tests.e2e.service import until
from tests.fakes import NOON, SetClock
from tests.store_parts import (
    FACTORY,
    RULE,
    Stall,
    alert,
    decided,
    delivery,
    open_incident,
    store_on,
)

SECOND = """
import sys
from pathlib import Path
from responder.store import DatabaseInUse
from tests.store_parts import store_on
try:
    store_on(Path(sys.argv[1])).start()
except DatabaseInUse as refused:
    print(refused)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "responder.db"


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    store = store_on(file)
    store.start()
    yield store
    store.close()


def refusal(store: Store) -> str:
    with pytest.raises(BadStorage) as refused:
        store.start()
    return str(refused.value)


def test_a_second_process_is_refused_by_name(store: Store, file: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", SECOND, str(file)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    ).stdout

    assert str(file) in told
    assert f"process {os.getpid()}" in told


def test_a_second_store_in_this_process_is_refused_too(
    store: Store, file: Path
) -> None:
    with pytest.raises(DatabaseInUse):
        store_on(file).start()
    assert store.writable()


def test_a_closed_store_leaves_the_file_to_the_next(store: Store, file: Path) -> None:
    store.close()
    again = store_on(file)

    again.start()

    assert again.writable()
    again.close()


def test_the_file_is_in_wal_mode_and_syncs_fully(store: Store) -> None:
    with store.engine.connect() as conn:
        mode = conn.exec_driver_sql("PRAGMA journal_mode").scalar()
        level = conn.exec_driver_sql("PRAGMA synchronous").scalar()

    assert (mode, level) == ("wal", 2)


def test_a_damaged_file_is_refused_and_left_alone(file: Path) -> None:
    file.write_bytes(b"this is no database, but somebody may want it" * 100)
    before = file.read_bytes()

    told = refusal(store_on(file))

    assert "move it away" in told
    assert file.read_bytes() == before


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    told = refusal(store_on(tmp_path / "missing" / "responder.db"))

    assert str(tmp_path / "missing") in told
    assert "create the directory" in told


def test_a_directory_in_place_of_the_file_is_refused(file: Path) -> None:
    file.mkdir()

    assert "is a directory" in refusal(store_on(file))


def test_a_file_of_a_newer_responder_is_refused(file: Path) -> None:
    made = sqlite3.connect(file)
    made.execute("PRAGMA user_version = 99")
    made.close()

    assert "newer Responder" in refusal(store_on(file))


def test_a_refused_start_leaves_no_lock_behind(file: Path) -> None:
    file.write_bytes(b"no database" * 100)
    refusal(store_on(file))
    file.unlink()
    store = store_on(file)

    store.start()

    store.close()


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "mysql://db/x", "nonsense"]
)
def test_an_address_that_is_no_file_and_no_postgresql_is_refused(url: str) -> None:
    with pytest.raises(BadStorage, match=r"sqlite:///responder\.db"):
        Store(
            url,
            rules=(),
            clock=SetClock(),
            supplier=Supplier.of(
                FACTORY,
                timeout=timedelta(seconds=5),
                fixed_link=None,
                max_reports_per_hour=6,
            ),
            masker=str,
        )


def test_all_leases_are_void_at_start(store: Store, file: Path) -> None:
    lease, incident = open_incident(store)
    store.close()
    again = store_on(file)
    again.start()

    old = again.decide(lease, incident, [decided()])
    taken = again.take(NOON, 5)
    again.close()

    assert not old.accepted
    assert [found.incident for found in taken] == [lease.incident]


@pytest.fixture
def hasty(file: Path) -> Iterator[Store]:
    """A store whose senders wait for 0.3 s."""
    store = store_on(file, accept_within=timedelta(seconds=0.3))
    store.start()
    yield store
    store.close()


def test_a_file_locked_by_another_program_fails_the_request(
    hasty: Store, file: Path
) -> None:
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StorageUnavailable):
        hasty.accept(delivery())
    ready = hasty.writable()
    other.execute("ROLLBACK")
    other.close()

    assert not ready


def test_an_incident_stored_too_late_for_its_request_is_left_to_whoever_looks(
    file: Path,
) -> None:
    stall = Stall()
    hasty = store_on(file, accept_within=timedelta(seconds=0.3), summarise=stall)
    hasty.start()
    while not stall.begun.is_set():
        accept_in_vain(hasty, delivery())
    stall.over.set()

    taken = until(lambda: hasty.take(NOON, 5))
    hasty.close()
    assert len(taken) == 1


def test_the_lane_lives_on_after_a_full_disk(store: Store) -> None:
    with store.engine.connect() as conn:
        pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
    _limit_pages(store, pages)
    with pytest.raises(StorageUnavailable):
        store.accept(delivery(body="".join(str(n * n) for n in range(90_000))))
    _limit_pages(store, 1_000_000)

    lease, _ = open_incident(store)

    assert store.load(lease.incident)


def _limit_pages(store: Store, pages: int) -> None:
    """SQLite's own way to a full disk, on the one connection that is in the pool."""
    with store.engine.connect() as conn:
        conn.exec_driver_sql(f"PRAGMA max_page_count = {pages}")


@contextmanager
def busy(file: Path) -> Iterator[tuple[Store, Event]]:
    """A store that writes nothing more, once it began to, until the event is set."""
    stall = Stall()
    store = store_on(file, accept_within=timedelta(0), summarise=stall)
    store.start()
    opened = Opened(at=NOON, rule=RULE.name)
    first = threading.Thread(target=store.openings.open, args=(opened,))
    first.start()
    try:
        stall.begun.wait()
        yield store, stall.over
    finally:
        stall.over.set()
        first.join()
        store.close()


def accept_in_vain(store: Store, told: Delivery) -> None:
    with pytest.raises(StorageUnavailable):
        store.accept(told)


def test_a_delivery_whose_sender_stopped_waiting_is_never_stored(file: Path) -> None:
    late = delivery(alert("f2", shop="b"))
    with busy(file) as (store, over):
        accept_in_vain(store, late)
        over.set()
        store.take(NOON, 5)  # It waits its turn behind both.

        assert not store.has_delivery(late.id)
        assert len(store.search(Search()).incidents) == 1


def test_a_delivery_of_many_alerts_is_given_more_time(file: Path) -> None:
    many = delivery(*(alert(f"g{number}", shop="b") for number in range(5000)))
    with busy(file) as (store, _):
        began = time.monotonic()
        accept_in_vain(store, many)

        assert time.monotonic() - began >= 1
