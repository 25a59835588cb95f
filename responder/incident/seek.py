"""Before a report has taken effect: rules 4 to 12. Pure."""

from datetime import datetime, timedelta

from responder.incident.attempt import (
    HUMAN_LOOK,
    MOST_BACKOFF,
    attempt,
    best_candidate,
    shared_answer,
)
from responder.incident.brakes import Brakes
from responder.incident.events import Candidate, CheckReading
from responder.incident.model import Incident
from responder.incident.names import Mode, OnUnreadable, Outcome, Reason, State
from responder.incident.pause import extended
from responder.incident.phase import automation_over, half_unknown
from responder.incident.rule import Rule
from responder.incident.steps import (
    Finish,
    Gather,
    Step,
    TraceBack,
    Wait,
    Withhold,
)
from responder.incident.window import live_request, read_before


def seek(incident: Incident, rule: Rule, brakes: Brakes, now: datetime) -> Step:
    """Look, confirm, find the link, report; or say why not yet."""
    if silence := _silenced(incident, rule, now):
        return silence
    if rule.mode is not Mode.SHADOW and (share := shared_answer(incident, brakes)):
        return share
    if (waiting := _waiting_for_lost_answer(incident, brakes, now)) is not None:
        return waiting
    if now >= look_due(incident, rule, now):
        return Gather()
    if (step := asked_for(incident, rule, brakes, now)) is not None:
        return step
    if incident.state is State.NEEDS_HUMAN:
        return _with_person(incident, rule, brakes, now)
    return _judge(incident, rule, brakes, now)


def look_due(incident: Incident, rule: Rule, now: datetime) -> datetime:
    """When to read the logs next: at once at first, then as rules 6, 7, 12 say."""
    if incident.looked_at is None:
        return incident.opened_at
    old = read_before(incident, now)
    if old and incident.looked_at < old:
        return old
    if incident.state is State.NEEDS_HUMAN:
        return incident.looked_at + HUMAN_LOOK
    if incident.unreadable_since:
        pause = min(2.0 ** min(incident.unreadable_looks - 1, 6), MOST_BACKOFF)
        return incident.looked_at + timedelta(seconds=pause)
    return incident.looked_at + rule.recheck


def asked_for(
    incident: Incident, rule: Rule, brakes: Brakes, now: datetime
) -> Step | None:
    """A person's *report now* (rule 13): no threshold, cool-down or window."""
    if live_request(incident, now) is None:
        return None
    candidate = _candidate(incident, brakes)
    if candidate is None:
        return None
    reason = Reason.ASKED_BY_PERSON
    if half_unknown(incident):
        reason = Reason.UNANSWERED
    elif candidate.late:
        reason = Reason.FIX_DID_NOT_HOLD
    return attempt(incident, rule, brakes, now, candidate, reason, asked=True)


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


def _waiting_for_lost_answer(
    incident: Incident, brakes: Brakes, now: datetime
) -> Wait | None:
    """Rule 10: an unknown call may still be running at the factory for a while."""
    lost = half_unknown(incident)
    if lost is None:
        return None
    until = lost.at + timedelta(seconds=brakes.timeout + 1)
    if now >= until:
        return None
    return Wait(until=until, state=State.HOLDING, reason=Reason.UNANSWERED)


def _judge(incident: Incident, rule: Rule, brakes: Brakes, now: datetime) -> Step:
    step = _act_if_possible(incident, rule, brakes, now)
    if step is not None:
        return step
    if _retrying(incident) or reached(incident):
        return _no_link(incident, rule, now)
    if incident.unreadable_since:
        return _unreadable(incident, rule, brakes, now)
    return _below(incident, rule, now)


def _act_if_possible(
    incident: Incident, rule: Rule, brakes: Brakes, now: datetime
) -> Step | None:
    """A report or what holds it, None if not confirmed or without a link."""
    best = reached(incident)
    if best is None and not _retrying(incident):
        return None
    candidate = _candidate(incident, brakes)
    if candidate is None:
        if best and rule.mode is Mode.SHADOW:
            return Withhold(name="", digest="", reason=Reason.NO_LINK)
        return None
    reason = Reason.THRESHOLD_REACHED
    if half_unknown(incident):
        reason = Reason.UNANSWERED
    elif candidate.late:
        reason = Reason.FIX_DID_NOT_HOLD
    elif incident.answered and incident.answered[-1].outcome is Outcome.WRONG_CODE:
        reason = Reason.NEWER_LINK
    return attempt(incident, rule, brakes, now, candidate, reason)


def _candidate(incident: Incident, brakes: Brakes) -> Candidate | None:
    lost = half_unknown(incident)
    if lost and not brakes.fixed_link:
        for candidate in incident.candidates:
            if candidate.digest == lost.digest:
                return candidate
    return best_candidate(incident, brakes)


def _retrying(incident: Incident) -> bool:
    """Rule 4: once confirmed, by the logs or by a person, retries need no threshold."""
    asked = any(r.reason is Reason.ASKED_BY_PERSON for r in incident.reports)
    return bool(incident.answered) and (asked or incident.confirmed_at is not None)


def reached(incident: Incident) -> CheckReading | None:
    """The first check of the last look that confirms the fault."""
    checks = incident.look.checks if incident.look else ()
    return next((check for check in checks if check.reached), None)


def _below(incident: Incident, rule: Rule, now: datetime) -> Step:
    """Rule 6: logs arrive late, so look again until nobody alerts any more."""
    patience = rule.give_up_after
    if now >= extended(incident.pauses, incident.last_firing_at, patience, now):
        return Finish(state=State.STOOD_DOWN, reason=Reason.NOT_CONFIRMED)
    checks = incident.look.checks if incident.look else ()
    nearest = max(checks, key=lambda c: (c.count or 0) / c.threshold, default=None)
    return Wait(
        until=look_due(incident, rule, now),
        state=State.HOLDING,
        reason=Reason.BELOW_THRESHOLD,
        check=nearest.name if nearest else "",
        observed=nearest.count if nearest else None,
        limit=nearest.threshold if nearest else None,
    )


def _unreadable(incident: Incident, rule: Rule, brakes: Brakes, now: datetime) -> Step:
    """Rule 7: never permission to act, unless the rule says so for a fixed link."""
    since = incident.unreadable_since or now
    patient = extended(incident.pauses, since, rule.unreadable_for, now)
    if now < patient:
        return Wait(
            until=min(look_due(incident, rule, now), patient),
            state=State.HOLDING,
            reason=Reason.LOGS_UNREADABLE,
        )
    if rule.on_unreadable is OnUnreadable.REPORT and brakes.fixed_link:
        fixed = best_candidate(incident, brakes)
        if fixed is not None:
            return attempt(incident, rule, brakes, now, fixed, Reason.LOGS_UNREADABLE)
    return Wait(
        until=(incident.looked_at or now) + HUMAN_LOOK,
        state=State.NEEDS_HUMAN,
        reason=Reason.LOGS_UNREADABLE,
    )


def _no_link(incident: Incident, rule: Rule, now: datetime) -> Step:
    """Confirmed, and nothing to call: look on, then call a person (rule 12)."""
    wrong = bool(incident.answered) and (
        incident.answered[-1].outcome is Outcome.WRONG_CODE
    )
    last_wrong = incident.answered[-1].answered_at if wrong else None
    since = incident.no_link_since or last_wrong or incident.confirmed_at or now
    best = reached(incident)
    waited = now >= since + rule.no_link_for
    reason = Reason.WRONG_CODE if wrong and not waited else Reason.NO_LINK
    return Wait(
        until=look_due(incident, rule, now)
        if not waited
        else (incident.looked_at or now) + HUMAN_LOOK,
        state=State.NEEDS_HUMAN if waited else State.HOLDING,
        reason=reason,
        check=best.name if best else "",
        observed=best.count if best else incident.errors,
        limit=best.threshold if best else None,
    )


def _with_person(incident: Incident, rule: Rule, brakes: Brakes, now: datetime) -> Step:
    """Rule 12: act when the reason clears, end when the errors stay away."""
    if incident.confirmed_at and not incident.first_error_final:
        return TraceBack()
    below = incident.below_since
    if below and now >= extended(incident.pauses, below, rule.give_up_after, now):
        return Finish(state=State.STOOD_DOWN, reason=Reason.ERRORS_STOPPED)
    if not automation_over(incident) and incident.fires:
        step = _act_if_possible(incident, rule, brakes, now)
        if step is not None:
            return step
    return Wait(
        until=look_due(incident, rule, now),
        state=State.NEEDS_HUMAN,
        reason=incident.reason,
    )
