"""Who may send a request: operators, machines, and from which address."""

import hashlib
import ipaddress
import logging
import math
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Response,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_httpauth import HTTPBasicAuth
from werkzeug.datastructures import Headers

from responder.config.settings import Access, Secret, Server, is_loopback
from responder.web.parts import Services
from responder.web.sessions import DEVICE_LASTS, LASTS, Session, Sessions

# Where a request comes from: the peer, or behind a trusted proxy the proxy's own.

UNKNOWN = "unknown"
"""The client is unknown: a trusted proxy names none, or two different ones."""
_SINGLE = frozenset({"Forwarded", "Via"})
_MOST_HOPS = 20
_LONGEST_FORWARDED = 2000
_PAIR = re.compile(
    r'[ \t]*(?:(?P<name>[\w!#$%&\'*+.^`|~-]+)=(?P<value>[^",; \t]*|"(?:[^"\\]|\\.)*"))?'
    r"[ \t]*(?P<end>[;,]|$)"
)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_forwarding(header: str) -> bool:
    """Whether a header says that a proxy is in between."""
    title = header.title()
    return title in _SINGLE or title.startswith("X-Forwarded-")


def is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    """Whether an address is one of the proxies that are believed."""
    found = _address(address)
    return found is not None and any(found in network for network in trusted)


def client_of(
    peer: str, headers: Iterable[tuple[str, str]], trusted: Sequence[Network]
) -> str:
    """The address that a request comes from, or `UNKNOWN`.

    Only a trusted proxy is believed, and of what it says the last hop that is no
    trusted proxy itself: whatever stands before that, the client may have written.
    """
    if not is_trusted(peer, trusted):
        return peer
    said = {name.title(): value for name, value in headers if is_forwarding(name)}
    if not said:
        return peer
    told = []
    if "Forwarded" in said:
        told.append(_forwarded(said["Forwarded"]))
    if "X-Forwarded-For" in said:
        told.append(said["X-Forwarded-For"].rsplit(",", _MOST_HOPS)[-_MOST_HOPS:])
    # A proxy that writes one of the two may pass on the other as the client wrote it.
    found = {_last_stranger(hops, trusted) for hops in told}
    return found.pop() if len(found) == 1 else UNKNOWN


def _last_stranger(hops: Sequence[str], trusted: Sequence[Network]) -> str:
    nearest = UNKNOWN
    for hop in reversed(hops):
        found = _address(hop)
        if found is None:
            return UNKNOWN
        nearest = str(found)
        if not is_trusted(nearest, trusted):
            break
    return nearest


def _forwarded(text: str) -> list[str]:
    """The `for` of each element, "" where it has none; nothing if it is malformed."""
    hops, current, at = [], "", 0
    while len(text) <= _LONGEST_FORWARDED and (found := _PAIR.match(text, at)):
        if (found["name"] or "").lower() == "for":
            current = re.sub(r"\\(.)", r"\1", found["value"].strip('"'))
        if found["end"] != ";":
            hops.append(current)
            current = ""
        if not found["end"]:
            return hops
        at = found.end()
    return []


def _address(text: str) -> _Address | None:
    """An address with or without its port, IPv6 in brackets or bare."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def network_of(address: str) -> str:
    """The address, of IPv6 the /64 that one customer commands as a whole."""
    found = _address(address)
    if isinstance(found, ipaddress.IPv6Address):
        return found.packed[:8].hex()
    return address if found is None else str(found)


# Throttle whoever guesses an operator's password, and nobody else.

FREE = 5
"""Failures of a client or a device that cost nothing: people mistype."""
FREE_BY_NAME = 50
"""Failures with an operator's name, from anywhere, until it is closed to newcomers."""
LONGEST = 60.0
"""Seconds that a client, device or name is shut at most."""
FORGOTTEN = 15 * 60.0
"""Seconds after the last failure that counting starts anew."""
MOST_CALLERS = 10_000
"""Clients that are remembered, and devices; beyond, who failed longest ago is not."""
MOST_KNOWN = 100
"""Networks of each operator that are remembered for having logged in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who tries: the name that is claimed, the address, and the device's own number.

    `device` is "" for a browser that has not logged in with this name before.
    """

    user: str
    address: str
    device: str = ""


@dataclass(slots=True)
class _Failures:
    """By name, so that one name's success clears nothing of another's."""

    latest: float
    by_name: dict[str, int] = field(default_factory=dict)

    def shut_for(self, free: int, now: float) -> float:
        count = sum(self.by_name.values())
        if count < free:
            return 0.0
        doubled = 2.0 ** min(count - free, 10)
        return max(self.latest + min(doubled, LONGEST) - now, 0.0)


