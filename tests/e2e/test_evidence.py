"""Logs that cannot be read, and what counts as proof afterwards."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from responder.config.settings import LokiLogs
from tests.e2e.service import RULE, service
from tests.loki_server import Fault, LokiServer


@pytest.fixture
def loki() -> Iterator[LokiServer]:
    with LokiServer() as server:
        yield server


def logs_of(loki: LokiServer) -> LokiLogs:
    return LokiLogs(url=loki.url, timeout=timedelta(seconds=5))


def test_unreadable_logs_call_a_person_and_never_the_factory(
    tmp_path: Path, loki: LokiServer
) -> None:
    with service(tmp_path, logs=logs_of(loki)) as running:
        running.factory.start_chaos("fail")
        running.shop.order()
        loki.fault = Fault(status=500, body=b"too many outstanding requests")
        running.alert()
        called = running.in_state("needs_human")
        assert called["reason"] == "logs_unreadable"
        assert running.factory.calls == []


def test_logs_readable_again_after_a_person_was_called_are_acted_upon(
    tmp_path: Path, loki: LokiServer
) -> None:
    with service(tmp_path, logs=logs_of(loki)) as running, running.ordering():
        running.factory.start_chaos("fail")
        running.shop.order()
        loki.fault = Fault(status=502, body=b"bad gateway")
        running.alert()
        running.in_state("needs_human")
        loki.fault = None
        running.clock.skip(timedelta(seconds=30))
        assert running.in_state("recovered")["proof"] == "orders"
        assert len(running.factory.effective_calls) == 1


def test_a_log_source_that_drops_one_connection_does_not_stop_the_job(
    tmp_path: Path, loki: LokiServer
) -> None:
    patient = replace(RULE, unreadable_for=timedelta(seconds=10))
    with service(tmp_path, patient, logs=logs_of(loki)) as running, running.ordering():
        running.factory.start_chaos("fail")
        running.shop.order()
        loki.faults = [Fault(drop=True), Fault(status=429, body=b"slow down")]
        running.alert()
        running.in_state("recovered")
        assert len(running.factory.effective_calls) == 1


def test_a_stray_error_during_verification_does_not_prevent_recovery(
    tmp_path: Path,
) -> None:
    patient = replace(RULE, verify_after=timedelta(seconds=3))
    with service(tmp_path, patient) as running, running.ordering():
        running.factory.start_chaos("fail")
        running.shop.order()
        running.alert()
        running.in_state("verifying")
        running.write('{"message":"a diner mistyped","statusCode":404}')
        ended = running.in_state("recovered")
        assert ended["proof"] == "orders"
        assert len(running.factory.effective_calls) == 1


def test_without_an_order_recovery_waits_for_verify_for_and_says_so(
    tmp_path: Path,
) -> None:
    with service(tmp_path) as running:
        running.factory.start_chaos("fail")
        running.shop.order()
        running.alert()
        ended = running.in_state("recovered")
        waited = datetime.fromisoformat(ended["ended_at"]) - datetime.fromisoformat(
            ended["reports"][0]["at"]
        )
        assert ended["proof"] == "supplier"
        assert waited >= RULE.verify_for
        assert "no order" in ended["summary"].lower()
