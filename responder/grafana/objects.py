"""What Grafana's provisioning API tells: contact points, policies, rules, sources.

https://grafana.com/docs/grafana/latest/developers/http_api/alerting_provisioning/
Unknown fields are ignored, missing ones have Grafana's defaults.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from responder.incident.expression import BadExpression
from responder.incident.rule import Matcher

REDACTED = "[REDACTED]"
"""What Grafana shows in place of a secret, and takes for "leave it as it is"."""
_PART = re.compile(r"(\d+)(ms|s|m|h|d|w|y)")
_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "y": timedelta(days=365),
}


def _span(value: object) -> object:
    """A duration as Grafana writes it: `1m30s`, `0s`, or a number of seconds."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return timedelta(seconds=value)
    if not isinstance(value, str) or not value:
        return None
    parts = _PART.findall(value)
    if "".join(number + unit for number, unit in parts) != value:
        return timedelta(0) if value == "0" else None
    return sum((int(n) * _UNITS[unit] for n, unit in parts), timedelta())


Span = Annotated[timedelta | None, BeforeValidator(_span)]


class _Wire(BaseModel):
    model_config = ConfigDict(
        extra="ignore", frozen=True, hide_input_in_errors=True, populate_by_name=True
    )


class Integration(_Wire):
    """One integration of a contact point; those of one name are one contact point."""

    uid: str = ""
    name: str = ""
    kind: str = Field(default="", alias="type")
    settings: dict[str, Any] = {}
    no_resolves: bool = Field(default=False, alias="disableResolveMessage")
    provenance: str = ""


class Timing(_Wire):
    """When a group is sent: None is inherited."""

    group_wait: Span = None
    group_interval: Span = None
    repeat_interval: Span = None


class Policy(Timing):
    """One node of the notification policy tree."""

    receiver: str = ""
    object_matchers: list[list[str]] = []
    go_on: bool = Field(default=False, alias="continue")
    routes: "list[Policy]" = []

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Whether all matchers hold; one that cannot be understood never does."""
        return all(_holds(matcher, labels) for matcher in self.object_matchers)


def _holds(parts: list[str], labels: Mapping[str, str]) -> bool:
    if len(parts) != 3:
        return False
    label, op, value = parts
    try:
        return Matcher(label=label, op=op, value=value).holds(labels)
    except BadExpression:
        return False


class Direct(Timing):
    """A rule's own `notification_settings`: it passes the policies by."""

    receiver: str


class AlertRule(_Wire):
    """A rule that Grafana evaluates."""

    uid: str = ""
    title: str = ""
    folder: str = Field(default="", alias="folderUID")
    group: str = Field(default="", alias="ruleGroup")
    labels: dict[str, str] | None = None
    data: list[dict[str, Any]] = []
    no_data: str = Field(default="NoData", alias="noDataState")
    pending: Span = Field(default=None, alias="for")
    paused: bool = Field(default=False, alias="isPaused")
    direct: Direct | None = Field(default=None, alias="notification_settings")

    @property
    def queries(self) -> tuple[str, ...]:
        """The texts that its data sources are asked."""
        models = (data.get("model") for data in self.data)
        found = (m.get("expr") for m in models if isinstance(m, dict))
        return tuple(text for text in found if isinstance(text, str))


class Folder(_Wire):
    uid: str
    title: str = ""


class DataSource(_Wire):
    uid: str
    name: str = ""
    kind: str = Field(default="", alias="type")
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All that was read from a Grafana at one time."""

    url: str
    integrations: tuple[Integration, ...] = ()
    policy: Policy = field(default_factory=Policy)
    rules: tuple[AlertRule, ...] = ()
    raw_rules: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """The rules by uid as Grafana tells them."""
    intervals: Mapping[tuple[str, str], timedelta] = field(default_factory=dict)
    """How often a group, by folder and name, is evaluated."""
    folders: Mapping[str, str] = field(default_factory=dict)
    """Titles by uid."""
    sources: tuple[DataSource, ...] | None = None
    """None where the token may not see them."""
    dashboards: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """Those of ours that are there, by uid."""
    version: str = ""

    @property
    def cloud(self) -> bool:
        """Grafana Cloud: it evaluates no rule more often than every minute."""
        return ".grafana.net" in self.url

    def labels_of(self, rule: AlertRule) -> dict[str, str]:
        """The labels of its alerts, as far as the rule itself says them."""
        named = {"alertname": rule.title}
        if rule.folder in self.folders:
            named["grafana_folder"] = self.folders[rule.folder]
        return {**named, **(rule.labels or {})}

    def contact_point(self, name: str) -> tuple[Integration, ...]:
        return tuple(one for one in self.integrations if one.name == name)


def segment(name: str) -> str:
    """A name as one part of an address's path."""
    return quote(name, safe="", errors="replace")
