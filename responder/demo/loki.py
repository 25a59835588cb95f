"""A small Loki on a real socket, for `responder demo` and the tests.

It keeps what is pushed in memory and answers in Loki's own form: range queries of
lines, counts over time as instant queries, labels, `format_query`, `index/stats` and
`/ready`. It evaluates label matchers and line filters; a query that needs more is
answered 400, never wrongly.
https://grafana.com/docs/loki/latest/reference/loki-http-api/
"""

import gzip
import itertools
import json
import re
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from responder.demo.factory import Handler, Listener, SimulatedAnswer
from responder.logs.query import BadQuery, LogQuery, parse_logql

API = "/loki/api/v1/"
MOST_LINES = 100_000
"""Pushed lines that are kept; the oldest go first."""
MOST_ENTRIES = 5000
"""Lines of one answer at most: `max_entries_limit_per_query`."""
LONGEST_LINE = 256 * 1024
_SECOND = 10**9
OLDEST, NEWEST = 7 * 24 * 3600 * _SECOND, 600 * _SECOND
"""How much older or newer than now a pushed line may be."""

_UNITS = {
    "ms": 10**6,
    "s": _SECOND,
    "m": 60 * _SECOND,
    "h": 3600 * _SECOND,
    "d": 86_400 * _SECOND,
}
_RANGE = r"count_over_time\s*\((?P<query>.*)\[(?P<span>\d+)(?P<unit>ms|s|m|h|d)\]\s*\)"
_COUNT = re.compile(
    rf"(?:{_RANGE}|(?P<sum>sum\s*\(\s*{_RANGE.replace('?P<', '?P<s_')}\s*\)))"
    r"(?P<zero>\s*or\s+vector\(0\))?",
    re.DOTALL,
)
_NO_LOG_QUERY = (
    "log queries are not supported as an instant query type, please change your query "
    "to a range query type"
)
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Line = tuple[int, str, str]
"""Nanoseconds since 1970, labels as JSON with sorted keys, text."""


