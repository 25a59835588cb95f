"""`responder serve` and clients without credentials that take up connections."""

import os
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from responder.demo.factory import SimulatedFactory
from responder.incident.names import Sender
from responder.senders import sample as samples
from tests.e2e.test_process import Process

BEARER = "bearer-of-the-senders"
AUTH = f"webhook_auth: [{{name: grafana, senders: [grafana], bearer: {BEARER}}}]"
STATIC = b"GET /static/vendor/htmx.min.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
IDLE, DEAF = 1500, 50

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="counts descriptors in /proc"
)


@pytest.fixture(params=["1024", "4096"])
def process(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Process]:
    """With this hard limit; the soft one is 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= hard < 4096:
        pytest.skip("this machine allows too few descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
    with SimulatedFactory() as factory:
        served = Process(tmp_path, factory)
        served.descriptors, served.more = request.param, AUTH
        with served.running:
            yield served
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Crowd:
    """Connections that are held until the test ends."""

    def __init__(self, port: int, stack: ExitStack) -> None:
        self.port, self.stack = port, stack

    def idle(self) -> socket.socket:
        wire = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        return self.stack.enter_context(wire)

    def deaf(self) -> socket.socket:
        """It asks ten thousand times, or as often as fits, and reads nothing."""
        wire = self.idle()
        wire.setblocking(False)
        with suppress(BlockingIOError):
            rest = STATIC * 10_000
            while rest:
                rest = rest[wire.send(rest) :]
        wire.settimeout(60)
        return wire


def deliver(process: Process) -> int:
    labels = {"alertname": "Order errors", "responder": "jwt-pizza"}
    answer = requests.post(
        f"{process.url}/webhooks/grafana",
        json=samples.body(Sender.GRAFANA, labels, datetime.now(UTC)),
        headers={"Authorization": f"Bearer {BEARER}"},
        timeout=60,
    )
    return answer.status_code


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def resident(pid: int) -> int:
    """Bytes of memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def test_a_crowd_of_idle_and_deaf_clients_keeps_no_webhook_out(
    process: Process,
) -> None:
    serving = process.start_ready()
    with ExitStack() as stack:
        crowd = Crowd(process.port, stack)
        idle = [crowd.idle() for _ in range(IDLE)]
        deaf = [crowd.deaf() for _ in range(DEAF)]
        for wire in deaf:
            assert wire.recv(1, socket.MSG_PEEK)  # It came in, and so did all before.

        assert deliver(process) == 202

        # The places are still taken, and none of the crowd has gone.
        limit = int(process.descriptors)
        assert min(IDLE, limit - 256) < descriptors(serving.pid) < limit
        assert len(idle) == IDLE
        assert requests.get(f"{process.url}/-/ready", timeout=60).ok


def test_clients_that_ask_and_do_not_read_cost_one_descriptor_each(
    process: Process,
) -> None:
    serving = process.start_ready()
    assert deliver(process) == 202
    before, memory = descriptors(serving.pid), resident(serving.pid)
    with ExitStack() as stack:
        crowd = Crowd(process.port, stack)
        for wire in [crowd.deaf() for _ in range(DEAF)]:
            assert wire.recv(1, socket.MSG_PEEK)

        assert deliver(process) == 202

        assert descriptors(serving.pid) < before + DEAF + 30
        assert resident(serving.pid) < memory + 50_000_000
