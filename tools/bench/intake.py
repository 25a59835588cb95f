"""How many webhooks a second become durable, and how long a sender waits."""

import json
import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from responder.demo.factory import SimulatedFactory
from responder.incident.names import Sender
from responder.senders import sample as samples
from tests.loki_server import Fault, LokiServer
from tools.bench import served
from tools.bench.load import Seen, as_fast_as_possible, at_a_rate

ROUNDS = 3
CONNECTIONS = 16


def bodies(groups: int = 100) -> Callable[[int], bytes]:
    """Grafana's body of an alert of one of so many groups, again and again."""
    started = datetime.now(UTC)
    made = []
    for group in range(groups):
        labels = {"alertname": "E", "responder": "jwt-pizza", "shop": f"shop-{group}"}
        made.append(json.dumps(samples.body(Sender.GRAFANA, labels, started)).encode())
    return lambda number: made[number % groups]


def run(seconds: float) -> dict[str, Any]:
    """The intake against its floor, in turns; prints as it goes."""
    with tempfile.TemporaryDirectory() as name, LokiServer() as loki:
        folder = Path(name)
        with (
            SimulatedFactory() as factory,
            served.floor(folder) as floor,
            served.responder(folder, loki=loki.url, factory=factory.url) as ours,
        ):
            peer = os.environ.get("RESPONDER_BENCH_PEER")
            sides = {"floor": floor.url + "/webhooks/grafana"}
            sides["responder"] = ours.url + "/webhooks/grafana"
            if peer:
                sides["peer"] = peer
            seen = _in_turns(sides, ours.headers, seconds)
    return _told(seen)


def _in_turns(
    sides: dict[str, str], headers: dict[str, str], seconds: float
) -> dict[str, list[Seen]]:
    seen: dict[str, list[Seen]] = {side: [] for side in sides}
    for _ in range(ROUNDS):
        for side, url in sides.items():
            found = as_fast_as_possible(
                url, bodies(), headers, connections=CONNECTIONS, seconds=seconds
            )
            seen[side].append(found)
            print(f"  {side:10} {found.row()}  {found.failed} failed", flush=True)
    return seen


def _told(seen: dict[str, list[Seen]]) -> dict[str, Any]:
    rates = {side: median(s.rate for s in found) for side, found in seen.items()}
    found: dict[str, Any] = {f"{side} per second": rates[side] for side in rates}
    found["ratio to floor"] = rates["responder"] / rates["floor"]
    found["responder p50 ms"] = median(s.p50 for s in seen["responder"])
    found["responder p99 ms"] = median(s.p99 for s in seen["responder"])
    if "peer" in rates:
        found["ratio to peer"] = rates["responder"] / rates["peer"]
    return found


def hung(seconds: float, rate: float = 200) -> dict[str, Any]:
    """Acknowledgement while neither the log source nor the factory answers."""
    with tempfile.TemporaryDirectory() as name, LokiServer() as loki:
        folder = Path(name)
        loki.fault = Fault(hang=True)
        with (
            SimulatedFactory() as factory,
            served.responder(folder, loki=loki.url, factory=factory.url) as ours,
        ):
            found = at_a_rate(
                ours.url + "/webhooks/grafana",
                bodies(1000),
                ours.headers,
                rate=rate,
                connections=CONNECTIONS,
                seconds=seconds,
            )
            print(f"  hung       {found.row()}  {found.failed} failed", flush=True)
    return {
        "rate": rate,
        "p50 ms": found.p50,
        "p99 ms": found.p99,
        "failed": found.failed,
    }
