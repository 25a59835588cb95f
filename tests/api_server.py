"""A small JSON API on a real socket, for tests: what was asked, and faults."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request as it arrived; header names are lower case."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body) if self.body else None


@dataclass(frozen=True)
class Fault:
    """What comes in place of the truth.

    `drop` hangs up without an answer; with `after` it does what was asked before.
    """

    status: int = 503
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    after: bool = False
    hang: bool = False


Answer = tuple[int, Any]


class ApiServer:
    """Use as a context manager; `url` is the base address."""

    def __init__(self) -> None:
        self.requests: list[Asked] = []
        self.faults: list[Fault] = []
        """Taken one after the other."""
        self.fault: Fault | None = None
        """Taken by every request while it is set."""
        self.released = threading.Event()
        self.lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.api = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, asked: Asked) -> Answer:
        """Status and JSON body (None for none) of an ordinary answer."""
        raise NotImplementedError

    def asked(self, method: str, end: str = "") -> list[Asked]:
        """The requests of this method whose path ends so."""
        with self.lock:
            found = list(self.requests)
        return [a for a in found if a.method == method and a.path.endswith(end)]

    def next_fault(self) -> Fault | None:
        return self.faults.pop(0) if self.faults else self.fault

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    api: ApiServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is part of many tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""

    def _serve(self) -> None:
        api, parts = self.server.api, urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = Asked(
            method=self.command,
            path=parts.path,
            query=parse_qsl(parts.query),
            headers={k.lower(): v for k, v in self.headers.items()},
            body=body,
        )
        with api.lock:
            api.requests.append(asked)
            fault = api.next_fault()
            status, document = (
                api.answer(asked) if fault is None or fault.after else (0, None)
            )
        if fault and fault.hang:
            api.released.wait()
        if fault and (fault.drop or fault.hang):
            self.close_connection = True
            return
        if fault:
            status, document = fault.status, fault.body
        self._send(status, document, fault.headers if fault else {})

    def _send(self, status: int, document: Any, headers: dict[str, str]) -> None:
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve
