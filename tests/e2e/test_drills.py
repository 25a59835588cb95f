"""Drills on a whole service: one that passes, and one that breaks at each step."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from responder.config.settings import Credential, Hmac, LokiLogs, Secret, Server
from responder.incident.names import Mode, Sender
from responder.incident.rule import Matcher
from tests.e2e.service import ONLY_ERRORS, RULE, Service, service, until
from tests.loki_server import Fault, LokiServer
from tests.quiet_server import QuietHandler, QuietServer

NAMES = (
    "delivered",
    "stored",
    "matched",
    "counted",
    "link_found",
    "would_report",
)
# A drill that breaks nowhere needs no patience, only a busy machine does.
PATIENT = replace(RULE, recheck=timedelta(seconds=7))
QUIET = tuple(name for name in NAMES if name != "link_found")
SECRET = "secret-of-the-contact-point"
SIGNED = Credential(
    name="grafana",
    senders=frozenset({Sender.GRAFANA}),
    hmac=Hmac(secrets=(Secret(SECRET),), timestamp_header="X-At"),
)


def drilled(found: Service, rule: str | None = None) -> dict[str, Any]:
    """A drill, run to its end."""
    begun = found.post("/api/drill", {"rule": rule} if rule else {})
    assert begun.status_code == 200, begun.text
    path = f"{found.url}/api/drill/{begun.json()['id']}"

    def over() -> dict[str, Any] | None:
        drill: dict[str, Any] = requests.get(path, auth=found.auth, timeout=60).json()
        return drill if drill["ended_at"] else None

    ended: dict[str, Any] = until(over)
    return ended


def broken_at(drill: Mapping[str, Any]) -> str:
    """The step that broke; every one before it was taken."""
    assert drill["result"] == "broken", drill
    *before, last = drill["steps"]
    assert [step["came"] for step in before] == ["done"] * len(before)
    taken = [step["step"] for step in drill["steps"]]
    assert taken == [name for name in NAMES if name in taken]
    assert last["came"] == "broken"
    assert last["mend"]
    assert last["mend"] in drill["sentence"]
    return str(last["step"])


@contextmanager
def elsewhere(status: int, body: bytes) -> Iterator[str]:
    """Somebody else who answers under the address that was configured for us."""

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            self.body()
            self.send(status, body)

    server = QuietServer(Handler)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


@pytest.mark.parametrize("mode", [Mode.AUTO, Mode.VETO, Mode.SHADOW])
def test_a_drill_passes_while_the_real_logs_hold_no_fault(
    tmp_path: Path, mode: Mode
) -> None:
    with service(tmp_path, rule=replace(PATIENT, mode=mode)) as found:
        drill = drilled(found)

        assert drill["result"] == "passed", drill
        assert [step["step"] for step in drill["steps"]] == list(QUIET)
        assert {step["came"] for step in drill["steps"]} == {"done"}
        assert drill["seconds"] >= 0
        assert drill["sentence"] == (
            f"You are ready: {drill['seconds']:.1f} s from alert to decision. "
            "The real logs hold no fault now, so nothing would be reported."
        )
        assert found.factory.calls == []


@pytest.mark.parametrize("mode", [Mode.AUTO, Mode.SHADOW])
def test_a_drill_in_the_middle_of_a_fault_goes_as_far_as_the_report(
    tmp_path: Path, mode: Mode
) -> None:
    with service(tmp_path, rule=replace(PATIENT, mode=mode)) as found:
        found.factory.start_chaos("fail")
        found.shop.order()
        drill = drilled(found)

        assert drill["result"] == "passed", drill
        assert [step["step"] for step in drill["steps"]] == list(NAMES)
        assert drill["sentence"] == (
            f"You are ready: {drill['seconds']:.1f} s from alert to would-be report."
        )
        assert found.factory.calls == []


def test_a_drill_writes_nothing_into_the_logs(tmp_path: Path) -> None:
    with (
        LokiServer() as loki,
        service(tmp_path, rule=PATIENT, logs=LokiLogs(url=loki.url)) as found,
    ):
        assert drilled(found)["result"] == "passed"
        labels = requests.get(f"{loki.url}/loki/api/v1/labels", timeout=60).json()

    assert labels["data"] == []


def test_its_incident_is_marked_and_ends_by_itself(tmp_path: Path) -> None:
    with service(tmp_path, rule=PATIENT) as found:
        drill = drilled(found)
        ended = found.in_state("stood_down")
        page = requests.get(f"{found.url}/incidents/{ended['id']}", timeout=60).text
        report = requests.get(
            f"{found.url}/incidents/{ended['id']}/report.md", timeout=60
        ).text

    assert (ended["id"], ended["drill"]) == (drill["incident"], True)
    assert ended["reason"] == "drill"
    assert ended["summary"].startswith("Drill: ")
    assert "Drill" in page
    assert "This was a drill" in report


def test_it_is_signed_as_grafana_would_sign(tmp_path: Path) -> None:
    with service(tmp_path, rule=PATIENT, webhook_auth=(SIGNED,)) as found:
        assert drilled(found)["result"] == "passed"


def test_nothing_of_a_drill_is_in_the_counts(tmp_path: Path) -> None:
    with service(tmp_path, rule=PATIENT) as found:
        before = counts(found)
        drill = drilled(found)
        found.in_state("stood_down")
        after = counts(found)
        front = requests.get(found.url, timeout=60).text
        standing = requests.get(f"{found.url}/api/pause", timeout=60).json()

    assert drill["result"] == "passed"
    assert after == before
    assert standing["breaker"]["reports_last_hour"] == 0
    assert "No webhook was ever heard" in front


def counts(found: Service) -> dict[str, str]:
    """Every series that counts alerts, decisions, incidents, reports or orders."""
    shown = requests.get(f"{found.url}/metrics", timeout=60).text
    counted = ("webhooks", "alerts", "decisions", "incidents", "reports", "orders")
    more = ("last_webhook", "time_to_report", "alert_delay", "error_logs", "evidence")
    prefixes = tuple(f"responder_{name}" for name in (*counted, *more))
    lines = [line for line in shown.splitlines() if line.startswith(prefixes)]
    return dict(line.rsplit(" ", 1) for line in lines)


def test_a_drill_never_joins_a_real_alert(tmp_path: Path) -> None:
    with service(tmp_path, rule=PATIENT) as found:
        drill = drilled(found)
        found.alert()
        real = found.in_state("holding", number=1)
        lone = [i for i in found.incidents() if not i["drill"]]

    assert drill["result"] == "passed"
    assert [i["id"] for i in lone] == [real["id"]]
    assert real["errors"] == 0


# What breaks, step by step


def test_broken_at_delivered(tmp_path: Path) -> None:
    with (
        elsewhere(401, b"who are you?") as address,
        service(tmp_path, server=Server(port=0, public_url=address)) as found,
    ):
        drill = drilled(found)

    assert broken_at(drill) == "delivered"
    assert "HTTP 401: who are you?" in drill["sentence"]
    assert "server.public_url" in drill["sentence"]


def test_broken_at_stored(tmp_path: Path) -> None:
    answer = json.dumps({"delivery": "01kx", "alerts": [{"verdict": "opened"}]})
    with (
        elsewhere(202, answer.encode()) as address,
        service(tmp_path, server=Server(port=0, public_url=address)) as found,
    ):
        drill = drilled(found)

    assert broken_at(drill) == "stored"
    assert "is not this Responder" in drill["sentence"]


def test_broken_at_matched(tmp_path: Path) -> None:
    first = replace(RULE, name="everything", match=())
    with service(tmp_path, rules=(first, RULE)) as found:
        drill = drilled(found, RULE.name)

    assert broken_at(drill) == "matched"
    assert "rule everything comes first" in drill["sentence"]


def test_broken_at_counted(tmp_path: Path) -> None:
    with LokiServer() as loki, service(tmp_path, logs=LokiLogs(url=loki.url)) as found:
        loki.fault = Fault(status=401, body=b"no org id")
        drill = drilled(found)

    assert broken_at(drill) == "counted"
    assert "mend `logs`" in drill["sentence"]


def test_broken_at_link_found(tmp_path: Path) -> None:
    with service(tmp_path, rule=ONLY_ERRORS) as found:
        found.write(*(f"error {n} without a link" for n in range(6)))
        drill = drilled(found)

    assert broken_at(drill) == "link_found"
    assert "factory.url" in drill["sentence"]


def test_broken_at_would_report(tmp_path: Path) -> None:
    with service(tmp_path) as found:
        found.post("/api/pause", {"paused": True})
        drill = drilled(found)

        assert broken_at(drill) == "would_report"
        assert "`responder resume`" in drill["sentence"]

        found.post("/api/pause", {"paused": False})
        assert drilled(found)["result"] == "passed"


def test_a_rule_whose_labels_cannot_be_guessed_is_told(tmp_path: Path) -> None:
    hard = replace(RULE, match=((Matcher(label="x", op="=~", value=r"[b-d]\x01"),),))
    with service(tmp_path, rule=hard) as found:
        drill = drilled(found)

    assert drill["steps"][-1]["came"] == "unproven"
    assert "no sample value found for the label x" in drill["sentence"]
