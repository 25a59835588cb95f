"""What telling needs from the world, as Protocols."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from responder.incident.model import Incident
from responder.incident.telling_kinds import Scene, Telling
from responder.incident.told import Reception, Told, Where

PageOf = Callable[[str], str]
"""The address of an incident's page, "" where none is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """The right to tell of one incident in one place; `token` is unique.

    `tries` counts those before it that did not come to their end: what they told is
    not known, and is looked for before it is told again.
    """

    incident: str
    where: Where
    token: str
    tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What became of one telling. `detail` is masked; `after`: not sooner than that."""

    reception: Reception
    ref: str = ""
    detail: str = ""
    after: timedelta | None = None


class Voice(Protocol):
    """One place where something is told."""

    def tell(self, telling: Telling, *, again: bool) -> Heard:
        """Tell it once, within 4 s. Never raises; no secret is in what comes out.

        `again`: it may have been told before, and is looked for first.
        """


class Outbox(Protocol):
    """What is still to be told. All raise `StorageUnavailable`."""

    def sweep(self) -> None:
        """Note which timelines have grown: they are looked at in every place."""

    def take(self, where: Where) -> Errand | None:
        """Lease the longest due errand there; the intent is durable before a call."""

    def scene(self, errand: Errand) -> tuple[Incident, Scene] | None:
        """The incident as it is now and what is around it; None if it is forgotten."""

    def record(self, incident: Incident, told: Told) -> Incident:
        """Append it to the timeline: the incident after it."""

    def release(self, errand: Errand, after: timedelta | None = None) -> None:
        """Give it back: due again `after` (None: done, until the timeline grows)."""
