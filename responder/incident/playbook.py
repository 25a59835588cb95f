"""The whole policy: one incident, its rule, the brakes and a time in; one step out.

`docs/policy.md` has the rules by number. The order here is theirs: what ended is
watched (16), an intent without an answer comes first (10), then a resolve (17), then
what people did (13, 14), the search for evidence and a link (4 to 12), then
verification (15).
"""

from datetime import datetime, timedelta

from responder.incident.drill import drilled, in_shadow
from responder.incident.facts import (
    may_have_reached_factory,
    verifying_since,
)
from responder.incident.hold import looks, reached
from responder.incident.incident import Incident
from responder.incident.names import Mode, Reason, State
from responder.incident.pause import extended
from responder.incident.rule import Rule
from responder.incident.seek import seek
from responder.incident.service import Brakes
from responder.incident.steps import (
    Finish,
    Gather,
    Lost,
    Relapse,
    Rest,
    Step,
    TraceBack,
    Wait,
    Watch,
)
from responder.incident.verify import verify
from responder.incident.window import switched, vetoed

SLOWEST_WATCH = timedelta(seconds=15)
AFTER_RESOLVE = timedelta(seconds=60)
"""The watch outlives the resolve by this and one look: whoever has just said "resolved"
says nothing new of the group before its group interval is over."""


def next_step(incident: Incident, rule: Rule, brakes: Brakes, now: datetime) -> Step:
    """The one thing to do next. Touches no clock, network, database, log or setting."""
    step = _next_step(incident, in_shadow(rule, incident), brakes, now)
    return drilled(step, incident, now) if incident.drill else step


def _next_step(incident: Incident, rule: Rule, brakes: Brakes, now: datetime) -> Step:
    if incident.ended_at is not None:
        return _watch(incident, rule, brakes, now, incident.ended_at)
    if incident.outstanding is not None:
        return _outstanding(incident, brakes, now)
    if (noted := switched(incident, brakes, now)) is not None:
        return noted
    if (ended := _resolved(incident)) is not None:
        return ended
    if (stopped := vetoed(incident, now)) is not None:
        return stopped
    if incident.withheld_at is not None and rule.mode is Mode.SHADOW:
        return _shadow(incident, rule, brakes, now, incident.withheld_at)
    since = verifying_since(incident)
    if since is None:
        return seek(incident, rule, brakes, now)
    return verify(incident, rule, brakes, now, since)


def _outstanding(incident: Incident, brakes: Brakes, now: datetime) -> Step:
    """Rule 10: the process that sent it is gone, or still waits for its answer."""
    report = incident.outstanding
    assert report is not None
    until = report.at + timedelta(seconds=brakes.timeout + 1)
    if now < until:
        return Wait(until=until, state=State.REPORTING, reason=report.reason)
    return Lost()


def _resolved(incident: Incident) -> Finish | None:
    """Rule 17, and rule 12's end by a resolve."""
    if not incident.resolved_cleanly:
        return None
    early = incident.state in (State.INVESTIGATING, State.HOLDING)
    if (
        early and not may_have_reached_factory(incident)
    ) or incident.state is State.NEEDS_HUMAN:
        reason = Reason.SHADOW if incident.withheld_at else Reason.ALERT_RESOLVED
        return Finish(state=State.STOOD_DOWN, reason=reason)
    return None


def _shadow(
    incident: Incident,
    rule: Rule,
    brakes: Brakes,
    now: datetime,
    withheld_at: datetime,
) -> Step:
    """Rule 13: it would have reported; look on until errors stop or it resolves."""
    ended = Finish(state=State.STOOD_DOWN, reason=Reason.SHADOW)
    if not incident.fires:
        return ended
    looked_at = incident.looked_at or withheld_at
    decides = withheld_at + rule.verify_after
    due = max(looked_at, withheld_at) + rule.recheck
    if looked_at < decides:
        due = min(due, decides)
    if looks(incident, brakes, now, due):
        return Gather()
    if incident.unreadable_since is None and not incident.first_error_final:
        return TraceBack()
    calm = reached(incident) is None and incident.unreadable_since is None
    if calm and looked_at >= decides:
        return ended
    return Wait(until=due, state=State.VERIFYING, reason=Reason.SHADOW)


def _watch(
    incident: Incident, rule: Rule, brakes: Brakes, now: datetime, ended_at: datetime
) -> Step:
    """Rule 16: an ended incident is looked at until its alerts have resolved."""
    pause = max(rule.recheck, SLOWEST_WATCH)
    until = _watched_until(incident, rule, ended_at, pause)
    if until is None or now >= until or brakes.open_elsewhere:
        return Rest()
    looked_at = max(incident.looked_at or ended_at, ended_at)
    due = looked_at + pause
    if incident.fired_at and incident.fired_at > looked_at:
        # A late alert: whether its errors are old ones only the logs can say.
        due = incident.fired_at
    if looks(incident, brakes, now, due):
        return Gather()
    if (incident.looked_at or ended_at) > ended_at and _fails(incident, rule):
        return Relapse()
    blind, late = incident.unreadable_since, incident.fired_at
    if blind and late and late > ended_at:
        # Rule 7: an alert came, and what it means could not be counted.
        patient = extended(incident.pauses, blind, rule.unreadable_for, now)
        if now >= patient:
            return Relapse()
        due = min(due, patient)
    return Watch(until=due)


def _watched_until(
    incident: Incident, rule: Rule, ended_at: datetime, pause: timedelta
) -> datetime | None:
    """When the watch is over, None for an incident that has none."""
    if incident.state not in (State.RECOVERED, State.STOOD_DOWN):
        return None
    if not incident.firings:
        return None
    if incident.fires:
        longest = max(rule.longest_window + timedelta(seconds=60), rule.give_up_after)
        return max(ended_at, incident.last_firing_at) + longest
    resolved_at = incident.resolved_at or ended_at
    if incident.state is State.STOOD_DOWN and resolved_at <= ended_at:
        # What the resolve ended is over: its lines may still be in the window.
        return None
    return resolved_at + AFTER_RESOLVE + pause


def _fails(incident: Incident, rule: Rule) -> bool:
    """Rule 15's failures: a link that calls for a report, or a check confirmed."""
    if reached(incident) is not None:
        return True
    looked = incident.look
    known = verifying_since(incident) is not None
    return known and looked is not None and bool(looked.candidates)
