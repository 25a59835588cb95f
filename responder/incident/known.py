"""What triage knows beforehand, and what follows from it."""

from dataclasses import dataclass, field
from datetime import datetime

from responder.incident.alert import AlertVerdict
from responder.incident.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIncident:
    """The open incident of a (rule, group)."""

    id: str
    automation_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedIncident:
    """An incident that recovered, or ended in shadow: an alert of it may yet come."""

    id: str
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A silence in IRM: by whom, "" for nobody, and until when, None for ever."""

    by: str
    until: datetime | None = None

    def holds(self, at: datetime) -> bool:
        return self.until is None or at < self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFiring:
    """A firing received before.

    `incident` is None if only its resolve was received, or a `silence` of it.
    """

    incident: str | None
    resolved: bool = False
    silence: Silence | None = None


@dataclass(slots=True, kw_only=True)
class Known:
    """What is known before a delivery; `triage` keeps it current for the next one.

    `open` is keyed by (rule, group), `firings` by (rule, fingerprint) and startsAt.
    """

    open: dict[tuple[str, str], OpenIncident] = field(default_factory=dict)
    firings: dict[tuple[str, str], dict[datetime, KnownFiring]] = field(
        default_factory=dict
    )
    recovered: dict[tuple[str, str], EndedIncident] = field(default_factory=dict)
    """The newest incident of each, if it recovered or ended in shadow lately."""
    groups: dict[str, list[str]] = field(default_factory=dict)
    """Open incidents that an IRM alert group belongs to, by the group's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FiringRow:
    """One firing to remember: upsert by (rule, fingerprint, starts_at)."""

    rule: str
    fingerprint: str
    starts_at: datetime
    incident: str | None
    resolved: bool
    silence: Silence | None = None


@dataclass(slots=True, kw_only=True)
class Triaged:
    """What follows from one delivery, for the store to write in one transaction.

    `events` are appended per incident in order (a new incident's begin with
    `Opened`); `heard` incidents had a firing notice (`last_firing_at` moves);
    `hurry` incidents become due now; `ended` are superseded.
    """

    verdicts: list[AlertVerdict] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    events: dict[str, list[Event]] = field(default_factory=dict)
    heard: set[str] = field(default_factory=set)
    hurry: set[str] = field(default_factory=set)
    firings: list[FiringRow] = field(default_factory=list)
