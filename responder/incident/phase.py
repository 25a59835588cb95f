"""Whether good orders prove recovery, and whether the errors have stopped."""

from datetime import datetime

from responder.incident.facts import below_threshold_since, verifying_since
from responder.incident.incident import Incident
from responder.incident.names import Reason, State
from responder.incident.pause import extended
from responder.incident.rule import MOST_GOOD_IN_A_ROW, Rule
from responder.incident.steps import Finish


def orders_prove(
    incident: Incident, rule: Rule, since: datetime, *, answered: bool = True
) -> bool:
    """Rule 15(d): whether good orders of the last look prove recovery.

    `since`: the factory's answer; where there is none (not `answered`), the first
    error, and then something did fail.
    """
    look, looked_at = incident.look, incident.looked_at
    if look is None or looked_at is None or incident.unreadable_since:
        return False
    if look.traffic_unreadable or look.failed_unreadable:
        return False
    # A look that an earlier version stored has none, and waits for the next one.
    if not look.good_since_failure or looked_at < since + rule.verify_after:
        return False
    if answered and not look.failures:
        settled = looked_at >= since + rule.settle + rule.recheck
        return settled or not look.stale_failures
    failed_at = incident.last_failure_at or since
    if looked_at < failed_at + rule.verify_after:
        return False
    failures = look.failures + look.stale_failures
    needed = min(max(failures, rule.good_in_a_row), MOST_GOOD_IN_A_ROW)
    return look.good_since_failure >= needed


def errors_stopped(incident: Incident, rule: Rule, now: datetime) -> Finish | None:
    """Rule 12: the end of `needs_human` by itself, None while a person is needed."""
    if incident.state is not State.NEEDS_HUMAN:
        return None
    calm = below_threshold_since(incident)
    if calm and now >= extended(incident.pauses, calm, rule.give_up_after, now):
        return Finish(state=State.STOOD_DOWN, reason=Reason.ERRORS_STOPPED)
    answered = verifying_since(incident)
    since = answered or incident.first_error_at or incident.opened_at
    if orders_prove(incident, rule, since, answered=answered is not None):
        good = incident.look.good_since_failure if incident.look else 0
        return Finish(
            state=State.STOOD_DOWN, reason=Reason.ORDER_SEEN, good_orders=good
        )
    return None
