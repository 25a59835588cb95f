"""What the factory can do to us, and what Responder makes of it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from responder.demo.factory import SimulatedFactory
from tests.e2e.service import ONLY_ERRORS, RULE, STARTED, service, until


def test_the_founding_incident_ends_recovered_by_one_call(tmp_path: Path) -> None:
    with service(tmp_path) as running, running.ordering():
        running.factory.start_chaos("fail")
        running.shop.order()
        running.alert()
        ended = running.in_state("recovered")
        assert ended["proof"] == "orders"
        assert [report["outcome"] for report in ended["reports"]] == ["resolved"]
        assert ended["reports"][0]["status"] == 200
        assert len(running.factory.effective_calls) == 1


def test_each_failed_order_counts_with_its_two_error_lines(tmp_path: Path) -> None:
    with service(tmp_path) as running:
        running.factory.start_chaos("fail")
        for _ in range(4):
            running.shop.order()
        running.alert()
        running.in_state("verifying")
        running.shop.order()
        assert running.in_state("recovered")["errors"] == 8


@pytest.mark.parametrize("kind", ["fail", "throttle", "badjwt"])
def test_a_fault_seen_by_two_grafana_rules_is_called_once(
    tmp_path: Path, kind: str
) -> None:
    with service(tmp_path) as running, running.ordering():
        running.factory.start_chaos(kind)
        running.alert()
        other = running.alert(alertname="Report link seen")
        ended = running.in_state("recovered")
        assert other["alerts"][0]["verdict"] == "joined"
        assert ended["proof"] == "orders"
        assert len(running.factory.effective_calls) == 1
        assert [i["id"] for i in running.incidents()] == [ended["id"]]


def test_late_lines_of_throttled_orders_cause_no_second_call(tmp_path: Path) -> None:
    rule = replace(RULE, settle=timedelta(minutes=1), verify_for=timedelta(minutes=10))
    with service(tmp_path, rule) as running, running.ordering(0.1):
        running.factory.start_chaos("throttle")
        running.shop.order()
        running.alert()

        def stale() -> bool:
            timeline = running.incidents() and running.incident()["timeline"]
            return any(event.get("stale_failures") for event in timeline or [])

        until(stale)
        found = running.incident()

    assert found["state"] == "verifying"
    assert [report["outcome"] for report in found["reports"]] == ["resolved"]


def test_a_full_oven_causes_no_report(tmp_path: Path) -> None:
    with service(tmp_path, factory=SimulatedFactory(delay=0.01)) as running:
        for _ in range(4):
            running.shop.order(items=21)
        running.alert()
        held = running.in_state("needs_human")
        assert held["reason"] == "no_link"
        assert running.factory.calls == []


def test_a_factory_that_is_down_gets_no_report(tmp_path: Path) -> None:
    with service(tmp_path) as running:
        running.factory.__exit__()
        for _ in range(4):
            running.shop.order()
        running.alert()
        held = running.in_state("needs_human")
        assert (held["reason"], held["reports"]) == ("no_link", [])


def test_after_a_wrong_code_the_newer_link_is_used(tmp_path: Path) -> None:
    with service(tmp_path) as running:
        running.factory.start_chaos("fail")
        running.shop.order()
        running.factory.start_chaos("fail")
        running.alert()
        until(lambda: running.incident()["reports"])
        with running.ordering():
            ended = running.in_state("recovered")
        outcomes = [report["outcome"] for report in ended["reports"]]
        assert outcomes == ["wrong_code", "resolved"]


def test_two_faults_minutes_apart_are_two_incidents_and_two_calls(
    tmp_path: Path,
) -> None:
    with service(tmp_path) as running, running.ordering():
        for number in range(2):
            running.factory.start_chaos("fail")
            running.shop.order()
            running.alert(started=STARTED + timedelta(minutes=number))
            running.in_state("recovered", number=number)
            running.clock.skip(timedelta(minutes=3))
        assert len(running.incidents()) == 2
        assert len(running.factory.effective_calls) == 2


def test_one_error_too_few_causes_no_call(tmp_path: Path) -> None:
    with service(tmp_path, ONLY_ERRORS) as running:
        running.factory.start_chaos("fail")
        running.shop.order()
        running.shop.order()
        running.alert()
        held = running.in_state("holding")
        assert (held["reason"], held["errors"]) == ("below_threshold", 4)
        assert running.factory.calls == []
