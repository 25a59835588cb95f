"""Two whole Responders on one PostgreSQL: whoever hears an alert, one acts."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import requests

from responder.app import build
from responder.demo.factory import ReportCall, SimulatedFactory
from responder.incident.alert import Delivery
from responder.incident.names import Sender, Sight
from responder.senders import grafana
from responder.senders import sample as samples
from responder.server import HttpServer
from tests import postgres
from tests.e2e.service import (
    RULE,
    STARTED,
    Service,
    SkippingClock,
    service,
    until,
)


@pytest.fixture
def url(postgres_server: str) -> Iterator[str]:
    with postgres.database(postgres_server) as found:
        yield found


@contextmanager
def replica(of: Service, folder: Path) -> Iterator[Service]:
    """Another Responder with the same settings, on a port of its own."""
    settings = replace(of.responder.settings, spool=str(folder / "other"))
    clock = SkippingClock()
    responder = build(settings, clock=clock, probe_every=None)
    http = HttpServer(responder.web, "127.0.0.1", 0)
    http.start()
    responder.start()
    try:
        yield Service(responder, http, of.factory, of.shop, clock, of.push)
    finally:
        http.stop()
        responder.close()


@contextmanager
def two(
    url: str, folder: Path, factory: SimulatedFactory | None = None
) -> Iterator[tuple[Service, Service]]:
    """Both, with one factory and one shop."""
    spool = str(folder / "one")
    with (
        service(folder, factory=factory, storage_url=url, spool=spool) as one,
        replica(one, folder) as other,
    ):
        yield one, other


def test_an_alert_sent_to_both_causes_one_call(url: str, tmp_path: Path) -> None:
    with two(url, tmp_path) as (one, other), one.ordering():
        one.factory.start_chaos("fail")
        one.shop.order()
        with ThreadPoolExecutor(20) as senders:
            both = [one, other] * 100
            answers = list(senders.map(lambda replica: replica.alert(), both))
        ended = one.in_state("recovered")

        told = {alert["incident"] for answer in answers for alert in answer["alerts"]}
        assert told == {ended["id"]}
        assert len(one.incidents()) == len(other.incidents()) == 1
        assert len(one.factory.effective_calls) == len(ended["reports"]) == 1
        assert other.incident()["timeline"] == one.incident()["timeline"]


def test_what_a_dead_replica_acknowledged_is_done_by_the_other(
    url: str, tmp_path: Path
) -> None:
    with two(url, tmp_path) as (one, _), one.ordering():
        one.factory.start_chaos("fail")
        one.shop.order()
        dead = build(replace(one.responder.settings, spool=str(tmp_path / "dead")))
        lease = dead.store.accept(alert()).leases
        dead.store.close()

        ended = one.in_state("recovered")

        assert [ended["id"]] == [found.incident for found in lease]
        assert len(one.factory.effective_calls) == 1


def alert() -> Delivery:
    labels = {"alertname": "Order errors", "responder": "jwt-pizza"}
    now = datetime.now(UTC)
    body = samples.body(Sender.GRAFANA, labels, now, starts_at=STARTED)
    return Delivery(
        id="dead-1",
        received_at=now,
        notification=grafana.parse(body, Sender.GRAFANA),
        credential="grafana",
        body="",
    )


def test_no_row_is_locked_while_the_factory_is_called(url: str, tmp_path: Path) -> None:
    locked: list[str] = []

    def look(call: ReportCall) -> None:
        with psycopg.connect(url, autocommit=True) as onlooker:
            # Longer than a renewal of leases takes, shorter than the call may.
            onlooker.execute("SET lock_timeout = '400ms'")
            for table in ("incidents", "brakes", "links"):
                onlooker.execute(f"SELECT * FROM {table} FOR UPDATE".encode())
                locked.append(table)

    with (
        two(url, tmp_path, SimulatedFactory(on_report=look)) as (one, _),
        one.ordering(),
    ):
        one.factory.start_chaos("fail")
        one.shop.order()
        one.alert()
        one.in_state("recovered")

    assert locked == ["incidents", "brakes", "links"] * len(one.factory.calls)


def test_what_was_pushed_to_one_is_evidence_for_the_other(
    url: str, tmp_path: Path
) -> None:
    with two(url, tmp_path) as (one, other), one.ordering():
        one.factory.start_chaos("fail")
        one.shop.order()
        other.alert()

        ended = other.in_state("recovered")

        assert ended["errors"] > 0
        assert len(one.factory.effective_calls) == 1


def test_both_are_ready_and_one_pause_holds_both(url: str, tmp_path: Path) -> None:
    with two(url, tmp_path) as (one, other):
        ready = [requests.get(f"{r.url}/-/ready", timeout=60) for r in (one, other)]
        one.responder.store.controls.pause("ada", None)

        assert [answer.status_code for answer in ready] == [200, 200]
        assert other.responder.store.controls.standing().pause is not None


def looks(of: Service) -> float:
    registry = of.responder.metrics.registry
    return sum(
        registry.get_sample_value(
            "responder_watch_looks_total", {"rule": RULE.name, "result": result}
        )
        or 0.0
        for result in Sight
    )


def test_a_rule_is_watched_by_one_of_them_at_a_time(url: str, tmp_path: Path) -> None:
    hourly = replace(RULE, watch=timedelta(hours=1))
    with (
        service(tmp_path, hourly, storage_url=url, spool=str(tmp_path / "one")) as one,
        replica(one, tmp_path) as other,
    ):
        until(lambda: looks(one) + looks(other) >= 1)
        for task in (*one.responder.periodic, *other.responder.periodic):
            task.stop()  # Whoever was about to look has looked.

        assert looks(one) + looks(other) == 1


def test_both_watch_and_one_fault_is_one_incident_and_one_call(
    url: str, tmp_path: Path
) -> None:
    often = replace(RULE, watch=timedelta(seconds=0.3))
    with (
        service(tmp_path, often, storage_url=url, spool=str(tmp_path / "one")) as one,
        replica(one, tmp_path),
        one.ordering(),
    ):
        one.factory.start_chaos("fail")
        one.in_state("recovered")

        assert len(one.incidents()) == 1
        assert len(one.factory.effective_calls) == 1
