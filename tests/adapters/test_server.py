"""The HTTP server: where it listens, and what its clients may ask of it."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
import requests
from flask import Flask

from responder.server import THREADS, BadAddress, HttpServer, PortInUse
from tests.e2e.service import until


def speaks_ipv6() -> bool:
    """Containers are often made without it."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


IPV6 = ["::1", "::"] if speaks_ipv6() else []


def application(answer: str = "healthy\n") -> Flask:
    app = Flask("test")
    app.add_url_rule("/-/healthy", "healthy", lambda: answer)
    return app


@contextmanager
def serving(
    host: str, port: int = 0, answer: str = "healthy\n"
) -> Iterator[HttpServer]:
    server = HttpServer(application(answer), host, port)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def get(url: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, timeout=60)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", *IPV6])
def test_its_address_can_be_asked_as_printed(host: str) -> None:
    with serving(host) as server:
        assert get(f"{server.url}/-/healthy").text == "healthy\n"


def test_a_name_with_several_addresses_gives_one_server_with_one_port() -> None:
    families = {a[0] for a in socket.getaddrinfo("localhost", 0)}
    with serving("localhost") as server:
        assert server.port > 0
        # Where both families answer to the name, the older one is listened on.
        family = socket.AF_INET if socket.AF_INET in families else socket.AF_INET6
        loopback = "127.0.0.1" if family == socket.AF_INET else "::1"
        with socket.socket(family) as probe:
            probe.connect((loopback, server.port))


@pytest.mark.parametrize("host", IPV6)
def test_an_ipv6_address_is_written_in_brackets(host: str) -> None:
    with serving(host) as server:
        assert server.url == f"http://[::1]:{server.port}"


@pytest.mark.parametrize("host", [host for host in IPV6 if host == "::"])
def test_all_ipv6_addresses_are_all_ipv4_addresses_too(host: str) -> None:
    with serving(host) as server:
        assert get(f"http://127.0.0.1:{server.port}/-/healthy").ok


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", *IPV6])
def test_a_port_that_another_responder_has_is_told_with_its_name(host: str) -> None:
    with (
        serving(host) as first,
        pytest.raises(PortInUse, match="in use by another Responder"),
    ):
        HttpServer(application(), host, first.port)


def test_a_port_that_another_program_has_is_told() -> None:
    with (
        serving("127.0.0.1", answer="something else") as first,
        pytest.raises(PortInUse, match=f":{first.port} is already .* another program"),
    ):
        HttpServer(application(), "127.0.0.1", first.port)


@pytest.mark.parametrize("host", ["192.0.2.1", "a" * 70, "no.such.host.invalid"])
def test_an_address_that_is_not_ours_is_refused_in_one_sentence(host: str) -> None:
    with pytest.raises(BadAddress, match=r"cannot listen on .*; set server.listen to"):
        HttpServer(application(), host, 8080)


@pytest.mark.parametrize("begun", [b"", b"POST /webhooks/grafana HTTP/1.1\r\nHost: x"])
def test_a_connection_that_falls_silent_is_let_go(begun: bytes) -> None:
    server = HttpServer(application(), "127.0.0.1", 0, idle=1)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as wire:
        wire.sendall(begun)
        said = wire.recv(100)
    server.stop()

    assert said == b""


def test_a_request_on_its_way_in_is_answered_while_new_ones_are_refused() -> None:
    server = HttpServer(application(), "127.0.0.1", 0)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as sender:
        sender.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        until(server._busy)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        until(lambda: not listens(server.port))
        sender.sendall(b"\r\n")
        answer = sender.recv(1000)
        stopping.join(60)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert not stopping.is_alive()


def test_a_request_that_never_ends_does_not_hold_up_the_end() -> None:
    server = HttpServer(application(), "127.0.0.1", 0)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as sender:
        sender.sendall(b"GET /-/healthy HTTP/1.1\r\n")
        until(server._busy)
        server.stop(within=0.2)
        assert sender.recv(1000) == b""
    assert not listens(server.port)


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=60).close()
    except OSError:
        return False
    return True


ASKS = b"GET /-/healthy HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
LARGE = 1_000_000


class Doors:
    """A server with few places; its page /held answers once `let_go` is set."""

    def __init__(self, stack: ExitStack, connections: int | None = None) -> None:
        self.let_go, self.held, self.stack = threading.Event(), threading.Event(), stack
        self.stopped = False
        app = application()
        app.add_url_rule("/held", "held", self.hold)
        app.add_url_rule("/large", "large", lambda: b"x" * LARGE)
        app.add_url_rule("/<int:number>", "number", lambda number: f"<{number}>")
        self.server = HttpServer(app, "127.0.0.1", 0, 600, connections)
        self.server.start()
        stack.callback(self.stop)
        stack.callback(self.let_go.set)

    def stop(self) -> None:
        if not self.stopped:
            self.stopped = True
            self.server.stop()

    def hold(self) -> str:
        self.held.set()
        self.let_go.wait(60)
        return "let go"

    def connect(self, sent: bytes = b"") -> socket.socket:
        """A connection that the server has accepted, and on which this was sent."""
        address = ("127.0.0.1", self.server.port)
        wire = self.stack.enter_context(socket.create_connection(address, timeout=60))
        mine = wire.getsockname()
        channels = self.server._server.active_channels
        until(lambda: mine in [one.addr for one in list(channels.values())])
        wire.sendall(sent)
        return wire


@pytest.fixture
def doors() -> Iterator[Doors]:
    with ExitStack() as stack:
        yield Doors(stack, connections=3)


