"""The same figures on a database with years behind it, beside an empty one."""

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import requests

from responder.demo.factory import SimulatedFactory
from tests.loki_server import LokiServer
from tools.bench import filled, reaction, served
from tools.bench.intake import CONNECTIONS, bodies
from tools.bench.load import as_fast_as_possible, percentile
from tools.torture.world import wait_until

PAGES = 40


def run(seconds: float, incidents: int) -> dict[str, Any]:
    """Intake, reaction and pages on an empty and on a filled database, in turns."""
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory())
        loki = stack.enter_context(LokiServer())
        wire = reaction.Wire()
        factory = stack.enter_context(SimulatedFactory(on_report=wire))
        empty, full = Path(name) / "empty", Path(name) / "full"
        for folder in (empty, full):
            folder.mkdir()
        began = time.monotonic()
        _filled(full, loki, factory, wire)
        print(f"  filled in {time.monotonic() - began:.0f} s", flush=True)
        sides = {}
        for side, folder in (("empty", empty), ("full", full)):
            sides[side] = stack.enter_context(
                served.responder(
                    folder,
                    loki=loki.url,
                    factory=factory.url,
                    key=factory.api_key,
                    recheck="50ms",
                )
            )
        found = {
            side: _measured(ours, loki, factory, wire, seconds, incidents)
            for side, ours in sides.items()
        }
    return _ratios(found["empty"], found["full"])


def _filled(
    folder: Path, loki: LokiServer, factory: SimulatedFactory, wire: reaction.Wire
) -> None:
    """One real incident, recovered, and its hundred thousand copies."""
    with served.responder(
        folder,
        loki=loki.url,
        factory=factory.url,
        key=factory.api_key,
        recheck="50ms",
    ) as ours:
        bench = reaction.Bench(ours, loki, factory, wire)
        bench.react(0)
        wait_until(lambda: bench.incidents()[0]["reported_at"])
        incident = bench.incidents()[0]["id"]
    filled.fill(folder / "responder.db", incident)


def _measured(
    ours: served.Served,
    loki: LokiServer,
    factory: SimulatedFactory,
    wire: reaction.Wire,
    seconds: float,
    incidents: int,
) -> dict[str, float]:
    bench = reaction.Bench(ours, loki, factory, wire)
    reactions = [bench.react(number) for number in range(1, incidents + 1)][5:]
    newest = bench.incidents()[0]["id"]
    taken = as_fast_as_possible(
        ours.url + "/webhooks/grafana",
        bodies(),
        ours.headers,
        connections=CONNECTIONS,
        seconds=seconds,
    )
    print(f"  {taken.row()}  reaction p50 {percentile(reactions, 0.5):.1f} ms")
    return {
        "ms per webhook": 1000 / taken.rate,
        "reaction p50 ms": percentile(reactions, 0.5),
        "incident list ms": _page(ours, "/api/incidents"),
        "status page ms": _page(ours, "/"),
        "incident page ms": _page(ours, f"/incidents/{newest}"),
    }


def _page(ours: served.Served, path: str) -> float:
    """Milliseconds to get a page, the median of many."""
    times = []
    with requests.Session() as session:
        session.auth = ("bench", served.TOKEN)
        for _ in range(PAGES):
            began = time.perf_counter()
            answer = session.get(ours.url + path)
            assert answer.status_code == 200, (path, answer.status_code)
            times.append((time.perf_counter() - began) * 1000)
    return median(times)


def _ratios(empty: dict[str, float], full: dict[str, float]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "incidents": filled.INCIDENTS,
        "deliveries": filled.DELIVERIES,
    }
    for what in empty:
        found[f"{what}, empty"] = empty[what]
        found[f"{what}, full"] = full[what]
        found[f"{what}, full to empty"] = full[what] / empty[what]
    return found
