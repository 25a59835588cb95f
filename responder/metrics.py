"""Prometheus metrics of one Responder, on a registry that is passed in.

Every series that can occur is there from the first scrape, so that a rate over a
counter's first step is seen.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from responder.incident.decisions import DECISIONS
from responder.incident.names import (
    WEBHOOKS,
    Decision,
    Outcome,
    Reason,
    Sender,
    Status,
    UnreadableReason,
    Verdict,
)
from responder.incident.readiness import Readiness
from responder.incident.rule import Rule
from responder.metrics.ready import Ready
from responder.metrics.results import RESULTS as RESULTS
from responder.metrics.rounds import RoundsMetrics
from responder.metrics.stored import Readings, Stored
from responder.metrics.telling import Tellings

_QUICK = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_SLOW = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300)
_DELAYS = (1, 5, 10, 20, 30, 60, 90, 120, 300, 900)

FAILURES: Mapping[str, tuple[str, ...]] = {
    "logs": tuple(UnreadableReason),
    "factory": (Outcome.REFUSED, Outcome.UNREACHABLE, Outcome.UNKNOWN),
}
"""How what we depend on fails, each by its own names."""
ORDERS = ("good", "failed")


class Metrics(RoundsMetrics):
    """What is counted, by the names that the README and the dashboards use."""

    def __init__(
        self,
        registry: CollectorRegistry,
        *,
        rules: Sequence[Rule],
        version: str,
        config_sha: str,
        stored: Readings,
    ) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        super().__init__(registry, rules)
        self.registry = registry
        self._counters(registry)
        self._histograms(registry)
        self._gauges(registry)
        build = Gauge(
            "responder_build_info",
            "Always 1; what runs, by version and configuration.",
            ["version", "config_sha"],
            registry=registry,
        )
        build.labels(version, config_sha).set(1)
        self._prepare(rules)
        self.tellings = Tellings(registry)
        registry.register(Stored(stored, [rule.name for rule in rules]))
        self._ready = Ready()
        registry.register(self._ready)
        ProcessCollector(registry=registry)

    def watch_readiness(self, judged: Callable[[], Readiness | None]) -> None:
        """Show what readiness says at each scrape; None before it is known."""
        self._ready.judged = judged

    def watch_spool(self, waiting: Callable[[], int]) -> None:
        """Show how many deliveries wait in the spool, counted at each scrape."""
        self._spooled.set_function(waiting)

    def _counters(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, labels, registry=registry)

        self._webhooks = counter(
            "responder_webhooks", "Webhook requests by result.", "sender", "result"
        )
        self._alerts = counter(
            "responder_alerts", "Alerts of accepted webhooks.", "status", "verdict"
        )
        self._decisions = counter(
            "responder_decisions", "Decisions taken.", "rule", "verdict", "reason"
        )
        self._reports = counter(
            "responder_reports", "Calls to the factory.", "rule", "outcome"
        )
        self._orders = counter(
            "responder_orders_seen",
            "Orders that looks at the logs found, each once for an incident.",
            "rule",
            "result",
        )
        self._failures = counter(
            "responder_dependency_failures",
            "Questions to the logs and calls to the factory that failed.",
            "dependency",
            "reason",
        )

    def _gauges(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(name, text, labels, registry=registry)

        self._error_logs = gauge(
            "responder_error_logs",
            "Lines that a check counted at its last look.",
            "rule",
            "check",
        )
        self._thresholds = gauge(
            "responder_check_threshold",
            "Lines from which on a check confirms a fault.",
            "rule",
            "check",
        )
        self._heard = gauge(
            "responder_last_webhook_timestamp_seconds",
            "When the last webhook was accepted, in Unix seconds; 0 before the first.",
        )
        self._heartbeat = gauge(
            "responder_last_heartbeat_timestamp_seconds",
            "When the last heartbeat was heard, in Unix seconds; 0 before the first.",
        )
        self._spooled = gauge(
            "responder_spooled_deliveries",
            "Deliveries that wait on disk because the database takes none.",
        )

    def _histograms(self, registry: CollectorRegistry) -> None:
        def histogram(
            name: str, text: str, buckets: Sequence[float], *labels: str
        ) -> Histogram:
            return Histogram(name, text, labels, buckets=buckets, registry=registry)

        self._evidence = histogram(
            "responder_evidence_seconds", "Time to read the logs once.", _QUICK
        )
        self._report = histogram(
            "responder_report_seconds", "Time of one call to the factory.", _QUICK
        )
        self._webhook = histogram(
            "responder_webhook_seconds", "Time to answer a webhook.", _QUICK
        )
        self._time_to_report = histogram(
            "responder_time_to_report_seconds",
            "From the webhook's arrival to the report's answer.",
            _SLOW,
            "rule",
        )
        self._alert_delay = histogram(
            "responder_alert_delay_seconds",
            "From the alert's startsAt to the webhook's arrival.",
            _DELAYS,
            "rule",
        )

    def _prepare(self, rules: Iterable[Rule]) -> None:
        for sender in WEBHOOKS:
            for result in RESULTS:
                self._webhooks.labels(sender, result)
        for status in Status:
            for verdict in Verdict:
                self._alerts.labels(status, verdict)
        for dependency, whys in FAILURES.items():
            for why in whys:
                self._failures.labels(dependency, why)
        for rule in rules:
            for decision, reasons in DECISIONS.items():
                for reason in reasons:
                    self._decisions.labels(rule.name, decision, reason)
            for outcome in Outcome:
                self._reports.labels(rule.name, outcome)
            for check in rule.checks:
                self._error_logs.labels(rule.name, check.name)
                threshold = self._thresholds.labels(rule.name, check.name)
                threshold.set(check.threshold)
            for result in ORDERS:
                self._orders.labels(rule.name, result)
            self._time_to_report.labels(rule.name)
            self._alert_delay.labels(rule.name)

    def decided(self, rule: str, decision: Decision, reason: Reason) -> None:
        self._decisions.labels(rule, decision, reason).inc()

    def reported(self, rule: str, outcome: Outcome, seconds: float) -> None:
        self._reports.labels(rule, outcome).inc()
        self._report.observe(seconds)
        if outcome in FAILURES["factory"]:
            self._failures.labels("factory", outcome).inc()

    def time_to_report(self, rule: str, seconds: float) -> None:
        self._time_to_report.labels(rule).observe(max(seconds, 0.0))

    def evidence(self, seconds: float) -> None:
        self._evidence.observe(seconds)

    def error_logs(self, rule: str, check: str, count: int) -> None:
        self._error_logs.labels(rule, check).set(count)

    def unreadable(self, reason: UnreadableReason) -> None:
        self._failures.labels("logs", reason).inc()

    def orders(self, rule: str, *, good: int, failed: int) -> None:
        for result, number in zip(ORDERS, (good, failed), strict=True):
            self._orders.labels(rule, result).inc(number)

    def webhook(self, sender: Sender, result: str, seconds: float) -> None:
        self._webhooks.labels(sender, result).inc()
        self._webhook.observe(seconds)

    def alert(self, status: Status, verdict: Verdict) -> None:
        self._alerts.labels(status, verdict).inc()

    def alert_delay(self, rule: str, seconds: float) -> None:
        # Senders' clocks differ: an alert from the future came without delay.
        self._alert_delay.labels(rule).observe(max(seconds, 0.0))

    def heard(self, at: datetime) -> None:
        self._heard.set(at.timestamp())

    def heartbeat(self, at: datetime) -> None:
        self._heartbeat.set(at.timestamp())
