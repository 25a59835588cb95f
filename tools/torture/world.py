"""A shop, its logs, a factory, and the replicas of Responder that look after them."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from responder.demo.factory import SimulatedAnswer, SimulatedFactory
from responder.demo.shop import SimulatedShop
from responder.incident.names import Sender
from responder.senders import sample as samples
from tests.commands import free_port
from tests.loki_server import LokiServer
from tools.torture.points import CrashPoint

CONFIGURATION = """
server: {{listen: "127.0.0.1:{port}"}}
storage: {{url: "{storage}", spool: "{spool}"}}
logs: {{type: loki, url: "{loki}", timeout: 1s}}
factory: {{url: "{factory}", api_key: "${{FACTORY_API_KEY}}", timeout: 2s}}
limits: {{max_reports_per_hour: 100000}}
rules:
  - name: pizza-factory
    match: [{{responder: jwt-pizza}}]
    checks:
      - name: report-link
        query: '{{component="jwt-pizza-service"}} |= "/api/support/" |= "/report/"'
        window: 10m
        threshold: 1
    traffic: '{{component="jwt-pizza-service"}} |= "menuId" |= `"statusCode":200`'
    recheck: 200ms
    settle: 500ms
    verify_after: 300ms
    verify_for: 5s
    cooldown: 100ms
"""
PATIENCE = 60.0
"""Seconds within which everything that is waited for must have come true."""


class WatchedFactory(SimulatedFactory):
    """The simulated factory, which also counts how many reports it has at once."""

    def __init__(self) -> None:
        super().__init__(delay=0.1)
        self._watch = threading.Lock()
        self._at_once = 0
        self.most_at_once = 0

    def reported(self, method: str, token: str, code: str) -> SimulatedAnswer:
        with self._watch:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            return super().reported(method, token, code)
        finally:
            with self._watch:
                self._at_once -= 1


@dataclass
class Replica:
    """One process of Responder; it can be armed to die and started again."""

    folder: Path
    configuration: str
    name: str
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def armed(self) -> Path:
        """One file for all replicas: whoever comes to the place first dies."""
        return self.folder / "armed"

    def start(self, api_key: str) -> None:
        """Start and return once a webhook could be stored."""
        config = self.folder / f"{self.name}.yaml"
        config.write_text(self.configuration)
        kept = {k: v for k, v in os.environ.items() if not k.startswith("RESPONDER")}
        kept.pop("PORT", None)
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "tools.torture.victim"),
                    *(str(config), str(self.armed)),
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**kept, "FACTORY_API_KEY": api_key},
            )
        wait_until(self.is_ready)

    def is_ready(self) -> bool:
        if self.process and self.process.poll() is not None:
            said = (self.folder / f"{self.name}.log").read_text()
            raise AssertionError(f"{self.name} died at its start:\n{said[-2000:]}")
        try:
            return requests.get(f"{self.url}/-/ready", timeout=30).ok
        except requests.RequestException:
            return False

    def died(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def kill(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit status once it has drained."""
        assert self.process, "not started"
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def deliver(self, body: dict[str, Any]) -> int | None:
        """The status, None when the process died over it."""
        try:
            answer = requests.post(
                f"{self.url}/webhooks/grafana", json=body, timeout=30
            )
        except requests.RequestException:
            return None
        return answer.status_code

    def newest(self) -> dict[str, Any] | None:
        """The incident opened last, None where there is none or nobody answers."""
        try:
            answer = requests.get(f"{self.url}/api/incidents?limit=1", timeout=30)
        except requests.RequestException:
            return None
        found: list[dict[str, Any]] = answer.json()["incidents"]
        return found[0] if found else None

    def all_incidents(self) -> list[dict[str, Any]]:
        """Every incident there is, page by page."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            asked = f"{self.url}/api/incidents?limit=200&cursor={cursor}"
            page = requests.get(asked.removesuffix("&cursor="), timeout=30).json()
            found += page["incidents"]
            if not (cursor := page["cursor"] or ""):
                return found


@dataclass
class World:
    """What lasts while processes come and go."""

    loki: LokiServer
    factory: WatchedFactory
    shop: SimulatedShop
    replicas: Sequence[Replica]
    rounds: int = 0
    calls_before: int = 0
    last_incident: str = ""
    """The incident of the fault before this one."""

    def fault(self) -> dict[str, Any]:
        """Break the factory, let one order fail; the alert body of this fault."""
        self.rounds += 1
        self.calls_before = len(self.reports())
        self.factory.start_chaos("fail")
        self.shop.order()
        labels = {"alertname": "Order errors", "responder": "jwt-pizza"}
        return samples.body(Sender.GRAFANA, labels, datetime.now(UTC))

    def reports(self) -> list[str]:
        """What the factory answered to each `GET` of a report link."""
        return [c.outcome for c in self.factory.calls if c.method == "GET"]

    def calls_of_round(self) -> list[str]:
        return self.reports()[self.calls_before :]

    def incident_of_round(self, asked: Replica) -> dict[str, Any] | None:
        """The newest incident, once there is one for every fault so far."""
        found = asked.newest()
        if not found or found["id"] == self.last_incident:
            return None
        return found

    def recovered(self, asked: Replica) -> dict[str, Any]:
        """This fault's incident, once it has recovered while diners go on ordering."""

        def there() -> dict[str, Any] | None:
            self.shop.order()
            found = self.incident_of_round(asked)
            return found if found and found["state"] == "recovered" else None

        try:
            found: dict[str, Any] = wait_until(there)
        except AssertionError:
            self._forgo(asked)
            raise
        self.last_incident = found["id"]
        return found

    def _forgo(self, asked: Replica) -> None:
        """Say how far the incident came, and go on to the next fault."""
        newest = asked.newest() or {}
        which = newest.get("id", "")
        answer = requests.get(f"{asked.url}/api/incidents/{which}", timeout=30)
        print(f"\n  not recovered, asked {asked.name}: {answer.text}", flush=True)
        print(f"  factory: {self.calls_of_round()}, {self.factory.chaos}", flush=True)
        self.last_incident = which

    def arm(self, point: CrashPoint) -> None:
        """Let the first replica that comes to this place die there."""
        armed = self.replicas[0].armed
        written = armed.with_suffix(".new")
        written.write_text(point)
        written.rename(armed)

    def dead(self) -> list[Replica]:
        return [replica for replica in self.replicas if replica.died()]

    def alive(self) -> Replica:
        """A replica to ask, another one than the last time where there are several."""
        living = [replica for replica in self.replicas if not replica.died()]
        return living[self.rounds % len(living)]

    def restart_dead(self) -> None:
        for replica in self.dead():
            replica.start(self.factory.api_key)


