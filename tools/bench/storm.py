"""A thousand groups at once, and one body with ten thousand alerts."""

import json
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from responder.demo.factory import SimulatedFactory
from responder.incident.names import Sender
from responder.senders import sample as samples
from tests.loki_server import LokiServer
from tools.bench import served
from tools.torture.world import wait_until

GROUPS = 1000
ALERTS = 10_000


def run() -> dict[str, Any]:
    """Both storms, and what they cost in memory."""
    with tempfile.TemporaryDirectory() as name, LokiServer() as loki:
        folder = Path(name)
        with (
            SimulatedFactory() as factory,
            served.responder(folder, loki=loki.url, factory=factory.url) as ours,
        ):
            before = ours.resident()
            decided = _groups(ours)
            body = _body()
            began = time.perf_counter()
            answer = requests.post(
                ours.url + "/webhooks/grafana", body, headers=ours.headers, timeout=30
            )
            taken = time.perf_counter() - began
            wait_until(lambda: _decisions(ours) > GROUPS)
            return {
                f"s until {GROUPS} groups were decided": decided,
                f"s until {ALERTS} alerts were acknowledged": taken,
                "status": answer.status_code,
                "MB of that body": len(body) / 1e6,
                "MB before": before,
                "MB at most": ours.resident("VmHWM"),
                "MB after": ours.resident(),
            }


def _groups(ours: served.Served) -> float:
    """Seconds from the first webhook until each group's incident was decided."""
    started = datetime.now(UTC)

    def deliver(group: int) -> int:
        labels = {"alertname": "E", "responder": "jwt-pizza", "shop": f"s-{group}"}
        body = samples.body(Sender.GRAFANA, labels, started)
        url = ours.url + "/webhooks/grafana"
        return requests.post(url, json=body, headers=ours.headers).status_code

    began = time.perf_counter()
    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(deliver, range(GROUPS))) == {202}
    wait_until(lambda: _decisions(ours) >= GROUPS, within=120)
    return time.perf_counter() - began


def _decisions(ours: served.Served) -> float:
    """How many decisions were taken, by the service's own metric."""
    answer = requests.get(f"{ours.url}/metrics", auth=("bench", served.TOKEN))
    return sum(
        float(line.rsplit(" ", 1)[1])
        for line in answer.text.splitlines()
        if line.startswith("responder_decisions_total{")
    )


def _body() -> bytes:
    labels = {"alertname": "E", "responder": "jwt-pizza", "shop": "one"}
    body: dict[str, Any] = samples.body(Sender.GRAFANA, labels, datetime.now(UTC))
    alert = body["alerts"][0]
    body["alerts"] = [
        {
            **alert,
            "fingerprint": f"{number:016x}",
            "labels": {**alert["labels"], "pod": f"pod-{number}"},
        }
        for number in range(ALERTS)
    ]
    return json.dumps(body).encode()
