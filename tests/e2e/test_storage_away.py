"""A database that takes nothing for a while: no alert is lost over it."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from responder.incident.names import Sender
from responder.senders import sample as samples
from tests.e2e.service import Service, service, until

SHORT = timedelta(milliseconds=300)
LABELS = {"alertname": "Order errors", "responder": "jwt-pizza"}


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Somebody else writes to the file and does not come to an end."""
    with closing(sqlite3.connect(folder / "responder.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def deliver(found: Service) -> requests.Response:
    body = samples.body(Sender.GRAFANA, LABELS, datetime.now(UTC))
    return requests.post(f"{found.url}/webhooks/grafana", json=body, timeout=60)


def test_an_alert_that_meets_a_locked_database_is_answered_202_and_acted_upon(
    tmp_path: Path,
) -> None:
    with service(tmp_path, accept_within=SHORT) as found:
        found.factory.start_chaos("fail")
        found.shop.order()
        with locked(tmp_path):
            answer = deliver(found)
            assert answer.status_code == 202
            assert [a["verdict"] for a in answer.json()["alerts"]] == ["spooled"]
        until(lambda: found.factory.effective_calls)
        assert len(found.incidents()) == 1
        until(lambda: not list((tmp_path / "responder.db.spool").glob("*")))


def test_readiness_stays_while_the_spool_takes_what_the_database_does_not(
    tmp_path: Path,
) -> None:
    with service(tmp_path, accept_within=SHORT) as found, locked(tmp_path):
        answer = requests.get(f"{found.url}/-/ready", timeout=60)
        assert answer.status_code == 200
        assert "spooled" in answer.text


def test_only_when_the_spool_is_full_too_is_it_our_trouble(tmp_path: Path) -> None:
    with service(tmp_path, accept_within=SHORT, spool_max=10) as found:
        with locked(tmp_path):
            assert deliver(found).status_code == 503
            assert requests.get(f"{found.url}/-/ready", timeout=60).status_code == 503
        until(lambda: deliver(found).status_code == 202)


def test_what_is_acknowledged_from_the_spool_would_survive_a_power_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    sync = os.fsync

    def noted(descriptor: int) -> None:
        sync(descriptor)
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())

    monkeypatch.setattr(os, "fsync", noted)
    spool = tmp_path / "responder.db.spool"
    with service(tmp_path, accept_within=SHORT) as found, locked(tmp_path):
        assert deliver(found).status_code == 202
        written, *_, folder = [path for path in synced if spool in (path, path.parent)]

    assert written.parent == folder == spool
