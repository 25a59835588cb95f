"""A pause, and the patience that stands still while it lasts (rule 14). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """One press of the switch: no report leaves from `at` until it ends.

    It ends by itself at `until` (None: never), or earlier by a person at `ended_at`.
    """

    at: datetime
    by: str
    until: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str = ""
    pressed_at: datetime | None = None
    """When it was pressed, where `at` is the start of an incident that it holds."""

    @property
    def ends(self) -> datetime | None:
        """When it ended or will end, None while nobody knows."""
        return min((at for at in (self.until, self.ended_at) if at), default=None)

    def holds(self, now: datetime) -> bool:
        """Whether it holds: from its press on, whoever's clock is behind."""
        return self.ends is None or now < self.ends


def extended(
    pauses: Sequence[Pause], since: datetime, length: timedelta, now: datetime
) -> datetime:
    """When `length` from `since` on is over, with the pauses since then left out.

    A pause that holds at `now` keeps it ahead of `now`. The pauses are in the order
    of time and do not overlap.
    """
    due = since + length
    for pause in pauses:
        start = max(pause.at, since)
        end = min(pause.ends or now, now)
        if start < due and end > start:
            due += end - start
    return due


def resumed_at(pauses: Sequence[Pause], now: datetime) -> datetime | None:
    """When the latest pause that is over ended: what was read before is old."""
    ends = [pause.ends for pause in pauses if pause.ends and pause.ends <= now]
    return max(ends, default=None)
