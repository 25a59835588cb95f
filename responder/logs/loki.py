"""Loki as a log source: range queries under one deadline, and what its answers mean."""

import base64
import http.client
import io
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, ProtocolError

from responder.config.settings import LokiLogs
from responder.http import StraightSession, read_beyond
from responder.incident.evidence import Counted, Evidence, Question, Unreadable, to_ns
from responder.incident.names import UnreadableReason
from responder.logs.lines import LineReader
from responder.masking import MASK, Masker

# What an answer of Loki means: entries, a count, or why neither. Pure.
#
# https://grafana.com/docs/loki/latest/reference/loki-http-api/

Mask = Callable[[str], str]
Entry = tuple[int, str]
"""Nanoseconds since 1970, and the line's text."""

LONGEST_DETAIL = 300
# 2262 is the last year whose nanoseconds fit in 64 bits, as Loki's do.
_NANOSECONDS = re.compile(r"[0-9]{1,19}")
# Prometheus writes large values with an exponent.
_MOST_COUNTED = 2**31 - 1
_COUNT = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})?(?:e\+?[0-9]{1,2})?")
_LINKS_ONLY = Masker()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryFailed:
    """Why nothing could be counted, and what to do; masked, at most 300 characters."""

    reason: UnreadableReason
    detail: str


def decipher(
    status: int, headers: Mapping[str, str], body: bytes, mask: Mask = _LINKS_ONLY
) -> tuple[Entry, ...] | QueryFailed:
    """The entries of a range query's answer, newest first across its streams."""
    result = _result(status, headers, body, mask, expected="streams")
    if isinstance(result, QueryFailed):
        return result
    try:
        entries = [entry for stream in result for entry in _entries(stream)]
    except (TypeError, ValueError, LookupError):
        return _not_loki("the streams of the answer have an unknown shape")
    return tuple(sorted(entries, key=lambda entry: entry[0], reverse=True))


def decipher_count(
    status: int, headers: Mapping[str, str], body: bytes, mask: Mask = _LINKS_ONLY
) -> int | QueryFailed:
    """The number of an instant query's answer; no sample at all is zero."""
    result = _result(status, headers, body, mask, expected="vector")
    if isinstance(result, QueryFailed):
        return result
    try:
        return sum(_sample(sample) for sample in result)
    except (TypeError, ValueError, LookupError):
        return _not_loki("the count in the answer has an unknown shape")


def _sample(sample: Any) -> int:
    _, written = _list(sample["value"])
    if not (isinstance(written, str) and _COUNT.fullmatch(written)):
        raise ValueError("a count is a text of digits")
    count = int(float(written))
    if count > _MOST_COUNTED:
        raise ValueError("no shop logs so much in a window")
    return count


def _entries(stream: Any) -> list[Entry]:
    entries = []
    for value in _list(stream["values"]):
        at, text = _list(value)[:2]
        told = isinstance(at, str) and _NANOSECONDS.fullmatch(at)
        if not (told and isinstance(text, str)):
            raise ValueError("an entry is a text of nanoseconds and a line")
        entries.append((int(at), text))
    return entries


def _list(value: Any) -> list[Any]:
    # A text or an object can be taken apart too, and would pass for a list.
    if not isinstance(value, list):
        raise TypeError("a list is needed")
    return value


def _result(
    status: int, headers: Mapping[str, str], body: bytes, mask: Mask, *, expected: str
) -> list[Any] | QueryFailed:
    if status != 200:
        return _refusal(status, headers, body, mask)
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return _not_loki("the answer is no JSON")
    if not isinstance(document, dict) or document.get("status") != "success":
        return _not_loki("the answer does not say success")
    if document.get("warnings"):
        said = _masked(_warnings(document["warnings"]), mask)
        return _because(
            UnreadableReason.PARTIAL,
            f"Loki warns that the answer may be incomplete; it said: {said}",
        )
    data = document.get("data")
    kind = data.get("resultType") if isinstance(data, dict) else None
    if kind in ("matrix", "vector", "scalar") and expected == "streams":
        return _because(
            UnreadableReason.BAD_QUERY,
            "the query yields numbers, not lines; give the log query alone, "
            'like {component="name"} |= "text"',
        )
    result = data.get("result") if isinstance(data, dict) else None
    if kind != expected or not isinstance(result, list):
        return _not_loki(f"the answer holds no {expected}")
    return result


