"""A whole Responder beside those who are told: each hears each thing once."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from responder.config.settings import (
    GrafanaSettings,
    IrmSettings,
    NotifySettings,
    Secret,
)
from responder.demo.factory import SimulatedFactory
from responder.incident.names import OnRecovered, Sender
from responder.senders import sample as samples
from tests import postgres
from tests.api_server import Fault
from tests.e2e.service import RULE, Service, service, until
from tests.e2e.test_canary import dumped, logged, served
from tests.e2e.test_process import Process, is_recovered
from tests.e2e.test_replicas import replica
from tests.irm_server import (
    GRAFANA_TOKEN,
    IRM_KEY,
    AnnotationServer,
    HookServer,
    IrmServer,
)

LABELS = {"alertname": "Order errors", "responder": "jwt-pizza"}
GROUP = str(samples.body(Sender.IRM, LABELS, datetime.now(UTC))["alert_group_id"])
DOWN = Fault(status=503)
MINUTE = timedelta(minutes=1)
PLACES = {"grafana", "irm", "notify"}


@dataclass
class Told:
    """Those who are told."""

    grafana: AnnotationServer
    irm: IrmServer
    hook: HookServer

    def settings(self) -> dict[str, Any]:
        return {
            "grafana": GrafanaSettings(
                url=self.grafana.url, token=Secret(GRAFANA_TOKEN), annotations=True
            ),
            "irm": IrmSettings(
                url=f"{self.irm.url}/oncall/api/v1", token=Secret(IRM_KEY)
            ),
            "notify": NotifySettings(webhook_url=Secret(f"{self.hook.url}/topic")),
        }

    def all_down(self, fault: Fault | None = DOWN) -> None:
        for server in (self.grafana, self.irm, self.hook):
            server.fault = fault

    def closed(self) -> bool:
        """Whether the one region that there is has an end."""
        with self.grafana.lock:
            found = list(self.grafana.annotations.values())
        return any(a["timeEnd"] != a["time"] for a in found)

    def acknowledged(self) -> bool:
        return self.irm.groups[GROUP] == "acknowledged"


@pytest.fixture
def told() -> Iterator[Told]:
    with (
        AnnotationServer() as grafana,
        IrmServer(GROUP) as irm,
        HookServer() as hook,
    ):
        yield Told(grafana, irm, hook)


@contextmanager
def serving(folder: Path, told: Told, **changes: Any) -> Iterator[Service]:
    with service(folder, **{**told.settings(), **changes}) as found:
        yield found


def live_through(found: Service) -> dict[str, Any]:
    """An incident that Grafana and IRM tell of, from the first error to recovery."""
    with found.ordering():
        found.factory.start_chaos("fail")
        found.shop.order()
        found.alert()
        found.alert(path="irm")
        return found.in_state("recovered")


def told_of(found: Service) -> list[tuple[str, str]]:
    """The tellings on the incident's timeline."""
    events = found.incident()["timeline"]
    return [(e["where"], e["what"]) for e in events if e["event"] == "told"]


def events_of(found: Service) -> list[dict[str, Any]]:
    return [e for e in found.incident()["timeline"] if e["event"] == "told"]


def settled(found: Service, *expected: tuple[str, str]) -> None:
    """Wait until all of it is told, and see that none of it is told twice."""
    until(lambda: set(expected) <= set(told_of(found)))
    told = told_of(found)
    assert sorted(told) == sorted(set(told))


EVERYTHING = (
    ("grafana", "region_closed"),
    ("irm", "acted"),
    ("irm", "acknowledged"),
    ("notify", "recovered"),
)


def test_region_note_and_notice_appear_once_each(tmp_path: Path, told: Told) -> None:
    with serving(tmp_path, told) as found:
        ended = live_through(found)
        settled(found, *EVERYTHING)

    region = told.grafana.only()
    assert region["time"] < region["timeEnd"]
    assert {"responder", f"incident:{ended['id']}", "state:recovered"} <= set(
        region["tags"]
    )
    assert region["text"].startswith("pizza-factory: Recovered: ")
    assert [note["alert_group_id"] for note in told.irm.notes] == [GROUP]
    assert told.irm.turned(GROUP) == ["acknowledge"]
    assert [asked.document["status"] for asked in told.hook.requests] == ["resolved"]


