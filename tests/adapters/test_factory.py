"""The factory client against real sockets, well and badly behaved (rules 8 to 10)."""

import gzip
import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from http.client import HTTPConnection

import pytest

from responder.config.settings import FactorySettings, Secret
from responder.demo.factory import SimulatedFactory
from responder.factory import PizzaFactory
from responder.incident.evidence import ReportLink
from responder.incident.names import Outcome
from responder.incident.ports import Answer
from responder.masking import MASK, Masker

TOKEN = "c4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc4"
CODE = "k3x9q2ab"
LINK = ReportLink(token=TOKEN, code=CODE)
RESOLVED = b'{"message":"Problem resolved. Pizza is back on the menu!"}'

# Seconds that no test waits for: only a missing deadline would.
LONG = 120
# When POST took 1.2 s and GET had 1.5 s of its own.
SECOND_BUDGET = 2.7

Behaviour = Callable[[socket.socket, bytes], None]


class RawServer:
    """A socket that lets a test write every byte of every answer."""

    def __init__(self, behave: Behaviour) -> None:
        self._behave = behave
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.requests: list[bytes] = []
        self.over = threading.Event()
        self._threads = [threading.Thread(target=self._serve)]
        self._threads[0].start()

    @property
    def methods(self) -> list[str]:
        return [request.split(b" ")[0].decode() for request in self.requests]

    def _serve(self) -> None:
        while not self.over.is_set():
            with suppress(OSError):
                wire, _ = self._socket.accept()
                thread = threading.Thread(target=self._converse, args=(wire,))
                self._threads.append(thread)
                thread.start()

    def _converse(self, wire: socket.socket) -> None:
        with wire, suppress(OSError):
            request = b""
            while b"\r\n\r\n" not in request:
                part = wire.recv(4096)
                if not part:
                    return
                request += part
            self.requests.append(request)
            self._behave(wire, request)

    def close(self) -> None:
        self.over.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(60)


@contextmanager
def served(behave: Behaviour) -> Iterator[RawServer]:
    server = RawServer(behave)
    try:
        yield server
    finally:
        server.close()


def http(status: int, body: bytes = b"{}", *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


def says(answer: bytes) -> Behaviour:
    return lambda wire, _: wire.sendall(answer)


def by_method(**answers: bytes) -> Behaviour:
    return lambda wire, request: wire.sendall(answers[request.split(b" ")[0].decode()])


def client(url: str, *, method: str = "auto", timeout: float = 5) -> PizzaFactory:
    settings = FactorySettings(
        url=url, method=method, timeout=timedelta(seconds=timeout)
    )
    return PizzaFactory(settings, Masker())


def report_to(behave: Behaviour, *, timeout: float = 5, method: str = "GET") -> Answer:
    with served(behave) as server:
        return client(server.url, method=method, timeout=timeout).report(LINK)


def trickle(wire: socket.socket, start: bytes) -> None:
    pace = threading.Event()
    wire.sendall(start)
    while not pace.wait(0.02):
        wire.sendall(b"x")


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 ",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
    ids=["status line", "header", "body", "body without length"],
)
def test_a_server_that_trickles_bytes_cannot_hold_a_call_longer(start: bytes) -> None:
    # It would go on for ever.
    answer = report_to(lambda wire, _: trickle(wire, start), timeout=0.5)

    assert answer.outcome is Outcome.UNKNOWN
    assert answer.status is None
    assert answer.seconds > 0.4


def test_a_server_that_never_answers_is_left_at_the_deadline() -> None:
    over = threading.Event()
    with served(lambda wire, _: (over.wait(LONG), None)[1]) as server:
        answer = client(server.url, timeout=0.5).report(LINK)
        over.set()

    assert answer.outcome is Outcome.UNKNOWN
    assert answer.message == "The report was sent; no complete answer within 0.5 s"
    assert answer.seconds > 0.4


def test_a_call_that_begins_late_is_over_no_later() -> None:
    over = threading.Event()
    with served(lambda wire, _: (over.wait(LONG), None)[1]) as server:
        answer = client(server.url, timeout=LONG).report(LINK, late=LONG - 0.5)
        over.set()

    assert answer.outcome is Outcome.UNKNOWN
    assert 0.4 < answer.seconds < LONG / 2


