"""Would an outage be seen, reported and proved? Seven facts, each with its fix."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from responder.incident.phrases import count_of, span
from responder.incident.rule import Rule
from responder.incident.service import Uptime

WINDOW = timedelta(minutes=10)


class Aspect(StrEnum):
    """What must be so for an outage to be answered."""

    ALERT_PATH = "alert_path"
    LOGS = "logs"
    TRAFFIC = "traffic"
    FACTORY = "factory"
    STORAGE = "storage"
    PEOPLE = "people"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One aspect. `at` is when it was last known; `mend` says what to do, "" if ok."""

    aspect: Aspect
    ok: bool
    words: str
    at: datetime | None = None
    mend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCount:
    """Lines of the last ten minutes. Not counted: `why` says why, `count` is None."""

    count: int | None = None
    at_least: bool = False
    newest: datetime | None = None
    """The newest line, also one from before those ten minutes."""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactoryVisit:
    """The factory's first page. `why`: it did not answer. `difference`: ours - its."""

    at: datetime
    why: str = ""
    expires: datetime | None = None
    secure: bool = False
    difference: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What the last round of questions learned."""

    at: datetime
    lines: LineCount
    orders: Mapping[str, LineCount] = field(default_factory=dict)
    """Good orders by rule, of the rules with a `traffic` query."""
    factory: FactoryVisit
    writable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LastContact:
    """The last delivery, heartbeat and signed time, as stored."""

    at: datetime | None = None
    sender: str = ""
    difference: float | None = None
    signed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessFacts:
    """Everything that readiness is judged by."""

    at: datetime
    heard: LastContact
    silence: str = ""
    """The heartbeat that stays away, in words; "" while it does not."""
    probed: Probed
    memory: Uptime
    people: Sequence[str] = ()
    """Who would be told, and how: operators, IRM, notify."""
    rules: Sequence[Rule] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """The facts, in the order of an incident's way."""

    at: datetime
    facts: tuple[Fact, ...]

    @property
    def ready(self) -> bool:
        return all(fact.ok for fact in self.facts)

    @property
    def missing(self) -> Fact | None:
        """The first that is not so."""
        return next((fact for fact in self.facts if not fact.ok), None)

    def fact(self, aspect: Aspect) -> Fact:
        return next(fact for fact in self.facts if fact.aspect is aspect)


# The seven facts of readiness, each with its fix. Pure.

HEARD_WITHIN = timedelta(hours=24)
"""A test notification of the evening is good for the day after."""
STALE_AFTER = timedelta(minutes=3)
MOST_DIFFERENCE = 30.0
"""Seconds that our clock may differ from others': lines are counted by time."""
_SOON = timedelta(days=7)


def judge(known: ReadinessFacts) -> Readiness:
    """Each aspect, good or not, with its fix."""
    return Readiness(at=known.at, facts=tuple(_facts(known)))


def _facts(known: ReadinessFacts) -> Iterator[Fact]:
    yield _alert_path(known)
    yield _logs(known)
    yield _traffic(known)
    yield _factory(known)
    yield _storage(known)
    yield _people(known)
    yield _clock(known)


def _ok(aspect: Aspect, words: str, at: datetime | None = None) -> Fact:
    return Fact(aspect=aspect, ok=True, words=words, at=at)


def _not(aspect: Aspect, words: str, mend: str, at: datetime | None = None) -> Fact:
    return Fact(aspect=aspect, ok=False, words=words, at=at, mend=mend)


def _alert_path(known: ReadinessFacts) -> Fact:
    aspect, heard = Aspect.ALERT_PATH, known.heard
    test = "send a test notification from Grafana's contact point, or set watch"
    if known.rules and all(rule.watch for rule in known.rules):
        return _ok(aspect, "every rule watches the logs itself", known.probed.at)
    if known.silence:
        words = "Grafana's heartbeat stays away"
        mend = "look in Grafana at the rule ResponderHeartbeat and its contact point"
        return _not(aspect, words, mend, heard.at)
    if heard.at is None:
        return _not(aspect, "no alert was ever heard", test)
    if known.at - heard.at > HEARD_WITHIN:
        length = span(known.at - heard.at)
        return _not(aspect, f"nothing was heard for {length}", test, heard.at)
    return _ok(aspect, f"heard from {heard.sender}", heard.at)


