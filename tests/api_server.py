"""A small JSON API on a real socket, for tests: what was asked, and faults."""

import json
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.quiet_server import QuietHandler, QuietServer


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


class ApiServer(ABC):
    """Use as a context manager; `url` is the base address."""

    def __init__(self) -> None:
        self.requests: list[Asked] = []
        self.faults: list[Fault] = []
        """Taken one after the other."""
        self.fault: Fault | None = None
        """Taken by every request while it is set."""
        self.released = threading.Event()
        self.lock = threading.Lock()
        self._server = _Server(_Handler)
        self._server.api = self

    @property
    def url(self) -> str:
        return self._server.url

    @abstractmethod
    def answer(self, asked: Asked) -> Answer:
        """Status and JSON body (None for none) of an ordinary answer."""

    def asked(self, method: str, end: str = "") -> list[Asked]:
        """The requests of this method whose path ends so."""
        with self.lock:
            found = list(self.requests)
        return [a for a in found if a.method == method and a.path.endswith(end)]

    def next_fault(self) -> Fault | None:
        return self.faults.pop(0) if self.faults else self.fault

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.released.set()
        self._server.stop()


class _Server(QuietServer):
    api: ApiServer


class _Handler(QuietHandler):
    server: _Server

    def _serve(self) -> None:
        api, parts = self.server.api, urlsplit(self.path)
        asked = Asked(
            method=self.command,
            path=parts.path,
            query=parse_qsl(parts.query),
            headers={k.lower(): v for k, v in self.headers.items()},
            body=self.body(),
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
        body = b"" if document is None else json.dumps(document).encode()
        self.send(status, body, headers=fault.headers if fault else None)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve
