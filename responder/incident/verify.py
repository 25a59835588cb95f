"""After a report: is the fault gone? Rule 15, to the letter. Pure."""

from datetime import datetime, timedelta

from responder.incident.attempt import (
    HUMAN_LOOK,
    MOST_BACKOFF,
    attempt,
    best_candidate,
    looking_on,
    said_twice,
)
from responder.incident.events import Candidate, Looked
from responder.incident.facts import (
    effective_calls,
    handed_to_person,
    may_act,
    only_unknown,
    silence_holds,
    stale_before,
    unanswered_once,
    used_up,
    verified_outcome,
)
from responder.incident.hold import looks, reached
from responder.incident.incident import Incident
from responder.incident.names import Outcome, Proof, Reason, State
from responder.incident.pause import extended
from responder.incident.phase import errors_stopped, orders_prove
from responder.incident.rule import Rule
from responder.incident.seek import asked_for, waiting_for_lost_answer
from responder.incident.service import Brakes
from responder.incident.steps import Finish, Gather, Step, TraceBack, Wait


def verify(
    incident: Incident, rule: Rule, brakes: Brakes, now: datetime, since: datetime
) -> Step:
    """Report again, call a person, or wait for the proof of recovery."""
    if (again := _once_more(incident, rule, brakes, now)) is not None:
        return again
    due = next_look(incident, rule, since, now)
    if looks(incident, brakes, now, due):
        return Gather()
    look = incident.look
    if look is None or incident.looked_at is None or incident.looked_at <= since:
        return _waiting(incident, due)
    if (step := asked_for(incident, rule, brakes, now)) is not None:
        return step
    over = handed_to_person(incident)
    if not over and (step := _failing(incident, rule, brakes, now, due)) is not None:
        return step
    if not over and incident.unreadable_since is not None:
        return _unreadable(incident, rule, now, due)
    if not incident.first_error_final:
        return TraceBack()
    step = Wait(until=due, state=State.NEEDS_HUMAN, reason=incident.reason)
    if not over:
        step = _proof(incident, rule, look, since, now, due)
    if isinstance(step, Wait) and (ended := errors_stopped(incident, rule, now)):
        return ended
    return step


def _once_more(
    incident: Incident, rule: Rule, brakes: Brakes, now: datetime
) -> Step | None:
    """Rule 10: a call without an answer in verification is made once more too."""
    lost = unanswered_once(incident)
    if lost is None or not may_act(incident, now):
        return None
    if (waiting := waiting_for_lost_answer(incident, brakes, now)) is not None:
        return waiting
    if used_up(incident, rule.max_reports, lost.digest):
        return None
    found = next((c for c in incident.candidates if c.digest == lost.digest), None)
    if found is None and lost.digest == brakes.fixed_link:
        found = best_candidate(incident, brakes)
    if found is None:
        return None
    step = attempt(incident, rule, brakes, now, found, Reason.UNANSWERED)
    return None if isinstance(step, Wait) else step


def next_look(
    incident: Incident, rule: Rule, since: datetime, now: datetime
) -> datetime:
    """Every `recheck`, and once exactly at each time that decides."""
    last = max(incident.looked_at or since, since)
    old = stale_before(incident, now)
    if old and last < old:
        return old
    pause = HUMAN_LOOK if incident.state is State.NEEDS_HUMAN else rule.recheck
    if incident.unreadable_since and incident.state is not State.NEEDS_HUMAN:
        backoff = 2.0 ** min(max(incident.unreadable_looks - 1, 0), 5)
        pause = min(rule.recheck, timedelta(seconds=min(backoff, MOST_BACKOFF)))
        if incident.unreadable_looks == 1:
            pause = min(pause, rule.unreadable_for)
    marks = [since + rule.verify_after, since + rule.verify_for]
    if rule.traffic is None:
        marks.append(since + rule.longest_window)
    elif incident.look and incident.look.stale_failures:
        # A line that is too late to be stale has had time to show by then.
        marks.append(since + rule.settle + rule.recheck)
    return min([last + pause, *(mark for mark in marks if mark > last)])


