"""An incident: the fold of its events. Nothing about it is known from elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from responder.incident.events import (
    Candidate,
    Decided,
    Finished,
    Looked,
    ReportShared,
)
from responder.incident.evidence import from_ns
from responder.incident.names import (
    Outcome,
    Proof,
    Reason,
    Sender,
    State,
    UnreadableReason,
)
from responder.incident.operator_events import ReportPlanned, ReportRequested, Vetoed
from responder.incident.pause import Pause
from responder.incident.supplier_events import FactoryProbed
from responder.incident.told import Told

ORDER_APART = timedelta(seconds=1)
"""The line of an order and that of a check may be some milliseconds apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """One fingerprint seen firing: its newest start, and how it ended if it did."""

    starts_at: datetime
    resolved: bool = False
    cleanly: bool = False
    """Resolved without a state reason and from a delivery that left nothing out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One call to the factory. `outcome` is None while no answer is known."""

    at: datetime
    link: str
    digest: str
    reason: Reason
    by: str = ""
    """The person who asked for it, "" if none did."""
    answered_at: datetime | None = None
    outcome: Outcome | None = None
    method: str = ""
    status: int | None = None
    message: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What is known of one incident, all of it from its timeline.

    `looked_at` and `last_firing_at` may be later than the timeline's own: a look
    that read the same as the last, and repeated notices, move only the row.
    """

    id: str
    rule: str
    group: str = ""
    state: State = State.INVESTIGATING
    reason: Reason = Reason.ALERT_RECEIVED
    proof: Proof | None = None
    opened_at: datetime
    sender: Sender | None = None
    """Whose alert opened it; None if a watch did, or a person."""
    opened_as: Reason = Reason.ALERT_RECEIVED
    opened_by: str = ""
    """The person who opened it, "" if none did."""
    drill: str = ""
    """The drill's id: it is never reported and counts nowhere. "" for a real one."""
    alert_started_at: datetime | None = None
    first_error_at: datetime | None = None
    first_error_linked: bool = False
    """It is the first line with the incident's link."""
    first_error_final: bool = False
    base_floor: datetime | None = None
    """The factory's floor before this incident: its errors are later."""
    ended_at: datetime | None = None
    relapse_of: str | None = None
    seq: int = 0
    firings: Mapping[str, Firing] = field(default_factory=dict)
    last_firing_at: datetime
    resolved_at: datetime | None = None
    """When the last resolve of a firing came in."""
    fired_at: datetime | None = None
    """When the last firing that was new came in; repeats do not move it."""
    silenced: bool = False
    silenced_until: datetime | None = None
    last_person_at: datetime | None = None
    look: Looked | None = None
    looked_at: datetime | None = None
    candidates: tuple[Candidate, ...] = ()
    confirmed_at: datetime | None = None
    unreadable_since: datetime | None = None
    unreadable_looks: int = 0
    traffic_unreadable_since: datetime | None = None
    no_link_since: datetime | None = None
    probed: FactoryProbed | None = None
    """The last answer to whether the factory answers at all."""
    last_failure_at: datetime | None = None
    """The newest line seen that shows a failed or affected order."""
    below_since: datetime | None = None
    reports: tuple[Report, ...] = ()
    shared: ReportShared | None = None
    withheld_at: datetime | None = None
    """When a rule in shadow mode would have reported."""
    withheld_link: str = ""
    """The name of the link that it would have called."""
    pauses: tuple[Pause, ...] = ()
    """When all reports stood, as far as this incident lived through it."""
    planned: ReportPlanned | None = None
    vetoed: Vetoed | None = None
    requested: ReportRequested | None = None
    """A person's *report now* that no call has answered yet."""
    reported_by_hand_at: datetime | None = None
    decided: Decided | None = None
    finished: Finished | None = None
    line_keys: frozenset[str] = frozenset()
    failed_keys: frozenset[str] = frozenset()
    """Orders that failed or were affected, by one line each."""
    affected_keys: frozenset[str] = frozenset()
    """Those of them that were answered with a link and no error."""
    good_keys: frozenset[str] = frozenset()
    told: tuple[Told, ...] = ()

    @property
    def errors(self) -> int:
        """Distinct lines (time and text) that any check matched."""
        return len(self.line_keys)

    @property
    def failed_orders(self) -> int:
        return len(self.failed_keys)

    @property
    def answered(self) -> tuple[Report, ...]:
        return tuple(r for r in self.reports if r.outcome is not None)

    @property
    def outstanding(self) -> Report | None:
        """An intent without an answer (rule 10), if there is one."""
        last = self.reports[-1] if self.reports else None
        return last if last and last.outcome is None else None

    @property
    def reported_at(self) -> datetime | None:
        """When the first report left."""
        return self.reports[0].at if self.reports else None

    @property
    def fires(self) -> bool:
        """Whether an alert still fires, as far as its sender has said."""
        return not self.firings or any(not f.resolved for f in self.firings.values())

    @property
    def never_fired(self) -> bool:
        """Opened by a sender that has told of no firing yet: no reason to act."""
        return self.sender is not None and not self.firings

    @property
    def resolved_cleanly(self) -> bool:
        """Rule 17: every fingerprint seen firing has resolved, by itself and whole."""
        return bool(self.firings) and all(f.cleanly for f in self.firings.values())


def line_time(key: str) -> datetime:
    """The time of a line from its key in `Looked.lines`."""
    return from_ns(int(key.partition("-")[0]))


def unreadable_reading(incident: Incident) -> tuple[str, UnreadableReason, str] | None:
    """The first query that the last look could not count: name, reason, detail."""
    if incident.look is None:
        return None
    for check in incident.look.checks:
        if check.unreadable:
            return check.name, check.unreadable, check.detail
    return None
