"""Where the HTTP server listens: names, both address families, and refusals."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from flask import Flask

from responder.server import BadAddress, HttpServer, PortInUse
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
        return session.get(url, timeout=5)


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
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as wire:
        wire.sendall(begun)
        said = wire.recv(100)
    server.stop()

    assert said == b""


def test_a_request_on_its_way_in_is_answered_while_new_ones_are_refused() -> None:
    server = HttpServer(application(), "127.0.0.1", 0)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sender:
        sender.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        until(server._busy)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        until(lambda: not listens(server.port))
        sender.sendall(b"\r\n")
        answer = sender.recv(1000)
        stopping.join(10)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert not stopping.is_alive()


def test_a_request_that_never_ends_does_not_hold_up_the_end() -> None:
    server = HttpServer(application(), "127.0.0.1", 0)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sender:
        sender.sendall(b"GET /-/healthy HTTP/1.1\r\n")
        until(server._busy)
        server.stop(within=0.2)
        assert sender.recv(1000) == b""
    assert not listens(server.port)


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True