def test_a_call_whose_time_is_gone_before_it_begins_sends_nothing() -> None:
    with served(says(http(200))) as server:
        answer = client(server.url, timeout=1).report(LINK, late=1.5)

    assert answer.outcome is Outcome.UNREACHABLE
    assert server.requests == []


def test_both_methods_share_one_budget() -> None:
    over = threading.Event()

    def slow_404_then_silence(wire: socket.socket, request: bytes) -> None:
        if request.startswith(b"GET"):
            over.wait(1.2)
            wire.sendall(http(404))
        else:
            over.wait(LONG)

    with served(slow_404_then_silence) as server:
        answer = client(server.url, timeout=1.5).report(LINK)
        for _ in range(4):
            # A machine that stands still makes one of them late, a second budget all.
            if answer.seconds >= SECOND_BUDGET:
                answer = client(server.url, timeout=1.5).report(LINK)
        over.set()

    assert server.methods[-2:] == ["GET", "POST"]
    assert answer.outcome is Outcome.UNKNOWN
    assert answer.seconds < SECOND_BUDGET


def test_a_silent_tls_handshake_is_unreachable_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        answer = client(url, timeout=0.3).report(LINK)

    assert answer.outcome is Outcome.UNREACHABLE
    assert answer.seconds > 0.25


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n" + RESOLVED,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3a\r\n" + RESOLVED,
        b"HTTP/1.1 500 X\r\nContent-Length: 90\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ],
    ids=["nothing", "status line", "part", "part of chunks", "only head", "not HTTP"],
)
def test_a_connection_that_ends_before_a_complete_answer_is_unknown(
    sent: bytes,
) -> None:
    answer = report_to(says(sent))

    assert answer.outcome is Outcome.UNKNOWN
    assert answer.status is None


def test_a_port_that_nobody_listens_on_is_unreachable() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        answer = client(f"http://127.0.0.1:{bound.getsockname()[1]}").report(LINK)

    assert answer.outcome is Outcome.UNREACHABLE
    assert answer.message == "The factory cannot be reached: it takes no connection"


def test_a_name_that_does_not_exist_is_unreachable() -> None:
    answer = client("http://factory.invalid").report(LINK)

    assert answer.outcome is Outcome.UNREACHABLE
    assert answer.message == "The factory cannot be reached: its name is not known"


def test_a_server_that_speaks_no_tls_is_unreachable() -> None:
    with served(says(http(200))) as server:
        url = server.url.replace("http:", "https:")
        answer = client(url, timeout=0.5).report(LINK)

    assert answer.outcome is Outcome.UNREACHABLE


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_not_followed(status: int) -> None:
    with served(says(http(200, RESOLVED))) as elsewhere:
        moved = http(status, b"{}", f"Location: {elsewhere.url}/")
        with served(says(moved)) as server:
            answer = client(server.url).report(LINK)

    assert answer.outcome is Outcome.REFUSED
    assert answer.status == status
    assert elsewhere.requests == []


def test_a_redirect_to_nonsense_is_refused() -> None:
    answer = report_to(says(http(302, b"{}", "Location: http://[::bad/")))

    assert answer.outcome is Outcome.REFUSED


def fixed_on(server: RawServer) -> tuple[PizzaFactory, ReportLink]:
    """A factory whose report address is configured, and that link."""
    settings = FactorySettings(report_url=Secret(f"{server.url}/api/report"))
    factory = PizzaFactory(settings, Masker())
    link = factory.fixed_link()
    assert link is not None
    return factory, link


@pytest.mark.parametrize(
    ("fixed", "first", "methods"),
    [
        (False, "", ["GET", "POST"]),
        (True, "", ["POST", "GET"]),
        (False, "POST", ["POST", "GET"]),
        (True, "GET", ["GET", "POST"]),
    ],
)
@pytest.mark.parametrize("status", [404, 405, 501])
def test_rule_9_the_other_method_follows_where_the_first_is_not_known(
    fixed: bool, first: str, methods: list[str], status: int
) -> None:
    answers = {methods[0]: http(status), methods[1]: http(200, RESOLVED)}
    with served(by_method(**answers)) as server:
        factory, link = fixed_on(server) if fixed else (client(server.url), LINK)
        answer = factory.report(link, first=first)

    assert server.methods == methods
    assert (answer.outcome, answer.method) == (Outcome.RESOLVED, methods[1])


