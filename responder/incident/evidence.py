"""What was read from the logs. "Could not count" is its own type, never zero."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from responder.incident.link import FoundLink
from responder.incident.names import UnreadableReason


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
