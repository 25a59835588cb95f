"""Events as people may see them: senders and people write what they like."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from enum import StrEnum
from typing import Any

from responder.incident.events import Event

Mask = Callable[[str], str]
_BETWEEN = "\n"


def masked_all(events: tuple[Event, ...], mask: Mask) -> tuple[Event, ...]:
    """The events with every text masked that is the sender's or a person's."""
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