class BadRequest(Exception):
    """A request that Loki answers with 4xx and these words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Count:
    """`[sum(]count_over_time(query[span])[)] [or vector(0)]`, span in nanoseconds."""

    query: str
    span: int
    summed: bool
    zero: bool


class SimulatedLoki:
    """A Loki at `url` while its `with` block lasts.

    `now_ns` is its clock, by which it refuses pushed lines that are more than a week
    old or ten minutes ahead; with None it takes lines of any time.
    """

    def __init__(
        self,
        *,
        listen: str = "127.0.0.1",
        port: int = 0,
        now_ns: Callable[[], int] | None = time.time_ns,
        handler: type[Handler] = Handler,
    ) -> None:
        self._now_ns = now_ns
        # In the order in which they came; the same line of one stream is one line.
        self._lines: dict[Line, None] = {}
        self._lock = threading.Lock()
        self.server = Listener(
            listen, port, self.answer, handler=handler, keep_alive=True
        )

    def __enter__(self) -> Self:
        serve = self.server.serve_forever
        threading.Thread(target=serve, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        """What `logs.url` names."""
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def push_url(self) -> str:
        """Where loggers push to."""
        return f"{self.url}{API}push"

    def add(self, at_ns: int, text: str, **labels: str) -> None:
        """Keep one line without HTTP, of any time."""
        with self._lock:
            self._lines[at_ns, json.dumps(labels, sort_keys=True), text] = None

    def forget(self) -> None:
        """Drop every line."""
        with self._lock:
            self._lines.clear()

    def count(self, query: str, since: int, until: int) -> int:
        """How many lines with `since` <= time < `until` a log query takes.

        Raises `Refused` or `BadQuery` for one that cannot be evaluated here.
        """
        return sum(1 for _ in self._matching(_log_query(query), since, until))

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> SimulatedAnswer:
        """What a request is answered."""
        parts = urlsplit(path)
        try:
            if (method, parts.path) == ("POST", f"{API}push"):
                self._push(body, headers)
                return SimulatedAnswer(204)
            asked = dict(parse_qsl(parts.query))
            if method == "POST":
                asked |= dict(parse_qsl(body.decode("utf-8", "replace")))
            return self._asked(parts.path, asked)
        except BadQuery as problem:
            at = f"line 1, col {problem.position}"
            return SimulatedAnswer.text(
                400, f"parse error at {at}: syntax error: {problem}"
            )
        except (BadRequest, ValueError, OverflowError) as problem:
            return SimulatedAnswer.text(400, str(problem))

    def _asked(self, path: str, asked: Mapping[str, str]) -> SimulatedAnswer:
        label = re.fullmatch(rf"{API}label/(\w+)/values", path)
        if label:
            return _success(self._values(label[1]))
        match path.removeprefix(API):
            case "query_range":
                return self._range(asked)
            case "query":
                return self._instant(asked)
            case "labels":
                return _success(
                    sorted({n for labels in self._streams() for n in labels})
                )
            case "format_query":
                return _formatted(asked.get("query", ""))
            case "index/stats":
                return self._stats(asked)
            case "/ready":
                return SimulatedAnswer.text(200, "ready\n")
        return SimulatedAnswer.text(404, "404 page not found\n")

    def _range(self, asked: Mapping[str, str]) -> SimulatedAnswer:
        query, limit = (
            _log_query(asked.get("query", "")),
            int(asked.get("limit", "100")),
        )
        if limit <= 0:
            raise BadRequest("limit must be a positive value")
        if limit > MOST_ENTRIES:
            beyond = f"limit > max_entries_limit_per_query ({limit} > {MOST_ENTRIES})"
            raise BadRequest(f"max entries limit per query exceeded, {beyond}")
        backward = asked.get("direction", "backward").lower() != "forward"
        found = sorted(self._matching(query, *self._between(asked)), reverse=backward)
        streams: dict[str, list[list[str]]] = {}
        for at_ns, labels, text in found[:limit]:
            streams.setdefault(labels, []).append([str(at_ns), text])
        return _result(
            "streams",
            [{"stream": json.loads(s), "values": v} for s, v in streams.items()],
        )

    def _instant(self, asked: Mapping[str, str]) -> SimulatedAnswer:
        count = _count(asked.get("query", ""))
        at = _moment(asked.get("time"), self._now())
        # A range selector covers (time - span, time].
        found = self._matching(parse_logql(count.query), at - count.span + 1, at + 1)
        counts: dict[str, int] = {}
        for _, labels, _ in found:
            stream = "{}" if count.summed else labels
            counts[stream] = counts.get(stream, 0) + 1
        if count.zero and not counts:
            counts["{}"] = 0
        value = at / _SECOND
        return _result(
            "vector",
            [
                {"metric": json.loads(stream), "value": [value, str(number)]}
                for stream, number in sorted(counts.items())
            ],
        )

    def _stats(self, asked: Mapping[str, str]) -> SimulatedAnswer:
        query = _log_query(asked.get("query", ""))
        found = [*self._matching(query, *self._between(asked))]
        streams = len({labels for _, labels, _ in found})
        size = sum(len(text.encode("utf-8", "replace")) for *_, text in found)
        stats = {"streams": streams, "chunks": streams, "bytes": size}
        return SimulatedAnswer.document(200, {**stats, "entries": len(found)})

    def _values(self, label: str) -> list[str]:
        streams = self._streams()
        return sorted({labels[label] for labels in streams if label in labels})

    def _streams(self) -> list[dict[str, str]]:
        with self._lock:
            return [json.loads(s) for s in {labels for _, labels, _ in self._lines}]

    def _matching(self, query: LogQuery, since: int, until: int) -> Iterable[Line]:
        """The lines with `since` <= time < `until` that the query takes."""
        with self._lock:
            lines = list(self._lines)
        streams: dict[str, bool] = {}
        for at_ns, labels, text in lines:
            if not since <= at_ns < until:
                continue
            if labels not in streams:
                streams[labels] = query.matches_labels(json.loads(labels))
            if streams[labels] and query.matches_line(text):
                yield at_ns, labels, text

    def _now(self) -> int:
        return self._now_ns() if self._now_ns else time.time_ns()

    def _between(self, asked: Mapping[str, str]) -> tuple[int, int]:
        until = _moment(asked.get("end"), self._now())
        since = _moment(asked.get("start"), until - 3600 * _SECOND)
        if since >= until:
            raise BadRequest("end timestamp must not be before or equal to start time")
        return since, until

    def _push(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Keep every line of a push, or none."""
        lines = [*_pushed(_document(body, headers))]
        if self._now_ns:
            now = self._now_ns()
            for at_ns, _, _ in lines:
                if at_ns < now - OLDEST:
                    raise BadRequest(f"entry for stream has timestamp too old: {at_ns}")
                if at_ns > now + NEWEST:
                    raise BadRequest(f"entry for stream has timestamp too new: {at_ns}")
        with self._lock:
            self._lines |= dict.fromkeys(lines)
            too_many = max(0, len(self._lines) - MOST_LINES)
            for line in [*itertools.islice(self._lines, too_many)]:
                del self._lines[line]


