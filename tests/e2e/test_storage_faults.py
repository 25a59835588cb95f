"""Storage that fails while the service runs: spooled, else 503, and over by itself."""

import resource
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import requests
from sqlalchemy import Connection, Engine, event

from responder.incident.names import Sender
from responder.senders import sample as samples
from tests import postgres
from tests.e2e.service import service, until
from tests.e2e.test_process import Process, process

__all__ = ["process"]

LABELS = {"alertname": "Order errors", "responder": "jwt-pizza"}
UNHEARD = {"alertname": "Disk", "responder": "nobody"}


def deliver(url: str, labels: dict[str, str]) -> requests.Response:
    body = samples.body(Sender.GRAFANA, labels, datetime.now(UTC))
    return requests.post(f"{url}/webhooks/grafana", json=body, timeout=60)


def is_spooled(answer: requests.Response) -> bool:
    """Whether it was acknowledged, and waits outside the database."""
    assert answer.status_code == 202, answer.text
    return [a["verdict"] for a in answer.json()["alerts"]] == ["spooled"]


def spooled(folder: Path) -> list[Path]:
    return list((folder / "responder.db.spool").glob("*"))


@dataclass
class Disk:
    """What every SQLite connection is told as each of its transactions begins."""

    pragma: str = ""

    def begin(self, conn: Connection) -> None:
        if self.pragma:
            conn.connection.cursor().execute(f"PRAGMA {self.pragma}")

    @contextmanager
    def told(self, pragma: str, back: str) -> Iterator[None]:
        self.pragma = pragma
        try:
            yield
        finally:
            self.pragma = back


@pytest.fixture
def disk() -> Iterator[Disk]:
    """It listens before the service starts: a list that is read must not change."""
    found = Disk()
    event.listen(Engine, "begin", found.begin)
    yield found
    event.remove(Engine, "begin", found.begin)


FAULTS = pytest.mark.parametrize(
    "fault",
    [
        # SQLITE_FULL, as on a disk without room: the file may not grow.
        pytest.param(("max_page_count=1", "max_page_count=1073741823"), id="full"),
        # SQLITE_READONLY, as on a disk that was mounted anew after an error.
        pytest.param(("query_only=1", "query_only=0"), id="read-only"),
    ],
)
Fault = tuple[str, str]


@FAULTS
def test_a_database_that_takes_nothing_costs_no_alert_and_no_restart(
    tmp_path: Path, disk: Disk, fault: Fault
) -> None:
    with service(tmp_path) as found:
        found.factory.start_chaos("fail")
        found.shop.order()
        with disk.told(*fault):
            # What room is left within the file's pages may take some.
            until(lambda: is_spooled(deliver(found.url, UNHEARD)))
            assert is_spooled(deliver(found.url, LABELS))
            assert requests.get(f"{found.url}/-/ready", timeout=60).status_code == 200
            assert requests.get(f"{found.url}/", timeout=60).status_code == 200
        until(lambda: found.factory.effective_calls)
        until(lambda: not spooled(tmp_path))
        assert len(found.incidents()) == 1


@FAULTS
def test_without_room_in_the_spool_it_is_503_until_it_is_over(
    tmp_path: Path, disk: Disk, fault: Fault
) -> None:
    with service(tmp_path, spool_max=10) as found:
        with disk.told(*fault):
            until(lambda: deliver(found.url, UNHEARD).status_code == 503)
        until(lambda: deliver(found.url, UNHEARD).status_code == 202)


