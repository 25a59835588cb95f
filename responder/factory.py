"""Send one report to the Pizza Factory and decipher its answer (rules 8, 9, 10).

`decipher` is pure; `PizzaFactory` sends. The report link reaches the wire and
nothing else: transport errors become `Answer`s in our own words, because the
library's texts hold the address.
"""

import contextlib
import json
import time
import unicodedata
import zlib
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import requests
from urllib3.exceptions import HTTPError

from responder.config.settings import FactorySettings
from responder.http import DirectSession, TimeBudget, on_call
from responder.incident.evidence import ReportLink
from responder.incident.method import UNKNOWN_METHOD, first_method, other_method
from responder.incident.names import Outcome
from responder.incident.ports import Answer
from responder.masking import Masker

MOST_READ = 64 * 1024
"""Bytes of an answer's body that are read; what lies beyond is left."""
LONGEST_MESSAGE = 200

_HEADERS = {
    "User-Agent": "jwt-pizza-responder",
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    # A kept connection may be dead when it is used again, and then nobody can say
    # whether the report arrived.
    "Connection": "close",
}
_MEANINGS = {
    (200, "Problem resolved. Pizza is back on the menu!"): Outcome.RESOLVED,
    (200, "No chaos currently executing"): Outcome.NOTHING_TO_RESOLVE,
    (400, "Problem unresolved"): Outcome.WRONG_CODE,
    # Until 2025-06-11 the report went to the autograder.
    (200, "Chaos resolved"): Outcome.RESOLVED,
    # Until 2025-06-18 the factory said this where it now says "No chaos ...".
    (400, "Unknown vendor"): Outcome.NOTHING_TO_RESOLVE,
}
_ROUTE_WORDS = frozenset({"api", "support", "report"})


def decipher(status: int, body: bytes) -> tuple[Outcome, str]:
    """What a complete answer meant, by status and body together, and its words.

    Answers of jwt-pizza-factory (March 2026) and, with the field `msg`, of its
    forerunners are known. A 2xx that is not listed is `unknown`, anything else
    `refused`. The words are on one line but not masked yet.

    Before 2025-06-18 a factory said "Problem resolved..." to a wrong code too: no
    answer can tell, so recovery is always proven from the logs.
    """
    words = _words(body)
    outcome = _MEANINGS.get((status, words))
    if outcome is None:
        outcome = Outcome.UNKNOWN if 200 <= status < 300 else Outcome.REFUSED
    return outcome, words or f"HTTP {status} without a message"


def _words(body: bytes) -> str:
    """The field `message` (or `msg`), else the body's own text, on one line."""
    text = body.decode("utf-8", "replace")
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return _one_line(text)
    if isinstance(answer, dict):
        for field in ("message", "msg"):
            if isinstance(answer.get(field), str):
                return _one_line(answer[field])
    return _one_line(text)


