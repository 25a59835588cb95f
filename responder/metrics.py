"""Prometheus metrics of one Responder, on a registry of its own."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import nan

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from responder.incident.actions import Standing
from responder.incident.events import Reception, Where
from responder.incident.names import (
    DECISIONS,
    WEBHOOKS,
    Decision,
    Outcome,
    Reason,
    Sender,
    Sight,
    State,
    Status,
    UnreadableReason,
    Verdict,
)
from responder.incident.ports import StorageUnavailable
from responder.incident.readiness import Aspect, Readiness
from responder.incident.rule import Rule
from responder.incident.service import Uptime

# How webhook requests are answered: the label `result` of their metric.

RESULTS = (
    "accepted",
    "spooled",
    "test",
    "unauthorized",
    "bad_request",
    "too_large",
    "unavailable",
    "forbidden",
)


# Metrics of each rule's own watch.


class WatchMetrics:
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


# Metrics of notifications.


class NotificationMetrics:
    """Attempts to tell, every series there from the first scrape."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._told = Counter(
            "responder_told",
            "Attempts to tell others what was done, by how they were received.",
            ["where", "result"],
            registry=registry,
        )
        for where in Where:
            for result in Reception:
                self._told.labels(where, result)

    def told(self, where: Where, result: Reception) -> None:
        self._told.labels(where, result).inc()


# Readiness, computed at each scrape.


class Ready(Collector):
    """1 for each aspect that is as it must be, 0 for one that is not.

    NaN before the first answers; no series at all while storage cannot be read.
    """

    def __init__(self) -> None:
        self.judged: Callable[[], Readiness | None] = lambda: None

    def describe(self) -> Iterator[GaugeMetricFamily]:
        yield _family()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = _family()
        try:
            ready = self.judged()
        except StorageUnavailable:
            yield found
            return
        for aspect in Aspect:
            found.add_metric([aspect], ready.fact(aspect).ok if ready else nan)
        yield found


def _family() -> GaugeMetricFamily:
    return GaugeMetricFamily(
        "responder_ready",
        "1 if an outage would be answered as far as this aspect goes.",
        labels=["aspect"],
    )


# Read from the storage at each scrape: every replica shows the same numbers.


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """How storage is asked. Each may raise `StorageUnavailable`."""

    counts: Callable[[], Mapping[tuple[str, State], int]]
    standing: Callable[[], Standing]
    due_lag: Callable[[], timedelta]
    """How long the longest waiting incident is overdue that nobody works on."""
    open_for: Callable[[], Mapping[str, timedelta]]
    """By rule, how long its oldest open incident is open."""
    memory: Callable[[], Uptime] = Uptime


class Stored(Collector):
    """The series that storage is asked for at each scrape.

    While it cannot be read they are absent, never zero, and
    `responder_storage_readable` is 0; all other series are shown as ever.
    """

    def __init__(self, readings: Readings, rules: Sequence[str]) -> None:
        self._readings = readings
        self._rules = rules

    def describe(self) -> Iterator[GaugeMetricFamily]:
        return _families({}, readable=False, seconds=0.0)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        started = time.monotonic()
        try:
            samples, readable = self._read(), True
        except StorageUnavailable:
            samples, readable = {}, False
        seconds = time.monotonic() - started
        return _families(samples, readable=readable, seconds=seconds)

    def _read(self) -> dict[str, "_Samples"]:
        ask, rules = self._readings, self._rules
        counts = {(rule, state): 0 for rule in rules for state in State}
        open_for = dict.fromkeys(rules, timedelta())
        standing = ask.standing()
        return {
            "responder_incidents": list({**counts, **ask.counts()}.items()),
            "responder_open_incident_seconds": [
                ((rule,), age.total_seconds())
                for rule, age in {**open_for, **ask.open_for()}.items()
            ],
            "responder_due_lag_seconds": [((), ask.due_lag().total_seconds())],
            "responder_paused": [((), standing.pause is not None)],
            "responder_breaker_open": [((), standing.breaker_open)],
            "responder_reports_last_hour": [((), standing.reports_last_hour)],
            **_remembered(ask.memory()),
        }


def _remembered(memory: Uptime) -> dict[str, "_Samples"]:
    """What the storage remembers of Responder itself."""
    gap = memory.gaps[0] if memory.gaps else None
    values = {
        "responder_storage_durable": memory.durable,
        "responder_storage_since_timestamp_seconds": (
            memory.since.timestamp() if memory.since else 0.0
        ),
        "responder_storage_history_lost": memory.history_lost,
        "responder_gap_seconds": (
            (gap.until - gap.since).total_seconds() if gap else 0.0
        ),
        "responder_gap_end_timestamp_seconds": gap.until.timestamp() if gap else 0.0,
    }
    return {name: [((), value)] for name, value in values.items()}


_Samples = Iterable[tuple[tuple[str, ...], float]]

_FAMILIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "responder_incidents": (
        "Incidents that storage holds, by state.",
        ("rule", "state"),
    ),
    "responder_open_incident_seconds": (
        "How long the oldest open incident of a rule is open; 0 without one.",
        ("rule",),
    ),
    "responder_due_lag_seconds": (
        "How long the longest waiting incident is overdue that nobody works on.",
        (),
    ),
    "responder_paused": ("1 while automatic reports are paused.", ()),
    "responder_breaker_open": (
        "1 while max_reports_per_hour holds every report.",
        (),
    ),
    "responder_reports_last_hour": (
        "Calls of the last hour that this limit counts.",
        (),
    ),
    "responder_storage_durable": (
        "0 while the storage lies where it may be lost.",
        (),
    ),
    "responder_storage_since_timestamp_seconds": (
        "When the first start wrote into this storage, in Unix seconds.",
        (),
    ),
    "responder_storage_history_lost": (
        "1 if the storage was made anew where an older one was expected.",
        (),
    ),
    "responder_gap_seconds": ("How long nobody ran the last time; 0 if never.", ()),
    "responder_gap_end_timestamp_seconds": (
        "When that ended, in Unix seconds; 0 if never.",
        (),
    ),
}


def _families(
    samples: Mapping[str, _Samples], *, readable: bool, seconds: float
) -> Iterator[GaugeMetricFamily]:
    for name, (text, labels) in _FAMILIES.items():
        family = GaugeMetricFamily(name, text, labels=labels)
        for values, number in samples.get(name, ()):
            family.add_metric(values, number)
        yield family
    yield GaugeMetricFamily(
        "responder_storage_readable",
        "1 if storage could be read for this scrape.",
        value=readable,
    )
    yield GaugeMetricFamily(
        "responder_storage_read_seconds",
        "Time that this scrape waited for storage.",
        value=seconds,
    )


_QUICK = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_SLOW = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300)
_DELAYS = (1, 5, 10, 20, 30, 60, 90, 120, 300, 900)

FAILURES: Mapping[str, tuple[str, ...]] = {
    "logs": tuple(UnreadableReason),
    "factory": (Outcome.REFUSED, Outcome.UNREACHABLE, Outcome.UNKNOWN),
}
"""How what we depend on fails, each by its own names."""
ORDERS = ("good", "failed")


class Metrics(WatchMetrics):
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
        self.tellings = NotificationMetrics(registry)
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
