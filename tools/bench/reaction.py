"""From a webhook to the report on the wire, with instant dependencies."""

import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from responder.demo.factory import ReportCall, SimulatedFactory
from responder.demo.shop import SimulatedShop
from responder.incident.names import Sender, Status
from responder.senders import sample as samples
from tests.loki_server import LokiServer
from tools.bench import served
from tools.bench.load import percentile
from tools.torture.world import wait_until

ERRORS = 6


@dataclass
class Wire:
    """When the last report with an effect came in, by the monotonic clock."""

    at: float = 0.0
    came: threading.Event = field(default_factory=threading.Event)

    def __call__(self, call: ReportCall) -> None:
        if call.outcome == "resolved":
            self.at = call.at
            self.came.set()

    def after(self, began: float) -> float:
        """Milliseconds until the report came in."""
        if not self.came.wait(30):
            raise AssertionError("no report came within 30 s")
        self.came.clear()
        return (self.at - began) * 1000


def run(incidents: int) -> dict[str, Any]:
    """So many reactions, each followed by one of the floor's."""
    wire = Wire()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        loki = stack.enter_context(LokiServer())
        factory = stack.enter_context(SimulatedFactory(on_report=wire))
        ours = stack.enter_context(
            served.responder(
                folder,
                loki=loki.url,
                factory=factory.url,
                key=factory.api_key,
                recheck="50ms",
            )
        )
        bare = stack.enter_context(_bare(folder, loki, factory))
        bench = Bench(ours, loki, factory, wire)
        told, floor = [], []
        for number in range(incidents):
            told.append(bench.react(number))
            floor.append(_floor(bare, factory, wire))
            if number % 50 == 49:
                print(f"  {number + 1} of {incidents}", flush=True)
    return _figures(told[5:], floor[5:])


class Bench:
    """A Responder among instant dependencies, made to react again and again."""

    def __init__(
        self,
        ours: served.Served,
        loki: LokiServer,
        factory: SimulatedFactory,
        wire: Wire,
    ) -> None:
        self._ours = ours
        self._loki = loki
        self._factory = factory
        self._wire = wire
        self._session = requests.Session()
        self._started = datetime.now(UTC)
        self._shop = SimulatedShop(
            factory.url,
            push_url=f"{loki.url}/loki/api/v1/push",
            vendor_key=factory.api_key,
        )

    def react(self, number: int) -> float:
        """Milliseconds from the webhook of a new fault to its report."""
        self._loki.forget()
        self._factory.start_chaos("fail")
        for _ in range(ERRORS // 2):
            self._shop.order()
        self._started = datetime.now(UTC) + timedelta(milliseconds=number)
        prepared = self._prepared(Status.FIRING)
        began = time.monotonic()
        answer = self._session.send(prepared)
        assert answer.status_code == 202, answer.text
        waited = self._wire.after(began)
        self._settle()
        return waited

    def _settle(self) -> None:
        """Let orders go well and the alert resolve: nothing is left to be looked at."""

        def recovered() -> bool:
            self._shop.order()
            return bool(self.incidents()[0]["state"] == "recovered")

        wait_until(recovered)
        self._session.send(self._prepared(Status.RESOLVED))

    def _prepared(self, status: Status) -> requests.PreparedRequest:
        labels = {"alertname": "E", "responder": "jwt-pizza"}
        now = datetime.now(UTC)
        body = samples.body(Sender.GRAFANA, labels, now, status, self._started)
        url = f"{self._ours.url}/webhooks/grafana"
        request = requests.Request("POST", url, json=body, headers=self._ours.headers)
        return self._session.prepare_request(request)

    def incidents(self) -> list[dict[str, Any]]:
        """The newest incidents, newest first."""
        answer = requests.get(
            f"{self._ours.url}/api/incidents",
            auth=("bench", served.TOKEN),
            timeout=10,
        )
        found: list[dict[str, Any]] = answer.json()["incidents"]
        return found


def _floor(
    bare: "subprocess.Popen[str]", factory: SimulatedFactory, wire: Wire
) -> float:
    assert bare.stdin
    assert bare.stdout
    code = factory.start_chaos("fail")
    bare.stdin.write(f"/api/support/{factory.api_key}/report/{code}\n")
    bare.stdin.flush()
    began = float(bare.stdout.readline())
    return wire.after(began)


def _bare(
    folder: Path, loki: LokiServer, factory: SimulatedFactory
) -> "subprocess.Popen[str]":
    database = str(folder / "bare.db")
    command = [sys.executable, "-m", "tools.bench.bare", database]
    return subprocess.Popen(
        [*command, loki.url, factory.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _figures(told: list[float], floor: list[float]) -> dict[str, Any]:
    found: dict[str, Any] = {"incidents": len(told)}
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        ours, bare = percentile(told, share), percentile(floor, share)
        found[f"responder {name} ms"] = ours
        found[f"floor {name} ms"] = bare
        found[f"{name} as a multiple of the floor"] = ours / bare
    return found
