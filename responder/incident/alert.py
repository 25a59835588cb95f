"""Alerts as senders deliver them, normalised."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from responder.incident.names import Sender, Status, Verdict

# The mark of a drill, on its alert. Pure.

MARK = "responder_drill"
"""The alert's label that holds a drill's id."""
_ID = re.compile(r"[0-9a-z]{8,32}")


def drill_of(labels: Mapping[str, str]) -> str:
    """The id of the drill that the labels speak of, else ""."""
    found = labels.get(MARK, "")
    return found if _ID.fullmatch(found) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert of one delivery.

    `starts_at` is compared for equality, never as an interval: senders' clocks
    differ. (`fingerprint`, `starts_at`) names one firing of one alert.
    """

    status: Status
    labels: Mapping[str, str]
    annotations: Mapping[str, str] = field(default_factory=dict)
    starts_at: datetime
    ends_at: datetime | None = None
    fingerprint: str
    links: Mapping[str, str] = field(default_factory=dict)
    """Addresses for people, by name: generator, silence, dashboard, panel."""

    @property
    def name(self) -> str:
        return self.labels.get("alertname", "")

    @property
    def state_reason(self) -> str:
        """Grafana's `grafana_state_reason`, "" when the alert speaks for itself."""
        return self.annotations.get("grafana_state_reason", "")


class PersonAction(StrEnum):
    """What a person did in IRM."""

    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    RESOLVED = "resolved"
    UNRESOLVED = "unresolved"
    SILENCED = "silenced"
    UNSILENCED = "unsilenced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person's action, heard from the sender. `name` is "" for automatic ones."""

    action: PersonAction
    name: str
    at: datetime | None = None
    until: datetime | None = None
    """End of a silence; None with SILENCED means for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One webhook body, understood."""

    sender: Sender
    receiver: str = ""
    group_key: str = ""
    truncated_alerts: int = 0
    alerts: tuple[Alert, ...]
    test: bool = False
    may_open: bool = True
    """False when the sender's group is acknowledged or silenced (rule 18)."""
    person: Person | None = None
    alert_group: str = ""
    """IRM's id of the alert group."""
    external_url: str = ""

    @property
    def drill(self) -> bool:
        """Whether it speaks of nothing but a drill."""
        return bool(self.alerts) and all(drill_of(a.labels) for a in self.alerts)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertVerdict:
    """What one alert of a delivery meant, and for which incident."""

    fingerprint: str
    verdict: Verdict
    incident: str | None = None
    rule: str | None = None
    why: str = ""
    """For `ignored`: the nearest rule, the matcher that failed and the fix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One accepted webhook. `body` is the masked text of what was received."""

    id: str
    received_at: datetime
    notification: Notification
    credential: str = ""
    body: str = ""
    clock_difference: float | None = None
    """Our clock minus the signed timestamp, in seconds."""


def measurement_failed(alert: Alert) -> bool:
    """Grafana could not evaluate the rule: it says nothing about the fault.

    Either a special alert (DatasourceNoData, DatasourceError), or the ordinary one
    with the state reason alone; KeepLast means that the state before still stands.
    """
    if alert.name in ("DatasourceNoData", "DatasourceError"):
        return True
    reasons = {part.strip() for part in alert.state_reason.split(",")}
    return (
        alert.status is Status.FIRING
        and bool(reasons & {"NoData", "Error"})
        and "KeepLast" not in reasons
    )