def _warnings(said: Any) -> str:
    texts = said if isinstance(said, list) else [said]
    return "; ".join(text for text in texts if isinstance(text, str)) or "nothing else"


_TOO_MUCH = re.compile(
    r"max entries limit|time range exceeds|maximum number of series|too many|"
    r"message larger|query too large|would read too many bytes",
    re.IGNORECASE,
)

_REMEDIES: Mapping[int, tuple[UnreadableReason, str]] = {
    401: (
        UnreadableReason.UNAUTHORIZED,
        "Loki takes the credentials of logs for wrong (401); it needs a token with "
        "the scope logs:read (a push token cannot query)",
    ),
    403: (
        UnreadableReason.UNAUTHORIZED,
        "the token of logs may not query (403): it lacks the scope logs:read "
        "(a push token cannot query)",
    ),
    404: (
        UnreadableReason.NOT_LOKI,
        "nothing answers queries at logs.url (404); give Loki's base URL, the push "
        "URL without /loki/api/v1/push",
    ),
    408: (UnreadableReason.TIMEOUT, "Loki gave up waiting (408)"),
    413: (
        UnreadableReason.TOO_MUCH,
        "the answer would be too large for Loki (413); narrow the query",
    ),
    429: (
        UnreadableReason.OVERLOADED,
        "Loki is overloaded or the query limit is used up (429); it is asked again",
    ),
    504: (
        UnreadableReason.TIMEOUT,
        "the query ran too long for Loki (504); narrow the query or its window",
    ),
}


def _refusal(
    status: int, headers: Mapping[str, str], body: bytes, mask: Mask
) -> QueryFailed:
    said = _said(headers, body)
    shown = f"; it said: {_masked(said, mask)}" if said else ""
    if status in (400, 401, 403) and "no org id" in said:
        return _because(
            UnreadableReason.UNAUTHORIZED,
            f"Loki keeps several tenants ({status}): set logs.tenant{shown}",
        )
    if status in _REMEDIES:
        reason, remedy = _REMEDIES[status]
        return _because(reason, remedy + shown)
    if 300 <= status < 400:
        return _not_loki(f"the answer is a redirect ({status}), which is not followed")
    if status >= 500:
        return _because(
            UnreadableReason.SERVER_ERROR,
            f"Loki is in trouble ({status}); it is asked again{shown}",
        )
    if status in (400, 422):
        return _bad_request(status, said, shown)
    return _not_loki(f"the answer has status {status}{shown}")


def _bad_request(status: int, said: str, shown: str) -> QueryFailed:
    if _TOO_MUCH.search(said):
        return _because(
            UnreadableReason.TOO_MUCH,
            f"the query asks for too much ({status}); narrow it or its window{shown}",
        )
    return _because(
        UnreadableReason.BAD_QUERY,
        f"Loki does not accept the query ({status}){shown}",
    )


def _said(headers: Mapping[str, str], body: bytes) -> str:
    """The words of an error body: Loki's plain text, or a gateway's JSON. No HTML."""
    text = body[:4096].decode("utf-8", "replace").strip()
    kind = next((v for k, v in headers.items() if k.lower() == "content-type"), "")
    if "html" in kind.lower() or text.startswith("<"):
        return "(a web page)"
    if text.startswith("{"):
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return text
        words = [document.get(key) for key in ("message", "error", "msg")]
        return next((word for word in words if isinstance(word, str)), text)
    return text


