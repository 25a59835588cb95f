"""What the rounds count: each rule's own watch, and the pull from Grafana."""

from collections.abc import Iterable
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge

from responder.incident.names import Pulled, Sight
from responder.incident.rule import Rule


class RoundsMetrics:
    """The part of the metrics that watches and pulls move."""

    def __init__(self, registry: CollectorRegistry, rules: Iterable[Rule]) -> None:
        self._looks = Counter(
            "responder_watch_looks",
            "Looks of a rule's own watch, by what they came to.",
            ("rule", "result"),
            registry=registry,
        )
        self._pulls = Counter(
            "responder_pulls",
            "Pulls of Grafana's active alerts.",
            ("result",),
            registry=registry,
        )
        self._pulled_at = Gauge(
            "responder_last_pull_timestamp_seconds",
            "When Grafana last listed its alerts, in Unix seconds; 0 before the first.",
            registry=registry,
        )
        for rule in rules:
            for sight in Sight:
                self._looks.labels(rule.name, sight)
        for result in Pulled:
            self._pulls.labels(result)

    def watched(self, rule: str, sight: Sight) -> None:
        """A rule's watch had its turn."""
        self._looks.labels(rule, sight).inc()

    def pulled(self, result: Pulled, at: datetime) -> None:
        """Grafana was asked for its alerts."""
        self._pulls.labels(result).inc()
        if result is not Pulled.REFUSED:
            self._pulled_at.set(at.timestamp())
