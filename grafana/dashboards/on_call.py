"""What whoever is on call wants to know: is it waiting for me, and what did it do?"""

from collections.abc import Iterator

from grafana_foundation_sdk.builders import stat, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from grafana.dashboards.panels import (
    ALARM,
    CALM,
    NOTICE,
    bars,
    board,
    lines,
    number,
    rule_variable,
)

OPEN = "investigating|holding|reporting|verifying|needs_human"
ONE = '{rule=~"$rule"}'


def on_call() -> Dashboard:
    made = board(
        "responder-on-call",
        "Responder: on call",
        "What Responder does about alerts, and whether it needs a person.",
        since="now-3h",
    ).with_variable(rule_variable())
    numbers = [*_now(), *_speed()]
    for place, panel in enumerate(numbers, 1):
        made.with_panel(panel.id(place))
    made.with_row(Row("What it did").id(20))
    for place, chart in enumerate(_did(), 21):
        made.with_panel(chart.id(place))
    return made


def _now() -> Iterator[stat.Panel]:
    yield number(
        "Waiting for you",
        "Open incidents that need a person. The status page says what to do next.",
        (f"sum(max by (rule) ({_incidents('needs_human')}))", "needs_human"),
        steps=[(1, ALARM)],
    )
    yield number(
        "Open incidents",
        "Everything that is being worked on, those that need a person included.",
        (f"sum(max by (rule, state) ({_incidents(OPEN)}))", "open"),
        steps=[(1, NOTICE)],
    )
    yield number(
        "Automatic reports",
        "Paused: alerts are still received, and no report leaves.",
        ("max(responder_paused)", "paused"),
        words={"0": ("on", CALM), "1": ("PAUSED", NOTICE)},
    )
    yield number(
        "Limit of an hour",
        "Used up: limits.max_reports_per_hour holds every report.",
        ("max(responder_breaker_open)", "breaker"),
        words={"0": ("free", CALM), "1": ("USED UP", ALARM)},
    )
    yield number(
        "Last webhook heard",
        "By any replica. Silence is normal while nothing fires; compare the heartbeat.",
        ("time() - max(responder_last_webhook_timestamp_seconds > 0)", "ago"),
        unit="s",
    )
    yield number(
        "Last heartbeat heard",
        "From the rule in Grafana that always fires. Old: alerts may not reach us.",
        ("time() - max(responder_last_heartbeat_timestamp_seconds > 0)", "ago"),
        unit="s",
        steps=[(900, ALARM)],
    )


def _speed() -> Iterator[stat.Panel]:
    yield number(
        "Grafana's share of the delay",
        "Median from the alert's start to its webhook, over the time shown.",
        (_median("responder_alert_delay_seconds"), "median"),
        unit="s",
        width=8,
    )
    yield number(
        "Our reaction",
        "Median from the webhook to the factory's answer, over the time shown.",
        (_median("responder_time_to_report_seconds"), "median"),
        unit="s",
        width=8,
    )
    yield number(
        "Slowest reaction",
        "99 of 100 were answered within this, over the time shown.",
        (_quantile(0.99, "responder_time_to_report_seconds"), "p99"),
        unit="s",
        width=8,
    )


def _did() -> Iterator[timeseries.Panel]:
    yield lines(
        "Error logs against the limit",
        "What each check counted at its last look; it keeps that between incidents.",
        (f"max by (rule, check) (responder_error_logs{ONE})", "{{rule}} {{check}}"),
        (
            f"max by (rule, check) (responder_check_threshold{ONE})",
            "{{rule}} {{check}} limit",
        ),
    )
    yield bars(
        "Orders seen in the logs",
        "Each once for an incident; good ones are looked for after a report.",
        (f"sum by (result) ({_increase('responder_orders_seen_total')})", "{{result}}"),
    )
    yield bars(
        "Decisions by reason",
        "The words are those of the timeline and of the log lines.",
        (
            f"sum by (verdict, reason) ({_increase('responder_decisions_total')}) > 0",
            "{{verdict}}: {{reason}}",
        ),
    )
    yield bars(
        "Reports by outcome",
        "What the factory's answers meant.",
        (f"sum by (outcome) ({_increase('responder_reports_total')})", "{{outcome}}"),
    )
    yield lines(
        "Open incidents by state",
        "Where they stand; every replica tells the same, so the highest is shown.",
        (f"sum by (state) (max by (rule, state) ({_incidents(OPEN)}))", "{{state}}"),
    )
    yield lines(
        "Age of the oldest open incident",
        "An incident that lives long is stuck or waits for a person.",
        (f"max by (rule) (responder_open_incident_seconds{ONE})", "{{rule}}"),
        unit="s",
    )


def _incidents(states: str) -> str:
    return f'responder_incidents{{rule=~"$rule", state=~"{states}"}}'


def _increase(counter: str) -> str:
    return f"increase({counter}{ONE}[$__rate_interval])"


def _median(histogram: str) -> str:
    return _quantile(0.5, histogram)


def _quantile(share: float, histogram: str) -> str:
    observed = f"sum by (le) (increase({histogram}_bucket{ONE}[$__range]))"
    return f"histogram_quantile({share}, {observed})"
