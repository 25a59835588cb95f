"""What Responder knows of its own life: since when, and when it was not there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time in which no replica ran: nothing was heard, nothing was looked at."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the storage remembers, and whether it will go on to."""

    since: datetime | None = None
    """When the first start wrote into it; None before."""
    gaps: tuple[Gap, ...] = ()
    """The latest, newest first."""
    history_lost: bool = False
    """It was made anew where an older one was expected."""
    forgets: str = ""
    """Why it may be gone with the machine or container, "" if it stays."""

    @property
    def durable(self) -> bool:
        return not self.forgets


Remember = Callable[[], Memory]
