"""More at once than any real day brings, while nothing behind it answers."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from responder.config.settings import LokiLogs
from responder.incident.names import Sender
from responder.senders import sample as samples
from tests.e2e.service import RULE, Service, service, until
from tests.loki_server import Fault, LokiServer

BY_SHOP = replace(RULE, group_by=("shop",))


def body_for(shop: str = "one", **labels: str) -> dict[str, Any]:
    named = {"alertname": "Order errors", "responder": "jwt-pizza", "shop": shop}
    return samples.body(Sender.GRAFANA, named | labels, datetime.now(UTC))


def deliver(found: Service, body: dict[str, Any]) -> requests.Response:
    return requests.post(f"{found.url}/webhooks/grafana", json=body, timeout=60)


def test_no_webhook_waits_for_a_log_source_that_hangs(tmp_path: Path) -> None:
    with LokiServer() as loki:
        loki.fault = Fault(hang=True)
        logs = LokiLogs(url=loki.url, timeout=timedelta(seconds=30))
        with service(tmp_path, BY_SHOP, logs=logs) as found:
            bodies = [body_for(f"shop-{n}") for n in range(100)]
            with ThreadPoolExecutor(20) as pool:
                answers = list(pool.map(lambda body: deliver(found, body), bodies))
            assert {answer.status_code for answer in answers} == {202}
            assert not loki.released.is_set()
            loki.released.set()


def test_a_body_of_ten_thousand_alerts_is_one_incident(tmp_path: Path) -> None:
    body = body_for()
    (alert,) = body["alerts"]
    body["alerts"] = [
        {
            **alert,
            "fingerprint": f"{number:016x}",
            "labels": {**alert["labels"], "pod": f"pod-{number}"},
        }
        for number in range(10_000)
    ]
    with service(tmp_path) as found:
        answer = deliver(found, body)
        assert answer.status_code == 202
        until(lambda: len(found.incidents()) == 1)
        events = [event["event"] for event in found.incident()["timeline"]]
        assert events.count("opened") == 1
        assert events.count("alert_fired") == 10_000


def test_every_one_of_many_groups_is_decided(tmp_path: Path) -> None:
    with service(tmp_path, BY_SHOP) as found:
        bodies = [body_for(f"shop-{number}") for number in range(200)]
        with ThreadPoolExecutor(20) as pool:
            list(pool.map(lambda body: deliver(found, body), bodies))

        def decided() -> bool:
            url = f"{found.url}/api/incidents?limit=200&state=holding"
            return len(requests.get(url, timeout=60).json()["incidents"]) == 200

        until(decided)
