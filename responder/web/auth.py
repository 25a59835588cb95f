"""Who may ask: only this machine without credentials, operators with theirs."""

import logging
import math
from urllib.parse import urlsplit

from flask import Response, g, make_response, redirect, request, url_for
from flask_httpauth import HTTPBasicAuth
from werkzeug.datastructures import Headers

from responder.config.settings import Access, Secret, Server, is_loopback
from responder.web.clients import client_of, is_forwarding, is_trusted
from responder.web.logins import Caller, Logins
from responder.web.parts import Parts
from responder.web.sessions import Session, Sessions

_log = logging.getLogger("responder.operators")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def client_address(server: Server) -> str:
    """The address that the request comes from, of a trusted proxy its client's."""
    peer = request.remote_addr or ""
    return client_of(peer, request.headers, server.trusted_proxies)


def stranger(server: Server, remedy: str) -> str | None:
    """Why the request may come from beyond this machine, None if it does not.

    Behind a proxy or a tunnel every stranger arrives from 127.0.0.1, and a page in
    a browser here may ask in somebody else's name: so the headers must be innocent.
    """
    host = ""
    proxied = is_trusted(request.remote_addr or "", server.trusted_proxies)
    if proxied and not is_loopback(client_address(server)):
        return f"403: asked from beyond this machine, through a proxy. {remedy}"
    for name, value in request.headers:
        title = name.title()
        if is_forwarding(title) and not proxied:
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
        self._logins = Logins(parts.clock.monotonic, parts.operators)
        self.sessions = Sessions(parts.operators, parts.sessions)
        self._basic = HTTPBasicAuth(realm="Responder")
        self._basic.verify_password(self._checked)
        self._basic.error_handler(_unauthorized)

    def admit(self) -> Response | None:
        """None to go on, or the refusal. For `before_request`."""
        if not self._users:
            why = stranger(self._server, self.remedy)
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
        if shut := self._logins.shut_for(self._caller(user)):
            return shut
        return None if self._checked(user, password) is None else 0.0

    def session(self) -> Session | None:
        """The session that the request's cookie stands for, None if it is over."""
        cookie = request.cookies.get(self.cookie_name, "")
        return self.sessions.session_of(cookie, self._clock.now()) if cookie else None

    def device(self, user: str) -> str:
        """The number of the browser that asks, "" if it never logged in as `user`."""
        cookie = request.cookies.get(self.device_cookie_name, "")
        return self.sessions.device_of(cookie, user) if cookie else ""

    @property
    def demanded(self) -> bool:
        """Whether there are operators at all."""
        return bool(self._users)

    @property
    def cookie_name(self) -> str:
        return "__Host-responder" if self.over_https else "responder"

    @property
    def device_cookie_name(self) -> str:
        return f"{self.cookie_name}-device"

    @property
    def over_https(self) -> bool:
        """Whether browsers reach us by https, as far as we can know."""
        public = self._server.public_url or ""
        return public.startswith("https://") or request.is_secure

    def _recognised(self) -> bool:
        session = self.session()
        g.operator = session.user if session else None
        return session is not None

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
        if self._server.loopback and not stranger(self._server, self.remedy):
            return None
        return self.admit()

    def _demanded(self) -> Response | None:
        given = self._basic.get_auth()
        user = (given.username or "") if given else ""
        # Asking without a name is how every browser begins.
        if given and (shut := self._logins.shut_for(self._caller(user))):
            return _shut(shut)
        refused = self._basic.login_required(_nothing)()
        return refused if isinstance(refused, Response) else None

    def _caller(self, user: str) -> Caller:
        address = client_address(self._server)
        return Caller(user=user, address=address, device=self.device(user))

    def _checked(self, user: str, password: str) -> str | None:
        """The operator's name, None for any other name or password. It is counted."""
        if not user:
            return None
        caller = self._caller(user)
        closed = self._logins.name_closed(caller)
        # Compared also where the name is closed: the time it takes tells no names.
        if self._verified(user, password) and not closed:
            self._logins.succeeded(caller)
            return user
        self._logins.failed(caller, closed=closed)
        # An unknown name is often a password in the wrong field.
        known = user if user in self._users else ""
        facts = {"user": known, "address": caller.address, "closed": closed}
        _log.warning("login failed", extra=facts)
        return None

    def _verified(self, user: str | None, password: str | None) -> str | None:
        # An unknown user costs the same comparison as a wrong password.
        known = self._users.get(user or "")
        matches = (known or _NOBODY).matches(password or "")
        return user if known and matches else None


WRONG = (
    "wrong user name or password, or too many failed logins with this name lately: "
    "then wait a minute and try once."
)
"""The same for every name, so that nobody learns which ones there are."""
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
        return text(401, f"401: {WRONG}")
    return text(401, "401: these pages are for operators; give a name and password.")
