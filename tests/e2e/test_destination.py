"""A report goes where the configuration says, whatever a log names (rule 8)."""

import itertools
import json
import re
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from responder.config.settings import FactorySettings, LokiLogs
from responder.factory import PizzaFactory
from responder.incident.evidence import Question, ReportLink, Unreadable
from responder.logs.lines import LineReader
from responder.logs.loki import LokiLogSource
from responder.masking import Masker
from tests.adapters.test_factory import RawServer, http, says, served
from tests.e2e.service import ONLY_ERRORS, service

TOKEN = "c4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc4"
FACTORY = "127.0.0.1"
OUR_PATH = re.compile(rb"/api/support/[A-Za-z0-9_-]+/report/[0-9a-z]{1,11}")


class Heard:
    """Connections and name lookups of this whole process, while it listens."""

    def __init__(self) -> None:
        self.listening = False
        self.connects: set[Any] = set()
        self.names: set[str] = set()
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.listening:
            return
        if event == "socket.connect":
            self.connects.add(tuple(args[1][:2]))
        elif event == "socket.getaddrinfo":
            self.names.add(args[0])

    @contextmanager
    def everything(self) -> Iterator["Heard"]:
        self.connects, self.names, self.listening = set(), set(), True
        try:
            yield self
        finally:
            self.listening = False


HEARD = Heard()  # an audit hook stays for good, so there is one


class Decoy:
    """A socket that counts what reaches it and answers nothing."""

    def __init__(self, host: str, port: int = 0) -> None:
        self.bytes = self.connections = 0
        self._socket = socket.create_server((host, port))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._count, daemon=True)
        self._thread.start()

    def _count(self) -> None:
        with suppress(OSError):
            while True:
                wire, _ = self._socket.accept()
                self.connections += 1
                with wire, suppress(OSError):
                    wire.settimeout(0.2)
                    while part := wire.recv(4096):
                        self.bytes += len(part)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(60)


@contextmanager
def decoys(port: int) -> Iterator[list[Decoy]]:
    """The factory's own port at another address, and another port at its address."""
    found = [Decoy("127.0.0.2", port), Decoy(FACTORY)]
    try:
        yield found
    finally:
        for decoy in found:
            decoy.close()


def hosts(port: int, other: int) -> list[str]:
    """Ways to write a host: the factory's own, others', and others' in its clothes."""
    return [
        FACTORY,
        f"{FACTORY}:{port}",
        f"{FACTORY}:{other}",
        f"{FACTORY}:443",
        f"{FACTORY}:",
        f"{FACTORY}.",
        f".{FACTORY}",
        "127.0.0.2",
        f"127.0.0.2:{port}",
        f"{FACTORY}@127.0.0.2",
        f"{FACTORY}:80@127.0.0.2:{port}",
        f"127.0.0.2@{FACTORY}",
        f"user:pass@{FACTORY}",
        f"@{FACTORY}",
        f"{FACTORY}%40127.0.0.2",
        f"{FACTORY}#@127.0.0.2",
        f"{FACTORY}\\@127.0.0.2",
        f"{FACTORY}\\.evil.example",
        f"{FACTORY}/@127.0.0.2",
        f"{FACTORY}?@127.0.0.2",
        f"{FACTORY};127.0.0.2",
        f"{FACTORY},127.0.0.2",
        f"{FACTORY} 127.0.0.2",
        f"{FACTORY}\t",
        f"{FACTORY}\n127.0.0.2",
        f"{FACTORY}\0.evil.example",
        f"{FACTORY}.evil.example",
        f"{FACTORY}.xn--evil-example",
        f"evil.example.{FACTORY}",
        "2130706433",
        "2130706434",
        "0x7f000001",
        "0x7f.0x0.0x0.0x2",
        "0177.0.0.1",
        "127.1",
        "127.0.1",
        "127.000.000.001",
        "0",
        "0.0.0.0",
        "[::1]",
        f"[::ffff:{FACTORY}]",
        "[::ffff:7f00:1]",
        "[::ffff:127.0.0.2]",
        f"[::]:{port}",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "lOcAlHoSt.localdomain",
        "xn--lcalhost-7fe",
        "ⓛocalhost",
        "１２７.0.0.1",
        "127。0。0。1",
        "127.0.0.1\u200b",
        "pizza-factory.cs329.click",
        "PIZZA-FACTORY.CS329.CLICK",
        "169.254.169.254",
        "",
    ]


