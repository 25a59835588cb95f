"""What an operator may do to an incident now, and what each action becomes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from responder.incident.attempt import MOST_WRONG_CODES, link_at_hand
from responder.incident.drill import in_shadow
from responder.incident.events import (
    Finished,
    Noted,
    OperatorEvent,
    ReportedByHand,
    ReportRequested,
    Vetoed,
)
from responder.incident.facts import (
    handed_to_person,
    live_plan,
    live_request,
    verifying_since,
    wrong_codes,
)
from responder.incident.incident import Incident
from responder.incident.names import Mode, Outcome, Reason, State
from responder.incident.pause import Pause
from responder.incident.phrases import clock, count_of
from responder.incident.ports import Lease
from responder.incident.rule import Rule
from responder.incident.service import Brakes

OURSELVES = "Responder"
_BY_HAND = (
    "open the link of the newest failing order yourself, then "
    "press I reported it myself"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Veto:
    """Stop it: Responder does not report this incident."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportNow:
    """Report without waiting for threshold, cool-down or window."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """End the incident. `why` is the person's reason in words."""

    by: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddNote:
    """Words for the timeline."""

    by: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReport:
    """The person called the factory themselves, at `reported_at`. Sends nothing."""

    by: str
    reported_at: datetime


Action = Veto | ReportNow | Close | AddNote | RecordReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Already:
    """It was done before: by whom and when."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRefused:
    """It cannot be done, or not any more: why, and who was first, if anybody was."""

    words: str
    by: str = ""
    at: datetime | None = None


def judge(
    incident: Incident, rule: Rule, brakes: Brakes, action: Action, now: datetime
) -> OperatorEvent | Finished | Already | ActionRefused:
    """The event that the action becomes, or why it becomes none."""
    rule = in_shadow(rule, incident)
    match action:
        case AddNote():
            return Noted(at=now, by=action.by, text=action.text)
        case RecordReport():
            return ReportedByHand(at=now, by=action.by, reported_at=action.reported_at)
        case Close():
            return _close(incident, action, now)
        case Veto():
            return _veto(incident, rule, action, now)
        case ReportNow():
            return _report(incident, rule, brakes, action, now)


def _close(
    incident: Incident, action: Close, now: datetime
) -> Finished | Already | ActionRefused:
    if (over := _over(incident)) is not None:
        return over
    if incident.outstanding is not None:
        return _sent(incident)
    return Finished(
        at=now,
        state=State.CLOSED,
        reason=Reason.CLOSED_BY_PERSON,
        by=action.by,
        why=action.why,
    )


def _over(incident: Incident) -> Already | ActionRefused | None:
    """What an ended incident answers to a second close."""
    finished = incident.finished
    if finished is None:
        return None
    if finished.by:
        return Already(by=finished.by, at=finished.at)
    return _ended(finished)


def _ended(finished: Finished) -> ActionRefused:
    how = "closed" if finished.by else str(finished.state).replace("_", " ")
    by = finished.by or OURSELVES
    words = f"the incident ended ({how}) at {clock(finished.at)}"
    return ActionRefused(words=words, by=by, at=finished.at)


def _sent(incident: Incident) -> ActionRefused:
    at = incident.reports[-1].at
    words = f"{OURSELVES} reported to the factory at {clock(at)}"
    return ActionRefused(words=words, by=OURSELVES, at=at)


def _veto(
    incident: Incident, rule: Rule, action: Veto, now: datetime
) -> Vetoed | Already | ActionRefused:
    if incident.finished is not None:
        return _ended(incident.finished)
    asked = live_request(incident, now)
    if incident.vetoed is not None and asked is None:
        return Already(by=incident.vetoed.by, at=incident.vetoed.at)
    if rule.mode is Mode.SHADOW:
        return ActionRefused(words="the rule is in shadow mode: nothing is sent anyway")
    if handed_to_person(incident) and asked is None:
        return ActionRefused(
            words="Responder has stopped already; it is yours", by=OURSELVES
        )
    if incident.outstanding is not None:
        return _sent(incident)
    if verifying_since(incident) is not None and live_plan(incident) is None:
        return _reported(incident)
    return Vetoed(at=now, by=action.by)


def _reported(incident: Incident) -> ActionRefused:
    if incident.reports:
        return _sent(incident)
    shared = incident.shared
    words = "the fault was reported already, for another incident"
    return ActionRefused(
        words=words, by=OURSELVES, at=shared.answered_at if shared else None
    )


def _report(
    incident: Incident, rule: Rule, brakes: Brakes, action: ReportNow, now: datetime
) -> ReportRequested | Already | ActionRefused:
    if incident.finished is not None:
        return _ended(incident.finished)
    if (asked := live_request(incident, now)) is not None:
        return Already(by=asked.by, at=asked.at)
    if (report := incident.outstanding) is not None:
        words = f"the report of {clock(report.at)} has no answer yet"
        return ActionRefused(words=words, by=OURSELVES, at=report.at)
    if rule.mode is Mode.SHADOW:
        return ActionRefused(words="the rule is in shadow mode: nothing is sent")
    if brakes.breaker_open:
        many = count_of(brakes.max_reports_per_hour, "report")
        return ActionRefused(words=f"all {many} allowed within an hour are used")
    if wrong_codes(incident) >= MOST_WRONG_CODES:
        words = f"the factory took none of {MOST_WRONG_CODES} links: {_BY_HAND}"
        return ActionRefused(words=words)
    if link_at_hand(incident, brakes) is None:
        return _no_link(incident)
    return ReportRequested(at=now, by=action.by)


def _no_link(incident: Incident) -> ActionRefused:
    if wrong := [r for r in incident.reports if r.outcome is Outcome.WRONG_CODE]:
        words = f"the factory does not know the code of {wrong[-1].link}: {_BY_HAND}"
        return ActionRefused(words=words)
    return ActionRefused(words=f"no link was found yet: {_BY_HAND}")


# The port for operators: actions on one incident and on the whole service.


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """What an action came to. Not `done`: somebody was first, `by` and `at` say who.

    `lease`: work on the incident at once; None if somebody does already.
    """

    incident: str
    rule: str
    done: bool
    by: str
    at: datetime
    state: State
    lease: Lease | None = None


class NoSuchIncident(LookupError):
    """No incident has this id."""


class TooLate(Exception):
    """It cannot be done, or not any more. `by` and `at`: who was first, if anybody."""

    def __init__(self, words: str, by: str = "", at: datetime | None = None) -> None:
        super().__init__(words)
        self.words = words
        self.by = by
        self.at = at


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What holds every report now, whatever the incident."""

    pause: Pause | None
    """The pause that holds, None if none does."""
    breaker_open: bool
    reports_last_hour: int
    max_reports_per_hour: int
    hour_frees_at: datetime | None
    """When the breaker closes, None while it is closed."""
    held: int
    """Open incidents that these hold."""


class Controls(Protocol):
    """What people do. Each call is durable when it returns.

    All raise `StorageUnavailable` when the database fails.
    """

    def act(self, incident: str, action: Action) -> Pressed:
        """Put it on the incident's timeline. Raises `NoSuchIncident`, `TooLate`."""

    def pause(self, by: str, until: datetime | None) -> None:
        """No report leaves from now on, in any replica, until then or `resume`.

        While a pause holds it is replaced: its end is the new one.
        """

    def resume(self, by: str) -> None:
        """End the pause. Without one nothing happens."""

    def standing(self) -> Standing:
        """What holds every report now."""
