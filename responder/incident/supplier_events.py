"""What was learned of the factory itself, apart from its answers to reports."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class FixRecorded:
    """When the factory's own record said that it was last fixed, by its clock.

    Earlier versions stored it; it changes nothing of an incident.
    """

    at: datetime
    fixed_at: datetime
    event: Literal["fix_recorded"] = "fix_recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactoryProbed:
    """Whether the factory answered, asked before a person is called (rule 12).

    `why` says in masked words what came instead of an answer.
    """

    at: datetime
    reachable: bool
    why: str = ""
    event: Literal["factory_probed"] = "factory_probed"


def supplier_words(event: FixRecorded | FactoryProbed) -> str:
    """One line of a timeline, without its time."""
    if isinstance(event, FactoryProbed):
        said = "it does" if event.reachable else f"it does not ({event.why})"
        return f"asked whether the factory answers: {said}"
    day = f"{event.fixed_at:%Y-%m-%d} "
    day = "" if event.fixed_at.date() == event.at.date() else day
    return f"the factory's own record: mended at {day}{event.fixed_at:%H:%M:%S}"
