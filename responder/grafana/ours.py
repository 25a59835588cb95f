"""Which integrations are ours, and which reach a person. Pure."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from responder.config.settings import Credential, Settings
from responder.grafana.objects import AlertRule, Integration, Seen
from responder.grafana.routing import Way, ways_of
from responder.incident.names import Sender
from responder.incident.rule import Rule

PATH = "/webhooks/grafana"
_HOOKS = (PATH, "/webhooks/alertmanager", "/webhooks/irm")
_PLACEHOLDER = "<example@email.com>"
"""The address of the contact point that a new Grafana has: mail to it goes nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What is judged: a Grafana as it was seen, against our configuration."""

    seen: Seen
    settings: Settings

    @property
    def url(self) -> str:
        """Where Grafana is to send alerts, "" without a `public_url`."""
        base = self.settings.server.public_url
        return f"{base.rstrip('/')}{PATH}" if base else ""

    @property
    def watched(self) -> bool:
        """Whether every rule watches the logs itself, so that no alert need come."""
        return all(rule.watch for rule in self.settings.rules)

    @property
    def credential(self) -> Credential | None:
        """How Grafana proves itself: the first that its path takes."""
        known = self.settings.webhook_auth
        return next((one for one in known if Sender.GRAFANA in one.senders), None)

    def is_ours(self, one: Integration) -> bool:
        """Whether an integration leads to this Responder, rightly or not quite."""
        told = _address(one)
        if told is None:
            return False
        host, path = told
        wanted = urlsplit(self.url).netloc.lower()
        return host == wanted if wanted else path.endswith(_HOOKS)

    def looks_ours(self, one: Integration) -> bool:
        """Whether it leads to a Responder at another address."""
        told = _address(one)
        return told is not None and not self.is_ours(one) and told[1].endswith(_HOOKS)

    @property
    def ours(self) -> tuple[Integration, ...]:
        return tuple(one for one in self.seen.integrations if self.is_ours(one))

    def reaches_us(self, ways: tuple[Way, ...]) -> bool:
        return any(self.is_ours(one) for one in self._at_ends(ways))

    def reaches_people(self, ways: tuple[Way, ...]) -> bool:
        return any(
            not self.is_ours(one) and not self.looks_ours(one) and not _to_nobody(one)
            for one in self._at_ends(ways)
        )

    def _at_ends(self, ways: tuple[Way, ...]) -> tuple[Integration, ...]:
        names = dict.fromkeys(way.contact_point for way in ways)
        return tuple(one for name in names for one in self.seen.contact_point(name))

    def ways(self, rule: AlertRule) -> tuple[Way, ...]:
        return ways_of(rule, self.seen)

    def taker(self, rule: AlertRule) -> Rule | None:
        """The rule of ours that takes this rule's alerts."""
        labels = self.seen.labels_of(rule)
        return next((one for one in self.settings.rules if one.takes(labels)), None)

    @property
    def feeding(self) -> tuple[AlertRule, ...]:
        """The rules whose alerts reach us, as far as Grafana's own rules tell."""
        return tuple(
            one
            for one in self.seen.rules
            if not _about_us(one) and self.reaches_us(self.ways(one))
        )


def _address(one: Integration) -> tuple[str, str] | None:
    """Host with port, and path, of a webhook; None for anything else."""
    url = one.settings.get("url")
    if one.kind != "webhook" or not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.netloc.rpartition("@")[2].lower(), parts.path.rstrip("/")


def _about_us(rule: AlertRule) -> bool:
    """The heartbeat, which is nobody's page, and the alerts about Responder."""
    labels = rule.labels or {}
    return labels.get("heartbeat") == "true" or labels.get("service") == "responder"


def _to_nobody(one: Integration) -> bool:
    told = one.settings.get("addresses")
    return one.kind == "email" and isinstance(told, str) and _PLACEHOLDER in told
