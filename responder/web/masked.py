"""Events as people may see them: senders and people write what they like."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from enum import StrEnum

from responder.incident.events import Event


def masked(event: Event, mask: Callable[[str], str]) -> Event:
    """The event with every text masked that is the sender's or a person's."""
    changed: dict[str, object] = {}
    for field in fields(event):
        value = getattr(event, field.name)
        if isinstance(value, str) and not isinstance(value, StrEnum):
            changed[field.name] = mask(value)
        elif isinstance(value, Mapping):
            changed[field.name] = {mask(k): mask(v) for k, v in value.items()}
    return replace(event, **changed)  # type: ignore[arg-type]
