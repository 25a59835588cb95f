"""Who may ask: only this machine without credentials, operators with theirs."""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from flask import Response, request
from flask_httpauth import HTTPBasicAuth

from responder.config.settings import Secret
from responder.web.parts import Parts

_PROXIED = ("Forwarded", "Via")


def stranger(headers: Iterable[tuple[str, str]], remedy: str) -> str | None:
    """Why a request may come from beyond this machine, None if it does not.

    Behind a proxy or a tunnel every stranger arrives from 127.0.0.1, and a page in
    a browser here may ask in somebody else's name: so the headers must be innocent.
    """
    host = ""
    for name, value in headers:
        title = name.title()
        if title in _PROXIED or title.startswith("X-Forwarded-"):
            return f"403: the header {title} says that a proxy is in between. {remedy}"
        if title == "Origin" and not loopback(urlsplit_host(value)):
            return f"403: asked from another site's page. {remedy}"
        if title == "Host":
            host = urlsplit_host(f"//{value}")
    if not loopback(host):
        return f"403: the Host is no name of this machine, ask 127.0.0.1. {remedy}"
    return None


def urlsplit_host(address: str) -> str:
    """The host of an address without its port, "" if there is none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def loopback(host: str) -> bool:
    """Whether a host name means this machine: localhost, ::1 or 127.0.0.0/8."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def text(status: int, words: str) -> Response:
    """A plain answer of one line."""
    return Response(f"{words}\n", status, content_type="text/plain; charset=utf-8")


class Operators:
    """Lets operators in: HTTP Basic, several named users."""

    remedy = "Configure `operator_auth` to open the pages to other machines."

    def __init__(self, parts: Parts) -> None:
        self._users = parts.operators
        self._loopback = parts.server.loopback
        self._basic = HTTPBasicAuth(realm="Responder")
        self._basic.verify_password(self._verified)
        self._basic.error_handler(_unauthorized)

    def admit(self) -> Response | None:
        """None to go on, or the refusal. For `before_request`."""
        if not self._users:
            why = stranger(request.headers, self.remedy)
            return text(403, why) if why else None
        return self._demanded()

    def admit_scraper(self) -> Response | None:
        """As `admit`, but this machine's own scraper needs no password."""
        if self._loopback and not stranger(request.headers, self.remedy):
            return None
        return self.admit()

    def _demanded(self) -> Response | None:
        refused = self._basic.login_required(_nothing)()
        return refused if isinstance(refused, Response) else None

    def _verified(self, user: str, password: str) -> str | None:
        # An unknown user costs the same comparison as a wrong password.
        known = self._users.get(user)
        matches = (known or _NOBODY).matches(password)
        return user if known and matches else None


_NOBODY = Secret("nobody has this password")


def _nothing() -> None:
    return None


def _unauthorized() -> Response:
    return text(401, "401: these pages are for operators; give a name and password.")
