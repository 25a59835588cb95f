"""The port through which people act: on one incident, and on the whole service."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from responder.incident.actions import Action
from responder.incident.names import State
from responder.incident.pause import Pause
from responder.incident.ports import Lease


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """What an action came to. Not `done`: somebody was first, `by` and `at` say who.

    `lease`: work on the incident at once; None if somebody does already.
    """

    incident: str
    rule: str
    done: bool
    by: str
    at: datetime
    state: State
    lease: Lease | None = None


class NoSuchIncident(LookupError):
    """No incident has this id."""


class TooLate(Exception):
    """It cannot be done, or not any more. `by` and `at`: who was first, if anybody."""

    def __init__(self, words: str, by: str = "", at: datetime | None = None) -> None:
        super().__init__(words)
        self.words = words
        self.by = by
        self.at = at


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What holds every report now, whatever the incident."""

    pause: Pause | None
    """The pause that holds, None if none does."""
    breaker_open: bool
    reports_last_hour: int
    max_reports_per_hour: int
    hour_frees_at: datetime | None
    """When the breaker closes, None while it is closed."""
    held: int
    """Open incidents that these hold."""


class Controls(Protocol):
    """What people do. Each call is durable when it returns.

    All raise `StorageUnavailable` when the database fails.
    """

    def act(self, incident: str, action: Action) -> Pressed:
        """Put it on the incident's timeline. Raises `NoSuchIncident`, `TooLate`."""

    def pause(self, by: str, until: datetime | None) -> None:
        """No report leaves from now on, in any replica, until then or `resume`.

        While a pause holds it is replaced: its end is the new one.
        """

    def resume(self, by: str) -> None:
        """End the pause. Without one nothing happens."""

    def standing(self) -> Standing:
        """What holds every report now."""