def link_paths() -> list[str]:
    good = f"/api/support/{TOKEN}/report/k3x9q2ab"
    return [
        good,
        good + "/",
        good + "?next=http://127.0.0.2",
        good + "#127.0.0.2",
        good + "/..",
        good + "/../../../../@127.0.0.2",
        good + "%2f..%2f..",
        good + "%00",
        good + "%0d%0aHost:%20127.0.0.2",
        good + "\r\nHost: 127.0.0.2",
        good + "\\",
        good + ";x=1",
        good + "K3X9",
        good + "0" * 20,
        good.upper(),
        "/" + good,
        "/." + good,
        "/.." + good,
        "/%2e%2e" + good,
        "/x/.." + good,
        "//127.0.0.2" + good,
        "/\\127.0.0.2" + good,
        "@127.0.0.2" + good,
        "/http://127.0.0.2" + good,
        f"/api/support/../report/{TOKEN}",
        f"/api/support/%2e%2e/report/{TOKEN[:8]}",
        "/api/support/..%2f..%2fapi/report/abc",
        f"/api/support/{TOKEN}/../{TOKEN}/report/abc",
        f"/api/support/{TOKEN}%2freport%2fabc",
        f"/api/support//{TOKEN}/report/abc",
        f"/api/support/{TOKEN}//report/abc",
        f"/api/support/{TOKEN}/report/",
        f"/api/support/{TOKEN}/report/a b",
        f"/api/support/{TOKEN}/report/аbс",
        f"/api/support/{TOKEN}@127.0.0.2/report/abc",
        "/api/support/" + "a" * 5000 + "/report/abc",
    ]


SCHEMES = ["https://", "HTTPS://", "http://", "//", "https:\\\\"]
WRITTEN = [
    lambda link: link,
    lambda link: json.dumps({"resBody": json.dumps({"reportUrl": link})}),
]


def lines(port: int, other: int) -> list[str]:
    """Every host with every path, scheme and way of writing a line."""
    every = itertools.product(SCHEMES, hosts(port, other), link_paths(), WRITTEN)
    return [wrap(scheme + host + path) for scheme, host, path, wrap in every]


def factory(server: RawServer) -> PizzaFactory:
    settings = FactorySettings(url=server.url, timeout=timedelta(seconds=5))
    return PizzaFactory(settings, Masker())


RESOLVED = http(200, b'{"message":"Problem resolved. Pizza is back on the menu!"}')


def test_of_ten_thousand_links_none_reaches_anyone_but_the_factory() -> None:
    with (
        served(says(RESOLVED)) as server,
        decoys(server.port) as others,
        HEARD.everything() as heard,
    ):
        client = factory(server)
        reader = LineReader(client.name, None)
        written = lines(server.port, others[1].port)
        found = {link.link for text in written for link in reader.read(1, text).links}
        for link in found:
            client.report(link)
        asked = [request.split(b" ")[1] for request in server.requests]

    assert len(written) >= 10_000
    assert len(asked) == len(found) >= 2
    assert all(OUR_PATH.fullmatch(path) for path in asked)
    assert [(d.connections, d.bytes) for d in others] == [(0, 0), (0, 0)]
    assert heard.connects == {(FACTORY, server.port)}
    assert heard.names <= {FACTORY}


TRICKS = [
    "..",
    "../..",
    "@127.0.0.2",
    "//127.0.0.2",
    "\\\\127.0.0.2",
    "%2f%2f127.0.0.2",
    "%",
    "?a=b",
    "#a",
    "a b",
    "a\r\nHost: 127.0.0.2\r\n\r\nGET / HTTP/1.1",
    "a\0b",
    "http://127.0.0.2/",
    "\ud83c\udf55",
    ":80@127.0.0.2",
]