def test_the_same_appears_once_each_after_everybody_was_down_for_a_minute(
    tmp_path: Path, told: Told
) -> None:
    told.all_down()
    with serving(tmp_path, told) as found:
        ended = live_through(found)
        until(lambda: all(s.requests for s in (told.grafana, told.irm, told.hook)))
        assert told.grafana.annotations == {}
        assert told.irm.notes == []
        assert told_of(found) == []
        told.all_down(None)
        found.clock.skip(MINUTE)
        settled(found, *EVERYTHING)

    region = told.grafana.only()
    assert region["time"] < region["timeEnd"]
    assert f"incident:{ended['id']}" in region["tags"]
    assert len(told.irm.notes) == 1
    assert told.irm.turned(GROUP)[-1] == "acknowledge"
    assert told.irm.groups[GROUP] == "acknowledged"
    assert len(ended["reports"]) == 1


def test_those_who_say_nothing_at_all_hold_no_report(
    tmp_path: Path, told: Told
) -> None:
    told.all_down(Fault(hang=True))
    with serving(tmp_path, told) as found:
        ended = live_through(found)

        assert [report["outcome"] for report in ended["reports"]] == ["resolved"]
        assert told_of(found) == []
        for server in (told.grafana, told.irm, told.hook):
            server.released.set()


def test_an_answer_that_was_lost_leads_to_no_second_region_and_no_second_note(
    tmp_path: Path, told: Told
) -> None:
    lost = Fault(drop=True, after=True)
    told.grafana.faults, told.irm.faults = [lost], [lost]
    with serving(tmp_path, told) as found:
        live_through(found)
        found.clock.skip(timedelta(seconds=5))
        settled(found, *EVERYTHING)

    assert told.grafana.only()["timeEnd"]
    assert len(told.irm.notes) == 1


def test_a_call_for_a_person_silences_nobody(tmp_path: Path, told: Told) -> None:
    with serving(tmp_path, told) as found:
        found.write(*("no link in here" for _ in range(8)))
        found.alert()
        found.alert(path="irm")
        found.in_state("needs_human")
        settled(found, ("irm", "needs_human"), ("notify", "needs_human"))

    (note,) = told.irm.notes
    advice = "and the factory answers: look at our own service"
    assert f"no line carries a factory link, {advice}" in note["text"]
    assert told.irm.turned(GROUP) == []
    assert [asked.document["status"] for asked in told.hook.requests] == ["firing"]
    assert told.grafana.annotations == {}


def test_a_rule_may_resolve_the_group(tmp_path: Path, told: Told) -> None:
    rule = replace(RULE, on_recovered=OnRecovered.RESOLVE)
    with serving(tmp_path, told, rule=rule) as found:
        live_through(found)
        settled(found, ("irm", "resolved"))

    assert told.irm.turned(GROUP) == ["resolve"]


def test_a_token_that_is_refused_is_seen_on_the_page_and_in_the_metrics(
    tmp_path: Path, told: Told
) -> None:
    wrong = IrmSettings(
        url=f"{told.irm.url}/oncall/api/v1", token=Secret("not-the-key-canary")
    )
    with serving(tmp_path, told, irm=wrong) as found:
        ended = live_through(found)
        until(lambda: ("irm", "acted") in told_of(found))
        found.clock.skip(MINUTE)
        until(lambda: ("irm", "acknowledged") in told_of(found))
        until(lambda: ("grafana", "region_closed") in told_of(found))
        page = requests.get(f"{found.url}/incidents/{ended['id']}", timeout=60).text
        metrics = requests.get(f"{found.url}/metrics", timeout=60).text

    refused = f"(alert group {GROUP}), refused: HTTP 403: Invalid token."
    assert f"not noted in IRM that it was reported {refused}" in page
    assert f"not acknowledged in IRM {refused}" in page
    assert 'responder_told_total{result="refused",where="irm"} 0.0' not in metrics
    assert 'responder_told_total{result="told",where="grafana"} 0.0' not in metrics
    assert "canary" not in page + metrics
    assert told.irm.groups[GROUP] == "firing"


