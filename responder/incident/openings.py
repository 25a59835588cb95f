"""Incidents opened without an alert: by a rule's own watch or by a person.

The ports through which they are opened, and through which replicas share such duties.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from responder.incident.events import Opened
from responder.incident.ports import Lease


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What is left of the last incident of a rule that ended.

    `closed`: a person ended it; `watched`: its checks run on by rule 16, and what
    fails is a relapse of it.
    """

    ended_at: datetime | None = None
    closed: bool = False
    watched: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """The incident that is open now. Not `done`: it was open before.

    `lease`: work on it at once; None if somebody does already.
    """

    incident: str
    rule: str
    done: bool
    at: datetime
    lease: Lease | None = None


class NoSuchRule(LookupError):
    """No rule has this name."""


class Openings(Protocol):
    """Both raise `StorageUnavailable` when the database fails."""

    def aftermath(self, rule: str) -> Aftermath:
        """What the rule's last incident left, of those without a group."""

    def open(
        self, opened: Opened, *, looked_at: datetime | None = None
    ) -> Began | None:
        """Open it, unless one of its rule and group is open: then that one.

        None if one ended since `looked_at`: what was read then is old.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Whether it falls to us to do it now, and when to ask again."""

    mine: bool
    again: timedelta
    note: str = ""
    """What whoever did it last left for the next."""


class Duties(Protocol):
    """What one of all replicas does every so often. Raise `StorageUnavailable`."""

    def take(self, name: str, every: timedelta) -> Duty:
        """It is ours if nobody took it within `every`."""

    def keep(self, name: str, note: str) -> None:
        """Leave a note for whoever does it next."""

    def note(self, name: str) -> str:
        """The note that was left, "" where there is none."""
