"""Webhook bodies as the senders write them, to post or to replay."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from responder.cassette.bodies import LABELS
from responder.incident.names import Sender, Status
from responder.senders import samples


def grafana_body(**changes: Any) -> dict[str, Any]:
    """A body of Grafana's webhook contact point, with one alert.

    `labels` (default: what the built-in rule takes), `resolved` (default: it fires),
    `at` and `started` (aware times; default: now).
    """
    return _body(Sender.GRAFANA, **changes)


def alertmanager_body(**changes: Any) -> dict[str, Any]:
    """The same in Alertmanager's form, version 4."""
    return _body(Sender.ALERTMANAGER, **changes)


def irm_body(**changes: Any) -> dict[str, Any]:
    """The same as an outgoing webhook of Grafana IRM."""
    return _body(Sender.IRM, **changes)


def _body(
    sender: Sender,
    *,
    labels: Mapping[str, str] = LABELS,
    resolved: bool = False,
    at: datetime | None = None,
    started: datetime | None = None,
) -> dict[str, Any]:
    now = at or datetime.now(UTC)
    status = Status.RESOLVED if resolved else Status.FIRING
    return samples.body(sender, labels, now, status, started)