def _masked(text: str, mask: Mask) -> str:
    """Masked before it is cut; without a trace of the query's own report path."""
    masked = re.sub(r"/(?:api/support|report)/", MASK, mask(text))
    # What no store takes and what moves a terminal's cursor goes with the spaces.
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+", " ", masked)


def _not_loki(problem: str) -> QueryFailed:
    return _because(
        UnreadableReason.NOT_LOKI,
        f"{problem}; is logs.url Loki's base URL?",
    )


def _because(reason: UnreadableReason, detail: str) -> QueryFailed:
    return QueryFailed(reason=reason, detail=detail[:LONGEST_DETAIL])


# HTTP under one deadline: connecting, waiting, headers and body together.
#
# The timeout of requests is for each read, so that a server which trickles a byte a
# second could hold a question for minutes.

_this_thread = threading.local()


def set_deadline(at: float) -> None:
    """Requests that this thread makes from now on end by `at`, in monotonic seconds."""
    _this_thread.deadline = at


def seconds_left() -> float:
    """What is left of this thread's deadline; raise TimeoutError when nothing is."""
    left: float = _this_thread.deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    return left


class DeadlineAdapter(HTTPAdapter):
    """Keeps `pool` connections alive and lets no answer outlast the deadline."""

    def __init__(self, pool: int) -> None:
        super().__init__(pool_connections=1, pool_maxsize=pool)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _PlainPool,
            "https": _TlsPool,
        }


class _TimedReader(io.RawIOBase):
    """The bytes of a socket, each wait for them no longer than what is left."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(seconds_left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_TimedReader(sock))


class _PlainConnection(HTTPConnection):
    response_class = _TimedResponse


class _TlsConnection(HTTPSConnection):
    response_class = _TimedResponse


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


# Address, credentials and connections of the Loki client.

AT_ONCE = 8
"""Questions asked at the same time, each on a connection of its own."""


def base_url(url: str) -> str:
    """Loki's base of a pasted address: without API path, credentials and query."""
    parts = urlsplit(url.strip())
    path = re.sub(r"/loki/api(?:/.*)?$|/+$", "", parts.path)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, path.rstrip("/"), "", ""))


def session(settings: LokiLogs) -> requests.Session:
    """Connections that carry the configured credentials and nothing else."""
    opened = StraightSession()
    opened.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        opened.mount(scheme, DeadlineAdapter(AT_ONCE))
    opened.headers["User-Agent"] = "jwt-pizza-responder"
    opened.headers["Accept"] = "application/json"
    credentials = authorization(settings)
    if credentials:
        # As bytes, because a header's text must be Latin-1 and a secret need not.
        opened.headers["Authorization"] = credentials.encode()
    if settings.tenant:
        opened.headers["X-Scope-OrgID"] = settings.tenant
    return opened


def authorization(settings: LokiLogs) -> str:
    """The header that these credentials make, "" without any."""
    if settings.bearer:
        return f"Bearer {settings.bearer.reveal().strip()}"
    user, password = _basic(settings)
    if not user and not password:
        return ""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _basic(settings: LokiLogs) -> tuple[str, str]:
    """User and password as configured, else those within the address."""
    if settings.password or settings.username:
        password = settings.password.reveal().strip() if settings.password else ""
        return settings.username or "", password
    parts = urlsplit(settings.url.strip())
    return unquote(parts.username or ""), unquote(parts.password or "")


def secrets(settings: LokiLogs) -> list[str]:
    """Every text that must be masked in what Loki or a library says."""
    bearer = settings.bearer.reveal().strip() if settings.bearer else ""
    sent = authorization(settings).partition(" ")[2]
    # Of `id:token` and of a base64 the secret half alone is a secret too.
    return [bearer, bearer.partition(":")[2], _basic(settings)[1], sent]


# One question to Loki over HTTP, held to one deadline. Never raises.

_LARGEST_ANSWER = 64 * 1024 * 1024