def _one_line(text: str) -> str:
    printable = (" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    return " ".join("".join(printable).split())


@dataclass(frozen=True, slots=True)
class _Reply:
    """A complete answer as it came over the wire."""

    status: int
    body: bytes


class PizzaFactory:
    """The factory over HTTP. Safe to use from several threads.

    A discovered link is called at `settings.url`, whatever host the log named; a
    fixed one at its own configured address. `settings.timeout` is the total of one
    report: names, connection, handshake, both methods, headers and bodies.
    """

    def __init__(self, settings: FactorySettings, masker: Masker) -> None:
        self._settings = settings
        self._masker = masker

    @property
    def name(self) -> str:
        return urlsplit(self._settings.url).hostname or ""

    def fixed_link(self) -> ReportLink | None:
        """The configured `factory.report_url`, None when links are discovered."""
        fixed = self._settings.report_url
        return ReportLink(fixed=fixed.reveal()) if fixed else None

    def report(self, link: ReportLink, late: float = 0.0, first: str = "") -> Answer:
        """Call the link once. Never raises; the link is in no text that comes out.

        `late` seconds of the timeout are gone already: the call ends so much sooner.
        `first` is the method to begin with, "" for the one of this kind of link.
        """
        began = time.monotonic()
        target = link.reveal()
        address = target if link.fixed else self._settings.url.rstrip("/") + target
        call = TimeBudget(began + self._settings.timeout.total_seconds() - late)
        method, reply = "", None
        with on_call(call):
            for method in self._methods(first or first_method(fixed=link.fixed)):
                reply = self._exchange(call, method, address)
                if reply is None or reply.status not in UNKNOWN_METHOD:
                    break
        if reply:
            outcome, message = decipher(reply.status, reply.body)
        else:
            outcome, message = self._failure(call)
        return Answer(
            outcome=outcome,
            method=method,
            status=reply.status if reply else None,
            message=self._fit(message, target),
            seconds=time.monotonic() - began,
        )

    def probe(self) -> str:
        """ "" if the factory answers a GET of its first page, else why not, masked.

        Any complete answer below 500 will do. It takes the timeout at most.
        """
        timeout = self._settings.timeout.total_seconds()
        call = TimeBudget(time.monotonic() + timeout)
        with on_call(call):
            address = self._settings.url.rstrip("/") + "/"
            reply = self._exchange(call, "GET", address)
        if reply:
            return f"HTTP {reply.status}" if reply.status >= 500 else ""
        why = "no complete answer came" if call.sent else call.stage
        late = f" within {timeout:g} s" if call.expired else ""
        return self._masker(f"{why}{late}")[:LONGEST_MESSAGE]

    def _methods(self, first: str) -> tuple[str, ...]:
        if self._settings.method != "auto":
            return (self._settings.method,)
        return first, other_method(first)

    def _exchange(self, call: TimeBudget, method: str, address: str) -> _Reply | None:
        """One request over a connection of its own; None without a complete answer."""
        call.begin()
        if not call.left():
            return None
        try:
            with (
                DirectSession() as session,
                session.request(
                    method,
                    address,
                    headers=_HEADERS,
                    # The call's deadline comes first; this only backs it.
                    timeout=call.left() + 1,
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                body = _body(response)
                # A connection that we cut looks like the end of an answer.
                if call.expired or not (body or _may_be_empty(response)):
                    return None
                return _Reply(response.status_code, body)
        except (requests.RequestException, HTTPError, OSError, ValueError):
            # Not raised on: the library's text holds the link. A chunk of negative
            # length comes as a bare ValueError out of http.client.
            return None

    def _failure(self, call: TimeBudget) -> tuple[Outcome, str]:
        limit = f"{self._settings.timeout.total_seconds():g} s"
        if call.sent:
            ended = f"within {limit}" if call.expired else "before the connection ended"
            return Outcome.UNKNOWN, f"The report was sent; no complete answer {ended}"
        if call.expired:
            return Outcome.UNREACHABLE, f"No connection to the factory within {limit}"
        return Outcome.UNREACHABLE, f"The factory cannot be reached: {call.stage}"

    def _fit(self, message: str, target: str) -> str:
        hidden = Masker(_telling(target))
        return self._masker(hidden(message))[:LONGEST_MESSAGE]


def _body(response: requests.Response) -> bytes:
    """At most `MOST_READ` bytes of the body, unpacked although we asked for none."""
    body = b""
    # A short read is no end: only the read after it tells that an answer is cut off.
    while len(body) < MOST_READ:
        part = response.raw.read(MOST_READ - len(body), decode_content=False)
        if not part:
            break
        body += part
    if response.headers.get("Content-Encoding", "").lower() not in ("gzip", "deflate"):
        return body
    with contextlib.suppress(zlib.error):
        return zlib.decompressobj(wbits=47).decompress(body, MOST_READ)
    return body


def _may_be_empty(response: requests.Response) -> bool:
    """Whether an answer without a body is whole, rather than cut off in its head."""
    told = {"Content-Length", "Transfer-Encoding"} & {
        name.title() for name in response.headers
    }
    return bool(told) or response.status_code in (204, *range(300, 400))


def _telling(target: str) -> list[str]:
    """The parts of a link that no text may repeat: token, code, address."""
    parts = urlsplit(target)
    words = [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query))]
    return [target, parts.path, *(w for w in words if w not in _ROUTE_WORDS)]
