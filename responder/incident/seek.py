"""Before a report has taken effect: rules 4 to 12. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta

from responder.incident.attempt import (
    HUMAN_LOOK,
    attempt,
    best_candidate,
    link_for_person,
    looking_on,
    said_twice,
    shared_answer,
)
from responder.incident.events import Candidate
from responder.incident.facts import (
    handed_to_person,
    live_request,
    may_act,
    person_called,
    unanswered_once,
    used_up,
)
from responder.incident.hold import (
    below,
    last_was_wrong,
    look_due,
    looks,
    no_link,
    reached,
)
from responder.incident.incident import Incident
from responder.incident.names import Mode, Reason, State
from responder.incident.pause import extended
from responder.incident.phase import errors_stopped
from responder.incident.rule import Rule
from responder.incident.service import Brakes
from responder.incident.steps import Gather, Probe, Step, TraceBack, Wait, Withhold


def seek(incident: Incident, rule: Rule, brakes: Brakes, now: datetime) -> Step:
    """Look, confirm, find the link, report; or say why not yet."""
    if silence := _silenced(incident, rule, now):
        # It holds every report, not the count of what fails meanwhile.
        looked_at = incident.looked_at
        due = looked_at + HUMAN_LOOK if looked_at else now
        return Gather() if looks(incident, brakes, now, due) else silence
    over = handed_to_person(incident) or rule.mode is Mode.SHADOW
    if not over and (share := shared_answer(incident, brakes)):
        return share
    if (waiting := waiting_for_lost_answer(incident, brakes, now)) is not None:
        return waiting
    due = look_due(incident, rule, now)
    if looks(incident, brakes, now, due):
        return Gather()
    if (step := asked_for(incident, rule, brakes, now)) is not None:
        return step
    if incident.state is State.NEEDS_HUMAN:
        return looking_on(_with_person(incident, rule, brakes, now), due)
    return looking_on(_judge(incident, rule, brakes, now), due)


def asked_for(
    incident: Incident, rule: Rule, brakes: Brakes, now: datetime
) -> Step | None:
    """A person's *report now* (rule 13), also with a link that is spent."""
    request = live_request(incident, now)
    if request is None:
        return None
    candidate = _candidate(incident, rule, brakes)
    candidate = candidate or link_for_person(incident, brakes)
    if candidate is None:
        return None
    by, reason = request.by or "a person", Reason.ASKED_BY_PERSON
    return attempt(incident, rule, brakes, now, candidate, reason, by=by)


def _silenced(incident: Incident, rule: Rule, now: datetime) -> Wait | None:
    """Rule 18: a silence holds until its end, or until it is lifted."""
    if not incident.silenced or incident.state is State.NEEDS_HUMAN:
        return None
    if live_request(incident, now) is not None:
        return None
    until = incident.silenced_until
    if until is not None and now >= until:
        return None
    due = min(until or now + HUMAN_LOOK, now + HUMAN_LOOK)
    return Wait(until=due, state=State.HOLDING, reason=Reason.SILENCED)


def waiting_for_lost_answer(
    incident: Incident, brakes: Brakes, now: datetime
) -> Wait | None:
    """Rule 10: an unknown call may still be running at the factory for a while."""
    lost = unanswered_once(incident)
    if lost is None:
        return None
    until = lost.at + timedelta(seconds=brakes.timeout + 1)
    if now >= until:
        return None
    return Wait(until=until, state=State.HOLDING, reason=Reason.UNANSWERED)


def _judge(incident: Incident, rule: Rule, brakes: Brakes, now: datetime) -> Step:
    if incident.never_fired:
        return below(incident, rule, now)
    step = _act_if_possible(incident, rule, brakes, now)
    if step is not None:
        return step
    blind = incident.unreadable_since and incident.confirmed_at is None
    if not blind and (_retrying(incident) or reached(incident)):
        return no_link(incident, rule, now)
    if incident.unreadable_since:
        return _unreadable(incident, rule, now)
    return below(incident, rule, now)


