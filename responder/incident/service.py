"""Facts of the whole service that the policy asks for, and since when it has run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from responder.incident.names import Outcome
from responder.incident.pause import Pause


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRecord:
    """What is known of one link of one factory, across incidents (rule 2).

    `spent` is rule 10's; `effective_at` is the last call with it that may have taken
    effect (the cool-down counts from there).
    """

    digest: str
    outcome: Outcome | None = None
    answered_at: datetime | None = None
    incident: str | None = None
    spent: bool = False
    effective_at: datetime | None = None
    unknowns: int = 0
    again: bool = False
    """It was called once more after the answer that spent it (rule 15(b))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brakes:
    """Read by the store in one go, just before a decision.

    `floor` is the factory's latest answer `resolved` or `nothing_to_resolve`;
    `in_flight` says that another incident's report has no answer yet;
    `hour_frees_at` is when enough counted reports are older than an hour. The worker's
    turn adds `undecided` and, while the first error is not known, `earlier_ended_at`.
    """

    floor: datetime | None = None
    links: Mapping[str, LinkRecord] = field(default_factory=dict)
    in_flight: bool = False
    reports_last_hour: int = 0
    max_reports_per_hour: int = 6
    hour_frees_at: datetime | None = None
    pause: Pause | None = None
    """The latest press of the switch, whether or not it still holds."""
    ready_at: datetime | None = None
    """When this Responder was ready: before, nobody could veto (rule 13)."""
    timeout: float = 5.0
    """The factory's total timeout in seconds: an intent waits this long and 1 s."""
    fixed_link: str | None = None
    """Digest of the configured `factory.report_url`, which is never spent."""
    fixed_name: str = ""
    method: str = ""
    """The method that the factory takes for this kind of link, "" if not known."""
    undecided: bool = False
    """Something was learned in this turn that is decided upon before the next look."""
    earlier_ended_at: datetime | None = None
    """When the last incident of the rule and group ended: this one begins later."""
    open_elsewhere: bool = False
    """Another incident of this rule and group is open: a watch ends (rule 16)."""

    def paused(self, now: datetime) -> bool:
        return self.pause is not None and self.pause.holds(now)

    @property
    def breaker_open(self) -> bool:
        """Rule 11: the hour's reports are used."""
        return self.reports_last_hour >= self.max_reports_per_hour


# Uptime: since when Responder has run, and when it was down.


@dataclass(frozen=True, slots=True, kw_only=True)
class Downtime:
    """A time in which no replica ran: nothing was heard, nothing was looked at."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Uptime:
    """What the storage remembers, and whether it will go on to."""

    since: datetime | None = None
    """When the first start wrote into it; None before."""
    gaps: tuple[Downtime, ...] = ()
    """The latest, newest first."""
    history_lost: bool = False
    """It was made anew where an older one was expected."""
    forgets: str = ""
    """Why it may be gone with the machine or container, "" if it stays."""

    @property
    def durable(self) -> bool:
        return not self.forgets


Remember = Callable[[], Uptime]
