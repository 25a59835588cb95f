"""A whole service that was away for a while, and one that forgets what is old."""

import sqlite3
from contextlib import closing
from pathlib import Path

import requests

from tests.e2e.service import Service, service, until

HOURS_US = 3600 * 10**6
YEAR_US = 365 * 24 * HOURS_US


def rewrite(folder: Path, statement: str) -> None:
    """Change what a service left behind, as if it had happened another time."""
    with closing(sqlite3.connect(folder / "responder.db")) as database:
        database.execute(statement)
        database.commit()


def page(found: Service) -> str:
    return requests.get(f"{found.url}/", timeout=60).text


def metric(found: Service, name: str) -> float:
    lines = requests.get(f"{found.url}/metrics", timeout=60).text.splitlines()
    (value,) = (line.split()[1] for line in lines if line.startswith(f"{name} "))
    return float(value)


def test_a_service_that_was_away_for_hours_says_so_on_its_page(tmp_path: Path) -> None:
    with service(tmp_path) as found:
        until(lambda: metric(found, "responder_storage_since_timestamp_seconds"))
        assert "was not running" not in page(found)
    rewrite(tmp_path, f"UPDATE life SET stamped_at = stamped_at - {6 * HOURS_US}")
    with service(tmp_path) as found:
        until(lambda: "Responder was not running" in page(found))
        assert metric(found, "responder_gap_seconds") > 6 * 3600 - 1


def test_a_service_looks_at_what_is_open_as_soon_as_it_is_back(tmp_path: Path) -> None:
    with service(tmp_path) as found:
        found.alert()
        found.in_state("investigating", "holding")
    rewrite(tmp_path, f"UPDATE incidents SET due_at = due_at + {6 * HOURS_US}")
    with service(tmp_path) as found:
        found.factory.start_chaos("fail")
        found.shop.order()
        until(lambda: found.factory.effective_calls)


def test_a_service_forgets_old_deliveries_by_itself(tmp_path: Path) -> None:
    with service(tmp_path) as found:
        found.alert(responder="nobody")
    rewrite(tmp_path, f"UPDATE deliveries SET received_at = received_at - {YEAR_US}")
    with service(tmp_path) as found:
        found.alert(responder="nobody")
        archive = found.responder.store
        until(lambda: len(archive.deliveries()) == 1)
