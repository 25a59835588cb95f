"""A Pizza Factory on a real socket, for `responder demo` and the tests."""

import json
import re
import secrets
import string
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, Self, cast

# The simulators' socket: requests in, answers out, and nothing logged.


@dataclass(frozen=True, slots=True)
class SimulatedAnswer:
    """What a request is answered."""

    status: int
    body: bytes = b""
    kind: str = "application/json"

    @classmethod
    def document(cls, status: int, document: object) -> Self:
        return cls(status, json.dumps(document).encode())

    @classmethod
    def text(cls, status: int, text: str) -> Self:
        return cls(status, text.encode(), "text/plain; charset=utf-8")


Answer = Callable[[str, str, Mapping[str, str], bytes], SimulatedAnswer]
"""From method, path with its query, headers and body."""


class Handler(BaseHTTPRequestHandler):
    """Reads whole bodies and sends whole answers."""

    protocol_version = "HTTP/1.1"
    server_version = "Simulator"
    # Without this the small second packet of an answer waits for an acknowledgement.
    disable_nagle_algorithm = True

    def answer(self) -> None:
        answer = cast(Listener, self.server).answer
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send(answer(self.command, self.path, dict(self.headers), body))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def send(self, reply: SimulatedAnswer) -> None:
        try:
            self.send_response(reply.status)
            if reply.status != 204:
                self.send_header("Content-Type", reply.kind)
                self.send_header("Content-Length", str(len(reply.body)))
            if not cast(Listener, self.server).keep_alive:
                self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.body)
        except ConnectionError:
            self.close_connection = True  # The caller did not wait.

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the path of a report is a credential."""


class Listener(ThreadingHTTPServer):
    """Answers every request by one function. Raises OSError for a taken port."""

    request_queue_size = 128

    def __init__(
        self,
        listen: str,
        port: int,
        answer: Answer,
        *,
        handler: type[Handler] = Handler,
        keep_alive: bool = False,
    ) -> None:
        self.answer = answer
        self.keep_alive = keep_alive
        super().__init__((listen, port), handler)

    def server_bind(self) -> None:
        # The inherited one asks for this machine's name, which may take seconds.
        TCPServer.server_bind(self)
        self.server_name = str(self.server_address[0])
        self.server_port = int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is nothing to report."""


REPORT_PATH = re.compile(r"/api/support/([^/?]+)/report/([^/?]+)")
CHAOS_PATH = re.compile(r"/api/vendor/chaos/(fail|throttle|badjwt)")
RESOLVED = "Problem resolved. Pizza is back on the menu!"
OVEN_FULL = "Unable to satisfy pizza order. The oven is full."


class Chaos(StrEnum):
    """What is wrong with the factory."""

    NONE = "none"
    FAIL = "fail"
    THROTTLE = "throttle"
    BADJWT = "badjwt"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCall:
    """One call of the report endpoint. `at` is monotonic; the link is not kept.

    `outcome` is `resolved`, `nothing_to_resolve`, `wrong_code`, `unknown_endpoint`
    or, for an answer that a test ordered, `scripted`.
    """

    method: str
    at: float
    outcome: str


@dataclass(frozen=True, slots=True)
class _Fault:
    """What the next report call meets instead of, or before, its proper answer."""

    status: int = 0
    body: bytes = b""
    hang: float = 0.0


