"""`record` and `diff --history`, typed."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from responder.app import build
from responder.config.settings import Settings
from responder.incident.alert import MARK, Delivery
from responder.incident.names import Sender
from responder.incident.view import Search
from responder.replay.bodies import understand
from responder.replay.cassette import load
from responder.senders import sample as samples
from responder.server import HttpServer
from tests.cassettes import changed, settings_of
from tests.commands import Typist
from tests.e2e.service import until
from tests.loki_server import LokiServer

LABELS = {
    "alertname": "Order errors",
    "grafana_folder": "JWT Pizza",
    "responder": "jwt-pizza",
    "severity": "critical",
}


@pytest.fixture
def configuration(tmp_path: Path) -> Iterator[Path]:
    """A configuration whose storage holds one incident that was held."""
    with LokiServer() as loki:
        logs = f"logs: {{url: '{loki.url}'}}\n"
        yield written(tmp_path, logs)


def written(tmp_path: Path, logs: str) -> Path:
    storage = f"storage: {{url: 'sqlite:///{tmp_path / 'responder.db'}'}}\n"
    file = tmp_path / "responder.yaml"
    file.write_text(storage + logs + changed())
    live_one(settings_of(file.read_text()))
    return file


def firing(labels: Mapping[str, str]) -> dict[str, object]:
    return samples.body(Sender.GRAFANA, labels, datetime.now(UTC))


def live_one(settings: Settings, name: str = "d1", **labels: str) -> None:
    responder = build(settings)
    responder.start()
    store = responder.store
    body = firing({**LABELS, **labels})
    text = json.dumps(body)
    notification = understand(text.encode())
    delivery = Delivery(
        id=name,
        received_at=store.clock.now(),
        notification=notification,
        body=text,
    )
    responder.worker.hand_over(store.accept(delivery).leases)
    until(lambda: any(state == "holding" for _, state in store.counts()))
    responder.close()


def incident_in(configuration: Path) -> str:
    responder = build(settings_of(configuration.read_text()))
    (found,) = responder.store.search(Search()).incidents
    responder.close()
    return found.id


def test_an_incident_of_the_storage_is_recorded(
    type_command: Typist, configuration: Path
) -> None:
    said = type_command("record", incident_in(configuration), "--config", configuration)

    cassette = load(said.out)
    assert (said.status, said.complaints) == (0, [])
    assert len(cassette.deliveries) == 1
    assert cassette.expect.calls == []
    assert set(cassette.queries) == {"report-link", "error-logs", "traffic", "failed"}


def test_an_incident_that_is_not_there_is_status_1(
    type_command: Typist, configuration: Path
) -> None:
    said = type_command("record", "nobody", "--config", configuration)

    assert (said.status, said.out) == (1, "")
    assert said.complaints == ["responder: there is no incident 'nobody'"]


def test_no_storage_is_status_1(type_command: Typist, tmp_path: Path) -> None:
    file = tmp_path / "other.yaml"
    file.write_text(f"storage: {{url: 'sqlite:///{tmp_path / 'none.db'}'}}\n")

    said = type_command("record", "nobody", "--config", file)

    assert said.status == 1
    assert "does not exist" in said.err


def test_the_history_is_compared_too(
    type_command: Typist, configuration: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old.yaml"
    old.write_text(changed())

    said = type_command(
        "diff", "--from", old, "--to", configuration, "--history", "1d", "--json"
    )

    found = json.loads(said.out)
    assert said.status == 0
    assert [one["change"] for one in found["cassettes"]] == ["same"]


@pytest.mark.parametrize("served", [False, True])
def test_a_drill_is_no_incident_of_the_past(
    served: bool, type_command: Typist, configuration: Path, tmp_path: Path
) -> None:
    settings = settings_of(configuration.read_text())
    live_one(settings, "d2", **{MARK: "5c0ffee5c0ff"})
    old = tmp_path / "old.yaml"
    old.write_text(changed())
    typed = ("diff", "--from", old, "--to", configuration, "--history", "1d", "--json")

    with ExitStack() as stack:
        if served:
            responder = build(settings)
            stack.callback(responder.close)
            assert len(responder.store.search(Search()).incidents) == 2
            http = HttpServer(responder.web, "127.0.0.1", 0)
            http.start()
            stack.callback(http.stop)
            listen = f"server: {{listen: '127.0.0.1:{http.port}'}}\n"
            configuration.write_text(listen + configuration.read_text())
        said = type_command(*typed)

    assert said.status == 0, said.err
    assert len(json.loads(said.out)["cassettes"]) == 1