def _success(data: object) -> SimulatedAnswer:
    return SimulatedAnswer.document(200, {"status": "success", "data": data})


def _result(kind: str, result: list[dict[str, Any]]) -> SimulatedAnswer:
    return _success({"resultType": kind, "result": result, "stats": {}})


def _formatted(query: str) -> SimulatedAnswer:
    """Loki's judgement of a query; unlike its others, this refusal is JSON."""
    try:
        try:
            parse_logql(_count(query).query)
        except BadRequest:
            parse_logql(query)
    except BadQuery as problem:
        wrong = f"parse error at line 1, col {problem.position}: {problem}"
        return SimulatedAnswer.document(
            400, {"status": "invalid-query", "error": wrong}
        )
    return _success(query.strip())


def _log_query(text: str) -> LogQuery:
    query = parse_logql(text)
    if query.rest:
        raise BadRequest(
            f"this Loki evaluates no stages, only line filters: {query.rest}"
        )
    return query


def _count(text: str) -> _Count:
    found = _COUNT.fullmatch(text.strip())
    if found is None:
        only = "this Loki evaluates [sum(]count_over_time(...)[)] [or vector(0)] only"
        raise BadRequest(_NO_LOG_QUERY if text.strip().startswith("{") else only)
    summed = found["sum"] is not None
    of = "s_" if summed else ""
    query = found[f"{of}query"]
    _log_query(query)
    span = int(found[f"{of}span"]) * _UNITS[found[f"{of}unit"]]
    return _Count(query=query, span=span, summed=summed, zero=bool(found["zero"]))


def _moment(written: str | None, otherwise: int) -> int:
    """Nanoseconds, read as Loki reads a time: see its trap of 13 digits."""
    if not written:
        return otherwise
    if re.fullmatch(r"\d+\.\d+", written):
        return int(float(written) * _SECOND)
    if written.isdigit():
        return int(written) * (_SECOND if len(written) <= 10 else 1)
    at = datetime.fromisoformat(written)
    return int(at.replace(tzinfo=at.tzinfo or UTC).timestamp() * 10**6) * 1000


def _document(body: bytes, headers: Mapping[str, str]) -> Any:
    given = {name.lower(): value for name, value in headers.items()}
    if "json" not in given.get("content-type", ""):
        raise BadRequest("this Loki takes pushes as application/json only")
    try:
        if given.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        return json.loads(body)
    except (ValueError, OSError, EOFError, zlib.error, RecursionError) as error:
        raise BadRequest(f"the push cannot be read: {type(error).__name__}") from None


def _pushed(document: Any) -> Iterable[Line]:
    try:
        for stream in document["streams"]:
            # An empty label is an absent one, as everywhere in Loki.
            labels = {name: value for name, value in stream["stream"].items() if value}
            if not labels:
                raise BadRequest("error at least one label pair is required per stream")
            if not all(map(_LABEL.fullmatch, labels)):
                raise BadRequest("error parsing labels: a name has other characters")
            written = json.dumps(labels, sort_keys=True)
            for at, text, *_metadata in stream["values"]:
                yield _nanoseconds(at), written, _text(text)
    except (KeyError, TypeError, AttributeError):
        raise BadRequest("streams[].stream and streams[].values are needed") from None


def _nanoseconds(written: object) -> int:
    if not isinstance(written, str) or not re.fullmatch(r"\d{1,19}", written):
        raise BadRequest("a timestamp is nanoseconds since 1970, as text")
    return int(written)


def _text(line: object) -> str:
    if not isinstance(line, str):
        raise BadRequest("a line is text")
    if len(line) > LONGEST_LINE:
        raise BadRequest(f"Max entry size '{LONGEST_LINE}' bytes exceeded")
    return line
