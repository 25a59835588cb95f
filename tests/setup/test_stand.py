"""The simulated factory and shop as programs of their own, as a stand runs them."""

import json
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

import pytest
import requests

from responder.demo.factory import SimulatedFactory
from tests.commands import Typist, spawn
from tests.quiet_server import QuietHandler, QuietServer

KEY = {"FACTORY_API_KEY": "key-of-the-stand"}
BEARER = {"Authorization": "Bearer key-of-the-stand"}
ORDER = {"diner": {"id": 1}, "order": {"items": [{"menuId": 1}]}}


@contextmanager
def factory(folder: Path) -> Iterator[str]:
    """The address of a factory that is a process of its own, ended by a signal."""
    process = spawn("demo", "--factory", "127.0.0.1", folder=folder, environment=KEY)
    assert process.stdout is not None
    found = re.search(r"http://\S+:\d+", process.stdout.readline())
    assert found
    try:
        yield found[0]
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_the_factory_fails_once_it_is_told_to_and_until_it_is_reported(
    tmp_path: Path,
) -> None:
    with factory(tmp_path) as url:
        order = f"{url}/api/order"
        assert requests.post(order, json=ORDER, headers=BEARER, timeout=60).ok

        chaos = f"{url}/api/vendor/chaos/fail"
        assert requests.put(chaos, timeout=60).status_code == 401
        assert requests.put(chaos, headers=BEARER, timeout=60).ok
        failed = requests.post(order, json=ORDER, headers=BEARER, timeout=60)
        assert failed.status_code == 500

        path = failed.json()["reportUrl"].partition("127.0.0.1")[2]
        assert requests.get(f"{url}{path}", timeout=60).ok
        assert requests.post(order, json=ORDER, headers=BEARER, timeout=60).ok


@contextmanager
def loki() -> Iterator[tuple[str, "Queue[str]"]]:
    """A push endpoint, and what was pushed to it."""
    pushed: Queue[str] = Queue()

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            pushed.put(self.body().decode())
            self.send(204)

    server = QuietServer(Handler)
    server.start()
    try:
        yield f"{server.url}/loki/api/v1/push", pushed
    finally:
        server.stop()


def test_the_shop_orders_and_logs_until_it_is_stopped(tmp_path: Path) -> None:
    key = KEY["FACTORY_API_KEY"]
    with SimulatedFactory(api_key=key) as supplier, loki() as (push, pushed):
        process = spawn(
            *("demo", "--shop", supplier.url, "--push", push),
            folder=tmp_path,
            environment=KEY,
        )
        streams = json.loads(pushed.get(timeout=60))["streams"]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)

    assert process.returncode == 0
    assert {stream["stream"]["level"] for stream in streams} == {"info"}


@pytest.mark.parametrize(
    ("typed", "key", "complaint"),
    [
        (("--factory", "127.0.0.1"), "", "FACTORY_API_KEY is not set"),
        (("--shop", "http://factory"), "k", "--shop needs --push"),
        (("--factory", "203.0.113.1"), "k", "--port"),
    ],
)
def test_what_is_missing_is_said_in_one_line(
    type_command: Typist,
    monkeypatch: pytest.MonkeyPatch,
    typed: tuple[str, ...],
    key: str,
    complaint: str,
) -> None:
    monkeypatch.setenv("FACTORY_API_KEY", key)
    said = type_command("demo", *typed)

    assert said.status in (1, 2)
    assert complaint in said.err
    assert len(said.err.splitlines()) == 1
