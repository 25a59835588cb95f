"""Everything that can happen to an incident: a closed set of frozen facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from responder.incident.alert import PersonAction
from responder.incident.names import (
    Decision,
    Outcome,
    Proof,
    Reason,
    Sender,
    State,
    UnreadableReason,
)

# What operators do to an incident, and the pause: rules 13 and 14.
#
# `by` is the operator's name.


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPlanned:
    """Veto mode: a report leaves at `act_at` unless somebody stops it."""

    at: datetime
    act_at: datetime
    link: str
    digest: str
    reason: Reason
    event: Literal["report_planned"] = "report_planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vetoed:
    """A person stopped Responder from reporting this incident."""

    at: datetime
    by: str
    event: Literal["vetoed"] = "vetoed"


@dataclass(frozen=True, slots=True, kw_only=True)
class VetoUndone:
    """Only earlier versions wrote it: the veto was taken back.

    `act_at`: when the planned report then left.
    """

    at: datetime
    by: str
    act_at: datetime | None = None
    event: Literal["veto_undone"] = "veto_undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRequested:
    """A person said: report now.

    Earlier versions also wrote `link` and `digest`, of a link that the person pasted.
    """

    at: datetime
    by: str
    event: Literal["report_requested"] = "report_requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedByHand:
    """A person called the factory themselves, at `reported_at`."""

    at: datetime
    by: str
    reported_at: datetime
    event: Literal["reported_by_hand"] = "reported_by_hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A person's words."""

    at: datetime
    by: str
    text: str
    event: Literal["noted"] = "noted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """All reports stand from `at` on, until `until` or until somebody resumes.

    `pressed_at`: when `by` pressed it, which may be before the incident; None in
    events that do not know.
    """

    at: datetime
    by: str
    until: datetime | None = None
    pressed_at: datetime | None = None
    event: Literal["paused"] = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """The pause ended: by a person, or by itself (`by` is "")."""

    at: datetime
    by: str = ""
    event: Literal["resumed"] = "resumed"


OperatorEvent = (
    ReportPlanned
    | Vetoed
    | VetoUndone
    | ReportRequested
    | ReportedByHand
    | Noted
    | Paused
    | Resumed
)


# What was learned of the factory itself, apart from its answers to reports.


@dataclass(frozen=True, slots=True, kw_only=True)
class FixRecorded:
    """When the factory's own record said that it was last fixed, by its clock.

    Earlier versions stored it; it changes nothing of an incident.
    """

    at: datetime
    fixed_at: datetime
    event: Literal["fix_recorded"] = "fix_recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactoryProbed:
    """Whether the factory answered, asked before a person is called (rule 12).

    `why` says in masked words what came instead of an answer.
    """

    at: datetime
    reachable: bool
    why: str = ""
    event: Literal["factory_probed"] = "factory_probed"


def supplier_words(event: FixRecorded | FactoryProbed) -> str:
    """One line of a timeline, without its time."""
    if isinstance(event, FactoryProbed):
        said = "it does" if event.reachable else f"it does not ({event.why})"
        return f"asked whether the factory answers: {said}"
    day = f"{event.fixed_at:%Y-%m-%d} "
    day = "" if event.fixed_at.date() == event.at.date() else day
    return f"the factory's own record: mended at {day}{event.fixed_at:%H:%M:%S}"


# Notifications that were sent, and how they are named.


class Where(StrEnum):
    """Where Responder tells what it does."""

    GRAFANA = "grafana"
    """Annotations on dashboards."""
    IRM = "irm"
    """The alert groups of Grafana IRM."""
    NOTIFY = "notify"
    """One outgoing webhook."""


class What(StrEnum):
    """What is told there."""

    REGION_OPENED = "region_opened"
    REGION_UPDATED = "region_updated"
    """Stored by earlier versions, which annotated from the beginning."""
    REGION_CLOSED = "region_closed"
    ACTED = "acted"
    NEEDS_HUMAN = "needs_human"
    RECOVERED = "recovered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    """It failed again and needs a person: what we acknowledged is taken back."""


class Reception(StrEnum):
    """How one attempt to tell was received; the label `result` of its metric."""

    TOLD = "told"
    REFUSED = "refused"
    """A complete answer that says no: the connection is wrong, somebody must fix it."""
    FAILED = "failed"
    """No answer, or the other side's own trouble."""
    LIMITED = "limited"
    """Too many calls; the other side says when to come again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Something is known elsewhere now, or was refused there (`refused` says why).

    `ref` is its id there, `group` IRM's alert group, `mark` tells two of a kind apart.
    """

    at: datetime
    where: Where
    what: What
    ref: str = ""
    group: str = ""
    mark: str = ""
    refused: str = ""
    event: Literal["told"] = "told"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The incident began: an alert (a `drill`'s), a relapse, a watch, a person."""

    at: datetime
    rule: str
    group: str = ""
    reason: Reason = Reason.ALERT_RECEIVED
    sender: Sender | None = None
    relapse_of: str | None = None
    by: str = ""
    drill: str = ""
    event: Literal["opened"] = "opened"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFired:
    """The first notice of one firing: one (fingerprint, starts_at)."""

    at: datetime
    fingerprint: str
    starts_at: datetime
    sender: Sender
    delivery: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    event: Literal["alert_fired"] = "alert_fired"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertResolved:
    """A firing ended, by its sender's word.

    `state_reason` is Grafana's if it did not end by itself; `truncated`: the
    delivery left alerts out (rule 17).
    """

    at: datetime
    fingerprint: str
    starts_at: datetime
    sender: Sender
    delivery: str = ""
    state_reason: str = ""
    truncated: bool = False
    event: Literal["alert_resolved"] = "alert_resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonActed:
    """A person acted in IRM. `until` is the end of a silence, None for ever."""

    at: datetime
    action: PersonAction
    person: str
    until: datetime | None = None
    event: Literal["person_acted"] = "person_acted"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReading:
    """What one look read for one query.

    `count` is what the rule compares (old news left out, since the later of window
    and floor); None with `unreadable` set. `linkless` are those without a link.
    """

    name: str
    count: int | None
    linkless: int = 0
    at_least: bool = False
    threshold: int = 0
    since: datetime
    until: datetime
    unreadable: UnreadableReason | None = None
    detail: str = ""

    @property
    def reached(self) -> bool:
        return self.count is not None and self.count >= self.threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A link in the counted lines. `late`: spent before, seen after answer + settle."""

    name: str
    digest: str
    seen_at: datetime
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One look at the logs. `at` is when it was asked."""

    at: datetime
    since: datetime
    checks: tuple[CheckReading, ...]
    candidates: tuple[Candidate, ...] = ()
    good_orders: int | None = None
    """Good orders since the report; None: not asked, not configured or unreadable."""
    traffic_unreadable: bool = False
    failed_unreadable: bool = False
    """Failed orders could not be counted."""
    failures: int = 0
    """Lines since the report that show a failed order, the stale ones left out."""
    stale_failures: int = 0
    """Those that rule 5 sets aside: no reason to act, but orders that failed."""
    last_failure_at: datetime | None = None
    good_since_failure: int = 0
    working_since: datetime | None = None
    """The first good order after the last failure."""
    foreign_links: int = 0
    """Counted lines whose links all carry another key than `factory.api_key`."""
    lines: tuple[str, ...] = ()
    """Keys (time and digest) of lines not seen before in this incident."""
    failed_lines: tuple[str, ...] = ()
    affected_lines: tuple[str, ...] = ()
    """Keys of orders that were answered with a link and no error."""
    failed_asked: bool = False
    """Whether the rule has a query for failed orders."""
    good_lines: tuple[str, ...] = ()
    """Keys of good orders not seen before in this incident."""
    first_line_at: datetime | None = None
    """The first error as far as this look can tell (rule 4)."""
    first_linked: bool = False
    """That line carries the incident's link; until one does, any line may begin it."""
    floor: datetime | None = None
    spent: tuple[Candidate, ...] = ()
    """Spent links in the lines, if a person asked for a call: only that takes one."""
    matched: int = 0
    """Distinct lines since the report that are not old news."""
    event: Literal["looked"] = "looked"


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstErrorFound:
    """The walk back through the logs ended: the first error of this incident."""

    at: datetime
    first_error_at: datetime
    lines: tuple[str, ...] = ()
    failed_lines: tuple[str, ...] = ()
    affected_lines: tuple[str, ...] = ()
    complete: bool = True
    event: Literal["first_error_found"] = "first_error_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision: the incident's new state, why, and the numbers behind it."""

    at: datetime
    decision: Decision
    state: State
    reason: Reason
    observed: int | None = None
    limit: int | None = None
    check: str = ""
    until: datetime | None = None
    link: str = ""
    """The link that the factory said twice is fixed (`errors_continue`)."""
    event: Literal["decided"] = "decided"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportIntended:
    """Durable before a byte leaves: a report is about to be sent."""

    at: datetime
    link: str
    digest: str
    reason: Reason
    by: str = ""
    """The person who asked for this call, "" if none did."""
    event: Literal["report_intended"] = "report_intended"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAnswered:
    """What became of a report. `status`: None without a complete answer."""

    at: datetime
    link: str
    digest: str
    outcome: Outcome
    method: str = ""
    status: int | None = None
    message: str = ""
    seconds: float = 0.0
    event: Literal["report_answered"] = "report_answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportShared:
    """Another incident's report already answered for this link (rule 2)."""

    at: datetime
    link: str
    digest: str
    incident: str
    outcome: Outcome
    answered_at: datetime
    event: Literal["report_shared"] = "report_shared"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportWithheld:
    """Shadow mode: this is where a report would have been sent."""

    at: datetime
    link: str
    digest: str
    reason: Reason
    event: Literal["report_withheld"] = "report_withheld"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The incident ended."""

    at: datetime
    state: State
    reason: Reason
    proof: Proof | None = None
    good_orders: int | None = None
    stray: int = 0
    """Error lines seen since the report in spite of it (proof `quiet`)."""
    by: str = ""
    """The person who closed it, and why they said so."""
    why: str = ""
    event: Literal["finished"] = "finished"


Event = (
    Opened
    | AlertFired
    | AlertResolved
    | PersonActed
    | Looked
    | FirstErrorFound
    | Decided
    | ReportIntended
    | ReportAnswered
    | ReportShared
    | ReportWithheld
    | Finished
    | OperatorEvent
    | Told
    | FixRecorded
    | FactoryProbed
)
