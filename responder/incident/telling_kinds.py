"""What can be told: regions, notes, the state of an alert group, notices."""

from dataclasses import dataclass
from datetime import datetime

from responder.incident.told import Told, What


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What lies outside the incident's own timeline."""

    groups: tuple[str, ...] = ()
    """IRM's alert groups that its alerts came in."""
    busy: frozenset[str] = frozenset()
    """Those of them that another open incident belongs to."""
    before: tuple[Told, ...] = ()
    """What was told of other incidents of these groups, oldest first."""
    page: str = ""
    """The address of the incident's page, "" where none is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """An annotation over the time from `start` to `end` of an incident."""

    what: What
    incident: str
    start: datetime
    end: datetime
    text: str
    tags: tuple[str, ...]
    mark: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note on an alert group. One that begins with `opening` is there already."""

    what: What
    group: str
    opening: str
    text: str
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """An alert group is acknowledged or resolved, or that (`undoes`) is taken back."""

    what: What
    group: str
    undoes: What | None = None
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message for people: `firing` while they are needed."""

    what: What
    mark: str
    incident: str
    rule: str
    title: str
    text: str
    page: str
    firing: bool
    start: datetime
    end: datetime | None
    group: str = ""


Telling = Region | Note | Turned | Notice


def incident_tag(incident: str) -> str:
    """The tag by which an incident's annotation is found again."""
    return f"incident:{incident}"
