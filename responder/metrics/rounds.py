"""What the rounds count: each rule's own watch."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter

from responder.incident.names import Sight
from responder.incident.rule import Rule


class RoundsMetrics:
    """The part of the metrics that watches move."""

    def __init__(self, registry: CollectorRegistry, rules: Iterable[Rule]) -> None:
        self._looks = Counter(
            "responder_watch_looks",
            "Looks of a rule's own watch, by what they came to.",
            ("rule", "result"),
            registry=registry,
        )
        for rule in rules:
            for sight in Sight:
                self._looks.labels(rule.name, sight)

    def watched(self, rule: str, sight: Sight) -> None:
        """A rule's watch had its turn."""
        self._looks.labels(rule, sight).inc()