@contextmanager
def files_up_to(pid: int, size: int) -> Iterator[None]:
    """The kernel lets no file of this process grow beyond `size` bytes."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


def test_a_process_whose_database_file_may_not_grow_goes_on_by_itself(
    process: Process,
) -> None:
    serving = process.start_ready()
    process.fail()
    with files_up_to(serving.pid, 16 * 1024):
        until(lambda: is_spooled(deliver(process.url, UNHEARD)))
        assert is_spooled(deliver(process.url, LABELS))
    until(lambda: process.factory.effective_calls)
    until(lambda: not spooled(process.folder))
    assert serving.poll() is None


def test_a_process_that_can_write_no_file_at_all_says_503_and_recovers(
    process: Process,
) -> None:
    serving = process.start_ready()
    with files_up_to(serving.pid, 0):
        assert deliver(process.url, UNHEARD).status_code == 503
    until(lambda: deliver(process.url, UNHEARD).status_code == 202)
    # Acknowledged from the spool, if the database still counted as away.
    until(lambda: not spooled(process.folder))
    assert serving.poll() is None


def test_a_file_that_failed_meanwhile_is_whole(process: Process) -> None:
    serving = process.start_ready()
    with files_up_to(serving.pid, 16 * 1024):
        until(lambda: is_spooled(deliver(process.url, UNHEARD)))
    until(lambda: not spooled(process.folder))
    with closing(sqlite3.connect(process.folder / "responder.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


# PostgreSQL


def test_connections_that_the_server_ends_cost_no_alert(
    postgres_server: str, tmp_path: Path
) -> None:
    with (
        postgres.database(postgres_server) as url,
        service(tmp_path, storage_url=url, spool=str(tmp_path / "spool")) as found,
        psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as admin,
    ):
        found.factory.start_chaos("fail")
        found.shop.order()
        for _ in range(3):
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'responder' "
                "AND datname = current_database()"
            )
            assert deliver(found.url, LABELS).status_code == 202
        until(lambda: found.factory.effective_calls)
        assert len(found.incidents()) == 1


def test_a_server_that_stops_and_starts_again_costs_no_alert_and_no_restart(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "spool"
    with (
        postgres.own_server() as server,
        service(tmp_path, storage_url=server.get_uri(), spool=str(folder)) as found,
    ):
        found.factory.start_chaos("fail")
        found.shop.order()
        server.stop()
        assert is_spooled(deliver(found.url, LABELS))
        assert requests.get(f"{found.url}/-/ready", timeout=60).status_code == 200
        metrics = requests.get(f"{found.url}/metrics", timeout=60)
        assert "responder_spooled_deliveries 1.0" in metrics.text
        server.start()
        until(lambda: found.factory.effective_calls)
        until(lambda: not list(folder.glob("*")))
        assert len(found.incidents()) == 1


# A full disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own, of a few megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path) -> Path:
    filler = place / "filler"
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        while file.write(b" " * 4096):
            pass
    return filler


def test_ready_says_no_while_a_full_disk_takes_no_alert(small_disk: Path) -> None:
    with service(small_disk) as found:

        def ready() -> int:
            return requests.get(f"{found.url}/-/ready", timeout=30).status_code

        assert ready() == 200
        filler = fill(small_disk)
        until(lambda: deliver(found.url, UNHEARD).status_code == 503)
        assert ready() == 503
        until(lambda: deliver(found.url, UNHEARD).status_code == 503)
        assert ready() == 503
        filler.unlink()
        until(lambda: ready() == 200)
        assert deliver(found.url, UNHEARD).status_code == 202


def test_a_spool_on_another_disk_keeps_it_ready(
    small_disk: Path, tmp_path: Path
) -> None:
    with service(small_disk, spool=str(tmp_path / "spool")) as found:
        fill(small_disk)
        until(lambda: is_spooled(deliver(found.url, UNHEARD)))
        answer = requests.get(f"{found.url}/-/ready", timeout=30)
        assert answer.status_code == 200
        assert "spooled" in answer.text


def test_a_full_spool_disk_is_no_trouble_while_the_database_takes_alerts(
    small_disk: Path, tmp_path: Path
) -> None:
    with service(tmp_path, spool=str(small_disk / "spool")) as found:
        fill(small_disk)
        assert requests.get(f"{found.url}/-/ready", timeout=30).status_code == 200
        assert deliver(found.url, UNHEARD).status_code == 202