def _failing(
    incident: Incident, rule: Rule, brakes: Brakes, now: datetime, due: datetime
) -> Step | None:
    """(a), (b) and (c) of rule 15, None if the last look shows no failure."""
    seen = incident.look.candidates if incident.look else ()
    links = [c for c in seen if not _answered_since(incident, c, brakes)]
    candidate = best_candidate(incident, brakes) if links else None
    if candidate is not None:
        again = candidate.late or candidate.digest == brakes.fixed_link
        reason = Reason.FIX_DID_NOT_HOLD if again else Reason.NEWER_LINK
        if may_act(incident, now):
            step = attempt(incident, rule, brakes, now, candidate, reason)
            return looking_on(step, due)
        if silence_holds(incident, now) and incident.state is not State.NEEDS_HUMAN:
            return Wait(until=due, state=State.HOLDING, reason=Reason.SILENCED)
    if seen and not links:
        # A wrong code was the answer: only the next look tells what goes on (rule 10).
        return _waiting(incident, due)
    best = reached(incident)
    if best is None and not links:
        return None
    return Wait(
        until=now + HUMAN_LOOK,
        state=State.NEEDS_HUMAN,
        reason=_why(incident, rule),
        check=best.name if best else "",
        observed=best.count if best else None,
        limit=best.threshold if best else None,
        link=said_twice(links, brakes),
    )


def _why(incident: Incident, rule: Rule) -> Reason:
    """Rule 9: unanswered calls alone end nothing, a newer link may yet come."""
    unanswered = only_unknown(incident)
    if unanswered and effective_calls(incident) >= rule.max_reports:
        return Reason.MAX_REPORTS
    return Reason.ERRORS_CONTINUE


def _answered_since(incident: Incident, seen: Candidate, brakes: Brakes) -> bool:
    """Whether the link was answered after the look that saw it: not news any more."""
    record, looked_at = brakes.links.get(seen.digest), incident.looked_at
    if record is None or record.answered_at is None or looked_at is None:
        return False
    return record.spent and record.answered_at > looked_at


def _proof(
    incident: Incident,
    rule: Rule,
    look: Looked,
    since: datetime,
    now: datetime,
    due: datetime,
) -> Step:
    """(d) of rule 15."""
    looked_at = incident.looked_at or look.at
    if looked_at < since + rule.verify_after:
        return _waiting(incident, due)
    if rule.traffic is None:
        if look.matched == 0 or looked_at >= since + rule.longest_window:
            return Finish(
                state=State.RECOVERED,
                reason=Reason.ERRORS_STOPPED,
                proof=Proof.QUIET,
                stray=look.matched,
            )
        return _waiting(incident, due)
    if orders_prove(incident, rule, since):
        return Finish(
            state=State.RECOVERED,
            reason=Reason.ORDER_SEEN,
            proof=Proof.ORDERS,
            good_orders=look.good_orders,
            stray=look.matched,
        )
    if looked_at < since + rule.verify_for:
        return _waiting(incident, due)
    if blind := incident.traffic_unreadable_since:
        patient = extended(incident.pauses, blind, rule.unreadable_for, now)
        if now < patient:
            return _waiting(incident, min(due, patient))
        return _human(due, Reason.LOGS_UNREADABLE)
    return _no_proof(incident, look, due)


def _no_proof(incident: Incident, look: Looked, due: datetime) -> Step:
    """The factory's word, which counts only while nothing contradicts it."""
    if verified_outcome(incident) is Outcome.RESOLVED and not look.failures:
        return Finish(
            state=State.RECOVERED,
            reason=Reason.SUPPLIER_CONFIRMED,
            proof=Proof.SUPPLIER,
            good_orders=0,
            stray=look.matched,
        )
    return _human(due, Reason.UNPROVEN)


def _unreadable(incident: Incident, rule: Rule, now: datetime, due: datetime) -> Step:
    since = incident.unreadable_since or now
    patient = extended(incident.pauses, since, rule.unreadable_for, now)
    if now >= patient:
        return _human(due, Reason.LOGS_UNREADABLE)
    return _waiting(incident, min(due, patient))


def _waiting(incident: Incident, due: datetime) -> Wait:
    lasting = (
        Reason.UNPROVEN,
        Reason.MAX_REPORTS,
        Reason.BREAKER_OPEN,
        Reason.ERRORS_CONTINUE,
    )
    if incident.state is State.NEEDS_HUMAN and incident.reason in lasting:
        return _human(due, incident.reason)
    shared = incident.shared is not None and not incident.answered
    reason = Reason.REPORT_SHARED if shared else Reason.REPORTED
    if verified_outcome(incident) is Outcome.UNKNOWN:
        reason = Reason.UNANSWERED
    return Wait(until=due, state=State.VERIFYING, reason=reason)


def _human(due: datetime, reason: Reason) -> Wait:
    return Wait(until=due, state=State.NEEDS_HUMAN, reason=reason)
