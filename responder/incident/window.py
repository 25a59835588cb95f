"""The veto window, *report now* and a veto: rule 13's times. Pure."""

from datetime import datetime, timedelta

from responder.incident.events import (
    Candidate,
    Paused,
    ReportPlanned,
    ReportRequested,
    Resumed,
)
from responder.incident.incident import Incident
from responder.incident.names import Reason, State
from responder.incident.pause import extended, resumed_at
from responder.incident.phase import automation_over, verify_from
from responder.incident.rule import Rule
from responder.incident.service import Brakes
from responder.incident.steps import Gather, Note, Wait

REQUEST_LASTS = timedelta(minutes=1)
"""So long *report now* waits for a link or a call in flight, then it lapses."""
LOOK_AGAIN = timedelta(seconds=30)


def live_plan(incident: Incident) -> ReportPlanned | None:
    """The announced report, unless another answer came after it was announced."""
    plan, since = incident.planned, verify_from(incident)
    return plan if plan and (since is None or plan.at >= since) else None


def acts_at(incident: Incident, now: datetime) -> datetime | None:
    """When the announced report leaves, pauses not counted; None without one."""
    plan = live_plan(incident)
    if plan is None:
        return None
    return extended(incident.pauses, plan.at, plan.act_at - plan.at, now)


def window(
    incident: Incident,
    rule: Rule,
    brakes: Brakes,
    now: datetime,
    candidate: Candidate,
    reason: Reason,
) -> Note | Gather | Wait | None:
    """What veto mode does before a report leaves; None once it may."""
    plan, act_at = live_plan(incident), acts_at(incident, now)
    if plan is None or act_at is None:
        return _announce(candidate, reason, now, now + rule.veto_window)
    ready = brakes.ready_at
    if ready and plan.at < ready and act_at < ready + rule.veto_window:
        # Nobody could stop it while Responder was down.
        return _announce(candidate, reason, now, ready + rule.veto_window)
    if now < act_at:
        look = (incident.looked_at or now) + rule.recheck
        until = min(act_at, max(look, now))
        return Wait(
            until=until,
            state=State.HOLDING,
            reason=Reason.VETO_WINDOW,
            told=act_at,
        )
    if incident.looked_at is None or incident.looked_at < act_at:
        return Gather()
    return None


def _announce(
    candidate: Candidate, reason: Reason, now: datetime, act_at: datetime
) -> Note:
    planned = ReportPlanned(
        at=now,
        act_at=act_at,
        link=candidate.name,
        digest=candidate.digest,
        reason=reason,
    )
    return Note(event=planned)


def live_request(incident: Incident, now: datetime) -> ReportRequested | None:
    """A person's *report now* that still waits for its call."""
    asked = incident.requested
    if asked is None:
        return None
    return asked if now < asked.at + REQUEST_LASTS else None


def vetoed(incident: Incident, now: datetime) -> Wait | None:
    """With a veto the incident is that person's, but for a *report now* since."""
    veto, since = incident.vetoed, verify_from(incident)
    if veto is None or automation_over(incident) or live_request(incident, now):
        return None
    if since is not None and since >= veto.at:
        return None
    until = now + LOOK_AGAIN
    return Wait(until=until, state=State.NEEDS_HUMAN, reason=Reason.VETOED)


def switched(incident: Incident, brakes: Brakes, now: datetime) -> Note | None:
    """The pause as the switch has it, where the timeline says otherwise."""
    known = incident.pauses[-1] if incident.pauses else None
    pause = brakes.pause
    if pause and pause.holds(now):
        start = max(pause.at, incident.opened_at)
        if known and (known.at, known.by, known.until, known.ended_at) == (
            start,
            pause.by,
            pause.until,
            None,
        ):
            return None
        paused = Paused(at=start, by=pause.by, until=pause.until, pressed_at=pause.at)
        return Note(event=paused)
    if known is None or known.ended_at is not None:
        return None
    end, by = known.until, ""
    resumed = pause.ended_at if pause else None
    if pause and resumed and known.at <= resumed and (end is None or resumed < end):
        end, by = resumed, pause.ended_by
    return Note(event=Resumed(at=min(end or now, now), by=by))


def read_before(incident: Incident, now: datetime) -> datetime | None:
    """What was read before this is old: act only on a look since (rules 13, 14)."""
    marks = [resumed_at(incident.pauses, now)]
    if (asked := live_request(incident, now)) is not None:
        marks.append(asked.at)
    return max((at for at in marks if at), default=None)
