"""What was read from the logs, and the report link, which is a credential."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from responder.incident.names import UnreadableReason

# The report link.
#
# The path of a report link holds the vendor's API key. `ReportLink` keeps it out of
# `str`, `repr`, pickles, comparisons and exceptions; only the factory client asks for
# it, by `reveal`.


class ReportLink:
    """One way to report a fault: named by four digits of its digest.

    Discovered links are built from `token` and `code`; a fixed one from the
    configured address. `digest` is the SHA-256 of the whole path (or address), in
    hex; `name` is safe to show.
    """

    __slots__ = ("_fixed", "_target", "_token", "digest", "name")

    def __init__(self, *, token: str = "", code: str = "", fixed: str = "") -> None:
        self._fixed = bool(fixed)
        self._token = token
        self._target = fixed or f"/api/support/{token}/report/{code}"
        self.digest = hashlib.sha256(_bytes_of(self._target)).hexdigest()
        self.name = f"link {self.digest[:4]}"

    @property
    def fixed(self) -> bool:
        """Whether this is the configured `factory.report_url`: never spent."""
        return self._fixed

    def reveal(self) -> str:
        """The path, or a fixed link's whole address. For the factory client only."""
        return self._target

    def has_token(self, api_key: str) -> bool:
        """Whether the link carries this vendor key, compared in constant time."""
        return hmac.compare_digest(_bytes_of(self._token), _bytes_of(api_key))

    def __repr__(self) -> str:
        return self.name

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReportLink) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a report link is a credential and is never serialised")


def _bytes_of(text: str) -> bytes:
    # An error of encoding would carry the whole text.
    return text.encode("utf-8", "surrogatepass")


class LinkPlace(StrEnum):
    """Where in a line a link was found (rule 8)."""

    RESPONSE = "response"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FoundLink:
    """A usable link in a line: the factory's host, the right token, not planted."""

    link: ReportLink
    place: LinkPlace


def to_ns(at: datetime) -> int:
    """An aware time as Loki's integer nanoseconds, exact to the microsecond."""
    return ((at - _EPOCH) // timedelta(microseconds=1)) * 1000


def from_ns(ns: int) -> datetime:
    """Loki's integer nanoseconds as an aware UTC time."""
    return _EPOCH + timedelta(microseconds=ns // 1000)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One log line without its text: when, a digest of the text, and its links.

    (`at_ns`, `digest`) tells distinct lines apart. `links` holds only usable links:
    the factory's host, the configured token, and not from a request field. `foreign`
    says that it holds links of the factory, but all with another token.
    """

    at_ns: int
    digest: str
    links: tuple[FoundLink, ...] = ()
    foreign: bool = False
    to_customer: bool = False
    """Whether its links stand in the service's own answer to an order."""

    @property
    def at(self) -> datetime:
        return from_ns(self.at_ns)

    @property
    def key(self) -> str:
        return f"{self.at_ns}-{self.digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One log query for lines with `since` <= time < `until`."""

    name: str
    query: str
    since: datetime
    until: datetime
    count_beyond: int = 0
    """Ask for an exact count too if more lines than the source's limit may matter."""
    links: bool = False
    """Look for lines with a link among the older ones too if the limit cut them off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Lines that a query matched, newest first.

    `at_least` says that the source's limit was reached, so that more may exist;
    `total` is the source's own count where one was asked for. `linked` are older
    lines with a link, where the question wants links and none of `lines` has one.
    """

    name: str
    lines: tuple[LogLine, ...]
    since: datetime
    until: datetime
    at_least: bool = False
    total: int | None = None
    linked: tuple[LogLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A query that could not be counted. `detail` is masked and fit for a page."""

    name: str
    reason: UnreadableReason
    detail: str = ""


Evidence = Counted | Unreadable