def answer(wire: socket.socket) -> bytes:
    """The body of the next answer; raises if the connection is closed instead."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = wire.recv(1)
        assert piece, "closed"
        head += piece
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    return wire.recv(length, socket.MSG_WAITALL)


def test_when_all_places_are_taken_the_longest_waiting_connection_gives_way(
    doors: Doors,
) -> None:
    first, second, third = doors.connect(), doors.connect(), doors.connect(b"GET / HT")
    second.sendall(ASKS)
    assert answer(second) == b"healthy\n"  # From now on it waits the shortest.

    fourth, fifth = doors.connect(ASKS), doors.connect(ASKS)

    assert answer(fourth) == answer(fifth) == b"healthy\n"
    assert first.recv(1) == third.recv(1) == b""
    second.sendall(ASKS)
    assert answer(second) == b"healthy\n"


def test_a_connection_whose_request_is_being_answered_keeps_its_place(
    doors: Doors,
) -> None:
    held = doors.connect(ASKS.replace(b"/-/healthy", b"/held"))
    doors.held.wait(60)
    for _ in range(6):
        assert answer(doors.connect(ASKS)) == b"healthy\n"

    doors.let_go.set()

    assert answer(held) == b"let go"


def test_a_client_that_does_not_read_gives_way_in_the_end(doors: Doors) -> None:
    asks = ASKS.replace(b"/-/healthy", b"/large") * 50
    deaf = [doors.connect(asks) for _ in range(3)]

    assert answer(doors.connect(ASKS)) == b"healthy\n"

    assert len(deaf) == 3


def test_a_client_that_does_not_read_is_closed_after_the_idle_time() -> None:
    server = HttpServer(application("x" * LARGE), "127.0.0.1", 0, idle=1)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as deaf:
        deaf.sendall(ASKS * 50)
        until(lambda: server._server.active_channels)
        until(lambda: not server._server.active_channels)
    server.stop()


def test_clients_that_do_not_read_hold_no_thread() -> None:
    with ExitStack() as stack:
        doors = Doors(stack)
        asks = ASKS.replace(b"/-/healthy", b"/large") * 50
        deaf = [doors.connect(asks) for _ in range(2 * THREADS)]
        for wire in deaf:
            assert wire.recv(1) == b"H"  # Its first answer is on the way.
        threads = doors.server._server.task_dispatcher

        until(lambda: not threads.queue and not threads.active_count)

        assert answer(doors.connect(ASKS)) == b"healthy\n"


def test_requests_that_come_together_are_answered_in_their_order(doors: Doors) -> None:
    wire = doors.connect(
        b"".join(ASKS.replace(b"/-/healthy", b"/%d" % n) for n in range(1000))
    )

    assert [answer(wire) for _ in range(1000)] == [b"<%d>" % n for n in range(1000)]


def test_what_comes_behind_a_request_is_answered_before_the_end(doors: Doors) -> None:
    wire = doors.connect(ASKS.replace(b"/-/healthy", b"/held") + ASKS)
    doors.held.wait(60)
    stopping = threading.Thread(target=doors.stop)
    stopping.start()
    until(lambda: not listens(doors.server.port))
    doors.let_go.set()

    assert answer(wire) == b"let go"
    assert answer(wire) == b"healthy\n"
    stopping.join(10)


def test_a_body_waits_for_the_word_to_continue(doors: Doors) -> None:
    head = b"POST /-/healthy HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
    wire = doors.connect(head + b"Expect: 100-continue\r\n\r\n")
    assert wire.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
    wire.sendall(b"body" + ASKS)

    assert b"Method Not Allowed" in answer(wire)
    assert answer(wire) == b"healthy\n"


def test_urgent_data_ends_the_connection(doors: Doors) -> None:
    wire = doors.connect()
    wire.send(b"!", socket.MSG_OOB)

    with suppress(ConnectionResetError):
        assert wire.recv(1) == b""


STARVED = """
import logging, os, resource, sys, time
from flask import Flask
from responder import server

logging.basicConfig(stream=sys.stdout, format="%(message)s (%(why)s)")
tries = []
class Counted(server._Server):
    def accept(self):
        tries.append(time.monotonic())
        return super().accept()
server._Server = Counted
served = server.HttpServer(Flask("test"), "127.0.0.1", 0)
served.start()
print(served.port, flush=True)
limit = resource.getrlimit(resource.RLIMIT_NOFILE)
sys.stdin.readline()
os.close(free := os.open(os.devnull, os.O_RDONLY))
resource.setrlimit(resource.RLIMIT_NOFILE, (free, limit[1]))
print("starved", flush=True)
sys.stdin.readline()
while len(tries) < 3:
    time.sleep(0.05)
print(min(b - a for a, b in zip(tries, tries[1:])), flush=True)
resource.setrlimit(resource.RLIMIT_NOFILE, limit)
sys.stdin.readline()
"""


def test_a_failing_accept_is_tried_again_later_and_logged_once() -> None:
    """In a process of its own, for its limit of descriptors is lowered."""
    command = [sys.executable, "-c", STARVED]
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process,
        ExitStack() as stack,
    ):
        stack.callback(process.kill)
        assert process.stdin is not None
        assert process.stdout is not None

        def say() -> None:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()

        def line() -> str:
            assert process.stdout is not None
            return process.stdout.readline().strip()

        port = int(line())
        say()
        assert line() == "starved"
        waiting = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), 60))
            for _ in range(5)
        ]
        assert line() == "connection not accepted (Too many open files)"
        say()
        assert float(line()) >= 1  # Not again at once, and nothing logged meanwhile.
        for wire in waiting:
            wire.sendall(ASKS)
            assert b"Not Found" in answer(wire)