class SimulatedFactory:
    """A factory at `url` while its `with` block lasts.

    `delay` is in seconds what the real one makes 32: the wait of a throttled order
    and of a full oven. Chaos asked for over HTTP begins at once, not
    the next day. `on_report` is called after each report call was judged.
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        delay: float = 0.5,
        listen: str = "127.0.0.1",
        port: int = 0,
        on_report: Callable[[ReportCall], None] | None = None,
    ) -> None:
        self.api_key = api_key or secrets.token_hex(16)
        self.delay = delay
        self.on_report = on_report
        self.chaos = Chaos.NONE
        self.code = ""
        self.started_at: datetime | None = None
        self.fixed_at: datetime | None = None
        self._calls: list[ReportCall] = []
        self._faults: deque[_Fault] = deque()
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._server = Listener(listen, port, self.answer)

    def __enter__(self) -> Self:
        serve = self._server.serve_forever
        threading.Thread(target=serve, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def host(self) -> str:
        return "127.0.0.1"

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self._server.server_port}"

    @property
    def calls(self) -> list[ReportCall]:
        """Every call of the report endpoint so far, whatever its method."""
        with self._changed:
            return list(self._calls)

    @property
    def effective_calls(self) -> list[ReportCall]:
        """The calls that ended a chaos."""
        return [call for call in self.calls if call.outcome == "resolved"]

    def await_calls(self, number: int, within: float) -> bool:
        """Whether there were `number` report calls before `within` seconds passed."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._calls) >= number, within)

    def start_chaos(self, kind: str) -> str:
        """Let `kind` begin now; the new code. Chaos lasts until it is reported."""
        digits = string.digits + string.ascii_lowercase
        with self._changed:
            self.code = "".join(secrets.choice(digits) for _ in range(8))
            self.chaos = Chaos(kind)
            self.started_at = datetime.now(UTC)
            return self.code

    def answer_with(self, status: int, body: bytes | str, times: int = 1) -> None:
        """The next `times` reports by `GET` get this answer and have no effect."""
        raw = body.encode() if isinstance(body, str) else body
        self._faults.extend(_Fault(status=status, body=raw) for _ in range(times))

    def hang(self, seconds: float) -> None:
        """The next report by `GET` takes effect, but is answered `seconds` later."""
        self._faults.append(_Fault(hang=seconds))

    def report_link(self, host: str) -> str:
        """The link as orders carry it: always https, the Host header without port."""
        name = host.rpartition(":")[0] or host
        return f"https://{name}/api/support/{self.api_key}/report/{self.code}"

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> SimulatedAnswer:
        """What a request is answered."""
        authorization = headers.get("Authorization", "")
        if reported := REPORT_PATH.fullmatch(path):
            return self.reported(method, *reported.groups())
        if (method, path) == ("POST", "/api/order"):
            return self.order(authorization, headers.get("Host", "undefined"), body)
        if (method, path) == ("GET", "/api/vendor"):
            return self.vendor(authorization)
        if method == "PUT" and (chaos := CHAOS_PATH.fullmatch(path)):
            return self.wrought(authorization, chaos[1])
        return SimulatedAnswer.document(404, {"message": "unknown endpoint"})

    def order(self, authorization: str, host: str, body: bytes) -> SimulatedAnswer:
        """What `POST /api/order` answers, after the wait that belongs to it."""
        if authorization != f"Bearer {self.api_key}":
            return SimulatedAnswer.document(401, {"message": "invalid authentication"})
        items = _items(body)
        if items is None:
            return SimulatedAnswer.document(
                400, {"message": "Missing required parameters"}
            )
        with self._changed:
            chaos, link = self.chaos, self.report_link(host)
        if chaos is Chaos.FAIL:
            return SimulatedAnswer.document(
                500, {"message": "chaos monkey", "reportUrl": link}
            )
        if chaos is Chaos.THROTTLE:
            self._closing.wait(self.delay)
        if not 0 < items <= 20:
            self._closing.wait(self.delay)
            return SimulatedAnswer.document(503, {"message": OVEN_FULL})
        jwt = ".".join(secrets.token_urlsafe(24) for _ in range(3))
        if chaos is Chaos.NONE:
            return SimulatedAnswer.document(200, {"jwt": jwt})
        given = "dead" * 3 if chaos is Chaos.BADJWT else jwt
        return SimulatedAnswer.document(200, {"jwt": given, "reportUrl": link})

    def wrought(self, authorization: str, kind: str) -> SimulatedAnswer:
        """What `PUT /api/vendor/chaos/<kind>` answers; the chaos begins."""
        if authorization != f"Bearer {self.api_key}":
            return SimulatedAnswer.document(401, {"message": "invalid authentication"})
        self.start_chaos(kind)
        return SimulatedAnswer.document(200, {"message": "Chaos initiated"})

    def vendor(self, authorization: str) -> SimulatedAnswer:
        """What `GET /api/vendor` answers: our key and the story of the last chaos."""
        if authorization != f"Bearer {self.api_key}":
            return SimulatedAnswer.document(401, {"message": "invalid authentication"})
        chaos: dict[str, Any] = {"type": str(self.chaos)}
        for name, at in (
            ("initiatedDate", self.started_at),
            ("fixDate", self.fixed_at),
        ):
            if at is not None:
                chaos[name] = at.isoformat(timespec="milliseconds")
        return SimulatedAnswer.document(
            200, {"id": "shop", "apiKey": self.api_key, "chaos": chaos}
        )

    def reported(self, method: str, token: str, code: str) -> SimulatedAnswer:
        """Judge one call of the report endpoint and record it."""
        fault = _Fault()
        with self._changed:
            if method == "GET" and self._faults:
                fault = self._faults.popleft()
            status, message, outcome = self._judge(method, token, code, fault)
            call = ReportCall(method=method, at=time.monotonic(), outcome=outcome)
            self._calls.append(call)
            self._changed.notify_all()
        if self.on_report:
            self.on_report(call)
        self._closing.wait(fault.hang)
        if fault.status:
            return SimulatedAnswer(status, fault.body)
        return SimulatedAnswer.document(status, {"message": message})

    def _judge(
        self, method: str, token: str, code: str, fault: _Fault
    ) -> tuple[int, str, str]:
        if fault.status:
            return fault.status, "", "scripted"
        if method not in ("GET", "HEAD"):
            return 404, "unknown endpoint", "unknown_endpoint"
        if token != self.api_key or self.chaos is Chaos.NONE:
            return 200, "No chaos currently executing", "nothing_to_resolve"
        if code != self.code:
            return 400, "Problem unresolved", "wrong_code"
        self.chaos = Chaos.NONE
        self.fixed_at = datetime.now(UTC)
        return 200, RESOLVED, "resolved"


def _items(body: bytes) -> int | None:
    """How many items are ordered, None when diner or order is missing."""
    try:
        wanted = json.loads(body)
        return len(wanted["order"]["items"]) if wanted["diner"] else None
    except (ValueError, KeyError, TypeError):
        return None
