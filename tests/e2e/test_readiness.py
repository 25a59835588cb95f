"""Readiness of a whole service: each ✗ produced, and mended by its own line."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests

from responder.config.settings import LokiLogs, Secret
from responder.demo.factory import SimulatedFactory
from tests.e2e.service import RULE, Service, service, until
from tests.loki_server import Fault, LokiServer

OFTEN = timedelta(seconds=0.2)
USERS = {"ana": Secret("pass-of-ana")}


def readiness(found: Service) -> dict[str, Any]:
    answer = requests.get(f"{found.url}/api/readiness", auth=found.auth, timeout=60)
    said: dict[str, Any] = answer.json()
    return said


def missing(found: Service) -> set[str]:
    """The aspects that are not so; the empty set only once something is known."""
    facts = readiness(found)["facts"]
    return {f["aspect"] for f in facts if not f["ok"]} if facts else {"unknown"}


def is_ready(found: Service, *but: str) -> Callable[[], bool]:
    return lambda: missing(found) == set(but)


def test_a_service_that_lacks_everything_is_mended_line_by_line(
    tmp_path: Path,
) -> None:
    with (
        LokiServer() as loki,
        service(
            tmp_path, logs=LokiLogs(url=loki.url), operators=USERS, probe_every=OFTEN
        ) as found,
    ):
        found.auth = ("ana", "pass-of-ana")
        until(is_ready(found, "alert_path", "logs", "traffic"))
        page = requests.get(found.url, auth=found.auth, timeout=60).text
        assert "NOT READY" in page
        assert "an outage would be missed" in page

        found.alert()
        until(is_ready(found, "logs", "traffic"))
        found.shop.order()
        until(is_ready(found))

        loki.fault = Fault(status=500)
        until(is_ready(found, "logs", "traffic"))
        scraped = requests.get(f"{found.url}/metrics", auth=found.auth, timeout=60).text
        assert 'responder_ready{aspect="logs"} 0.0' in scraped
        assert 'responder_ready{aspect="people"} 1.0' in scraped
        loki.fault = None
        until(is_ready(found))
        assert found.factory.calls == []


def test_orders_that_stay_away_are_missed_and_told_since_when(tmp_path: Path) -> None:
    with service(tmp_path, operators=USERS, probe_every=OFTEN) as found:
        found.auth = ("ana", "pass-of-ana")
        found.alert()
        found.shop.order()
        until(is_ready(found))

        found.clock.skip(timedelta(minutes=31))
        until(lambda: "traffic" in missing(found))
        until(lambda: "31 min" in sentence_of(found, "traffic"))
        found.shop.order()
        until(lambda: "traffic" not in missing(found))


def sentence_of(found: Service, aspect: str) -> str:
    facts = readiness(found)["facts"]
    return next((str(f["words"]) for f in facts if f["aspect"] == aspect), "")


def test_a_factory_that_is_gone_is_told_and_seen_again(tmp_path: Path) -> None:
    factory = SimulatedFactory(delay=0.5)
    with service(tmp_path, factory=factory, probe_every=OFTEN) as found:
        until(lambda: "factory" not in missing(found))
        assert "clock" not in missing(found)
        factory.__exit__()
        found.clock.skip(timedelta(minutes=5))
        until(lambda: "factory" in missing(found))
        assert "cannot be reached" in sentence_of(found, "factory")
        port = int(factory.url.rpartition(":")[2])
        with SimulatedFactory(delay=0.5, port=port):
            until(lambda: "factory" not in missing(found))


def test_without_operators_nobody_would_be_told(tmp_path: Path) -> None:
    with service(tmp_path, probe_every=OFTEN) as found:
        until(lambda: "people" in missing(found))
        assert (
            "operator_auth" in requests.get(f"{found.url}/readiness", timeout=60).text
        )
    with service(tmp_path, operators=USERS, probe_every=OFTEN) as found:
        found.auth = ("ana", "pass-of-ana")
        until(lambda: "people" not in missing(found))


def test_a_clock_that_is_off_is_told_until_it_is_right(tmp_path: Path) -> None:
    with service(tmp_path, probe_every=OFTEN) as found:
        until(lambda: "clock" not in missing(found))
        found.clock.skip(timedelta(minutes=5))
        until(lambda: "clock" in missing(found))
        found.clock.skip(timedelta(minutes=-5))
        until(lambda: "clock" not in missing(found))


def test_watches_need_no_alert_path(tmp_path: Path) -> None:
    watched = replace(RULE, watch=timedelta(seconds=0.3))
    with service(tmp_path, watched, probe_every=OFTEN) as found:
        until(lambda: "alert_path" not in missing(found))


def test_a_record_in_memory_is_told() -> None:
    with (
        TemporaryDirectory(dir="/dev/shm") as folder,
        service(Path(folder), probe_every=OFTEN) as found,
    ):
        until(lambda: "storage" in missing(found))
        assert "local disk that stays" in str(readiness(found))
