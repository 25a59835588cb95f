"""Alerts that nobody sends: Responder asks Grafana which are active."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from responder.config.settings import GrafanaSettings, Secret
from responder.incident.names import Status
from responder.senders.grafana import fingerprint_of
from tests.alert_list import TOKEN, ListingGrafana, listed
from tests.e2e.service import RULE, STARTED, Service, SkippingClock, service, until

ITS_OWN = fingerprint_of({"alertname": "Order errors", "responder": "jwt-pizza"})
EXACT = STARTED + timedelta(microseconds=250123)


@contextmanager
def pulling(folder: Path, grafana: ListingGrafana, **changes: Any) -> Iterator[Service]:
    settings = GrafanaSettings(
        url=grafana.url, token=Secret(TOKEN), pull=timedelta(seconds=0.3)
    )
    with service(folder, grafana=settings, **changes) as found:
        yield found


def pulls(service: Service, result: str) -> float:
    found = service.responder.metrics.registry.get_sample_value(
        "responder_pulls_total", {"result": result}
    )
    assert found is not None
    return found


def fails_and_fires(found: Service, grafana: ListingGrafana) -> None:
    found.factory.start_chaos("fail")
    found.shop.order()
    grafana.alerts.append(listed(started=EXACT))


def test_an_active_alert_is_acted_on_without_any_webhook(tmp_path: Path) -> None:
    with ListingGrafana() as grafana, pulling(tmp_path, grafana) as found:
        with found.ordering():
            fails_and_fires(found, grafana)
            ended = found.in_state("recovered")
        (heard,) = found.responder.store.deliveries()

        assert heard.sender == "grafana-pull"
        fired = ended["timeline"][1]
        assert (fired["event"], fired["sender"]) == ("alert_fired", "grafana-pull")
        assert len(found.factory.effective_calls) == 1


def test_a_webhook_of_the_same_firing_is_a_repeat_to_the_nanosecond(
    tmp_path: Path,
) -> None:
    with ListingGrafana() as grafana, pulling(tmp_path, grafana) as found:
        grafana.alerts.append(listed(started=EXACT, fingerprint=ITS_OWN))
        known = found.in_state("investigating", "holding")
        (said,) = found.alert(started=EXACT)["alerts"]
        fired = [e for e in known["timeline"] if e["event"] == "alert_fired"]

    assert said["fingerprint"] == fired[0]["fingerprint"]
    assert (said["verdict"], said["incident"]) == ("repeated", known["id"])


def test_what_fired_while_it_was_down_is_healed_by_the_first_pull(
    tmp_path: Path,
) -> None:
    clock = SkippingClock()
    with ListingGrafana() as grafana:
        with pulling(tmp_path, grafana, clock=clock) as found:
            until(lambda: pulls(found, "complete") >= 1)
            assert found.incidents() == []
        # Nobody is there to take the webhook: Grafana tried once.
        grafana.alerts.append(listed(started=EXACT))
        with pulling(tmp_path, grafana, clock=clock) as found, found.ordering():
            found.factory.start_chaos("fail")
            ended = found.in_state("recovered")

    assert len(ended["reports"]) == 1


def test_it_goes_on_where_the_last_process_stopped(tmp_path: Path) -> None:
    with ListingGrafana(alerts=[listed(started=EXACT)]) as grafana:
        with pulling(tmp_path, grafana) as found:
            found.in_state("investigating", "holding")
        with pulling(tmp_path, grafana) as found:
            until(lambda: pulls(found, "complete") >= 3)
            told = found.responder.store.deliveries()

            assert len(told) == 1
            assert len(found.incidents()) == 1


def test_an_alert_that_is_listed_no_more_resolves_but_stands_nothing_down(
    tmp_path: Path,
) -> None:
    with ListingGrafana() as grafana, pulling(tmp_path, grafana) as found:
        grafana.alerts.append(listed(started=EXACT))
        found.in_state("holding")
        grafana.alerts.clear()
        before = pulls(found, "complete")
        until(lambda: pulls(found, "complete") >= before + 2)
        assert "alert_resolved" not in kinds(found)
        found.responder.store.controls.pause("ana", None)  # Its patience stands still.

        found.clock.skip(timedelta(minutes=5))
        until(lambda: "alert_resolved" in kinds(found))

        assert found.incident()["ended_at"] is None
        (resolved,) = [
            e for e in found.incident()["timeline"] if e["event"] == "alert_resolved"
        ]
        assert resolved["state_reason"] == "NotListed"


def kinds(found: Service) -> list[str]:
    return [event["event"] for event in found.incident()["timeline"]]


def test_a_silenced_alert_opens_nothing(tmp_path: Path) -> None:
    silenced = listed(started=EXACT, state="suppressed")
    with (
        ListingGrafana(alerts=[silenced]) as grafana,
        pulling(tmp_path, grafana) as found,
    ):
        until(lambda: pulls(found, "complete") >= 2)
        assert found.incidents() == []


def test_a_refusal_is_one_line_and_webhooks_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "responder.worker")
    with ListingGrafana(status=403) as grafana, pulling(tmp_path, grafana) as found:
        until(lambda: pulls(found, "refused") >= 3)
        with found.ordering():
            found.factory.start_chaos("fail")
            found.shop.order()
            found.alert(Status.FIRING)
            found.in_state("recovered")
        grafana.status = 200
        until(lambda: pulls(found, "complete") >= 1)

    said = [r.getMessage() for r in caplog.records if "pull" in r.getMessage()]
    assert said == ["pull refused, alerts come by webhook only", "pull works again"]
    assert TOKEN not in caplog.text


def test_the_pull_and_the_watch_see_one_fault(tmp_path: Path) -> None:
    watched = replace(RULE, watch=timedelta(seconds=0.3))
    with (
        ListingGrafana() as grafana,
        pulling(tmp_path, grafana, rule=watched) as found,
        found.ordering(),
    ):
        fails_and_fires(found, grafana)
        found.in_state("recovered")
        before = pulls(found, "complete")
        until(lambda: pulls(found, "complete") >= before + 2)

        assert len(found.incidents()) == 1
        assert len(found.factory.effective_calls) == 1
