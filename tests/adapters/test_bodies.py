"""Bodies on their way in: bounded memory, no file, none for a wrong credential."""

import http.client
import json
import re
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from waitress.adjustments import Adjustments

from responder.bodies import Request, Room
from responder.config.settings import Basic, Credential, Hmac, Secret
from responder.incident.names import Sender
from responder.server import HttpServer
from responder.web.app import create_app
from tests.commands import spawn
from tests.web_parts import SECRET, Web, notification

BEARER = Credential(
    name="grafana", senders=frozenset({Sender.GRAFANA}), bearer=Secret(SECRET)
)
BASIC = Credential(
    name="grafana",
    senders=frozenset({Sender.GRAFANA}),
    basic=Basic(username="grafana", password=Secret(SECRET)),
)
SIGNED = Credential(
    name="grafana",
    senders=frozenset({Sender.GRAFANA}),
    hmac=Hmac(secrets=(Secret(SECRET),)),
)


@contextmanager
def served(web: Web) -> Iterator[int]:
    server = HttpServer(create_app(web.parts()), "127.0.0.1", 0)
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


def answer(port: int, head: str, body: bytes = b"") -> str:
    """What is answered until the connection ends, or else the first bytes of it."""
    first = f"POST /webhooks/grafana HTTP/1.1\r\nHost: localhost\r\n{head}\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=60) as wire:
        wire.sendall(first.encode() + body)
        return wire.recv(65536).decode()


@pytest.mark.parametrize(
    ("credential", "given"),
    [
        (BEARER, ""),
        (BEARER, "Authorization: Bearer wrong\r\n"),
        (BASIC, "Authorization: Basic d3Jvbmc6d3Jvbmc=\r\n"),
        (SIGNED, ""),
    ],
)
def test_wrong_headers_are_refused_before_the_body_is_sent(
    credential: Credential, given: str
) -> None:
    head = f"{given}Content-Length: 9000000\r\nExpect: 100-continue\r\n"

    with served(Web(credentials=(credential,))) as port:
        assert answer(port, head).startswith("HTTP/1.1 401 ")


@pytest.mark.parametrize(
    ("credential", "given"),
    [
        (BEARER, f"Authorization: bearer {SECRET}\r\n"),
        (SIGNED, "X-Grafana-Alerting-Signature: 00\r\n"),
    ],
)
def test_what_may_be_right_is_asked_for_its_body(
    credential: Credential, given: str
) -> None:
    head = f"{given}Content-Length: 9000000\r\nExpect: 100-continue\r\n"

    with served(Web(credentials=(credential,))) as port:
        assert answer(port, head) == "HTTP/1.1 100 Continue\r\n\r\n"


def post(port: int, body: bytes, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=250)
    connection.request("POST", "/webhooks/grafana", body, headers)
    answered = connection.getresponse()
    text = answered.read().decode()
    connection.close()
    return answered.status, text


def test_a_large_body_with_a_wrong_token_is_taken_in_and_told_so() -> None:
    with served(Web(credentials=(BEARER,))) as port:
        status, text = post(port, b"x" * 3_000_000, Authorization="Bearer wrong")

    assert status == 401
    assert "the bearer token is not that of webhook_auth 'grafana'" in text


def test_a_large_delivery_needs_no_temporary_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "full"))
    body = json.dumps({**notification(), "message": "x" * 3_000_000})
    web = Web()

    with served(web) as port:
        status, _ = post(port, body.encode())

    assert status == 202
    assert web.intake.deliveries[0].body == body


def coming(room: Room, length: int) -> Request:
    """A request whose headers have come, and none of its body."""
    request = Request(Adjustments(), lambda path, headers: 1_000_000, room)
    request.received(f"POST / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n".encode())
    return request


def test_when_bodies_fill_the_memory_the_oldest_unfinished_one_gives_way() -> None:
    room = Room(1000)
    whole, slow, new = coming(room, 200), coming(room, 700), coming(room, 500)

    whole.received(b"a" * 200)
    slow.received(b"b" * 600)
    new.received(b"c" * 500)
    slow.received(b"b" * 100)

    assert (slow.completed, slow.error.code) == (True, 503)
    assert whole.get_body_stream().read() == b"a" * 200
    assert (new.error, new.get_body_stream().read()) == (None, b"c" * 500)


def test_a_request_that_is_over_gives_its_memory_back() -> None:
    room = Room(1000)
    gone, next_one, last = (coming(room, 900) for _ in range(3))

    gone.received(b"a" * 800)
    gone.close()
    next_one.received(b"b" * 900)
    next_one.close()
    last.received(b"c" * 900)

    assert last.error is None
    assert last.get_body_stream().read() == b"c" * 900


@pytest.mark.parametrize("begun", [b"0\r\nX: ", b"1;", b""])
def test_chunks_with_more_beside_them_than_in_them_are_refused(begun: bytes) -> None:
    request = Request(Adjustments(), lambda path, headers: 1000, Room())
    request.received(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")

    request.received(begun + b"x" * 100_000)

    assert (request.completed, request.error.code) == (True, 400)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_eight_bodies_of_empty_alerts_at_once_take_bounded_memory(
    tmp_path: Path,
) -> None:
    body = b'{"alerts":[' + b",".join([b"{}"] * 4_000_000) + b"]}"
    statuses: list[int] = []
    config = tmp_path / "responder.yaml"
    config.write_text(
        '{server: {listen: "127.0.0.1:0"}, logs: {url: "http://127.0.0.1:9"}}'
    )
    with spawn("serve", "--config", config, folder=tmp_path) as process:
        try:
            assert process.stderr is not None
            told = next(line for line in process.stderr if "answers at" in line)
            port = int(told.rsplit(":", 1)[1])

            senders = [
                threading.Thread(target=lambda: statuses.append(post(port, body)[0]))
                for _ in range(8)
            ]
            for sender in senders:
                sender.start()
            for sender in senders:
                sender.join()
            status = Path(f"/proc/{process.pid}/status").read_text()
        finally:
            process.kill()
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", status)

    assert statuses == [400] * 8
    assert int(peak) < 600_000
