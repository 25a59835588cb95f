"""A Loki for tests, on a socket: push, range queries, counts. It keeps all in memory.

It knows label matchers and line filters, as the embedded logs do; a query with a
further stage is answered 400.
"""

import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Self

from flask import Flask, Response, jsonify, request

from responder.evidence import push
from responder.evidence.push import PushedLine
from responder.evidence.selector import BadQuery, parse
from responder.server import HttpServer

_COUNT = re.compile(
    r"sum\(count_over_time\((?P<query>.*)\[(?P<span>\d+)(?P<unit>ms|s|m|h)\]\)\)"
    r"(?:\s*or\s*vector\(0\))?",
    re.DOTALL,
)
_NS = {"ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


class Loki:
    """Use as a context manager; `url` is what `logs.url` names.

    While `away` is true every query is answered 503.
    """

    def __init__(self) -> None:
        self.away = False
        self._lines: list[PushedLine] = []
        self._lock = threading.Lock()
        self._http = HttpServer(self._app(), "127.0.0.1", 0)

    @property
    def url(self) -> str:
        return self._http.url

    @property
    def push_url(self) -> str:
        """Where loggers push to."""
        return f"{self.url}/loki/api/v1/push"

    def add(self, text: str, at: datetime | None = None, **labels: str) -> None:
        """One line, now unless `at` is given."""
        moment = at or datetime.now(UTC)
        at_ns = int(moment.timestamp() * 1_000_000) * 1000
        with self._lock:
            self._lines.append(PushedLine(at_ns=at_ns, labels=labels, text=text))

    def __enter__(self) -> Self:
        self._http.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.stop()

    def _app(self) -> Flask:
        app = Flask("loki")

        @app.post("/loki/api/v1/push")
        def pushed() -> Response:
            encoding = request.headers.get("Content-Encoding", "")
            try:
                lines = push.parse(request.get_data(), encoding, datetime.now(UTC))
            except ValueError as problem:
                return Response(str(problem), 400)
            with self._lock:
                self._lines += lines
            return Response(status=204)

        @app.get("/loki/api/v1/query_range")
        def ranged() -> Response:
            asked = request.args
            since, until = int(asked["start"]), int(asked["end"]) - 1
            found = self._found(asked["query"], since, until)
            if isinstance(found, Response):
                return found
            newest = sorted(found, key=lambda line: -line.at_ns)[: int(asked["limit"])]
            return _success("streams", [_stream(line) for line in newest])

        @app.get("/loki/api/v1/query")
        def instant() -> Response:
            asked = _COUNT.fullmatch(request.args["query"].strip())
            if asked is None:
                return Response("parse error: only counts over time are known", 400)
            until = int(request.args["time"])
            since = until - int(asked["span"]) * _NS[asked["unit"]] + 1
            found = self._found(asked["query"], since, until)
            if isinstance(found, Response):
                return found
            value = [until / 1e9, str(len(found))]
            return _success("vector", [{"metric": {}, "value": value}])

        return app

    def _found(self, query: str, since: int, until: int) -> list[PushedLine] | Response:
        if self.away:
            return Response("at least 1 healthy replica required", 503)
        try:
            wanted = parse(query)
        except BadQuery as problem:
            return Response(f"parse error {problem}", 400)
        if wanted.rest:
            return Response("this Loki knows labels and line filters only", 400)
        return [
            line
            for line in self._between(since, until)
            if wanted.matches_labels(line.labels) and wanted.matches_line(line.text)
        ]

    def _between(self, since: int, until: int) -> Iterator[PushedLine]:
        with self._lock:
            lines = list(self._lines)
        return (line for line in lines if since <= line.at_ns <= until)


def _stream(line: PushedLine) -> dict[str, object]:
    return {"stream": dict(line.labels), "values": [[str(line.at_ns), line.text]]}


def _success(kind: str, result: list[dict[str, object]]) -> Response:
    data = {"resultType": kind, "result": result}
    return jsonify({"status": "success", "data": data})
