"""The first evening: what is still to be done before it would work tomorrow. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from responder.incident.drills import Drill, Part
from responder.incident.readiness import Aspect, Readiness


class Tick(StrEnum):
    """The steps of the checklist, in their order."""

    REACHED = "reached"
    LOGS_READ = "logs_read"
    GRAFANA_HEARD = "grafana_heard"
    RULE_MATCHED = "rule_matched"
    DRILL_PASSED = "drill_passed"
    PEOPLE_KNOWN = "people_known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. `mend` is the line that ticks it."""

    tick: Tick
    done: bool
    words: str
    mend: str


class FirstRun(Protocol):
    """Whether the checklist is over. Both raise `StorageUnavailable`."""

    def over(self) -> bool: ...

    def end(self) -> None:
        """Show it no more: everything is ticked, or a person dismissed it."""


def checklist(
    ready: Readiness | None,
    *,
    heard: bool,
    incidents: bool,
    drill: Drill | None,
    passed: bool,
) -> tuple[Step, ...]:
    """Each step with whether it is done.

    `heard`: a webhook that was no drill's; `incidents`: a real one was opened;
    `drill` is the last, `passed` whether any ever did.
    """

    def fact(aspect: Aspect) -> bool:
        return ready is not None and ready.fact(aspect).ok

    def drilled(part: Part) -> bool:
        return passed or (drill is not None and drill.reached(part))

    path = fact(Aspect.ALERT_PATH)
    done = {
        Tick.REACHED: heard or path or drilled(Part.DELIVERED),
        Tick.LOGS_READ: fact(Aspect.LOGS) or drilled(Part.COUNTED),
        Tick.GRAFANA_HEARD: heard or path,
        Tick.RULE_MATCHED: incidents or drilled(Part.MATCHED),
        Tick.DRILL_PASSED: passed,
        Tick.PEOPLE_KNOWN: fact(Aspect.PEOPLE),
    }
    return tuple(
        Step(tick=tick, done=done[tick], words=words, mend=mend)
        for tick, (words, mend) in _STEPS.items()
    )


_STEPS = {
    Tick.REACHED: (
        "Responder can be reached",
        "set server.public_url to the address that senders use, and run a drill",
    ),
    Tick.LOGS_READ: (
        "The logs are read",
        "set `logs` to your Loki, with a token that may read (logs:read)",
    ),
    Tick.GRAFANA_HEARD: (
        "Grafana was heard",
        "run `responder connect`, or add the contact point in Grafana and press Test",
    ),
    Tick.RULE_MATCHED: (
        "A rule takes the alert",
        "compare rules[].match with the labels of your alert, and run a drill",
    ),
    Tick.DRILL_PASSED: (
        "A drill has passed",
        "run `responder drill`, or press the button of the page Drill",
    ),
    Tick.PEOPLE_KNOWN: (
        "Somebody is there to be told",
        "configure operator_auth, irm or notify",
    ),
}
