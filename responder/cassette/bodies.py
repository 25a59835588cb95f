"""Webhook bodies for cassettes: an alert as each sender writes it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from responder.incident.names import Sender, Status
from responder.senders import samples

LABELS = {
    "alertname": "Order errors",
    "grafana_folder": "JWT Pizza",
    "responder": "jwt-pizza",
    "severity": "critical",
}


def body_of(
    sender: Sender,
    labels: Mapping[str, str],
    at: datetime,
    started: datetime,
    status: Status = Status.FIRING,
) -> dict[str, Any]:
    """The body that arrives at `at` for an alert that began at `started`."""
    return samples.body(sender, labels, at, status, started)
