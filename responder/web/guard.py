"""Who may ask: only this machine without credentials, operators with theirs."""

import logging
import math
from collections.abc import Iterable
from urllib.parse import urlsplit

from flask import Response, g, make_response, redirect, request, url_for
from flask_httpauth import HTTPBasicAuth
from werkzeug.datastructures import Headers

from responder.config.settings import Access, Secret, Server, is_loopback
from responder.web.logins import Logins
from responder.web.parts import Parts
from responder.web.sessions import Sessions

_log = logging.getLogger("responder.operators")
_PROXIED = ("Forwarded", "Via")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


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
        if title == "Origin" and not is_loopback(urlsplit_host(value)):
            return f"403: asked from another site's page. {remedy}"
        if title == "Host":
            host = urlsplit_host(f"//{value}")
    if not is_loopback(host):
        return f"403: the Host is no name of this machine, ask 127.0.0.1. {remedy}"
    return None


def urlsplit_host(address: str) -> str:
    """The host of an address without its port, "" if there is none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def cross_site(method: str, headers: Headers, public_url: str | None) -> str | None:
    """Why a browser must not be believed to act for the operator, None if it may.

    A browser sends an operator's password along with whatever another site's page
    makes it ask. Programs send neither of the two headers. Looking is not acting:
    what a page of another site cannot read it may ask for.
    """
    if method in _SAFE:
        return None
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        allowed = site in ("same-origin", "none")
    else:
        origin = headers.get("Origin")
        ours = {f"{scheme}://{headers.get('Host')}" for scheme in ("http", "https")}
        allowed = origin is None or origin in {*ours, _origin(public_url)}
    return None if allowed else "403: asked from another site's page; use our own."


def _origin(url: str | None) -> str:
    parts = urlsplit(url or "")
    return f"{parts.scheme}://{parts.netloc}"


def text(status: int, words: str) -> Response:
    """A plain answer of one line."""
    return Response(f"{words}\n", status, content_type="text/plain; charset=utf-8")


class Operators:
    """Lets operators in: HTTP Basic, several named users."""

    remedy = "Configure `operator_auth` to open the pages to other machines."

    def __init__(self, parts: Parts) -> None:
        self._users = parts.operators
        self._server = parts.server
        self._clock = parts.clock
        self._logins = Logins(parts.clock.monotonic)
        self.sessions = Sessions(parts.operators)
        self._basic = HTTPBasicAuth(realm="Responder")
        self._basic.verify_password(self._verified)
        self._basic.error_handler(_unauthorized)

    def admit(self) -> Response | None:
        """None to go on, or the refusal. For `before_request`."""
        if not self._users:
            why = stranger(request.headers, self.remedy)
            return text(403, why) if why else None
        return None if self._recognised() else self._demanded()

    def admit_person(self) -> Response | None:
        """As `admit`, but a browser is led to the form instead of a password box."""
        browser = "text/html" in request.headers.get("Accept", "")
        if not self._users or "Authorization" in request.headers:
            return self.admit()
        if self._recognised():
            return None
        if request.headers.get("HX-Request") == "true":
            # Without a challenge: the script leads to the form, no box pops up.
            return text(401, "401: log in again.")
        if not browser:
            return self.admit()
        whither = request.full_path if request.query_string else request.path
        back = whither if request.method == "GET" else "/"
        return make_response(redirect(url_for("login.form", next=back), 303))

    def sign_in(self, user: str, password: str) -> float | None:
        """0.0 if these are an operator's, None if not, else seconds to wait."""
        address = request.remote_addr or ""
        if shut := self._logins.shut_for(user, address):
            return shut
        if self._verified(user, password) is None:
            self._failed(user, address)
            return None
        self._logins.succeeded(user, address)
        return 0.0

    @property
    def demanded(self) -> bool:
        """Whether there are operators at all."""
        return bool(self._users)

    @property
    def cookie_name(self) -> str:
        return "__Host-responder" if self.over_https else "responder"

    @property
    def over_https(self) -> bool:
        """Whether browsers reach us by https, as far as we can know."""
        public = self._server.public_url or ""
        return public.startswith("https://") or request.is_secure

    def _recognised(self) -> bool:
        cookie = request.cookies.get(self.cookie_name, "")
        user = self.sessions.user_of(cookie, self._clock.now()) if cookie else None
        g.operator = user
        return user is not None

    def known(self) -> str:
        """The name of who logged in by the form, "" otherwise. For pages."""
        return g.get("operator") or ""

    def name(self) -> str:
        """Who asks, once admitted: the operator's name."""
        return g.get("operator") or self._basic.current_user() or NAMELESS

    def admit_machine(self, access: Access) -> Response | None:
        """As `admit`, for what `server.metrics_auth` and its like say."""
        if access is Access.OPEN:
            return None
        if access is Access.BEARER:
            return _token_demanded(self._server)
        if self._server.loopback and not stranger(request.headers, self.remedy):
            return None
        return self.admit()

    def _demanded(self) -> Response | None:
        given = self._basic.get_auth()
        user = (given.username or "") if given else ""
        address = request.remote_addr or ""
        # Asking without a name is how every browser begins.
        shut = self._logins.shut_for(user, address) if given else 0.0
        if shut:
            return _shut(shut)
        refused = self._basic.login_required(_nothing)()
        if not isinstance(refused, Response):
            self._logins.succeeded(user, address)
            return None
        if given:
            self._failed(user, address)
        return refused

    def _failed(self, user: str, address: str) -> None:
        self._logins.failed(user, address)
        # An unknown name is often a password in the wrong field.
        known = user if user in self._users else ""
        _log.warning("login failed", extra={"user": known, "address": address})

    def _verified(self, user: str | None, password: str | None) -> str | None:
        # An unknown user costs the same comparison as a wrong password.
        known = self._users.get(user or "")
        matches = (known or _NOBODY).matches(password or "")
        return user if known and matches else None


NAMELESS = "someone on this machine"
"""Without `operator_auth` nobody has a name, and only this machine is served."""
_NOBODY = Secret("nobody has this password")


def shows(token: Secret) -> bool:
    """Whether the request carries this token as `Authorization: Bearer`."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return token.matches(given.strip()) and scheme.lower() == "bearer"


def _token_demanded(server: Server) -> Response | None:
    if server.bearer and shows(server.bearer):
        return None
    refusal = text(401, "401: send `Authorization: Bearer` and server.bearer's token.")
    refusal.headers["WWW-Authenticate"] = 'Bearer realm="machines"'
    return refusal


def _shut(seconds: float) -> Response:
    wait = math.ceil(seconds)
    refusal = text(429, f"429: too many wrong passwords; try again in {wait} s.")
    refusal.headers["Retry-After"] = str(wait)
    return refusal


def _nothing() -> None:
    return None


def _unauthorized() -> Response:
    given = request.authorization
    if given and given.type == "basic":
        return text(401, "401: this name and password are no operator's.")
    return text(401, "401: these pages are for operators; give a name and password.")
