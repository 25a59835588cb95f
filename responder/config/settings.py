"""The settings of one Responder, frozen, and the durations and sizes in them."""

import hashlib
import hmac
import ipaddress
import re
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from responder.config.problem import ConfigError
from responder.incident.names import Sender
from responder.incident.rule import Rule

# Durations and sizes as people write them: `30s`, `1h30m`, `500ms`, `16MiB`.

_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_PART = re.compile(r"([0-9]{1,9})(ms|[dhms])")
_SIZE = re.compile(r"([0-9]{1,12})\s*(B|KiB|MiB|GiB)?")
_SIZES = {None: 1, "B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_LONGEST = timedelta(days=365)
_WRITE = "write it as 30s, 5m, 1h30m, 500ms or 2d"


def duration(text: object) -> timedelta:
    """A duration from its text, zero to a year. Raises `Refused`."""
    if isinstance(text, timedelta):
        return text
    if not isinstance(text, str):
        raise ConfigError("is not a duration", _WRITE)
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        raise ConfigError("is a number without a unit", _WRITE)
    parts = _PART.findall(text)
    units = [unit for _, unit in parts]
    whole = "".join(number + unit for number, unit in parts)
    if (
        not parts
        or whole != text
        or units != sorted(set(units), key=list(_UNITS).index)
    ):
        raise ConfigError("is not a duration", _WRITE)
    try:
        total = sum((int(n) * _UNITS[unit] for n, unit in parts), timedelta())
    except OverflowError:
        total = _LONGEST * 2
    if total > _LONGEST:
        raise ConfigError("is longer than a year", _WRITE)
    return total


def days(length: timedelta) -> timedelta:
    """The same, if it is a day at least. Raises `Refused`.

    Senders repeat an alert for hours: what is forgotten sooner would seem new.
    """
    if length < timedelta(days=1):
        raise ConfigError("is shorter than a day", "write 1d or more")
    return length


def size(text: object) -> int:
    """A number of bytes from `1048576` or `16MiB`, at least one. Raises `Refused`."""
    if isinstance(text, int):
        return text
    found = _SIZE.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ConfigError("is not a size", "write bytes as 1048576 or 16MiB")
    total = int(found[1]) * _SIZES[found[2]]
    if not 0 < total <= 1024**3:
        raise ConfigError("is not between one byte and 1GiB", "write it as 16MiB")
    return total


def said(length: timedelta) -> str:
    """A duration as it would be written: `1h30m`, `35s`, `500ms`."""
    text = ""
    for unit, one in _UNITS.items():
        number, length = divmod(length, one)
        text += f"{number}{unit}" if number else ""
    return text or "0s"


# The address of the storage: which ones are understood, and what in it is secret.

POSTGRES = ("postgresql+psycopg://", "postgresql://", "postgres://")
EXTRA = 'install it: pip install "jwt-pizza-responder[postgres]"'
# As it stands in a document: a reference may hide anything, also a whole address.
_MAY_HIDE = re.compile(r"^\$\{|://[^/?#@]*:[^/?#]*@|[?&](?:ssl)?password=")


def storage_url(text: object) -> object:
    """A SQLAlchemy address of SQLite or PostgreSQL; None, a secret unset here, is
    told as such elsewhere and no reason to stop a check."""
    if text is None:
        return "sqlite:///responder.db"
    if not isinstance(text, str):
        return text
    remedy = "write sqlite:///responder.db or postgresql+psycopg://user@host/database"
    try:
        usable = text.startswith(POSTGRES) and urlsplit(text).port != 0
    except ValueError:
        usable = False
        remedy += ", with / ? # @ : in a password written as %2F %3F %23 %40 %3A"
    if not usable and not text.startswith("sqlite:///"):
        raise ConfigError("is not a storage that can be used", remedy)
    return text


def passwords_in(url: str) -> tuple[str, ...]:
    """Every form in which a password of the address could be printed."""
    try:
        parts = urlsplit(url)
        found = [parts.password or ""]
    except ValueError:
        return ()
    told = parse_qsl(parts.query)
    found += [value for key, value in told if key in ("password", "sslpassword")]
    return tuple(dict.fromkeys(p for f in found for p in (f, unquote(f)) if p))


def may_hide_password(written: str) -> bool:
    """Whether an address as written in a document may come to hold a password."""
    return _MAY_HIDE.search(written) is not None


def lacks_driver(url: str) -> bool:
    """Whether the address needs the extra `postgres`, which is not installed."""
    return url.startswith(POSTGRES) and find_spec("psycopg") is None


class Secret:
    """A configured secret. It shows only `***`; `reveal` gives the value."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def matches(self, given: str) -> bool:
        """Whether `given` is this secret, compared in constant time."""
        ours = self._value.encode("utf-8", "surrogatepass")
        theirs = given.encode("utf-8", "surrogatepass")
        return hmac.compare_digest(ours, theirs)

    def derive(self, salt: bytes) -> bytes:
        """A key drawn from this secret, slow on purpose: guessing costs as much."""
        value = self._value.encode("utf-8", "surrogatepass")
        return hashlib.scrypt(value, salt=salt, n=2**14, r=8, p=1, dklen=32)

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


def is_loopback(host: str) -> bool:
    """Whether only this machine answers to the name: `127.example.com` is no such."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Access(StrEnum):
    """Who may ask what machines ask: metrics, health."""

    OPERATORS = "operators"
    """As the pages; on a service that only this machine reaches, its own programs."""
    BEARER = "bearer"
    """Whoever shows `server.bearer`."""
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str | None = None
    trusted_proxies: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    """Who is believed when it says from where a request came."""
    max_body: int = 16 * 1024 * 1024
    metrics_auth: Access = Access.OPERATORS
    health_auth: Access = Access.OPEN
    bearer: Secret | None = None
    """What scrapers and probes show where `bearer` is asked of them."""
    start_paused: bool = False
    """Pause at every start, until somebody resumes."""
    grace: timedelta = timedelta(seconds=10)
    """From SIGTERM to the end, at the longest."""

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach us: then no credentials are demanded."""
        return self.public_url is None and is_loopback(self.host)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hmac:
    """Grafana's signature. Several secrets allow rotation."""

    secrets: tuple[Secret, ...]
    header: str = "X-Grafana-Alerting-Signature"
    timestamp_header: str | None = None
    max_skew: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Basic:
    username: str
    password: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """One way for senders to prove who they are; all parts given must hold."""

    name: str
    senders: frozenset[Sender]
    hmac: Hmac | None = None
    bearer: Secret | None = None
    basic: Basic | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LokiLogs:
    url: str
    username: str | None = None
    password: Secret | None = None
    bearer: Secret | None = None
    tenant: str | None = None
    timeout: timedelta = timedelta(seconds=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorySettings:
    url: str = "https://pizza-factory.cs329.click"
    api_key: Secret | None = None
    report_url: Secret | None = None
    method: str = "auto"
    """`auto` (POST, then GET where POST is unknown), `POST` or `GET`."""
    timeout: timedelta = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrafanaSettings:
    """Whom `doctor` and `connect` ask: Grafana's own API."""

    url: str
    token: Secret | None = None
    """Of a service account."""
    annotations: bool = False
    """Whether incidents are annotated there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IrmSettings:
    """Where alert groups are noted and acknowledged; `url` ends in `/api/v1`."""

    url: str
    token: Secret | None = None


class NoticeForm(StrEnum):
    """How a notice is written."""

    ALERTMANAGER = "alertmanager"
    TEXT = "text"
    DISCORD = "discord"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifySettings:
    """Where people are told by a webhook; its whole address is a secret."""

    webhook_url: Secret
    form: NoticeForm = NoticeForm.ALERTMANAGER
    bearer: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    server: Server = field(default_factory=Server)
    storage_url: str = field(default="sqlite:///responder.db", repr=False)
    """It may hold a password."""
    accept_within: timedelta = timedelta(milliseconds=800)
    """How long a webhook waits for the database before it goes to the spool."""
    spool: str | None = None
    """The folder of the spool; None: beside the database's file, else `responder.spool`
    in the working directory."""
    spool_max: int = 64 * 1024 * 1024
    """Bytes that may wait in the spool."""
    keep: timedelta = timedelta(days=90)
    """How long what is over is remembered."""
    webhook_auth: tuple[Credential, ...] = ()
    operators: dict[str, Secret] = field(default_factory=dict)
    logs: LokiLogs | None = None
    """Without it nothing can be served, only replayed."""
    factory: FactorySettings = field(default_factory=FactorySettings)
    grafana: GrafanaSettings | None = None
    irm: IrmSettings | None = None
    notify: NotifySettings | None = None
    max_reports_per_hour: int = 6
    heartbeat_within: timedelta = timedelta(minutes=15)
    """How long Grafana's heartbeat, once heard, may stay away unnoticed."""
    rules: tuple[Rule, ...] = ()
    sha: str = ""
    """First 12 hex digits of the document's SHA-256, as written, nothing expanded."""

    def storage_file(self) -> Path | None:
        """The database's file; None where a server keeps it."""
        file = self.storage_url.removeprefix("sqlite:///")
        return Path(file) if file and file != self.storage_url else None

    def spool_folder(self) -> Path:
        """Where deliveries wait while the database is away."""
        if self.spool:
            return Path(self.spool)
        file = self.storage_file()
        return Path(f"{file}.spool" if file else "responder.spool")

    def secrets(self) -> tuple[str, ...]:
        """Every configured secret's text, for masking."""
        found = [s for c in self.webhook_auth if c.hmac for s in c.hmac.secrets]
        for credential in self.webhook_auth:
            found += [credential.bearer] if credential.bearer else []
            found += [credential.basic.password] if credential.basic else []
        found += self.operators.values()
        found += [self.server.bearer] if self.server.bearer else []
        if self.logs:
            found += [s for s in (self.logs.password, self.logs.bearer) if s]
        factory = self.factory
        found += [s for s in (factory.api_key, factory.report_url) if s]
        for api in (self.grafana, self.irm):
            found += [api.token] if api and api.token else []
        if self.notify:
            found += [s for s in (self.notify.webhook_url, self.notify.bearer) if s]
        told = [secret.reveal() for secret in found]
        return (*told, *passwords_in(self.storage_url))
