"""One GET of an address, and what can be told of it. Follows no redirect."""

import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from responder.deadline import Call, DirectSession, on_call

WITHIN = timedelta(seconds=8)
INSTANCE = "X-Responder-Instance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """An answer came. `seconds` is from the name's lookup to the headers."""

    status: int
    seconds: float
    instance: str = ""
    """Which process of Responder answered, "" if none did."""
    elsewhere: str = ""
    """Where a redirect leads."""
    expires: datetime | None = None
    """When the certificate ends, with https."""
    told_at: datetime | None = None
    """The time of day by the clock of who answered, to the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreached:
    """No answer came, and how far the request got."""

    why: str


Visit = Reached | Unreached


def visit(url: str, within: timedelta = WITHIN) -> Visit:
    """Ask once, over a connection of its own, without proxies. Never raises."""
    began = time.monotonic()
    call = Call(began + within.total_seconds())
    with on_call(call), DirectSession() as session:
        try:
            with session.get(
                url,
                headers={"User-Agent": "jwt-pizza-responder"},
                timeout=within.total_seconds() + 1,
                allow_redirects=False,
                stream=True,
            ) as answer:
                return Reached(
                    status=answer.status_code,
                    seconds=time.monotonic() - began,
                    instance=answer.headers.get(INSTANCE, "")[:40],
                    elsewhere=answer.headers.get("Location", "")[:200],
                    expires=_expires(answer),
                    told_at=_told_at(answer.headers.get("Date", "")),
                )
        except (requests.RequestException, HTTPError, OSError, ValueError):
            why = "no complete answer came" if call.sent else call.stage
    late = f" within {within.total_seconds():g} s" if call.expired else ""
    return Unreached(why=f"{why}{late}")


def _expires(answer: requests.Response) -> datetime | None:
    wire: Any = getattr(getattr(answer.raw, "connection", None), "sock", None)
    if not isinstance(wire, ssl.SSLSocket):
        return None
    ends = (wire.getpeercert() or {}).get("notAfter")
    if not isinstance(ends, str):
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC)


def _told_at(date: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(date)
    except ValueError:
        return None
    return at if at.tzinfo else None
