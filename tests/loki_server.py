"""A small Loki on a real socket, for tests: push, range and instant queries.

It evaluates stream selectors and line filters with its own few lines, so that it
does not repeat the mistakes of what it tests.
"""

import gzip
import json
import re
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.quiet_server import QuietHandler, QuietServer

_STRING = r'(?:"((?:[^"\\]|\\.)*)"|`([^`]*)`)'
_CONDITION = re.compile(rf"\s*,?\s*(\w+)\s*(=~|!~|!=|=)\s*{_STRING}")
_FILTER = re.compile(rf"\s*(\|=|\|~|!=|!~)\s*{_STRING}")
_COUNT = re.compile(r"\s*sum\(count_over_time\((.*)\[(\d+)(ms|s|m|h)\]\)\)", re.DOTALL)
_UNITS = {"ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


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


class LokiServer:
    """Use as a context manager; `url` is the base address."""

    def __init__(self) -> None:
        self.requests: list[Asked] = []
        self.faults: list[Fault] = []
        """Taken one after the other, by queries only."""
        self.fault: Fault | None = None
        """Taken by every query while it is set."""
        self.released = threading.Event()
        self._entries: set[tuple[int, str, str]] = set()
        self._lock = threading.Lock()
        self._server = _Server(_Handler)
        self._server.loki = self

    @property
    def url(self) -> str:
        return self._server.url

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

    def add(self, at_ns: int, text: str, **labels: str) -> None:
        """Store one line without HTTP; the same line of one stream counts once."""
        with self._lock:
            self._entries.add((at_ns, json.dumps(labels, sort_keys=True), text))

    def forget(self) -> None:
        """Drop every line."""
        with self._lock:
            self._entries.clear()

    def values(self, label: str) -> list[str]:
        """What a label is in any stream."""
        with self._lock:
            labels = [json.loads(written) for _, written, _ in self._entries]
        return sorted({one[label] for one in labels if label in one})

    def next_fault(self) -> Fault | None:
        with self._lock:
            return self.faults.pop(0) if self.faults else self.fault

    def matching(self, query: str, since: int, until: int) -> list[tuple[Any, ...]]:
        """(time, labels, text) with `since` <= time < `until`, newest first."""
        labels_hold, line_holds = _evaluators(query)
        with self._lock:
            entries = list(self._entries)
        return sorted(
            (
                (at_ns, labels, text)
                for at_ns, labels, text in entries
                if since <= at_ns < until
                and labels_hold(json.loads(labels))
                and line_holds(text)
            ),
            reverse=True,
        )


def _unquoted(double: str | None, backticks: str | None) -> str:
    return str(json.loads(f'"{double}"')) if double is not None else backticks or ""


def _evaluators(query: str) -> tuple[Any, Any]:
    opened, closed = query.index("{"), query.index("}")
    conditions = [
        (m[1], m[2], _unquoted(m[3], m[4]))
        for m in _CONDITION.finditer(query[opened + 1 : closed])
    ]
    filters = [
        (m[1], _unquoted(m[2], m[3])) for m in _FILTER.finditer(query[closed + 1 :])
    ]

    def labels_hold(labels: dict[str, str]) -> bool:
        for name, op, value in conditions:
            actual = labels.get(name, "")
            same = re.fullmatch(value, actual) if "~" in op else actual == value
            if bool(same) is op.startswith("!"):
                return False
        return True

    def line_holds(text: str) -> bool:
        for op, value in filters:
            found = re.search(value, text) if "~" in op else value in text
            if bool(found) is op.startswith("!"):
                return False
        return True

    return labels_hold, line_holds


class _Server(QuietServer):
    loki: LokiServer


class _Handler(QuietHandler):
    server: _Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self._serve(parts.path, dict(parse_qsl(parts.query)))

    def do_POST(self) -> None:
        parts = urlsplit(self.path)
        body = self.body()
        if parts.path == "/loki/api/v1/push":
            self._push(body)
            return
        form = dict(parse_qsl(parts.query)) | dict(parse_qsl(body.decode()))
        self._serve(parts.path, form)

    def _serve(self, path: str, parameters: dict[str, str]) -> None:
        loki = self.server.loki
        port = self.client_address[1]
        loki.requests.append(
            Asked(
                method=self.command,
                path=path,
                parameters=parameters,
                headers=dict(self.headers),
                connection=port,
                at=datetime.now(UTC),
            )
        )
        fault = loki.next_fault()
        if fault:
            self._fail(fault)
        elif path == "/loki/api/v1/query_range":
            self._range(parameters)
        elif path == "/loki/api/v1/query":
            self._instant(parameters)
        elif path == "/loki/api/v1/index/stats":
            self._stats(parameters)
        elif path.startswith("/loki/api/v1/label/"):
            self._values(path.split("/")[5])
        else:
            self.send(404, b"404 page not found\n", "text/plain")

    def _range(self, asked: dict[str, str]) -> None:
        found = self.server.loki.matching(
            asked["query"], int(asked["start"]), int(asked["end"])
        )[: int(asked.get("limit", "100"))]
        streams: dict[str, list[list[str]]] = {}
        for at_ns, labels, text in found:
            streams.setdefault(labels, []).append([str(at_ns), text])
        self._success(
            "streams",
            [
                {"stream": json.loads(labels), "values": values}
                for labels, values in streams.items()
            ],
        )

    def _instant(self, asked: dict[str, str]) -> None:
        count = _COUNT.match(asked["query"])
        if count is None:
            reason = b"log queries are not supported as an instant query type"
            self.send(400, reason, "text/plain")
            return
        at = int(asked["time"])
        span = int(count[2]) * _UNITS[count[3]]
        # (time - range, time], as Loki's range selectors.
        found = self.server.loki.matching(count[1], at - span + 1, at + 1)
        value = [at / 10**9, str(len(found))]
        self._success("vector", [{"metric": {}, "value": value}])

    def _stats(self, asked: dict[str, str]) -> None:
        found = self.server.loki.matching(
            asked["query"], int(asked["start"]), int(asked["end"])
        )
        sizes = {"entries": len(found), "bytes": sum(len(text) for *_, text in found)}
        self.send(200, json.dumps(sizes).encode())

    def _values(self, label: str) -> None:
        values = self.server.loki.values(label)
        document = {"status": "success", "data": values}
        self.send(200, json.dumps(document).encode())

    def _push(self, body: bytes) -> None:
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        for stream in json.loads(body)["streams"]:
            for entry in stream["values"]:
                self.server.loki.add(int(entry[0]), entry[1], **stream["stream"])
        self.send_response(204)
        self.end_headers()

    def _fail(self, fault: Fault) -> None:
        if fault.hang:
            self.server.loki.released.wait(30)
        if fault.hang or fault.drop:
            self.close_connection = True
            return
        head = f"HTTP/1.1 {fault.status} Scripted\r\nContent-Type: text/plain\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in fault.headers.items())
        head += f"Content-Length: {len(fault.body)}\r\n\r\n"
        self._trickle(head.encode(), fault.trickle_headers)
        self._trickle(fault.body, fault.trickle)

    def _trickle(self, data: bytes, pause: float) -> None:
        pieces = [data[i : i + 1] for i in range(len(data))] if pause else [data]
        for piece in pieces:
            self.wfile.write(piece)
            self.wfile.flush()
            if pause and self.server.loki.released.wait(pause):
                return

    def _success(self, kind: str, result: list[Any]) -> None:
        document = {"status": "success", "data": {"resultType": kind, "result": result}}
        self.send(200, json.dumps(document).encode())
