"""A rule's own eyes: what a look without an alert may see. Pure: rules 4, 5 and 16.

The look itself is the one of an incident (`questions`, `evaluate`), asked by
nobody's incident.
"""

from dataclasses import replace
from datetime import datetime

from responder.incident.events import CheckReading, Looked, Opened
from responder.incident.incident import Incident
from responder.incident.names import Reason
from responder.incident.openings import Aftermath
from responder.incident.rule import Rule
from responder.incident.service import Brakes


def bystander(rule: Rule, now: datetime) -> Incident:
    """An incident that is none: it sees what one that opens now would see."""
    return Incident(id="", rule=rule.name, opened_at=now, last_firing_at=now)


def engaged(brakes: Brakes, aftermath: Aftermath) -> bool:
    """Whether an incident looks already: an open one, or one that rule 16 watches."""
    return brakes.open_elsewhere or aftermath.watched


def sight(rule: Rule, brakes: Brakes, aftermath: Aftermath) -> Brakes:
    """The brakes with a floor below which nothing is news to a watch.

    What came before the end of the rule's last incident was weighed by it. After a
    close by hand the orders that were under way log for `settle` longer.
    """
    ended = aftermath.ended_at
    if ended is None:
        return brakes
    since = ended + rule.settle if aftermath.closed else ended
    return replace(brakes, floor=max(brakes.floor or since, since))


def confirmed(looked: Looked) -> CheckReading | None:
    """The check that confirms the fault, if one does (rule 1)."""
    return next((check for check in looked.checks if check.reached), None)


def self_detected(rule: Rule, now: datetime) -> Opened:
    """How an incident begins that a watch opens. Its opening counts as a firing."""
    return Opened(at=now, rule=rule.name, reason=Reason.SELF_DETECTED)


def by_hand(rule: Rule, by: str, now: datetime) -> Opened:
    """How an incident begins that a person opens."""
    return Opened(at=now, rule=rule.name, reason=Reason.OPENED_BY_PERSON, by=by)
