"""The metrics' names, and that every series is there from the start."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from responder.incident.controls import Standing
from responder.incident.names import (
    Decision,
    Outcome,
    Reason,
    Sender,
    State,
    Status,
    Verdict,
)
from responder.incident.pause import Pause
from responder.metrics import RESULTS, Metrics
from tests.fakes import NOON, ListedControls
from tests.web_parts import RULE


def metrics(rules: int = 1, standing: Standing | None = None) -> Metrics:
    return Metrics(
        CollectorRegistry(),
        rules=[replace(RULE, name=f"rule-{number}") for number in range(rules)],
        version="1.0",
        config_sha="cafe",
        counts=lambda: {("rule-0", State.RECOVERED): 2, ("gone", State.CLOSED): 1},
        standing=lambda: standing or ListedControls().standing(),
    )


def value(of: Metrics, name: str, **labels: str) -> float | None:
    return of.registry.get_sample_value(name, labels)


def test_four_rules_stay_under_a_thousand_series() -> None:
    text = generate_latest(metrics(rules=4).registry).decode()

    series = [line for line in text.splitlines() if not line.startswith("#")]
    assert len(series) < 1000


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        *(
            ("responder_webhooks_total", {"sender": sender, "result": result})
            for sender in Sender
            for result in RESULTS
        ),
        *(
            ("responder_alerts_total", {"status": status, "verdict": verdict})
            for status in Status
            for verdict in Verdict
        ),
        (
            "responder_decisions_total",
            {"rule": "rule-0", "verdict": "report", "reason": "threshold_reached"},
        ),
        *(
            ("responder_reports_total", {"rule": "rule-0", "outcome": outcome})
            for outcome in Outcome
        ),
        *(
            ("responder_incidents", {"rule": "rule-0", "state": state})
            for state in State
            if state is not State.RECOVERED
        ),
        ("responder_error_logs", {"rule": "rule-0", "check": "error-logs"}),
        ("responder_evidence_seconds_count", {}),
        ("responder_report_seconds_count", {}),
        ("responder_webhook_seconds_count", {}),
        ("responder_time_to_report_seconds_count", {"rule": "rule-0"}),
        ("responder_alert_delay_seconds_count", {"rule": "rule-0"}),
        ("responder_last_webhook_timestamp_seconds", {}),
    ],
)
def test_a_series_is_zero_at_the_first_scrape(
    name: str, labels: dict[str, str]
) -> None:
    assert value(metrics(), name, **labels) == 0


def test_the_build_is_named() -> None:
    name = "responder_build_info"

    assert value(metrics(), name, version="1.0", config_sha="cafe") == 1


def test_incidents_are_counted_when_scraped_even_of_lost_rules() -> None:
    of = metrics()

    assert value(of, "responder_incidents", rule="rule-0", state="recovered") == 2
    assert value(of, "responder_incidents", rule="gone", state="closed") == 1


def test_what_the_worker_tells_is_counted() -> None:
    of = metrics()
    of.decided("rule-0", Decision.HOLD, Reason.COOLDOWN)
    of.reported("rule-0", Outcome.RESOLVED, 0.2)
    of.time_to_report("rule-0", 0.3)
    of.evidence(0.01)
    of.error_logs("rule-0", "error-logs", 14)

    assert (
        value(
            of,
            "responder_decisions_total",
            rule="rule-0",
            verdict="hold",
            reason="cooldown",
        )
        == 1
    )
    assert value(of, "responder_reports_total", rule="rule-0", outcome="resolved") == 1
    assert value(of, "responder_report_seconds_sum") == 0.2
    assert value(of, "responder_time_to_report_seconds_sum", rule="rule-0") == 0.3
    assert value(of, "responder_evidence_seconds_count") == 1
    assert value(of, "responder_error_logs", rule="rule-0", check="error-logs") == 14


def test_an_unexpected_pair_is_counted_all_the_same() -> None:
    of = metrics()
    of.decided("rule-0", Decision.SHARE, Reason.COOLDOWN)

    labels = {"rule": "rule-0", "verdict": "share", "reason": "cooldown"}
    assert value(of, "responder_decisions_total", **labels) == 1


def test_an_alert_from_the_future_came_without_delay() -> None:
    of = metrics()
    of.alert_delay("rule-0", -3)
    of.heard(datetime(2026, 11, 5, tzinfo=UTC))

    assert value(of, "responder_alert_delay_seconds_sum", rule="rule-0") == 0


@pytest.mark.parametrize("on", [True, False])
def test_pause_and_breaker_are_gauges(on: bool) -> None:
    pause = Pause(at=NOON, by="ada") if on else None
    told = metrics(standing=ListedControls(paused=pause, breaker_open=on).standing())

    assert value(told, "responder_paused") == on
    assert value(told, "responder_breaker_open") == on
    assert value(told, "responder_reports_last_hour") == (6 if on else 0)
