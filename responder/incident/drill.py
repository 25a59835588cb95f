"""Drills: incidents that prove the way of an alert, and count nowhere. Pure.

An alert with the label `responder_drill` opens an incident of its own, never joins or
ends a real one, and is never reported. Log lines are marked alike; a real incident
leaves them out, and a drill sees no others.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from responder.incident.alert import Alert, AlertVerdict
from responder.incident.evidence import Counted, Evidence, LogLine
from responder.incident.mark import drill_of
from responder.incident.model import Incident
from responder.incident.names import Mode, Reason, State, Verdict
from responder.incident.rule import Rule
from responder.incident.steps import Finish, Rest, Step, Wait

LONGEST = timedelta(minutes=3)
"""How long a drill's incident lasts at most: nobody may be there to end it."""


def marked(alert: Alert, said: AlertVerdict) -> AlertVerdict:
    """The verdict as it is told and counted: a drill's is `drill`, whatever it was."""
    return replace(said, verdict=Verdict.DRILL) if drill_of(alert.labels) else said


def own_lines(lines: Iterable[LogLine], drill: str) -> list[LogLine]:
    """The lines that may count for that drill, or with "" for a real incident."""
    return [line for line in lines if line.drill == drill]


def own(answer: Evidence, drill: str) -> Evidence:
    """The answer without the lines of others.

    The source's own count knows no marks: a drill does without it, a real incident
    takes off the marked lines that it can see.
    """
    if not isinstance(answer, Counted):
        return answer
    kept = own_lines(answer.lines, drill)
    total = None
    if not drill and answer.total is not None:
        total = answer.total - (len(answer.lines) - len(kept))
    return replace(answer, lines=tuple(kept), total=total)


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
