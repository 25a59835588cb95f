"""Drills: marked incidents that test the path of an alert and count nowhere. Pure.

An alert with the label `responder_drill` opens an incident of its own, never joins or
ends a real one, and is never reported. It is decided on the real logs, in shadow.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from responder.incident.alert import Alert, AlertVerdict, drill_of
from responder.incident.incident import Incident
from responder.incident.names import Mode, Reason, State, Verdict
from responder.incident.rule import Rule
from responder.incident.steps import Finish, Rest, Step, Wait

LONGEST = timedelta(minutes=3)
"""How long a drill's incident lasts at most: nobody may be there to end it."""


def marked(alert: Alert, said: AlertVerdict) -> AlertVerdict:
    """The verdict as it is told and counted: a drill's is `drill`, whatever it was."""
    return replace(said, verdict=Verdict.DRILL) if drill_of(alert.labels) else said


def in_shadow(rule: Rule, incident: Incident) -> Rule:
    """The rule as it holds for the incident: in shadow for a drill (rule 13)."""
    if not incident.drill or rule.mode is Mode.SHADOW:
        return rule
    return replace(rule, mode=Mode.SHADOW)


def drilled(step: Step, incident: Incident, now: datetime) -> Step:
    """What the policy's step comes to in a drill: it calls nobody and always ends."""
    if incident.ended_at is not None:
        return Rest()
    called = isinstance(step, Wait) and step.state is State.NEEDS_HUMAN
    over = now >= incident.opened_at + LONGEST
    if called or over or isinstance(step, Finish):
        return Finish(state=State.STOOD_DOWN, reason=Reason.DRILL)
    return step