def test_the_page_says_what_was_told(tmp_path: Path, told: Told) -> None:
    with serving(tmp_path, told) as found:
        ended = live_through(found)
        settled(found, *EVERYTHING)
        page = requests.get(f"{found.url}/incidents/{ended['id']}", timeout=60).text

    assert f"noted in IRM that it was reported (alert group {GROUP})" in page
    assert f"acknowledged in IRM (alert group {GROUP})" in page
    assert "annotated in Grafana, from its first error to its end" in page


def test_two_replicas_tell_each_thing_once(
    tmp_path: Path, told: Told, postgres_server: str
) -> None:
    with (
        postgres.database(postgres_server) as url,
        serving(tmp_path, told, storage_url=url, spool=str(tmp_path / "s")) as one,
        replica(one, tmp_path),
    ):
        live_through(one)
        settled(one, *EVERYTHING)
        with closing(psycopg.connect(url)) as onlooker:
            leased = "SELECT count(*) FROM errands WHERE lease_token IS NOT NULL"
            until(lambda: onlooker.execute(leased).fetchone() == (0,))

    assert told.grafana.only()["timeEnd"]
    assert len(told.irm.notes) == 1
    assert told.irm.turned(GROUP) == ["acknowledge"]
    assert len(told.hook.requests) == 1


def test_no_secret_of_those_who_are_told_comes_out(tmp_path: Path, told: Told) -> None:
    link = "https://factory.example/api/support/canary0123456789/report/a1b2c3"
    echo = f"{GRAFANA_TOKEN} {IRM_KEY} {told.hook.url}/topic {link}"
    with serving(tmp_path, told) as found, logged(found) as stream:
        for server in (told.grafana, told.irm, told.hook):
            server.faults = [
                Fault(status=status, body={"message": echo, "detail": echo})
                for status in (403, 500)
            ]
        live_through(found)
        until(lambda: {e["where"] for e in events_of(found)} == PLACES)

        found.clock.skip(MINUTE)
        until(lambda: not (told.grafana.faults or told.irm.faults or told.hook.faults))
        found.clock.skip(MINUTE)
        until(
            lambda: {e["where"] for e in events_of(found) if not e["refused"]} == PLACES
        )
        pages = served(found)
    written = pages + stream.getvalue() + dumped(tmp_path / "responder.db")

    assert '"message": "not told"' in written
    assert "refused: HTTP 403" in written
    for secret in (GRAFANA_TOKEN, IRM_KEY, f"{told.hook.url}/topic", "canary0123"):
        assert secret not in written


TELLING = """
grafana: {{url: "{grafana}", token: "${{GRAFANA_TOKEN}}", annotations: true}}
irm: {{url: "{irm}/oncall", token: "${{IRM_KEY}}"}}
"""


def test_a_kill_between_the_call_and_its_record_doubles_nothing(
    tmp_path: Path, told: Told
) -> None:
    done_and_silent = Fault(hang=True, after=True)
    told.grafana.faults, told.irm.faults = [done_and_silent], [done_and_silent]
    with ExitStack() as stack:
        factory = stack.enter_context(SimulatedFactory(delay=0.1))
        process = Process(tmp_path, factory)
        stack.enter_context(process.running)
        process.more = TELLING.format(grafana=told.grafana.url, irm=told.irm.url)
        process.environment = {"GRAFANA_TOKEN": GRAFANA_TOKEN, "IRM_KEY": IRM_KEY}
        first = process.start_ready()
        shop = process.fail_and_alert(Sender.IRM)
        until(lambda: told.grafana.annotations and told.irm.notes)
        first.send_signal(signal.SIGKILL)
        first.communicate()
        process.start_ready()
        until(is_recovered(process, shop))
        until(lambda: told.closed() and told.acknowledged())

    assert told.grafana.only()["time"]
    assert len(told.irm.notes) == 1
    assert len(told.grafana.asked("POST", "/annotations")) == 1