Reply = tuple[int, dict[str, str], bytes]
"""Status, headers and body of an answer."""


class LokiHttp:
    """Connections to one Loki; several threads may ask. `timeout` bounds each question.

    The constructor raises ValueError for an address that is none (`http://[`).
    """

    def __init__(self, settings: LokiLogs) -> None:
        self._base = base_url(settings.url)
        self._timeout = settings.timeout.total_seconds()
        self.mask = Masker(secrets(settings))
        self._session = session(settings)

    def close(self) -> None:
        self._session.close()

    def ask(self, path: str, parameters: dict[str, str]) -> Reply | QueryFailed:
        """The answer of `/loki/api/v1/<path>`, or why none came."""
        set_deadline(time.monotonic() + self._timeout)
        try:
            try:
                return self._get(path, parameters)
            except requests.ConnectionError as error:
                # A kept-alive connection that Loki just closed: queries may be
                # repeated, so ask once more within the same deadline.
                if not _broken_off(error):
                    raise
                return self._get(path, parameters)
        except _TooLarge:
            return QueryFailed(
                reason=UnreadableReason.TOO_MUCH,
                detail="the answer is larger than 64 MiB; narrow the query",
            )
        except (OSError, HTTPError, ValueError) as error:
            # Their texts hold the address, the query and the headers.
            return self._unanswered(error)

    def _get(self, path: str, parameters: dict[str, str]) -> Reply:
        response = self._session.get(
            f"{self._base}/loki/api/v1/{path}",
            params=parameters,
            timeout=seconds_left(),
            allow_redirects=False,
            stream=True,
        )
        with response:
            body = read_beyond(response, _LARGEST_ANSWER)
        if len(body) > _LARGEST_ANSWER:
            raise _TooLarge
        return response.status_code, dict(response.headers), body

    def _unanswered(self, error: Exception) -> QueryFailed:
        if _timed_out(error):
            return QueryFailed(
                reason=UnreadableReason.TIMEOUT,
                detail=f"Loki gave no complete answer within {self._timeout:g} s; "
                "is it overloaded, or logs.timeout too short?",
            )
        host = urlsplit(self._base).netloc or "the host of logs.url"
        why = "TLS failed" if isinstance(error, requests.exceptions.SSLError) else ""
        return QueryFailed(
            reason=UnreadableReason.UNREACHABLE,
            detail=self.mask(
                f"Loki cannot be reached at {host} ({why or type(error).__name__}); "
                "is logs.url right and Loki running?"
            )[:300],
        )


class _TooLarge(Exception):
    """The answer does not fit."""


def _broken_off(error: requests.ConnectionError) -> bool:
    return bool(error.args) and isinstance(error.args[0], ProtocolError)


def _timed_out(error: Exception) -> bool:
    if isinstance(error, (TimeoutError, requests.Timeout)):
        return True
    try:
        seconds_left()
    except TimeoutError:
        return True
    return False


LINKED = '|= "/support"'
"""What every line with a report link contains, slashes escaped (`\\/`) or not."""
LIMIT = 1000
"""Lines of one answer; exactly that many mean "at least"."""

_Found = tuple[Entry, ...] | int | QueryFailed