def _logs(known: ReadinessFacts) -> Fact:
    aspect, lines, at = Aspect.LOGS, known.probed.lines, known.probed.at
    if known.at - at > STALE_AFTER:
        return _not(aspect, "nobody read the logs", "restart Responder", at)
    if lines.count is None:
        mend = "mend logs in the configuration; responder doctor says more"
        return _not(aspect, f"the logs cannot be read: {lines.why}", mend, at)
    if not lines.count:
        mend = (
            "does the service push its lines to this log source, under the labels "
            "that the checks name?"
        )
        return _not(aspect, "no line came in 10 min", mend, at)
    return _ok(aspect, f"{_many(lines, 'line')} in 10 min", at)


def _many(reading: LineCount, noun: str) -> str:
    least = "at least " if reading.at_least else ""
    return f"{least}{count_of(reading.count or 0, noun)}"


def _traffic(known: ReadinessFacts) -> Fact:
    aspect, at = Aspect.TRAFFIC, known.probed.at
    if not known.probed.orders:
        mend = "give each rule a traffic query for good orders"
        return _not(aspect, "no rule knows what a good order looks like", mend)
    worst = min(known.probed.orders.values(), key=lambda r: r.count or 0)
    blind = next((r for r in known.probed.orders.values() if r.count is None), None)
    if blind:
        mend = "mend logs or the traffic query; responder doctor says more"
        return _not(aspect, f"orders cannot be counted: {blind.why}", mend, at)
    if not worst.count:
        length = span(known.at - worst.newest) if worst.newest else "6 h or more"
        mend = "place an order, or start the traffic that orders for you"
        return _not(aspect, f"no order seen for {length}", mend, worst.newest)
    return _ok(aspect, f"{_many(worst, 'order')} in 10 min", at)


def _factory(known: ReadinessFacts) -> Fact:
    aspect, factory = Aspect.FACTORY, known.probed.factory
    if factory.why:
        mend = "let this machine reach factory.url; no report can be sent without it"
        words = f"the factory cannot be reached: {factory.why}"
        return _not(aspect, words, mend, factory.at)
    if factory.expires and factory.expires - known.at < _SOON:
        words = f"the factory's certificate ends on {factory.expires:%Y-%m-%d}"
        mend = "tell the people of the factory to renew it"
        return _not(aspect, words, mend, factory.at)
    words = "answers, certificate verified" if factory.secure else "answers, in clear"
    return _ok(aspect, words, factory.at)


def _storage(known: ReadinessFacts) -> Fact:
    aspect, memory = Aspect.STORAGE, known.memory
    if not known.probed.writable:
        mend = "make room on its disk, or start the database"
        return _not(aspect, "the storage takes nothing", mend, known.probed.at)
    if memory.forgets:
        mend = "put storage.url on a local disk that stays, or use PostgreSQL"
        words = f"the record may be lost: it is on {memory.forgets}"
        return _not(aspect, words, mend, memory.since)
    since = f" since {memory.since:%Y-%m-%d %H:%M} UTC" if memory.since else ""
    return _ok(aspect, f"durable, a record{since}", known.probed.at)


def _people(known: ReadinessFacts) -> Fact:
    if not known.people:
        words = "nobody is known who would be told"
        mend = "configure operator_auth, irm or notify"
        return _not(Aspect.PEOPLE, words, mend)
    return _ok(Aspect.PEOPLE, ", ".join(known.people))


def _clock(known: ReadinessFacts) -> Fact:
    aspect, heard, factory = Aspect.CLOCK, known.heard, known.probed.factory
    told, at, whose = factory.difference, factory.at, "the factory's"
    later = heard.signed_at and (told is None or heard.signed_at > at)
    if heard.difference is not None and heard.signed_at and later:
        told, at, whose = heard.difference, heard.signed_at, "Grafana's"
    if told is None:
        mend = "let this machine reach the factory, or have Grafana sign its time"
        return _not(aspect, "no other clock is known to compare with", mend)
    words = f"differs from {whose} by {abs(told):.0f} s"
    if abs(told) > MOST_DIFFERENCE:
        mend = "set this machine's clock, by NTP"
        return _not(aspect, words, mend, at)
    return _ok(aspect, words, at)
