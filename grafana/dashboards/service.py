"""How the service itself is: what comes in, what it depends on, what it uses."""

from collections.abc import Iterator

from grafana_foundation_sdk.builders import stat, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from grafana.dashboards.panels import ALARM, CALM, bars, board, lines, number

RATE = "[$__rate_interval]"


def service() -> Dashboard:
    made = board(
        "responder-service",
        "Responder: the service",
        "Intake, dependencies, lag and what the process uses.",
        since="now-1h",
    )
    for place, panel in enumerate(_now(), 1):
        made.with_panel(panel.id(place))
    for row, (title, charts) in enumerate(
        (
            ("What comes in", _intake()),
            ("What it depends on", _dependencies()),
            ("What it uses", _process()),
        ),
        2,
    ):
        made.with_row(Row(title).id(10 * row))
        for place, chart in enumerate(charts, 10 * row + 1):
            made.with_panel(chart.id(place))
    return made


def _now() -> Iterator[stat.Panel]:
    yield number(
        "Replicas", "That answer a scrape.", ("count(responder_build_info)", "up")
    )
    yield number(
        "Versions",
        "One entry for each version and configuration that runs: there should be one.",
        (
            "count by (version, config_sha) (responder_build_info)",
            "{{version}} {{config_sha}}",
        ),
    )
    yield number(
        "Running for",
        "The replica that started last.",
        ("time() - max(process_start_time_seconds)", "since start"),
        unit="s",
    )
    yield number(
        "Storage",
        "Whether every replica could read it.",
        ("min(responder_storage_readable)", "readable"),
        words={"0": ("AWAY", ALARM), "1": ("there", CALM)},
    )
    yield number(
        "Spooled deliveries",
        "They wait on disk because the database takes none.",
        ("sum(responder_spooled_deliveries)", "waiting"),
        steps=[(1, ALARM)],
    )
    yield number(
        "Overdue work",
        "The incident that waits longest though it is due and nobody works on it.",
        ("max(responder_due_lag_seconds)", "overdue"),
        unit="s",
        steps=[(10, ALARM)],
    )


def _intake() -> Iterator[timeseries.Panel]:
    yield lines(
        "Webhooks",
        "By sender and by how they were answered.",
        (
            f"sum by (sender, result) (rate(responder_webhooks_total{RATE})) > 0",
            "{{sender}} {{result}}",
        ),
        unit="reqps",
    )
    yield lines(
        "Time to answer a webhook",
        "Stored durably before it is answered.",
        (_quantile(0.5, "responder_webhook_seconds"), "median"),
        (_quantile(0.99, "responder_webhook_seconds"), "p99"),
        unit="s",
    )
    yield bars(
        "Alerts by verdict",
        "One webhook may carry many.",
        (
            f"sum by (status, verdict) (increase(responder_alerts_total{RATE})) > 0",
            "{{status}} {{verdict}}",
        ),
    )
    yield lines(
        "Deliveries in the spool",
        "Of each replica.",
        ("sum by (instance) (responder_spooled_deliveries)", "{{instance}}"),
    )


def _dependencies() -> Iterator[timeseries.Panel]:
    yield lines(
        "Time to read the logs and to report",
        "One look at all checks; one call to the factory.",
        (_quantile(0.95, "responder_evidence_seconds"), "logs p95"),
        (_quantile(0.95, "responder_report_seconds"), "factory p95"),
        unit="s",
    )
    yield bars(
        "Failures of what we depend on",
        "Questions to the logs and calls to the factory that failed, by reason.",
        (
            "sum by (dependency, reason) "
            f"(increase(responder_dependency_failures_total{RATE}))",
            "{{dependency}} {{reason}}",
        ),
    )
    yield lines(
        "Time to read storage",
        "What a scrape waits for it.",
        ("max by (instance) (responder_storage_read_seconds)", "{{instance}}"),
        unit="s",
    )
    yield lines(
        "Overdue work",
        "Near zero unless every worker is busy, or none runs.",
        ("max(responder_due_lag_seconds)", "overdue"),
        unit="s",
    )


def _process() -> Iterator[timeseries.Panel]:
    yield lines(
        "Memory",
        "Resident, of each replica.",
        ("sum by (instance) (process_resident_memory_bytes)", "{{instance}}"),
        unit="bytes",
        width=8,
    )
    yield lines(
        "Processor",
        "1 is one whole core.",
        (f"sum by (instance) (rate(process_cpu_seconds_total{RATE}))", "{{instance}}"),
        width=8,
    )
    yield lines(
        "Open files and connections",
        "Against what the system allows.",
        ("max by (instance) (process_open_fds)", "{{instance}}"),
        ("min(process_max_fds)", "allowed"),
        width=8,
    )


def _quantile(share: float, histogram: str) -> str:
    observed = f"sum by (le) (rate({histogram}_bucket{RATE}))"
    return f"histogram_quantile({share}, {observed})"