class LokiLogSource:
    """A LogSource that asks Loki. `settings.timeout` bounds each question as a whole.

    One object serves several threads. `close` gives up its connections and threads.
    The constructor raises ValueError for an address that is none (`http://[`).
    """

    def __init__(self, settings: LokiLogs, reader: LineReader) -> None:
        self._http = LokiHttp(settings)
        self._reader = reader
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="loki")

    def close(self) -> None:
        self._threads.shutdown()
        self._http.close()

    def read(self, questions: Sequence[Question]) -> tuple[Evidence, ...]:
        """One answer for each question, in order, asked together. Never raises."""
        asked = [question for question in questions if question.since < question.until]
        exact = [question for question in asked if question.count_beyond > LIMIT]
        found = self._together(
            [partial(self._lines, question) for question in asked]
            + [partial(self._total, question) for question in exact]
        )
        lines = dict(zip(map(id, asked), found, strict=False))
        totals = dict(zip(map(id, exact), found[len(asked) :], strict=True))
        answers = [
            self._evidence(question, lines.get(id(question), ()), totals)
            for question in questions
        ]
        return self._with_links(questions, answers)

    def _with_links(
        self, questions: Sequence[Question], answers: Sequence[Evidence]
    ) -> tuple[Evidence, ...]:
        """The same answers; where the limit may hide links, with those lines too."""
        hiding = [
            (question, answer)
            for question, answer in zip(questions, answers, strict=True)
            if question.links and isinstance(answer, Counted) and _may_hide(answer)
        ]
        asking = [
            partial(self._lines, replace(q, query=f"{q.query}\n{LINKED}"))
            for q, _ in hiding
        ]
        found = self._together(asking) if asking else []
        revealed = {
            id(answer): self._revealed(question, answer, entries)
            for (question, answer), entries in zip(hiding, found, strict=True)
        }
        return tuple(revealed.get(id(answer), answer) for answer in answers)

    def _revealed(self, question: Question, answer: Counted, found: _Found) -> Evidence:
        further = self._evidence(question, found, {})
        if isinstance(further, Unreadable):
            return further
        linked = tuple(line for line in further.lines if line.links or line.foreign)
        return replace(answer, linked=linked)

    def _together(self, asking: Sequence[Callable[[], _Found]]) -> list[_Found]:
        if len(asking) == 1:
            return [asking[0]()]
        return list(self._threads.map(lambda ask: ask(), asking))

    def _evidence(
        self, question: Question, found: _Found, totals: dict[int, _Found]
    ) -> Evidence:
        total = totals.get(id(question))
        for answer in (found, total):
            if isinstance(answer, QueryFailed):
                return Unreadable(
                    name=question.name, reason=answer.reason, detail=answer.detail
                )
        entries = found if isinstance(found, tuple) else ()
        # What lies outside the range must never count, whatever a proxy answers.
        since, until = to_ns(question.since), to_ns(question.until)
        return Counted(
            name=question.name,
            lines=tuple(
                self._reader.read(at_ns, text)
                for at_ns, text in entries
                if since <= at_ns < until
            ),
            since=question.since,
            until=question.until,
            at_least=len(entries) >= LIMIT,
            total=total if isinstance(total, int) else None,
        )

    def _lines(self, question: Question) -> tuple[Entry, ...] | QueryFailed:
        asked = {
            "query": question.query,
            "start": str(to_ns(question.since)),
            "end": str(to_ns(question.until)),
            "limit": str(LIMIT),
            "direction": "backward",
        }
        answer = self._http.ask("query_range", asked)
        return (
            answer
            if isinstance(answer, QueryFailed)
            else decipher(*answer, self._http.mask)
        )

    def _total(self, question: Question) -> int | QueryFailed:
        span = _duration(question.until - question.since)
        # The line break ends a comment in the query. The range of an instant query
        # is (time - range, time]: one nanosecond makes it [since, until).
        asked = {
            "query": f"sum(count_over_time({question.query}\n[{span}])) or vector(0)",
            "time": str(to_ns(question.until) - 1),
        }
        answer = self._http.ask("query", asked)
        if isinstance(answer, QueryFailed):
            return answer
        return decipher_count(*answer, self._http.mask)


def _may_hide(answer: Counted) -> bool:
    """Whether older lines than these may hold the link that none of these has."""
    return answer.at_least and not any(line.links for line in answer.lines)


def _duration(span: timedelta) -> str:
    """A LogQL duration, never longer than the span: the floor must hold."""
    milliseconds = span // timedelta(milliseconds=1)
    seconds, rest = divmod(milliseconds, 1000)
    return f"{milliseconds}ms" if rest else f"{seconds}s"
