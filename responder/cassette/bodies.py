"""Webhook bodies for cassettes: an alert as each sender writes it."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from responder.incident.names import Sender, Status
from responder.senders import samples


def body_of(
    sender: Sender,
    labels: Mapping[str, str],
    at: datetime,
    started: datetime,
    status: Status = Status.FIRING,
) -> dict[str, Any]:
    """The body that arrives at `at` for an alert that began at `started`."""
    return samples.body(sender, labels, at, status, started)


def document_of(text: str) -> dict[str, Any] | None:
    """The object in a stored text; None where masking or cutting left none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def mapping_of(value: object) -> dict[str, Any]:
    """What was an object before it was masked still is one."""
    assert isinstance(value, dict)
    return value