def _act_if_possible(
    incident: Incident, rule: Rule, brakes: Brakes, now: datetime
) -> Step | None:
    """A report or what holds it, None if not confirmed or without a link."""
    best = reached(incident)
    if best is None and not _retrying(incident):
        return None
    if person_called(incident):
        return Wait(
            until=now + HUMAN_LOOK, state=State.NEEDS_HUMAN, reason=Reason.WRONG_CODE
        )
    candidate = _candidate(incident, rule, brakes)
    if candidate is None:
        if best and rule.mode is Mode.SHADOW:
            return Withhold(name="", digest="", reason=Reason.NO_LINK)
        if link := said_twice(incident.candidates, brakes):
            return Wait(
                until=now + HUMAN_LOOK,
                state=State.NEEDS_HUMAN,
                reason=Reason.ERRORS_CONTINUE,
                link=link,
            )
        return None
    reason = Reason.THRESHOLD_REACHED
    if incident.confirmed_at is None:
        reason = Reason.ASKED_BY_PERSON
    lost = unanswered_once(incident)
    if lost and lost.digest == candidate.digest:
        reason = Reason.UNANSWERED
    elif candidate.late:
        reason = Reason.FIX_DID_NOT_HOLD
    elif lost or last_was_wrong(incident):
        reason = Reason.NEWER_LINK
    return attempt(incident, rule, brakes, now, candidate, reason)


def _candidate(incident: Incident, rule: Rule, brakes: Brakes) -> Candidate | None:
    lost = unanswered_once(incident)
    if lost and used_up(incident, rule.max_reports, lost.digest):
        # Only a newer link may be called.
        newer = [c for c in incident.candidates if c.digest != lost.digest]
        incident = replace(incident, candidates=tuple(newer)) if newer else incident
    elif lost and not brakes.fixed_link:
        for candidate in incident.candidates:
            if candidate.digest == lost.digest:
                return candidate
    return best_candidate(incident, brakes)


def _retrying(incident: Incident) -> bool:
    """Rule 4: once confirmed, by the logs or by a person, retries need no threshold."""
    asked = any(r.reason is Reason.ASKED_BY_PERSON for r in incident.reports)
    return bool(incident.answered) and (asked or incident.confirmed_at is not None)


def _unreadable(incident: Incident, rule: Rule, now: datetime) -> Step:
    """Rule 7: never permission to act, not even with a fixed link."""
    since = incident.unreadable_since or now
    patient = extended(incident.pauses, since, rule.unreadable_for, now)
    if now < patient:
        return Wait(
            until=min(look_due(incident, rule, now), patient),
            state=State.HOLDING,
            reason=Reason.LOGS_UNREADABLE,
        )
    return Wait(
        until=(incident.looked_at or now) + HUMAN_LOOK,
        state=State.NEEDS_HUMAN,
        reason=Reason.LOGS_UNREADABLE,
    )


def _with_person(incident: Incident, rule: Rule, brakes: Brakes, now: datetime) -> Step:
    """Rule 12: act when the reason clears, end when the errors stay away."""
    if ended := errors_stopped(incident, rule, now):
        return ended
    step = None
    if may_act(incident, now):
        step = _act_if_possible(incident, rule, brakes, now)
    if step is not None and not isinstance(step, Wait):
        return step
    if incident.confirmed_at and not incident.first_error_final:
        return TraceBack()
    if step is not None:
        return step
    still = Wait(
        until=look_due(incident, rule, now),
        state=State.NEEDS_HUMAN,
        reason=incident.reason,
    )
    readable = reached(incident) and not incident.unreadable_since
    missing = readable and incident.no_link_since
    if missing and incident.reason is Reason.LOGS_UNREADABLE:
        # The logs can be read again, and say whose fault it is not.
        found = no_link(incident, rule, now)
        calls = isinstance(found, Probe) or found.state is State.NEEDS_HUMAN
        return found if calls else still
    return still