@contextmanager
def world(
    folder: Path, replicas: int = 1, storage: str | None = None
) -> Iterator[World]:
    """A world with so many replicas, started, on one storage (default SQLite)."""
    with ExitStack() as stack:
        loki = stack.enter_context(LokiServer())
        factory = stack.enter_context(WatchedFactory())
        push = f"{loki.url}/loki/api/v1/push"
        shop = SimulatedShop(factory.url, push_url=push, vendor_key=factory.api_key)
        family = []
        for number in range(replicas):
            port = free_port()
            text = CONFIGURATION.format(
                port=port,
                spool=folder / f"spool-{number}",
                storage=storage or f"sqlite:///{folder / 'responder.db'}",
                loki=loki.url,
                factory=factory.url,
            )
            family.append(Replica(folder, text, f"replica-{number}", port))
        for replica in family:
            stack.callback(replica.kill)
            replica.start(factory.api_key)
        yield World(loki, factory, shop, family)


def wait_until(true: Callable[[], Any], within: float = PATIENCE) -> Any:
    """What `true` answers once it is truthy; fails after `within` seconds."""
    ends = time.monotonic() + within
    pause = threading.Event()
    while not (found := true()):
        if time.monotonic() > ends:
            raise AssertionError("the condition did not come true in time")
        pause.wait(0.05)
    return found