class Logins:
    """Failed logins by client, by operator's name, and by device.

    From the sixth failure on, a client is shut for 1 s, doubling to 60 s. A name that
    failed 50 times is closed in the same steps to clients that never logged in with
    it. A device that has logged in before has a count of its own instead of both, so
    that nobody else can shut it out. Names that nobody has count against the client
    alone. Asking while shut prolongs nothing, and no thread sleeps. `monotonic` gives
    seconds. Safe to use from several threads.
    """

    def __init__(self, monotonic: Callable[[], float], users: Iterable[str]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._callers: OrderedDict[bytes, _Failures] = OrderedDict()
        self._names = {user: _Failures(0.0) for user in users}
        self._known: dict[str, OrderedDict[bytes, None]] = {
            user: OrderedDict() for user in self._names
        }
        # Nobody who reads our memory's shape can choose names that meet in it.
        self._salt = secrets.token_bytes(16)

    def __len__(self) -> int:
        return len(self._callers)

    def shut_for(self, caller: Caller) -> float:
        """Seconds until this client or device may try again, 0.0 if it may now."""
        with self._lock:
            failures = self._callers.get(self._key(caller))
            return failures.shut_for(FREE, self._monotonic()) if failures else 0.0

    def name_closed(self, caller: Caller) -> bool:
        """Whether the name is closed to this caller, whatever password it gives."""
        with self._lock:
            failures = self._names.get(caller.user)
            if failures is None or caller.device:
                return False
            if self._key(caller) in self._known[caller.user]:
                return False
            return failures.shut_for(FREE_BY_NAME, self._monotonic()) > 0

    def failed(self, caller: Caller, *, closed: bool = False) -> None:
        """The caller gave a wrong password; `closed`: or any, while the name was."""
        now, key = self._monotonic(), self._key(caller)
        known = caller.user if caller.user in self._names else ""
        with self._lock:
            failures = self._callers.pop(key, None)
            self._callers[key] = _counted(failures or _Failures(now), known, now)
            while len(self._callers) > MOST_CALLERS:
                self._callers.popitem(last=False)
            if known and not caller.device and not closed:
                _counted(self._names[known], known, now)

    def succeeded(self, caller: Caller) -> None:
        """The caller gave the right password: its failures with it are forgotten."""
        key = self._key(caller)
        with self._lock:
            if failures := self._callers.get(key):
                failures.by_name.pop(caller.user, None)
                if not failures.by_name:
                    del self._callers[key]
            known = self._known[caller.user]
            if not caller.device:
                known[key] = None
                known.move_to_end(key)
                while len(known) > MOST_KNOWN:
                    known.popitem(last=False)

    def _key(self, caller: Caller) -> bytes:
        who = (
            f"device\0{caller.device}" if caller.device else network_of(caller.address)
        )
        text = who.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, digest_size=16, key=self._salt).digest()


def _counted(failures: _Failures, name: str, now: float) -> _Failures:
    if now - failures.latest > FORGOTTEN:
        failures.by_name.clear()
    failures.by_name[name] = failures.by_name.get(name, 0) + 1
    failures.latest = now
    return failures


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

    def __init__(self, parts: Services) -> None:
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


# The login form and logout.

_LONGEST_CREDENTIAL = 1000
_WRONG = WRONG[0].upper() + WRONG[1:]
MOST_FORM_BYTES = 64 * 1024


def login(parts: Services, operators: Operators) -> Blueprint:
    """`/login`, `/logout` and `/logout/everywhere`."""
    blueprint = Blueprint("login", __name__)
    blueprint.before_request(short_form)

    @blueprint.get("/login")
    def form() -> Response:
        if not operators.demanded:
            return _to(url_for("pages.now"))
        return _form(request.args.get("next", ""))

    @blueprint.post("/login")
    def enter() -> Response:
        return _enter(parts, operators)

    @blueprint.post("/logout")
    def leave() -> Response:
        if session := operators.session():
            operators.sessions.end(session)
        return _left(operators)

    @blueprint.post("/logout/everywhere")
    def leave_everywhere() -> Response:
        if refusal := operators.admit_person():
            return refusal
        if operators.demanded:
            operators.sessions.end_all(operators.name())
        return _left(operators)

    return blueprint


def _left(operators: Operators) -> Response:
    response = _to(url_for("login.form"))
    response.delete_cookie(
        operators.cookie_name,
        secure=operators.over_https,
        httponly=True,
        samesite="Lax",
    )
    return response


def short_form() -> None:
    """No form of ours is longer: what is longer is refused with 413."""
    request.max_content_length = MOST_FORM_BYTES


def _enter(parts: Services, operators: Operators) -> Response:
    back, user = request.form.get("next", ""), request.form.get("user", "")
    password = request.form.get("password", "")
    if not operators.demanded or max(len(user), len(password)) > _LONGEST_CREDENTIAL:
        return _form(back, wrong=_WRONG, status=401)
    waits = operators.sign_in(user, password)
    if waits is None:
        return _form(back, user, _WRONG, 401)
    if waits:
        wait = math.ceil(waits)
        tries = f"Too many wrong passwords. Try again in {wait} s."
        shut = _form(back, user, tries, 429)
        shut.headers["Retry-After"] = str(wait)
        return shut
    response = _to(back if own_path(back) else url_for("pages.now"))
    sessions = operators.sessions
    device = sessions.device_cookie(user, operators.device(user))
    for name, value, lasts in (
        (operators.cookie_name, sessions.cookie(user, parts.clock.now()), LASTS),
        (operators.device_cookie_name, device, DEVICE_LASTS),
    ):
        response.set_cookie(
            name,
            value,
            max_age=lasts,
            secure=operators.over_https,
            httponly=True,
            samesite="Lax",
        )
    return response


def own_path(address: str) -> bool:
    """Whether it leads to a page of ours: browsers read `//x` and `/\\x` as a host."""
    return (
        address.startswith("/")
        and not address.startswith(("//", "/\\"))
        and address.isprintable()
    )


def _form(back: str, user: str = "", wrong: str = "", status: int = 200) -> Response:
    page = render_template("login.html", back=back, user=user, wrong=wrong)
    return make_response(page, status)


def _to(address: str) -> Response:
    return make_response(redirect(address, 303))
