"""Whether an outage would be seen, reported and told of: seven facts. Pure.

Nothing here is asked of the factory's report path.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from responder.incident.memory import Memory
from responder.incident.rule import Rule

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
class Reading:
    """Lines of the last ten minutes. Not counted: `why` says why, `count` is None."""

    count: int | None = None
    at_least: bool = False
    newest: datetime | None = None
    """The newest line, also one from before those ten minutes."""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
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
    lines: Reading
    orders: Mapping[str, Reading] = field(default_factory=dict)
    """Good orders by rule, of the rules with a `traffic` query."""
    factory: Reached
    writable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The last delivery, heartbeat and signed time, as stored."""

    at: datetime | None = None
    sender: str = ""
    difference: float | None = None
    signed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Everything that readiness is judged by."""

    at: datetime
    heard: Heard
    silence: str = ""
    """The heartbeat that stays away, in words; "" while it does not."""
    probed: Probed
    memory: Memory
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
