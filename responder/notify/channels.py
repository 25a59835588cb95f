"""Requests to those who are told, several within one deadline; what answers mean."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from responder.deadline import Call, DirectSession, on_call
from responder.incident.outbox import Heard
from responder.incident.told import Reception

TIMEOUT = 4.0
"""Seconds for one telling, with whatever is looked for before."""
MOST_READ = 256 * 1024
_LONGEST = 200
_SOONEST, _LATEST, _USUAL = 1.0, 3600.0, 30.0
_HEADERS = {
    "User-Agent": "jwt-pizza-responder",
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "Connection": "close",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A complete answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300

    def document(self) -> Any:
        """The body's JSON, None if it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def identity(self) -> str:
        """The `id` of what was made, "" where none is told."""
        document = self.document()
        found = document.get("id") if isinstance(document, dict) else None
        return str(found) if isinstance(found, int | str) else ""


class Exchange:
    """Requests one after the other, until one deadline.

    No redirects, no proxies or .netrc of the environment, no cookies kept.
    """

    def __init__(self, call: Call, headers: Mapping[str, str | bytes]) -> None:
        self.call = call
        self._headers = headers

    def ask(
        self,
        method: str,
        url: str,
        *,
        document: object = None,
        body: bytes | None = None,
        parameters: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply | None:
        """One request; None without a complete answer. Never raises."""
        self.call.begin()
        if not self.call.left():
            return None
        data = body if document is None else json.dumps(document).encode()
        kind = {} if document is None else {"Content-Type": "application/json"}
        try:
            with (
                DirectSession() as session,
                session.request(
                    method,
                    url,
                    params=parameters,  # type: ignore[arg-type]
                    data=data,
                    headers={**_HEADERS, **kind, **(headers or {}), **self._headers},
                    # The deadline comes first; this only backs it.
                    timeout=self.call.left() + 1,
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                found = _body(response)
                if self.call.expired:
                    return None
                known = {k.lower(): v for k, v in response.headers.items()}
                return Reply(status=response.status_code, headers=known, body=found)
        except (requests.RequestException, HTTPError, OSError, ValueError):
            # Not raised on: the library's text holds the address.
            return None


@contextlib.contextmanager
def exchange(
    headers: Mapping[str, str | bytes], timeout: float = TIMEOUT
) -> Iterator[Exchange]:
    """Requests within `timeout` seconds from now, all together."""
    call = Call(time.monotonic() + timeout)
    with on_call(call):
        yield Exchange(call, headers)


def failure(
    reply: Reply | None, made: Exchange, mask: Callable[[str], str], timeout: float
) -> Heard:
    """What an answer means that is no success, or no answer at all."""
    if reply is None:
        return Heard(reception=Reception.FAILED, detail=_silence(made.call, timeout))
    said = mask(_words(reply))[:_LONGEST]
    detail = f"HTTP {reply.status}" + (f": {said}" if said else "")
    if reply.status == 429:
        return Heard(
            reception=Reception.LIMITED, detail=detail, after=_again_after(reply)
        )
    if reply.status >= 500:
        return Heard(reception=Reception.FAILED, detail=detail)
    return Heard(reception=Reception.REFUSED, detail=detail)


def _body(response: requests.Response) -> bytes:
    body = b""
    # A short read is no end.
    while len(body) < MOST_READ:
        part = response.raw.read(MOST_READ - len(body), decode_content=False)
        if not part:
            break
        body += part
    return body


def _silence(call: Call, timeout: float) -> str:
    if call.expired:
        return f"no complete answer within {timeout:g} s"
    if call.sent:
        return "no complete answer before the connection ended"
    return f"it cannot be reached: {call.stage}"


def _words(reply: Reply) -> str:
    """The field `message` (Grafana) or `detail` (IRM), on one line."""
    document = reply.document()
    if not isinstance(document, dict):
        return ""
    found = document.get("message") or document.get("detail") or ""
    words = " ".join(str(found).split())
    return "".join(c for c in words if c.isprintable())


def _again_after(reply: Reply) -> timedelta:
    """`Retry-After` or IRM's `RateLimit-Reset`, in seconds, within an hour."""
    for name in ("retry-after", "ratelimit-reset"):
        with contextlib.suppress(ValueError):
            seconds = float(reply.headers.get(name, ""))
            if seconds >= 0:
                bound = max(_SOONEST, min(seconds, _LATEST))
                return timedelta(seconds=bound)
    return timedelta(seconds=_USUAL)