@pytest.mark.parametrize("trick", TRICKS)
def test_no_token_or_code_steers_a_call_to_another_host(trick: str) -> None:
    with (
        served(says(RESOLVED)) as server,
        decoys(server.port) as others,
        HEARD.everything() as heard,
    ):
        client = factory(server)
        client.report(ReportLink(token=trick, code="abc"))
        client.report(ReportLink(token=TOKEN, code=trick))
        told = [request.decode("latin-1") for request in server.requests]

    assert all(text.count("\r\nHost: ") == 1 for text in told)
    assert all(f"\r\nHost: {FACTORY}:{server.port}\r\n" in text for text in told)
    assert [decoy.bytes for decoy in others] == [0, 0]
    assert heard.connects <= {(FACTORY, server.port)}


LOCATIONS = [
    "http://127.0.0.2:{port}/x",
    "//127.0.0.2:{port}/x",
    "http://127.0.0.1:{other}/x",
    "http://127.0.0.1@127.0.0.2:{port}/",
    "\\\\127.0.0.2:{port}\\x",
]


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308, 200])
@pytest.mark.parametrize("location", LOCATIONS)
def test_no_answer_leads_a_report_elsewhere(location: str, status: int) -> None:
    with ExitStack() as stack:
        aimed: list[bytes] = [b""]
        server = stack.enter_context(served(lambda wire, _: wire.sendall(aimed[0])))
        others = stack.enter_context(decoys(server.port))
        to = location.format(port=server.port, other=others[1].port)
        named = (f"{n}: {to}" for n in ("Location", "Content-Location", "Alt-Svc"))
        aimed[0] = http(status, b"{}", *named, f"Refresh: 0; url={to}")
        heard = stack.enter_context(HEARD.everything())

        factory(server).report(ReportLink(token=TOKEN, code="abc"))

        assert heard.connects == {(FACTORY, server.port)}
        assert [decoy.bytes for decoy in others] == [0, 0]


def test_a_question_to_the_logs_is_not_led_elsewhere_either() -> None:
    at = datetime(2026, 11, 5, 12, tzinfo=UTC)
    question = Question(
        name="errors", query='{a="b"}', since=at, until=at + timedelta(minutes=5)
    )
    with ExitStack() as stack:
        decoy = Decoy(FACTORY)
        stack.callback(decoy.close)
        aimed = http(302, b"", f"Location: http://{FACTORY}:{decoy.port}/")
        server = stack.enter_context(served(says(aimed)))
        logs = LokiLogSource(LokiLogs(url=server.url), LineReader(FACTORY, None))
        stack.callback(logs.close)
        heard = stack.enter_context(HEARD.everything())

        (answer,) = logs.read([question])

        assert isinstance(answer, Unreadable)
        assert heard.connects == {(FACTORY, server.port)}
        assert decoy.bytes == 0


def test_a_whole_service_calls_nobody_for_links_that_are_not_the_factorys(
    tmp_path: Path,
) -> None:
    path = f"/api/support/{TOKEN}/report/k3x9q2ab"
    with service(tmp_path, ONLY_ERRORS) as found, ExitStack() as stack:
        port = urlsplit(found.factory.url).port or 0
        others = stack.enter_context(decoys(port))
        foreign = [host for host in hosts(port, others[1].port) if host != FACTORY]
        planted = [{"resBody": {"reportUrl": f"https://{h}{path}"}} for h in foreign]
        heard = stack.enter_context(HEARD.everything())

        found.write(*map(json.dumps, planted))
        found.alert()
        found.in_state("needs_human")

        assert not found.factory.calls
        loki = urlsplit(found.push_url).port or 0
        ours = (found.http.port, port, loki)
        assert heard.connects <= {(FACTORY, known) for known in ours}
        assert [decoy.bytes for decoy in others] == [0, 0]
