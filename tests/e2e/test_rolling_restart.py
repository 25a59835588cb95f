"""Two replicas are restarted one after the other while webhooks pour in."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from responder.incident.names import Sender
from responder.senders import sample as samples
from tests import postgres
from tools.torture.world import Replica, World, world

SENDERS = 4


@pytest.fixture
def url(postgres_server: str) -> Iterator[str]:
    with postgres.database(postgres_server) as found:
        yield found


@dataclass
class Balancer:
    """Sends to one replica, and to the other where the first does not answer."""

    replicas: list[Replica]
    accepted: set[str] = field(default_factory=set)
    refused: list[int] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)

    def deliver(self, body: dict[str, Any]) -> None:
        first = next(self.numbers)
        for attempt in range(100):
            asked = self.replicas[(first + attempt) % len(self.replicas)]
            try:
                url = f"{asked.url}/webhooks/grafana"
                answer = requests.post(url, json=body, timeout=60)
            except requests.RequestException:
                continue
            if answer.status_code in (200, 202):
                self.accepted.add(answer.json()["delivery"])
            else:
                self.refused.append(answer.status_code)
            return
        raise AssertionError("no replica answered")

    def repeat(self, body: dict[str, Any], closed: threading.Event) -> None:
        while not closed.is_set():
            self.deliver(body)


@contextmanager
def load(balancer: Balancer, body: dict[str, Any]) -> Iterator[None]:
    """The same from several senders, over and over, while the block lasts."""
    closed = threading.Event()
    with ThreadPoolExecutor(SENDERS) as pool:
        sending = [pool.submit(balancer.repeat, body, closed) for _ in range(SENDERS)]
        try:
            yield
        finally:
            closed.set()
    for sent in sending:
        sent.result()


def stored(url: str) -> set[str]:
    with psycopg.connect(url.replace("+psycopg", "")) as conn:
        return {row[0] for row in conn.execute("SELECT id FROM deliveries")}


def restart(found: World, replica: Replica) -> None:
    assert replica.stop() == 0
    replica.start(found.factory.api_key)


def test_a_rolling_restart_loses_no_accepted_webhook_and_makes_no_second_call(
    url: str, tmp_path: Path
) -> None:
    nobody = samples.body(
        Sender.GRAFANA, {"alertname": "Load", "responder": "nobody"}, datetime.now(UTC)
    )
    with world(tmp_path, replicas=2, storage=url) as found:
        balancer = Balancer(list(found.replicas))
        with load(balancer, nobody):
            for replica in found.replicas:
                balancer.deliver(found.fault())
                restart(found, replica)
                found.recovered(replica)
                assert found.calls_of_round() == ["resolved"]
        lost = balancer.accepted - stored(url)
        waiting = list(tmp_path.glob("spool-*/*"))
        incidents = found.alive().all_incidents()
    assert len(balancer.accepted) > 20
    assert (lost, waiting) == (set(), [])
    assert balancer.refused == []
    assert len(incidents) == 2
