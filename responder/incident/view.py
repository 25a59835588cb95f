"""What pages and API list: incident summaries, deliveries, and searches for them."""

from dataclasses import dataclass
from datetime import datetime

from responder.incident.names import Outcome, Proof, Reason, State, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSummary:
    """One answered report in a list of incidents."""

    at: datetime
    link: str
    method: str
    outcome: Outcome
    status: int | None
    message: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentSummary:
    """One incident in a list. `errors` counts distinct lines."""

    id: str
    rule: str
    group: str
    state: State
    reason: Reason
    proof: Proof | None
    summary: str
    opened_at: datetime
    alert_started_at: datetime | None
    first_error_at: datetime | None
    reported_at: datetime | None
    ended_at: datetime | None
    errors: int
    failed_orders: int
    relapse_of: str | None
    reports: tuple[ReportSummary, ...]
    seq: int = 0
    shared_with: str | None = None
    """The incident whose report this one takes as its own (rule 2)."""
    withheld_at: datetime | None = None
    reported_by_hand_at: datetime | None = None
    drill: bool = False
    looked_at: datetime | None = None
    """With `seq`: whatever a page shows of the incident changes one of the two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to list. `text` looks into rule and summary; times bound opened_at."""

    rule: str | None = None
    state: State | None = None
    outcome: Outcome | None = None
    withheld: bool = False
    """Only those that a rule in shadow mode would have reported."""
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    open_only: bool = False
    drills: bool | None = None
    """Only drills, or only what is real; None: both."""
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentPage:
    """Newest first. `cursor` continues the list, None at its end."""

    incidents: tuple[IncidentSummary, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedDelivery:
    """One stored delivery, for pages: who sent it, when, and the verdicts.

    `kinds` are the distinct verdicts on its alerts; `why` says what its ignored
    alerts lacked, each once.
    """

    id: str
    received_at: datetime
    sender: str
    credential: str
    alerts: int
    kinds: tuple[Verdict, ...]
    why: tuple[str, ...] = ()
    clock_difference: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedBody:
    """The masked text of one stored delivery."""

    id: str
    received_at: datetime
    sender: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What tells whether anything that a page shows of an incident has changed."""

    seq: int
    looked_at: datetime | None
    last_firing_at: datetime
    ended_at: datetime | None
    last_at: datetime
    """When the newest event happened."""
    deliveries: int


class BadCursor(ValueError):
    """A list cursor that this service did not issue."""
