"""The small Loki with faults: what was asked is kept, and answers go wrong as told."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

from responder.demo.factory import Handler
from responder.demo.loki import API, SimulatedLoki


@dataclass(frozen=True)
class Fault:
    """What is answered in place of the truth, for one path or for all."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    trickle: float = 0.0
    """Seconds between the single bytes of the body."""
    trickle_headers: float = 0.0
    drop: bool = False


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    parameters: dict[str, str]
    headers: dict[str, str]
    connection: int
    at: datetime


class LokiServer(SimulatedLoki):
    """Use as a context manager; `url` is the base address. It takes lines of any time.

    Pushes are neither kept in `requests` nor met by faults.
    """

    def __init__(self) -> None:
        handler = type("_OfOne", (_Handler,), {"loki": self})
        super().__init__(now_ns=None, handler=handler)
        self.requests: list[Asked] = []
        self.faults: list[Fault] = []
        """Taken one after the other, by queries only."""
        self.fault: Fault | None = None
        """Taken by every query while it is set."""
        self.released = threading.Event()

    def __exit__(self, *_: object) -> None:
        self.released.set()
        super().__exit__()

    def next_fault(self) -> Fault | None:
        # Threads of several requests ask at once.
        try:
            return self.faults.pop(0)
        except IndexError:
            return self.fault


class _Handler(Handler):
    loki: LokiServer

    def answer(self) -> None:
        loki, parts = self.loki, urlsplit(self.path)
        fault = None
        if parts.path != f"{API}push":
            loki.requests.append(
                Asked(
                    method=self.command,
                    path=parts.path,
                    parameters=dict(parse_qsl(parts.query)),
                    headers=dict(self.headers),
                    connection=self.client_address[1],
                    at=datetime.now(UTC),
                )
            )
            fault = loki.next_fault()
        if fault:
            self._fail(fault, loki.released)
        else:
            super().answer()

    do_GET = do_POST = answer

    def _fail(self, fault: Fault, released: threading.Event) -> None:
        if fault.hang:
            released.wait(30)
        if fault.hang or fault.drop:
            self.close_connection = True
            return
        head = f"HTTP/1.1 {fault.status} Scripted\r\nContent-Type: text/plain\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in fault.headers.items())
        head += f"Content-Length: {len(fault.body)}\r\n\r\n"
        self._trickle(head.encode(), fault.trickle_headers, released)
        self._trickle(fault.body, fault.trickle, released)

    def _trickle(self, data: bytes, pause: float, released: threading.Event) -> None:
        pieces = [data[i : i + 1] for i in range(len(data))] if pause else [data]
        for piece in pieces:
            self.wfile.write(piece)
            self.wfile.flush()
            if pause and released.wait(pause):
                return
