"""`responder serve` as a process: signals, crashes, and what it refuses to share."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from responder.demo.factory import SimulatedFactory
from responder.demo.loki import SimulatedLoki
from responder.demo.shop import SimulatedShop
from responder.incident.names import Sender
from responder.senders import sample as samples
from tests.commands import free_port
from tests.e2e.fault_in_a_thread import SERVING
from tests.e2e.service import until

CONFIGURATION = """
server: {{listen: "127.0.0.1:{port}", grace: {grace}}}
storage: {{url: "sqlite:///{database}"}}
logs: {{url: "{loki}"}}
factory: {{url: "{factory}", api_key: "${{FACTORY_API_KEY}}", timeout: {timeout}}}
rules:
  - name: pizza-factory
    match: [{{responder: jwt-pizza}}]
    checks:
      - name: report-link
        query: '{{component="jwt-pizza-service"}} |= "/api/support/" |= "/report/"'
        window: 10m
        threshold: 1
    traffic: '{{component="jwt-pizza-service"}} |= "menuId" |= `"statusCode":200`'
    recheck: 300ms
    settle: 1s
    verify_after: 500ms
    verify_for: 3s
    cooldown: 1s
"""


_LIMITED = """
ulimit -Sn 1024
[ "$0" = unlimited ] || ulimit -Hn "$0"
exec "$@"
"""


class Process:
    """`responder serve` in a folder of its own; several may be started."""

    def __init__(self, folder: Path, factory: SimulatedFactory) -> None:
        self.folder = folder
        self.factory = factory
        self.port = free_port()
        self.running = ExitStack()
        self.loki = self.running.enter_context(SimulatedLoki())
        self.grace, self.timeout = "10s", "2s"
        self.more = ""
        """Further sections of the configuration."""
        self.environment: dict[str, str] = {}
        self.command = ["-m", "responder"]
        self.descriptors = "unlimited"
        """The hard limit; the soft one is 1,024 at most, as most systems have it."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(
        self, port: int | None = None, database: str = "responder.db"
    ) -> subprocess.Popen[str]:
        path = self.folder / f"responder-{port or self.port}-{database}.yaml"
        path.write_text(
            CONFIGURATION.format(
                port=port or self.port,
                database=self.folder / database,
                factory=self.factory.url,
                loki=self.loki.url,
                grace=self.grace,
                timeout=self.timeout,
            )
            + self.more
        )
        kept = {k: v for k, v in os.environ.items() if not k.startswith("RESPONDER")}
        kept.pop("PORT", None)
        kept["FACTORY_API_KEY"] = self.factory.api_key
        kept |= self.environment
        started = self.running.enter_context(
            subprocess.Popen(
                [
                    *("sh", "-c", _LIMITED, self.descriptors),
                    *(sys.executable, *self.command, "serve", "--config", str(path)),
                ],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env=kept,
            )
        )
        self.running.callback(started.kill)
        return started

    def start_ready(self) -> subprocess.Popen[str]:
        started = self.start()
        until(self.is_ready)
        return started

    def is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/-/ready", timeout=60).ok
        except requests.ConnectionError:
            return False

    def fail(self) -> SimulatedShop:
        """A fault with one order; the shop, to order more."""
        self.factory.start_chaos("fail")
        push, key = self.loki.push_url, self.factory.api_key
        shop = SimulatedShop(self.factory.url, push_url=push, vendor_key=key)
        shop.order()
        return shop

    def fail_and_alert(self, sender: Sender = Sender.GRAFANA) -> SimulatedShop:
        """A fault with one order, and the alert of it; the shop, to order more."""
        shop = self.fail()
        labels = {"alertname": "Order errors", "responder": "jwt-pizza"}
        body = samples.body(sender, labels, datetime.now(UTC))
        answer = requests.post(f"{self.url}/webhooks/{sender}", json=body, timeout=60)
        assert answer.status_code == 202
        return shop

    def incidents(self) -> list[dict[str, Any]]:
        found = requests.get(f"{self.url}/api/incidents", timeout=60).json()
        incidents: list[dict[str, Any]] = found["incidents"]
        return incidents


def said_at_the_end(process: subprocess.Popen[str]) -> str:
    """Everything it wrote, once it has ended by itself."""
    return process.communicate(timeout=60)[0]


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    with SimulatedFactory(delay=0.1) as factory:
        served = Process(tmp_path, factory)
        with served.running:
            yield served


def is_recovered(process: Process, shop: SimulatedShop) -> Callable[[], bool]:
    def ordered_and_recovered() -> bool:
        shop.order()
        return [i["state"] for i in process.incidents()] == ["recovered"]

    return ordered_and_recovered


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_mid_report_waits_for_the_answer_and_exits_0(
    process: Process, number: signal.Signals
) -> None:
    serving = process.start_ready()
    process.factory.hang(1)
    process.fail_and_alert()
    until(lambda: process.factory.effective_calls)
    serving.send_signal(number)
    said = said_at_the_end(serving)
    assert serving.returncode == 0
    assert '"outcome": "resolved"' in said
    assert process.factory.api_key not in said
    assert "Traceback" not in said


def test_the_door_is_closed_before_a_running_report_ends(process: Process) -> None:
    """Another replica takes what comes now; a request here would find no worker."""
    process.grace, process.timeout = "100s", "100s"
    serving = process.start_ready()
    process.factory.hang(100)
    process.fail_and_alert()
    until(lambda: process.factory.effective_calls)
    serving.send_signal(signal.SIGTERM)

    def refused() -> bool:
        try:
            requests.get(f"{process.url}/-/healthy", timeout=30)
        except requests.ConnectionError:
            return True
        return False

    until(refused)
    assert serving.poll() is None
    serving.kill()


def test_a_call_that_hangs_beyond_the_grace_is_taken_up_by_the_next_start(
    process: Process,
) -> None:
    process.grace, process.timeout = "1s", "60s"
    serving = process.start_ready()
    process.factory.hang(30)
    shop = process.fail_and_alert()
    until(lambda: process.factory.effective_calls)
    serving.send_signal(signal.SIGTERM)
    said = said_at_the_end(serving)
    assert serving.returncode == 1
    assert "not all steps ended within server.grace" in said
    process.timeout = "2s"
    process.start_ready()
    until(is_recovered(process, shop))
    assert len(process.factory.effective_calls) == 1


def test_a_restart_after_sigterm_goes_on_and_ends_the_incident(
    process: Process,
) -> None:
    serving = process.start_ready()
    shop = process.fail_and_alert()
    until(lambda: process.factory.effective_calls)
    serving.send_signal(signal.SIGTERM)
    said_at_the_end(serving)
    process.start_ready()
    until(is_recovered(process, shop))
    assert len(process.factory.effective_calls) == 1


def test_a_restart_after_sigkill_takes_the_port_and_ends_the_incident(
    process: Process,
) -> None:
    serving = process.start_ready()
    process.factory.hang(1)
    shop = process.fail_and_alert()
    until(lambda: process.factory.effective_calls)
    serving.kill()
    serving.communicate()
    process.start_ready()
    until(is_recovered(process, shop))
    (ended,) = process.incidents()
    assert [r["outcome"] for r in ended["reports"]] == ["unknown", "nothing_to_resolve"]
    assert len(process.factory.effective_calls) == 1


def test_a_port_in_use_by_another_responder_is_told_in_one_line(
    process: Process,
) -> None:
    process.start_ready()
    second = process.start(database="other.db")
    said = said_at_the_end(second)
    assert second.returncode == 1
    assert str(process.port) in said
    assert "Responder" in said
    assert len(said.splitlines()) == 1


def test_a_database_that_is_served_already_is_told_in_one_line(
    process: Process,
) -> None:
    process.start_ready()
    second = process.start(port=free_port())
    said = said_at_the_end(second)
    assert second.returncode == 1
    assert "responder.db" in said
    assert len(said.splitlines()) == 1


THREADS = {
    "http": "poll2",
    "waitress-0": "handler_thread",
    "responder-store": "_write",
    "worker": "come_round",
    "leases": "keep_leases",
    "house": "_run",
    "spool": "_run",
    "readiness": "_run",
    "tell notify": "_run",
}
"""Threads that live as long as the process, and a function that each calls there."""


@pytest.mark.parametrize("thread", THREADS)
def test_the_death_of_a_thread_ends_the_process_with_status_70(
    process: Process, thread: str
) -> None:
    process.more = 'notify: {webhook_url: "http://127.0.0.1:1/"}'
    process.command = ["-m", "tests.e2e.fault_in_a_thread", thread, THREADS[thread]]
    serving = process.start()
    if thread in SERVING:
        until(process.is_ready)
        serving.send_signal(signal.SIGUSR1)

    said = said_at_the_end(serving)

    assert serving.returncode == os.EX_SOFTWARE
    assert '"message": "thread died"' in said
    assert f'"thread_name": "{thread}"' in said
