"""People's brakes on the whole service: veto, pause, breaker, report now, shadow."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from responder.config.settings import Server
from responder.demo.factory import SimulatedFactory
from responder.incident.names import Mode
from tests.e2e.service import (
    ONLY_ERRORS,
    RULE,
    Service,
    SkippingClock,
    service,
    until,
)
from tests.e2e.test_evidence import logs_of
from tests.loki_server import LokiServer

VETO = replace(RULE, mode=Mode.VETO, veto_window=timedelta(seconds=20))


def press(
    running: Service, path: str, body: Mapping[str, object] | None = None
) -> requests.Response:
    return requests.post(f"{running.url}/api/{path}", json=body or {}, timeout=60)


def act(running: Service, incident: dict[str, Any], name: str) -> dict[str, Any]:
    answer = press(running, f"incidents/{incident['id']}/{name}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def metric(running: Service, name: str) -> float:
    lines = requests.get(f"{running.url}/metrics", timeout=60).text.splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(name))


def page(running: Service) -> str:
    return requests.get(f"{running.url}/", timeout=60).text


def holding_for(running: Service, reason: str) -> dict[str, Any]:
    """The incident, once it holds for this reason."""

    def there() -> dict[str, Any] | None:
        found = running.in_state("holding")
        return found if found["reason"] == reason else None

    found: dict[str, Any] = until(there)
    return found


def failing(running: Service) -> None:
    running.factory.start_chaos("fail")
    running.shop.order()
    running.alert()


def happened(incident: dict[str, Any]) -> list[str]:
    return [event["event"] for event in incident["timeline"]]


def first(incident: dict[str, Any], name: str) -> datetime:
    """When this happened first, cut off after the milliseconds."""
    shown = next(e["at"] for e in incident["timeline"] if e["event"] == name)
    return datetime.fromisoformat(shown)


def test_veto_mode_reports_when_nobody_stops_it(tmp_path: Path) -> None:
    with service(tmp_path, VETO) as running, running.ordering():
        failing(running)
        announced = holding_for(running, "veto_window")
        assert "unless you stop it" in announced["summary"]
        assert running.factory.calls == []
        running.clock.skip(timedelta(seconds=20))
        ended = running.in_state("recovered")
        assert len(running.factory.effective_calls) == 1
        story = happened(ended)
        assert story.index("report_planned") < story.index("report_intended")


def test_after_a_time_down_people_have_the_whole_window_again(tmp_path: Path) -> None:
    rule = replace(VETO, give_up_after=timedelta(minutes=5))
    later = SkippingClock()
    later.skip(timedelta(seconds=30))
    with SimulatedFactory(delay=0.5) as factory, LokiServer() as loki:
        logs = logs_of(loki)
        with service(tmp_path, rule, nullcontext(factory), logs=logs) as running:
            failing(running)
            holding_for(running, "veto_window")
        ready = later.now()
        with service(tmp_path, rule, nullcontext(factory), later, logs=logs) as running:
            until(lambda: happened(running.incident()).count("report_planned") == 2)
            timeline = running.incident()["timeline"]
            plans = [e["act_at"] for e in timeline if e["event"] == "report_planned"]
            first, second = map(datetime.fromisoformat, plans)
            assert first < ready
            assert second >= ready + rule.veto_window
            assert factory.calls == []
            running.clock.skip(second - running.clock.now())
            until(lambda: factory.effective_calls)


def test_a_veto_means_no_report_and_then_a_person(tmp_path: Path) -> None:
    with service(tmp_path, VETO) as running, running.ordering():
        failing(running)
        announced = holding_for(running, "veto_window")
        assert act(running, announced, "veto")["done"]
        assert not act(running, announced, "veto")["done"]
        stopped = running.in_state("needs_human")
        assert stopped["reason"] == "vetoed"
        assert press(running, f"incidents/{stopped['id']}/undo-veto").status_code == 410
        assert running.factory.calls == []


def test_report_now_takes_a_veto_back(tmp_path: Path) -> None:
    with service(tmp_path, VETO) as running, running.ordering():
        failing(running)
        announced = holding_for(running, "veto_window")
        act(running, announced, "veto")
        act(running, running.in_state("needs_human"), "report")
        assert running.in_state("recovered")["proof"] == "orders"
        assert len(running.factory.effective_calls) == 1


def test_a_pause_holds_every_report_and_resuming_looks_again(tmp_path: Path) -> None:
    with (
        LokiServer() as loki,
        service(tmp_path, logs=logs_of(loki)) as running,
        running.ordering(),
    ):
        assert press(running, "pause", {"paused": True}).status_code == 204
        failing(running)
        holding_for(running, "paused")
        assert "PAUSED" in page(running)
        assert metric(running, "responder_paused") == 1
        assert running.factory.calls == []
        assert press(running, "pause", {"paused": False}).status_code == 204
        ended = running.in_state("recovered")
        assert metric(running, "responder_paused") == 0
        assert "PAUSED" not in page(running)
        assert len(running.factory.effective_calls) == 1
        resumed, sent = (first(ended, e) for e in ("resumed", "report_intended"))
        sent += timedelta(milliseconds=1)
        # A look that reads the same as the one before is no event of its own.
        assert any(resumed <= asked.at <= sent for asked in loki.requests)


def test_a_pause_does_not_keep_a_person_from_reporting(tmp_path: Path) -> None:
    with service(tmp_path) as running, running.ordering():
        press(running, "pause", {"paused": True})
        failing(running)
        act(running, holding_for(running, "paused"), "report")
        assert running.in_state("recovered")["proof"] == "orders"
        assert len(running.factory.effective_calls) == 1


def test_a_pause_ends_by_itself(tmp_path: Path) -> None:
    with service(tmp_path) as running, running.ordering():
        press(running, "pause", {"paused": True, "for": "2h"})
        failing(running)
        held = holding_for(running, "paused")
        assert "(until " in held["summary"]
        running.clock.skip(timedelta(hours=2))
        running.shop.order()
        assert running.in_state("recovered")["proof"] == "orders"


def test_a_pause_is_still_there_after_a_restart(tmp_path: Path) -> None:
    with service(tmp_path) as running:
        press(running, "pause", {"paused": True})
    with service(tmp_path) as running, running.ordering():
        failing(running)
        holding_for(running, "paused")
        assert running.factory.calls == []


def test_start_paused_reports_nothing_until_somebody_resumes(tmp_path: Path) -> None:
    server = Server(port=0, start_paused=True)
    with service(tmp_path, server=server) as running, running.ordering():
        failing(running)
        held = holding_for(running, "paused")
        assert "server.start_paused" in held["summary"]
        press(running, "pause", {"paused": False})
        running.in_state("recovered")


def test_the_breaker_opens_says_so_and_closes_as_the_hour_moves_on(
    tmp_path: Path,
) -> None:
    with service(tmp_path, max_reports_per_hour=1) as running, running.ordering():
        failing(running)
        running.in_state("recovered")
        assert metric(running, "responder_breaker_open") == 1
        running.factory.start_chaos("fail")
        running.shop.order()
        running.clock.skip(timedelta(seconds=14))
        held = running.in_state("needs_human", number=1)
        assert held["reason"] == "breaker_open"
        assert "the one report allowed within an hour is used" in page(running)
        assert len(running.factory.effective_calls) == 1
        running.clock.skip(timedelta(hours=1))
        running.shop.order()
        running.alert(started=running.clock.now())
        until(lambda: len(running.factory.effective_calls) == 2)


def test_report_now_does_not_wait_for_the_threshold(tmp_path: Path) -> None:
    with service(tmp_path, ONLY_ERRORS) as running:
        running.factory.start_chaos("fail")
        running.shop.order()
        running.alert()
        held = holding_for(running, "below_threshold")
        assert running.factory.calls == []
        act(running, held, "report")
        with running.ordering():
            ended = running.in_state("recovered")
        assert len(running.factory.effective_calls) == 1
        (asked,) = [e for e in ended["timeline"] if e["event"] == "report_intended"]
        assert asked["reason"] == "asked_by_person"


def test_a_person_closes_an_incident_and_it_stays_closed(tmp_path: Path) -> None:
    with service(tmp_path, ONLY_ERRORS) as running:
        running.factory.start_chaos("fail")
        running.shop.order()
        running.alert()
        held = holding_for(running, "below_threshold")
        closing = {"reason": "not_real", "text": "a drill"}
        assert press(running, f"incidents/{held['id']}/close", closing).ok
        with running.ordering():
            running.alert()
            assert running.incident()["state"] == "closed"
        assert "not real: a drill" in running.incident()["summary"]
        assert running.factory.calls == []


def test_shadow_mode_says_where_it_would_have_reported_and_calls_nothing(
    tmp_path: Path,
) -> None:
    shadow = replace(RULE, mode=Mode.SHADOW)
    with service(tmp_path, shadow) as running:
        failing(running)
        running.in_state("verifying")
        running.clock.skip(timedelta(minutes=11))
        ended = running.in_state("stood_down")
        assert ended["reason"] == "shadow"
        story = happened(ended)
        assert "report_withheld" in story
        assert "report_intended" not in story
        assert running.factory.calls == []
        assert metric(running, "responder_reports_last_hour") == 0
