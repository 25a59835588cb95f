"""Alerts in every order and number, and what they may cause."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from responder.incident.names import Status
from tests.e2e.service import ONLY_ERRORS, service


def test_a_resolve_before_the_threshold_causes_no_call(tmp_path: Path) -> None:
    with service(tmp_path, ONLY_ERRORS) as running:
        running.factory.start_chaos("fail")
        running.shop.order()
        running.alert()
        running.in_state("holding")
        running.alert(Status.RESOLVED)
        ended = running.in_state("stood_down")
        assert ended["reason"] == "alert_resolved"
        assert running.factory.calls == []


def test_a_resolve_that_comes_before_its_firing_opens_nothing(tmp_path: Path) -> None:
    with service(tmp_path) as running:
        running.factory.start_chaos("fail")
        running.shop.order()
        resolved = running.alert(Status.RESOLVED)
        late = running.alert()
        assert resolved["alerts"][0]["verdict"] == "resolved"
        assert late["alerts"][0]["verdict"] == "echo"
        assert (running.incidents(), running.factory.calls) == ([], [])


def test_a_thousand_copies_from_fifty_threads_cause_one_call(tmp_path: Path) -> None:
    with service(tmp_path) as running, running.ordering():
        running.factory.start_chaos("fail")
        running.shop.order()
        with ThreadPoolExecutor(50) as senders:
            answers = list(senders.map(lambda _: running.alert(), range(1000)))
        ended = running.in_state("recovered")
        assert {answer["alerts"][0]["incident"] for answer in answers} == {ended["id"]}
        assert len(running.incidents()) == 1
        assert len(running.factory.effective_calls) == len(ended["reports"]) == 1


def test_two_senders_of_the_same_alert_make_one_incident(tmp_path: Path) -> None:
    with service(tmp_path) as running, running.ordering():
        running.factory.start_chaos("fail")
        running.shop.order()
        running.alert(path="grafana")
        running.alert(path="irm")
        running.in_state("recovered")
        assert len(running.incidents()) == 1
        assert len(running.factory.effective_calls) == 1


@pytest.mark.parametrize("path", ["alertmanager", "irm"])
def test_every_sender_alone_gets_the_fault_mended(tmp_path: Path, path: str) -> None:
    with service(tmp_path) as running, running.ordering():
        running.factory.start_chaos("fail")
        running.shop.order()
        running.alert(path=path)
        assert running.in_state("recovered")["proof"] == "orders"
        assert len(running.factory.effective_calls) == 1


def test_an_alert_repeated_for_two_minutes_after_recovery_is_an_echo(
    tmp_path: Path,
) -> None:
    with service(tmp_path) as running, running.ordering():
        running.factory.start_chaos("fail")
        running.shop.order()
        running.alert()
        running.in_state("recovered")
        verdicts = set()
        for _ in range(12):
            running.clock.skip(timedelta(seconds=10))
            verdicts.add(running.alert()["alerts"][0]["verdict"])
        assert verdicts == {"echo"}
        assert len(running.incidents()) == len(running.factory.effective_calls) == 1


def test_a_relapse_without_a_webhook_is_noticed_within_20_s_and_called_once(
    tmp_path: Path,
) -> None:
    with service(tmp_path) as running, running.ordering():
        running.factory.start_chaos("fail")
        running.shop.order()
        running.alert()
        first = running.in_state("recovered")
        again = running.clock.now()
        running.factory.start_chaos("fail")
        running.shop.order()
        running.clock.skip(timedelta(seconds=14))
        second = running.in_state("recovered", number=1)
        assert second["relapse_of"] == first["id"]
        opened = running.responder.store.load(second["id"]).opened_at
        assert opened - again < timedelta(seconds=20)
        assert len(second["reports"]) == 1
        assert len(running.factory.effective_calls) == 2


def test_an_alert_no_rule_takes_is_stored_and_causes_nothing(tmp_path: Path) -> None:
    with service(tmp_path) as running:
        ignored = running.alert(responder="somebody-else")
        assert ignored["alerts"][0]["verdict"] == "ignored"
        assert running.incidents() == []


def test_errors_that_come_after_the_alert_are_found_by_looking_again(
    tmp_path: Path,
) -> None:
    rule = replace(ONLY_ERRORS, recheck=timedelta(seconds=0.1))
    with service(tmp_path, rule) as running:
        running.alert()
        running.in_state("holding")
        running.factory.start_chaos("fail")
        with running.ordering():
            assert running.in_state("recovered")["proof"] == "orders"
