"""A link that a person pastes while the logs cannot be read: the whole way."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from responder.config.settings import Secret
from responder.demo.factory import SimulatedFactory
from responder.incident.link import ReportLink
from responder.incident.names import Mode
from responder.incident.rule import Rule
from tests.e2e.service import ONLY_ERRORS, Service, service, until
from tests.e2e.test_evidence import logs_of
from tests.loki_server import Fault, LokiServer

AWAY = Fault(status=502, body=b"bad gateway")
OPERATORS = {"ana": Secret("pass-of-ana"), "bob": Secret("pass-of-bob")}


@pytest.fixture
def loki() -> Iterator[LokiServer]:
    with LokiServer() as server:
        yield server


@contextmanager
def blind(
    folder: Path, loki: LokiServer, rule: Rule = ONLY_ERRORS, **changes: Any
) -> Iterator[Service]:
    """A service that called a person: orders fail, and the logs cannot be read."""
    loki.fault = AWAY
    given = {"logs": logs_of(loki), "operators": OPERATORS, **changes}
    with service(folder, rule, **given) as running:
        running.auth = ("ana", "pass-of-ana")
        running.factory.start_chaos("fail")
        running.shop.order()
        running.alert()
        assert running.in_state("needs_human")["reason"] == "logs_unreadable"
        yield running


def paste(running: Service, link: str) -> requests.Response:
    return running.post(
        f"/api/incidents/{running.incident()['id']}/report", {"link": link}
    )


def right(running: Service) -> str:
    return running.factory.report_link("127.0.0.1")


def stale(running: Service) -> str:
    """A link of an earlier fault."""
    return right(running).removesuffix(running.factory.code) + "0ld"


def name_of(link: str) -> str:
    token, code = link.split("/support/")[1].split("/report/")
    return ReportLink(token=token, code=code).name


def happened(incident: dict[str, Any]) -> list[str]:
    return [event["event"] for event in incident["timeline"]]


def test_it_is_called_once_and_recovery_is_proven_when_the_logs_are_back(
    tmp_path: Path, loki: LokiServer
) -> None:
    with blind(tmp_path, loki) as running:
        answer = paste(running, right(running))
        assert (answer.status_code, answer.json()["done"]) == (200, True)
        running.came_to("verifying")
        loki.fault = None
        with running.ordering():
            ended = running.in_state("recovered")
        calls = running.factory.effective_calls

    assert ended["proof"] == "orders"
    assert len(calls) == len(ended["reports"]) == 1


def test_the_timeline_says_who_gave_which_link_and_when(
    tmp_path: Path, loki: LokiServer
) -> None:
    with blind(tmp_path, loki) as running:
        link = right(running)
        at = paste(running, link).json()["at"]
        timeline = running.came_to("verifying")["timeline"]

    (asked,) = [e for e in timeline if e["event"] == "report_requested"]
    assert asked == {
        "at": at,
        "event": "report_requested",
        "by": "ana",
        "link": name_of(link),
    }
    (sent,) = [e for e in timeline if e["event"] == "report_intended"]
    assert (sent["link"], sent["reason"]) == (name_of(link), "asked_by_person")


def test_the_call_does_not_wait_for_logs_that_cannot_be_read(
    tmp_path: Path, loki: LokiServer
) -> None:
    with blind(tmp_path, loki) as running:
        paste(running, right(running))
        story = happened(running.came_to("verifying"))

    asked, sent = story.index("report_requested"), story.index("report_intended")
    assert "looked" not in story[asked:sent]


def test_of_many_people_who_paste_at_once_one_is_first_and_one_call_is_made(
    tmp_path: Path, loki: LokiServer
) -> None:
    with blind(tmp_path, loki) as running:
        running.factory.hang(0.3)
        links = [right(running)] * 8
        with ThreadPoolExecutor(8) as people:
            answers = list(people.map(lambda link: paste(running, link), links))
        running.came_to("verifying")
        calls = running.factory.calls

    done = [a.status_code == 200 and a.json()["done"] for a in answers]
    assert done.count(True) == 1
    assert {a.status_code for a in answers} <= {200, 409}
    assert [call.outcome for call in calls if call.method == "GET"] == ["resolved"]


def test_a_link_of_an_earlier_fault_is_spent_and_the_right_one_still_helps(
    tmp_path: Path, loki: LokiServer
) -> None:
    with blind(tmp_path, loki) as running:
        old = stale(running)
        paste(running, old)
        until(lambda: running.incident()["reports"])
        again = running.in_state("needs_human")
        assert again["reason"] == "logs_unreadable"

        refused = paste(running, old)
        assert refused.status_code == 409
        assert refused.json()["at"] == spent_at(again)
        assert refused.json()["error"].startswith(f"{name_of(old)} is spent since 2")

        assert paste(running, right(running)).status_code == 200
        running.came_to("verifying")
        outcomes = [r["outcome"] for r in running.incident()["reports"]]

    assert outcomes == ["wrong_code", "resolved"]


def spent_at(incident: dict[str, Any]) -> str:
    (answer,) = [e for e in incident["timeline"] if e["event"] == "report_answered"]
    found: str = answer["at"]
    return found


def test_a_refused_call_is_repeated_with_the_same_link(
    tmp_path: Path, loki: LokiServer
) -> None:
    with blind(tmp_path, loki) as running:
        running.factory.answer_with(503, '{"message": "down"}', times=2)
        paste(running, right(running))
        running.came_to("verifying")
        reports = running.incident()["reports"]

    assert [r["outcome"] for r in reports] == ["refused", "refused", "resolved"]


def test_a_call_without_an_answer_is_made_once_more(
    tmp_path: Path, loki: LokiServer
) -> None:
    with blind(tmp_path, loki, patience=timedelta(seconds=1)) as running:
        running.factory.hang(1.5)
        paste(running, right(running))
        until(lambda: len(running.incident()["reports"]) == 2)
        reports = running.incident()["reports"]

    assert [r["outcome"] for r in reports] == ["unknown", "nothing_to_resolve"]


def test_a_restart_forgets_the_link_and_says_that_a_person_is_needed(
    tmp_path: Path, loki: LokiServer
) -> None:
    with SimulatedFactory(delay=0.5) as factory:
        with blind(tmp_path, loki, factory=nullcontext(factory)) as running:
            factory.answer_with(503, "down", times=3)
            paste(running, right(running))
            until(lambda: running.incident()["reports"])
        calls = len(factory.calls)
        with service(
            tmp_path,
            ONLY_ERRORS,
            nullcontext(factory),
            logs=logs_of(loki),
            operators=OPERATORS,
        ) as running:
            running.auth = ("ana", "pass-of-ana")
            assert running.in_state("needs_human")["reason"] == "logs_unreadable"
            assert len(factory.calls) == calls
            assert paste(running, right(running)).json()["done"]
            until(lambda: len(factory.calls) > calls)


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ("pause", "automatic reports are paused: resume first"),
        ("breaker", "all 1 report allowed within an hour are used"),
        ("shadow", "the rule is in shadow mode: nothing is sent"),
        ("ended", "the incident ended (closed) at "),
        ("sent", "Responder reported to the factory at "),
    ],
)
def test_a_pasted_link_skips_nothing_that_report_now_does_not_skip(
    tmp_path: Path, loki: LokiServer, held: str, words: str
) -> None:
    rule = replace(ONLY_ERRORS, mode=Mode.SHADOW) if held == "shadow" else ONLY_ERRORS
    most = 1 if held == "breaker" else 1000
    with blind(tmp_path, loki, rule, max_reports_per_hour=most) as running:
        made = 0
        if held == "pause":
            running.post("/api/pause", {"paused": True})
        if held == "ended":
            running.post(f"/api/incidents/{running.incident()['id']}/close", {})
        if held == "breaker":
            paste(running, right(running))
            running.came_to("verifying")
            running.factory.start_chaos("fail")
            made = 1
        if held == "sent":
            running.factory.hang(3)
            paste(running, right(running))
            running.in_state("reporting")
        answer = paste(running, stale(running))
        if held == "sent":
            running.came_to("verifying")
            made = 1
        calls = [call for call in running.factory.calls if call.method == "GET"]

    assert answer.status_code == 409
    assert answer.json()["error"].startswith(words)
    assert len(calls) == made


def test_with_a_key_no_other_vendors_link_is_called(
    tmp_path: Path, loki: LokiServer
) -> None:
    with blind(tmp_path, loki, keyed=True) as running:
        other = right(running).replace(running.factory.api_key, "0f" * 16)

        answer = paste(running, other)

        assert answer.status_code == 400
        assert "factory.api_key" in answer.json()["error"]
        assert running.factory.calls == []
        assert paste(running, right(running)).status_code == 200
        running.came_to("verifying")
