"""What the supplier's own record says of an incident: rule 15's second witness."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class FixRecorded:
    """After a report: when the factory's own record says that it was last mended.

    By its clock, which need not be ours: it proves nothing by itself.
    """

    at: datetime
    fixed_at: datetime
    event: Literal["fix_recorded"] = "fix_recorded"


def fix_words(event: FixRecorded) -> str:
    """One line of a timeline, without its time."""
    day = f"{event.fixed_at:%Y-%m-%d} "
    day = "" if event.fixed_at.date() == event.at.date() else day
    return f"the factory's own record: mended at {day}{event.fixed_at:%H:%M:%S}"
