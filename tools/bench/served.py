"""What is measured, as processes: Responder, and the floor under its intake."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.commands import free_port
from tools.torture.world import wait_until

TOKEN = "bench-token-of-the-sender"
RULE = """
  - name: pizza-factory
    match: [{{responder: jwt-pizza}}]
    group_by: [shop]
    checks:
      - name: error-logs
        query: '{{component="jwt-pizza-service", level="error"}}'
        window: 5m
        threshold: 5
    traffic: '{{component="jwt-pizza-service"}} |= "menuId"'
    recheck: {recheck}
    verify_after: 10ms
    settle: 100ms
"""
CONFIGURATION = """
server: {{listen: "127.0.0.1:{port}"}}
storage: {{url: "{storage}"}}
webhook_auth: [{{name: bench, senders: [grafana], bearer: "${{TOKEN}}"}}]
operator_auth: {{users: {{bench: "${{TOKEN}}"}}}}
logs: {{type: loki, url: "{loki}", timeout: 3s}}
factory: {{url: "{factory}", api_key: "${{KEY}}", timeout: 5s, method: GET}}
limits: {{max_reports_per_hour: 1000000}}
rules:
"""


@dataclass
class Served:
    """A process that serves, its address and the headers of a sender."""

    url: str
    process: "subprocess.Popen[bytes]"
    headers: dict[str, str]

    def resident(self, which: str = "VmRSS") -> float:
        """Megabytes of memory now, or at most with `VmHWM`."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (line,) = [row for row in status.splitlines() if row.startswith(which)]
        return int(line.split()[1]) / 1024


@contextmanager
def responder(
    folder: Path,
    *,
    loki: str,
    factory: str,
    key: str = "none",
    storage: str = "",
    recheck: str = "10s",
) -> Iterator[Served]:
    """`responder serve` with authentication, metrics and its log lines on."""
    port = free_port()
    config = folder / f"bench-{port}.yaml"
    text = CONFIGURATION.format(
        port=port,
        storage=storage or f"sqlite:///{folder / 'responder.db'}",
        loki=loki,
        factory=factory,
    )
    config.write_text(text + RULE.format(recheck=recheck))
    command = ["-m", "responder", "serve", "--config", str(config)]
    with _process(folder, command, port, {"TOKEN": TOKEN, "KEY": key}) as served:
        yield served


@contextmanager
def floor(folder: Path) -> Iterator[Served]:
    """An empty Flask route on the same server with the same settings."""
    port = free_port()
    with _process(folder, ["-m", "tools.bench.floor", str(port)], port, {}) as served:
        yield served


@contextmanager
def _process(
    folder: Path, command: list[str], port: int, env: dict[str, str]
) -> Iterator[Served]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("RESPONDER")}
    kept.pop("PORT", None)
    url = f"http://127.0.0.1:{port}"
    with (folder / f"{port}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**kept, **env},
        )
        try:
            wait_until(lambda: _ready(url))
            headers = {"Content-Type": "application/json"}
            headers["Authorization"] = f"Bearer {TOKEN}"
            yield Served(url, process, headers)
        finally:
            process.kill()
            process.wait()


def _ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/-/ready", timeout=2).ok
    except requests.RequestException:
        return False