def test_rule_9_where_no_method_is_known_the_report_is_refused() -> None:
    with served(says(http(404))) as server:
        answer = client(server.url).report(LINK)

    assert server.methods == ["GET", "POST"]
    assert answer.outcome is Outcome.REFUSED


@pytest.mark.parametrize("status", [200, 302, 400, 401, 500, 503])
def test_rule_9_any_other_answer_to_the_first_method_is_final(status: int) -> None:
    with served(by_method(GET=http(status), POST=http(200, RESOLVED))) as server:
        answer = client(server.url).report(LINK)

    assert server.methods == ["GET"]
    assert answer.method == "GET"


def test_rule_9_a_first_method_that_is_left_unanswered_is_the_only_call() -> None:
    over = threading.Event()
    with served(lambda wire, _: (over.wait(LONG), None)[1]) as server:
        answer = client(server.url, timeout=0.3).report(LINK)
        over.set()

    assert server.methods == ["GET"]
    assert (answer.outcome, answer.method) == (Outcome.UNKNOWN, "GET")


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_configured_method_is_the_only_one(method: str) -> None:
    with served(says(http(404))) as server:
        answer = client(server.url, method=method).report(LINK)

    assert server.methods == [method]
    assert answer.outcome is Outcome.REFUSED


def test_every_request_is_plain_and_on_a_connection_of_its_own() -> None:
    with served(says(http(200, RESOLVED, "Set-Cookie: a=b"))) as server:
        factory = client(server.url)
        factory.report(LINK)
        factory.report(LINK)

    head = server.requests[1].decode().lower()
    assert "connection: close" in head
    assert "if-" not in head
    assert "cookie" not in head
    assert "authorization" not in head


def test_a_proxy_of_the_environment_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")

    assert report_to(says(http(200, RESOLVED))).outcome is Outcome.RESOLVED


def test_a_body_without_end_is_read_to_its_limit_only() -> None:
    def flood(wire: socket.socket, request: bytes) -> None:
        wire.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            wire.sendall(b"x" * 65536)

    # Read any further it would be left at the deadline, without a status.
    answer = report_to(flood, timeout=LONG)

    assert answer.outcome is Outcome.UNKNOWN
    assert answer.status == 200
    assert len(answer.message) == 200


def test_a_gzip_answer_is_understood_although_none_was_asked_for() -> None:
    packed = http(200, gzip.compress(RESOLVED), "Content-Encoding: gzip")

    assert report_to(says(packed)).outcome is Outcome.RESOLVED


def test_a_gzip_answer_that_swells_is_cut() -> None:
    bomb = gzip.compress(b" " * 20_000_000)
    answer = report_to(says(http(500, bomb, "Content-Encoding: gzip")))

    assert answer.outcome is Outcome.REFUSED
    assert answer.message == "HTTP 500 without a message"


def test_a_chunked_answer_is_understood() -> None:
    chunk = f"{len(RESOLVED):x}\r\n".encode() + RESOLVED + b"\r\n0\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    assert report_to(says(head + chunk)).outcome is Outcome.RESOLVED


def test_a_fixed_link_is_called_at_its_own_address() -> None:
    with served(says(http(200, RESOLVED))) as server:
        fixed = Secret(f"{server.url}/api/report?apiKey={TOKEN}&fixCode={CODE}")
        factory = PizzaFactory(FactorySettings(report_url=fixed), Masker())
        link = factory.fixed_link()
        assert link is not None
        answer = factory.report(link)

    assert answer.outcome is Outcome.RESOLVED
    path = f"POST /api/report?apiKey={TOKEN}&fixCode={CODE} ".encode()
    assert server.requests[0].startswith(path)


def test_without_a_configured_address_there_is_no_fixed_link() -> None:
    assert client("http://127.0.0.1").fixed_link() is None


def test_a_factory_is_named_by_its_host() -> None:
    assert client("https://Pizza-Factory.example:8443/").name == "pizza-factory.example"


