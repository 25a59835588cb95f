"""Events as people may see them: senders and people write what they like."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from enum import StrEnum
from typing import Any

from responder.incident.events import Event
from responder.incident.fold import fold
from responder.incident.listing import IncidentPage, IncidentSummary, Search
from responder.incident.model import Incident
from responder.incident.ports import Archive

Mask = Callable[[str], str]
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_BETWEEN = "\n"


def untwisted(text: str) -> str:
    """The text without marks that turn the words around it: ours could be read wrong.

    Text in a right-to-left script needs none of them and is kept.
    """
    return _TURNING.sub("\N{REPLACEMENT CHARACTER}", text)


def timeline_of(
    archive: Archive, incident_id: str, mask: Mask
) -> tuple[Incident, tuple[Event, ...]] | None:
    """A stored incident as people may see it; None if there is no such incident.

    What is stored was masked by the secrets of its time: later ones count too.
    """
    found = archive.timeline(incident_id)
    if found is None:
        return None
    incident, stored = found
    events = masked_all(stored, mask)
    if events == stored:
        return found
    # The row knows a later look than the timeline does.
    folded = fold(incident_id, events)
    return replace(folded, looked_at=incident.looked_at), events


def listed(archive: Archive, asked: Search, mask: Mask) -> IncidentPage:
    """Stored incidents in a list as people may see them. Raises `BadCursor`."""
    page = archive.search(asked)
    return replace(page, incidents=tuple(_row(one, mask) for one in page.incidents))


def _row(incident: IncidentSummary, mask: Mask) -> IncidentSummary:
    return replace(
        incident,
        group=mask(incident.group),
        summary=mask(incident.summary),
        reports=tuple(replace(r, message=mask(r.message)) for r in incident.reports),
    )


def masked_all(events: tuple[Event, ...], masker: Mask) -> tuple[Event, ...]:
    """The events with every text masked that is the sender's or a person's."""

    def mask(text: str) -> str:
        return untwisted(masker(text))

    # Of ten thousand alerts seldom one holds a secret: all are asked about at once.
    told = _BETWEEN.join(text for event in events for text in _texts(event))
    if mask(told) == told:
        return events
    return tuple(masked(event, mask) for event in events)


def masked(event: Event, mask: Mask) -> Event:
    """One event masked."""
    changed: dict[str, object] = {}
    for name, value in _theirs(event):
        if isinstance(value, str):
            changed[name] = mask(value)
        else:
            changed[name] = {mask(k): mask(v) for k, v in value.items()}
    return replace(event, **changed)  # type: ignore[arg-type]


def _texts(event: Event) -> Iterator[str]:
    for _, value in _theirs(event):
        if isinstance(value, str):
            yield value
        else:
            yield from value.keys()
            yield from value.values()


def _theirs(event: Event) -> Iterator[tuple[str, str | Mapping[str, str]]]:
    for field in fields(event):
        value: Any = getattr(event, field.name)
        if isinstance(value, Mapping) or (
            isinstance(value, str) and not isinstance(value, StrEnum)
        ):
            yield field.name, value
