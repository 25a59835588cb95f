"""The veto window, *report now* and a veto: rule 13's times. Pure."""

from datetime import datetime, timedelta

from responder.incident.events import (
    Candidate,
    Paused,
    ReportPlanned,
    Resumed,
)
from responder.incident.facts import (
    acts_at,
    handed_to_person,
    live_plan,
    live_request,
    verifying_since,
)
from responder.incident.incident import Incident
from responder.incident.names import Reason, State
from responder.incident.rule import Rule
from responder.incident.service import Brakes
from responder.incident.steps import Gather, Note, Wait

LOOK_AGAIN = timedelta(seconds=30)


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


def vetoed(incident: Incident, now: datetime) -> Wait | None:
    """With a veto the incident is that person's, but for a *report now* since."""
    veto, since = incident.vetoed, verifying_since(incident)
    if veto is None or handed_to_person(incident) or live_request(incident, now):
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
