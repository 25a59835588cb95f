"""What keeps a report from being sent, and until when: rules 6, 10 and 12. Pure."""

from datetime import datetime, timedelta

from responder.incident.attempt import HUMAN_LOOK, MOST_BACKOFF
from responder.incident.events import CheckReading
from responder.incident.facts import failed_calls, stale_before
from responder.incident.incident import Incident
from responder.incident.names import Outcome, Reason, State
from responder.incident.pause import extended
from responder.incident.rule import Rule
from responder.incident.service import Brakes
from responder.incident.steps import Finish, Probe, Step, Wait


def look_due(incident: Incident, rule: Rule, now: datetime) -> datetime:
    """When to read the logs next: at once at first, then as rules 6, 7, 12 say."""
    if incident.looked_at is None or incident.looked_at > now:
        # Not yet, or the clock was set back since: what was read then is too old.
        return min(incident.opened_at, now)
    old = stale_before(incident, now)
    if old and incident.looked_at < old:
        return old
    if incident.state is State.NEEDS_HUMAN:
        return incident.looked_at + HUMAN_LOOK
    if incident.unreadable_since:
        pause = min(2.0 ** min(incident.unreadable_looks - 1, 6), MOST_BACKOFF)
        wait = timedelta(seconds=pause)
        if incident.unreadable_looks == 1:
            # Nobody is called on the strength of one look.
            wait = min(wait, rule.unreadable_for)
        return incident.looked_at + wait
    return incident.looked_at + rule.recheck


def looks(incident: Incident, brakes: Brakes, now: datetime, due: datetime) -> bool:
    """Whether to read the logs now, which were `due` by then.

    A look may take longer than until the next one is due: each is decided upon first,
    unless it is too old to decide anything.
    """
    if now < due or not brakes.undecided:
        return now >= due
    if incident.looked_at is None or incident.looked_at > now:
        return True
    old = stale_before(incident, now)
    return old is not None and incident.looked_at < old


def reached(incident: Incident) -> CheckReading | None:
    """The first check of the last look that confirms the fault."""
    checks = incident.look.checks if incident.look else ()
    return next((check for check in checks if check.reached), None)


def last_was_wrong(incident: Incident) -> bool:
    answered = incident.answered
    return bool(answered) and answered[-1].outcome is Outcome.WRONG_CODE


def below(incident: Incident, rule: Rule, now: datetime) -> Step:
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


def no_link(incident: Incident, rule: Rule, now: datetime) -> Wait | Probe:
    """Confirmed, and nothing to call: look on, then call a person (rule 12)."""
    if failing := _still_failing(incident, rule, now):
        return failing
    wrong = last_was_wrong(incident)
    last_wrong = incident.answered[-1].answered_at if wrong else None
    since = incident.no_link_since or last_wrong or incident.confirmed_at or now
    best = reached(incident)
    calls_at = since + rule.no_link_for
    waited = now >= calls_at and _orders_fail(incident, rule)
    foreign = incident.look is not None and incident.look.foreign_links > 0
    known = wrong or foreign or (incident.probed and incident.probed.at >= calls_at)
    if waited and not known:
        return Probe()
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


def _orders_fail(incident: Incident, rule: Rule) -> bool:
    """Whether a person is worth calling: not if orders work again, or none failed.

    The latter where only a watch saw the fault (rule 3) and failed orders are known.
    """
    if incident.look is not None and incident.look.working_since is not None:
        return False
    unseen = incident.opened_as is Reason.SELF_DETECTED and not incident.firings
    return not (unseen and rule.failed and not incident.failed_keys)


def _still_failing(incident: Incident, rule: Rule, now: datetime) -> Wait | None:
    """The factory takes no report, and the lines with its link are out of sight."""
    failed = failed_calls(incident)
    if not failed or reached(incident):
        return None
    refused = failed[-1].outcome is Outcome.REFUSED
    patience = rule.give_up_after
    lasting = now >= extended(incident.pauses, failed[0].at, patience, now)
    return Wait(
        until=look_due(incident, rule, now),
        state=State.NEEDS_HUMAN if lasting else State.HOLDING,
        reason=Reason.FACTORY_REFUSED if refused else Reason.FACTORY_UNREACHABLE,
    )