def leaking(wire: socket.socket, request: bytes) -> None:
    """An answer that repeats the link in its head and its words."""
    path = request.split(b" ")[1].decode()
    words = {"message": f"no {path}, vendor {TOKEN} with {CODE} \n {path}"}
    wire.sendall(
        http(500, json.dumps(words).encode(), f"Location: {path}", f"X-P: {path}")
    )


@pytest.mark.parametrize(
    "behave",
    [
        leaking,
        says(b""),
        says(b"HTTP/1.1 200 OK\r\nbad header line\r\n: x\r\n\r\n{}"),
        says(http(302, b"", f"Location: /api/support/{TOKEN}/report/{CODE}")),
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"),
        says(http(404)),
    ],
    ids=["echo", "closed", "bad headers", "redirect", "cut off", "unknown"],
)
def test_the_link_is_in_no_answer_and_no_log_record(
    behave: Behaviour, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = report_to(behave, method="auto")
    seen = repr(answer) + caplog.text + "".join(map(repr, caplog.records))

    assert TOKEN not in seen
    assert CODE not in seen
    assert "/api/support" not in seen


def test_the_factorys_words_are_masked() -> None:
    assert report_to(leaking).message.startswith(f"no {MASK}")


def test_a_secret_of_ours_in_the_factorys_words_is_masked() -> None:
    with served(says(http(500, b'{"message":"key hunter22 is bad"}'))) as server:
        settings = FactorySettings(url=server.url)
        answer = PizzaFactory(settings, Masker(["hunter22"])).report(LINK)

    assert answer.message == f"key {MASK} is bad"


def test_the_simulated_factory_is_reported_to_once() -> None:
    with SimulatedFactory() as supplier:
        code = supplier.start_chaos("fail")
        factory = client(supplier.url)
        link = ReportLink(token=supplier.api_key, code=code)
        answers = [factory.report(link) for _ in range(2)]

    assert [answer.outcome for answer in answers] == [
        Outcome.RESOLVED,
        Outcome.NOTHING_TO_RESOLVE,
    ]
    assert len(supplier.effective_calls) == 1


@pytest.mark.parametrize(
    ("behave", "why"),
    [
        (says(http(200)), ""),
        (says(http(404)), ""),
        (says(http(302, b"", "Location: https://elsewhere.example.com")), ""),
        (says(http(502)), "HTTP 502"),
        (says(b""), "no complete answer came"),
    ],
    ids=["well", "no such page", "a redirect", "a broken one", "nothing"],
)
def test_a_probe_asks_for_the_first_page_once_and_says_why_not(
    behave: Behaviour, why: str
) -> None:
    with served(behave) as server:
        assert client(server.url).probe() == why

    assert [r.split(b" HTTP/")[0] for r in server.requests] == [b"GET /"]


def test_a_probe_of_a_silent_factory_ends_with_the_timeout() -> None:
    def silent(wire: socket.socket, request: bytes) -> None:
        wire.recv(1)

    with served(silent) as server:
        why = client(server.url, timeout=0.3).probe()

    assert why.endswith(" within 0.3 s")


def test_a_probe_ends_no_fault() -> None:
    with SimulatedFactory() as factory:
        factory.start_chaos("fail")

        assert client(factory.url).probe() == ""
        assert factory.chaos == "fail"
        assert factory.calls == []


def test_a_connection_that_breaks_while_the_report_is_written_leaves_it_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some of it may have arrived."""
    write = HTTPConnection.send

    def breaks(connection: HTTPConnection, data: bytes) -> None:
        write(connection, data)
        raise ConnectionResetError

    monkeypatch.setattr(HTTPConnection, "send", breaks)
    with served(says(http(200, RESOLVED))) as server:
        answer = client(server.url).report(LINK)

    assert answer.outcome is Outcome.UNKNOWN


def test_a_name_that_is_looked_up_for_ever_holds_no_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()

    def hangs(*_: object, **__: object) -> None:
        over.wait(LONG)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    answer = client("http://factory.example", timeout=0.3).report(LINK)
    over.set()

    assert answer.outcome is Outcome.UNREACHABLE
    assert answer.seconds < LONG / 2
