"""What earlier versions read of the factory's own record. Nothing writes it now."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class FixRecorded:
    """When the factory's own record said that it was last fixed, by its clock.

    Stored timelines hold it; it changes nothing of an incident.
    """

    at: datetime
    fixed_at: datetime
    event: Literal["fix_recorded"] = "fix_recorded"


def fix_words(event: FixRecorded) -> str:
    """One line of a timeline, without its time."""
    day = f"{event.fixed_at:%Y-%m-%d} "
    day = "" if event.fixed_at.date() == event.at.date() else day
    return f"the factory's own record: mended at {day}{event.fixed_at:%H:%M:%S}"
