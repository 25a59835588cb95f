"""The metrics' names, and that every series is there from the start."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from responder.incident.actions import Standing
from responder.incident.names import (
    WEBHOOKS,
    Decision,
    Outcome,
    Reason,
    State,
    Status,
    UnreadableReason,
    Verdict,
)
from responder.incident.pause import Pause
from responder.incident.ports import StorageUnavailable
from responder.metrics import FAILURES, RESULTS, Metrics
from tests.fakes import NOON, ListedControls, readings
from tests.web_parts import RULE


def metrics(
    rules: int = 1, standing: Standing | None = None, **changes: Any
) -> Metrics:
    return Metrics(
        CollectorRegistry(),
        rules=[replace(RULE, name=f"rule-{number}") for number in range(rules)],
        version="1.0",
        config_sha="cafe",
        stored=readings(
            lambda: {("rule-0", State.RECOVERED): 2, ("gone", State.CLOSED): 1},
            (lambda: standing) if standing else None,
            **changes,
        ),
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
            for sender in WEBHOOKS
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
        ("responder_last_heartbeat_timestamp_seconds", {}),
        ("responder_orders_seen_total", {"rule": "rule-0", "result": "good"}),
        ("responder_orders_seen_total", {"rule": "rule-0", "result": "failed"}),
        ("responder_open_incident_seconds", {"rule": "rule-0"}),
        ("responder_due_lag_seconds", {}),
        *(
            (
                "responder_dependency_failures_total",
                {"dependency": dependency, "reason": reason},
            )
            for dependency, reasons in FAILURES.items()
            for reason in reasons
        ),
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


def test_a_check_s_limit_stands_beside_its_count() -> None:
    name = "responder_check_threshold"

    assert value(metrics(), name, rule="rule-0", check="error-logs") == 5


def test_orders_and_failures_of_what_we_depend_on_are_counted() -> None:
    of = metrics()
    of.orders("rule-0", good=2, failed=3)
    of.unreadable(UnreadableReason.TIMEOUT)
    of.reported("rule-0", Outcome.UNREACHABLE, 0.2)
    of.reported("rule-0", Outcome.WRONG_CODE, 0.2)

    orders, failures = "responder_orders_seen_total", "responder_dependency_failures"
    assert value(of, orders, rule="rule-0", result="good") == 2
    assert value(of, orders, rule="rule-0", result="failed") == 3
    assert failed(of, failures, "logs") == {"timeout": 1}
    assert failed(of, failures, "factory") == {"unreachable": 1}


def failed(of: Metrics, name: str, dependency: str) -> dict[str, float]:
    """What failed of a dependency, by reason."""
    counted = {
        reason: value(of, f"{name}_total", dependency=dependency, reason=reason) or 0
        for reason in FAILURES[dependency]
    }
    return {str(reason): number for reason, number in counted.items() if number}


def test_how_late_and_how_long_is_asked_of_storage() -> None:
    of = metrics(
        due_lag=lambda: timedelta(seconds=4),
        open_for=lambda: {"rule-0": timedelta(minutes=2)},
    )

    assert value(of, "responder_due_lag_seconds") == 4
    assert value(of, "responder_open_incident_seconds", rule="rule-0") == 120
    assert value(of, "responder_storage_readable") == 1


def away() -> NoReturn:
    raise StorageUnavailable("gone")


def test_what_storage_cannot_tell_is_absent_and_the_rest_is_shown() -> None:
    of = metrics(due_lag=away)
    of.heard(NOON)

    assert value(of, "responder_storage_readable") == 0
    assert value(of, "responder_incidents", rule="rule-0", state="closed") is None
    assert value(of, "responder_last_webhook_timestamp_seconds") == NOON.timestamp()


def test_the_process_is_measured() -> None:
    assert (value(metrics(), "process_resident_memory_bytes") or 0) > 1_000_000
