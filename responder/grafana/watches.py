"""What is worth an alert about Responder itself: one table for every form of it."""

from dataclasses import dataclass
from datetime import timedelta

NEVER = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One alert: it fires once `expr` (PromQL) was above `above` for `lasting`.

    No data is no alarm. Each replica exports the same rows of storage, so those are
    read by `max`. `summary` may hold `{{ $labels.rule }}`; both Grafana and
    Prometheus fill it in.
    """

    name: str
    expr: str
    above: float
    lasting: timedelta = NEVER
    severity: str = "warning"
    summary: str


WATCHES = (
    Watch(
        name="ResponderNeedsHuman",
        expr='max by (rule) (responder_incidents{state="needs_human"})',
        above=0,
        severity="critical",
        summary="An incident of {{ $labels.rule }} waits for a person.",
    ),
    Watch(
        name="ResponderNoWebhook",
        # Since the storage began, where none was ever heard.
        expr="time() - (max(responder_last_webhook_timestamp_seconds > 0)"
        " or max(responder_storage_since_timestamp_seconds))",
        above=86400,
        summary="No webhook was heard for a day: alerts may not reach Responder.",
    ),
    Watch(
        name="ResponderNoHeartbeat",
        # Only once one was heard: without the rule in Grafana there is none to miss.
        expr="time() - max(responder_last_heartbeat_timestamp_seconds > 0)",
        above=900,
        severity="critical",
        summary="Grafana's heartbeat stopped: alerts do not reach Responder.",
    ),
    Watch(
        name="ResponderEvidenceUnreadable",
        expr="sum by (reason) (increase("
        'responder_dependency_failures_total{dependency="logs"}[5m]))',
        above=0,
        lasting=timedelta(minutes=1),
        summary="The logs could not be counted: {{ $labels.reason }}.",
    ),
    Watch(
        name="ResponderReportsFailing",
        expr="sum by (rule) (increase(responder_reports_total"
        '{outcome!~"resolved|nothing_to_resolve"}[10m]))',
        # One may fail and is tried again; `increase` tells it as a little more than 1.
        above=1.5,
        summary="Reports of {{ $labels.rule }} fail at the factory.",
    ),
    Watch(
        name="ResponderBreakerOpen",
        expr="max(responder_breaker_open)",
        above=0,
        severity="critical",
        summary="All reports of this hour are used: none leaves until the hour frees.",
    ),
    Watch(
        name="ResponderPausedTooLong",
        expr="max(responder_paused)",
        above=0,
        lasting=timedelta(hours=2),
        summary="Automatic reports are paused for two hours.",
    ),
    Watch(
        name="ResponderIncidentStuck",
        expr="max by (rule) (responder_open_incident_seconds)",
        above=7200,
        summary="An incident of {{ $labels.rule }} is open for two hours.",
    ),
    Watch(
        name="ResponderWorkOverdue",
        expr="max(responder_due_lag_seconds)",
        above=30,
        lasting=timedelta(minutes=1),
        severity="critical",
        summary="An incident is due and nobody works on it.",
    ),
    Watch(
        name="ResponderSpooling",
        expr="sum(responder_spooled_deliveries)",
        above=0,
        lasting=timedelta(minutes=1),
        severity="critical",
        summary="Deliveries wait on disk because the database takes none.",
    ),
    Watch(
        name="ResponderStorageUnreadable",
        expr="1 - min(responder_storage_readable)",
        above=0,
        lasting=timedelta(minutes=1),
        severity="critical",
        summary="A replica cannot read its database.",
    ),
    Watch(
        name="ResponderDown",
        expr="absent(responder_build_info)",
        above=0,
        lasting=timedelta(minutes=2),
        severity="critical",
        summary="No replica of Responder answers the scraper.",
    ),
)
