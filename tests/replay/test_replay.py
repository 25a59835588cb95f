"""`responder replay`: files in, decisions out, and an exit status for CI."""

import io
import json
import socket
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from responder.cli.replay import progress
from tests.commands import Said, Typist
from tests.loki_server import LokiServer

CANARY = 'can"ary-ünder-0451'
SHADOW = """\
rules:
  - name: pizza-factory
    match: [{responder: jwt-pizza}]
    checks: [{name: errors, query: '{level="error"}', window: 5m, threshold: 5}]
    mode: shadow
"""


@pytest.fixture
def firing(type_command: Typist, tmp_path: Path) -> Path:
    path = tmp_path / "firing.json"
    said = type_command("sample", "grafana", "--rule", "pizza-factory")
    path.write_text(said.out)
    return path


@pytest.fixture
def resolved(type_command: Typist, tmp_path: Path, firing: Path) -> Path:
    path = tmp_path / "resolved.json"
    text = firing.read_text().replace('"firing"', '"resolved"')
    path.write_text(text.replace("0001-01-01T00:00:00Z", "2099-01-01T00:00:00Z"))
    return path


def decisions(said: Said) -> list[str]:
    found: dict[str, Any] = json.loads(said.out)
    return [incident["decision"] for incident in found["incidents"]]


@pytest.mark.parametrize(
    ("options", "decision"),
    [
        (["--errors", "14"], "report"),
        (["--errors", "error-logs=5"], "report"),
        (["--errors", "error-logs=4"], "hold"),
        (["--errors", "4", "--errors", "report-link=0"], "hold"),
        (["--errors", "4", "--no-link"], "hold"),
        (["--errors", "14", "--no-link"], "hold"),
        (["--errors", "0"], "hold"),
        (["--unreadable"], "hold"),
    ],
    ids=" ".join,
)
def test_the_supposed_evidence_decides(
    type_command: Typist, firing: Path, options: list[str], decision: str
) -> None:
    said = type_command("replay", *options, firing)
    assert (said.status, said.complaints) == (0, [])
    assert said.out.splitlines()[0] == f"pizza-factory: {decision}"
    as_json = type_command("replay", *options, "--json", firing)
    assert (as_json.status, decisions(as_json)) == (0, [decision])


def test_a_decision_has_its_reasons_in_words(
    type_command: Typist, firing: Path
) -> None:
    said = type_command("replay", "--errors", "error-logs=4", firing)
    assert "  Held: 4 error logs in the last 5 min, the rule needs 5." in said.out


def test_a_shadow_rule_does_not_say_that_it_reports(
    type_command: Typist, firing: Path, tmp_path: Path
) -> None:
    config = tmp_path / "responder.yaml"
    config.write_text(SHADOW)
    said = type_command("replay", "--config", config, "--errors", "14", firing)
    assert said.status == 0
    assert said.out.startswith("pizza-factory: withhold\n  Shadow mode: a report would")
    assert "Reporting" not in said.out


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--errors", "0", "--expect", "reported"], "no report is decided"),
        (["--errors", "9", "--expect", "not-reported"], "a report is decided"),
    ],
)
def test_a_body_that_is_not_as_expected_says_so(
    type_command: Typist, firing: Path, options: list[str], why: str
) -> None:
    said = type_command("replay", *options, firing)
    assert said.status == 1
    assert said.complaints == [f"failed: {firing}: alert Responder sample: {why}"]


def test_so_does_one_whose_rule_only_tells(
    type_command: Typist, firing: Path, tmp_path: Path
) -> None:
    config = tmp_path / "responder.yaml"
    config.write_text(SHADOW)
    expect = ("--errors", "14", "--expect", "reported")
    said = type_command("replay", "--config", config, *expect, firing)
    assert said.status == 1
    assert said.complaints == [
        f"failed: {firing}: alert Responder sample: no report is decided: "
        "rule pizza-factory is in mode shadow, which calls nothing"
    ]


def test_a_resolved_body_leads_to_no_incident(
    type_command: Typist, resolved: Path
) -> None:
    said = type_command("replay", "--errors", "14", resolved)
    assert said.status == 0
    assert "resolved: no incident is open for it" in said.out
    as_json = type_command("replay", "--errors", "14", "--json", resolved)
    assert decisions(as_json) == []


def test_several_files_are_heard_in_order(
    type_command: Typist, firing: Path, resolved: Path
) -> None:
    said = type_command("replay", "--unreadable", "--json", firing, resolved)
    found = json.loads(said.out)
    assert [alert["verdict"] for alert in found["alerts"]] == ["opened", "resolved"]
    assert decisions(said) == ["finish"]


def test_a_dash_reads_standard_input(
    type_command: Typist, firing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = io.TextIOWrapper(io.BytesIO(firing.read_bytes()))
    monkeypatch.setattr(sys, "stdin", given)
    said = type_command("replay", "--errors", "14", "-")
    assert said.out.startswith("pizza-factory: report\n")


def test_standard_input_cannot_be_read_twice(type_command: Typist) -> None:
    said = type_command("replay", "--errors", "14", "-", "-")
    assert said.status == 2
    assert said.complaints == ["responder: -: stdin can be read only once"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "body: empty"),
        (b'{"alerts": [', "body: no JSON at line 1"),
        (b'{"status": "firing", "alerts": 5}', "alerts: found a number"),
        (b"[]", "body: found an array"),
        (b"\xff", "body: no UTF-8"),
    ],
)
def test_a_refused_body_is_status_1_and_hides_no_other(
    type_command: Typist, firing: Path, tmp_path: Path, content: bytes, why: str
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_bytes(content)
    said = type_command("replay", "--errors", "14", bad, firing)
    assert said.status == 1
    assert "pizza-factory: report" in said.out
    assert f"{bad}: refused: {why}" in said.out
    as_json = type_command("replay", "--errors", "14", "--json", bad, firing)
    assert as_json.status == 1
    assert decisions(as_json) == ["report"]
    (refused,) = json.loads(as_json.out)["refused"]
    assert (refused["file"], refused["why"].startswith(why)) == (str(bad), True)


def test_a_body_beyond_the_limit_is_refused_as_the_service_would(
    type_command: Typist, firing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESPONDER_CONFIG_YAML", "server: {max_body: 100B}")
    said = type_command("replay", "--errors", "14", firing)
    assert said.status == 1
    assert "refused: body: larger than 100 bytes (server.max_body)" in said.out


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (".", "is a directory without any .json, .yaml, .yml file"),
        ("nobody-wrote-it.json", "cannot be read: No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line_and_status_2(
    type_command: Typist,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    why: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    said = type_command("replay", "--errors", "14", name)
    assert (said.status, said.out) == (2, "")
    assert said.complaints == [f"responder: {name}: {why}"]


def test_a_directory_stands_for_the_bodies_in_it(
    type_command: Typist, tmp_path: Path, firing: Path, resolved: Path
) -> None:
    (tmp_path / "notes.txt").write_text("not a body")
    said = type_command("replay", "--unreadable", "--json", tmp_path)
    found = json.loads(said.out)
    assert [alert["file"] for alert in found["alerts"]] == [str(firing), str(resolved)]
    assert decisions(said) == ["finish"]


def test_what_is_expected_of_a_body_is_whether_it_is_reported(
    type_command: Typist, firing: Path
) -> None:
    for errors, expected, status in (
        ("14", "reported", 0),
        ("0", "reported", 1),
        ("0", "not-reported", 0),
        ("14", "recovered", 2),
    ):
        said = type_command("replay", "--errors", errors, "--expect", expected, firing)
        assert said.status == status, (errors, expected)


def test_a_configuration_that_cannot_be_read_is_status_2(
    type_command: Typist, firing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESPONDER_CONFIG_YAML", "rulez: []")
    said = type_command("replay", "--errors", "14", firing)
    assert said.status == 2
    assert "problem: rulez" in said.err


def test_a_check_that_no_rule_has_is_named(type_command: Typist, firing: Path) -> None:
    said = type_command("replay", "--errors", "errs=4", firing)
    assert said.status == 2
    (line,) = said.complaints
    assert "there is no check 'errs'; known: error-logs, report-link" in line


@pytest.mark.parametrize("options", [[], ["--no-link"]])
def test_no_evidence_is_asked_for(
    type_command: Typist, firing: Path, options: list[str]
) -> None:
    said = type_command("replay", *options, firing)
    assert (said.status, said.out) == (2, "")
    (line,) = said.complaints
    assert "--errors N" in line


@pytest.fixture
def factory() -> Iterator[socket.socket]:
    """Whoever calls it would wait in its queue."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


def test_the_factory_is_never_connected_to(
    type_command: Typist,
    firing: Path,
    factory: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = f"http://127.0.0.1:{factory.getsockname()[1]}"
    monkeypatch.setenv("LINK", f"{url}/api/support/token/report/code")
    document = f'factory: {{url: "{url}", report_url: "${{LINK}}"}}'
    monkeypatch.setenv("RESPONDER_CONFIG_YAML", document)
    said = type_command("replay", "--errors", "14", firing)
    assert said.out.startswith("pizza-factory: report\n")
    with pytest.raises(BlockingIOError):
        factory.accept()


@pytest.mark.parametrize(
    "options", [["--errors", "14"], ["--unreadable"]], ids=" ".join
)
def test_supposed_evidence_opens_no_socket(
    type_command: Typist,
    firing: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refused)
    loki = 'logs: {type: loki, url: "http://127.0.0.1:1"}'
    monkeypatch.setenv("RESPONDER_CONFIG_YAML", loki)
    assert type_command("replay", *options, firing).status == 0


def test_a_long_replay_says_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    tell = progress("night", time.monotonic() - 60)
    tell(timedelta(minutes=30), timedelta(hours=2))
    tell(timedelta(minutes=31), timedelta(hours=2))
    assert capsys.readouterr().err == "night: 25% of 2:00:00\n"


def test_no_secret_and_no_report_path_is_printed(
    type_command: Typist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", CANARY)
    monkeypatch.setenv("RESPONDER_CONFIG_YAML", 'factory: {api_key: "${KEY}"}')
    labels = {"alertname": f"{CANARY} /api/support/tok451/report/cod451"}
    alert = {
        "status": "firing",
        "labels": labels,
        "startsAt": "2026-11-05T16:42:10Z",
    }
    path = tmp_path / "body.json"
    path.write_text(json.dumps({"status": "firing", "alerts": [alert]}))
    for options in ([], ["--json"]):
        said = type_command("replay", "--errors", "14", *options, path)
        assert said.status == 0
        assert "ignored" in said.out
        for secret in (CANARY, json.dumps(CANARY)[1:-1], "tok451", "cod451"):
            assert secret not in said.out + said.err


def test_the_configured_log_source_is_asked(
    type_command: Typist, firing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LokiServer() as loki:
        document = f'logs: {{type: loki, url: "{loki.url}"}}'
        monkeypatch.setenv("RESPONDER_CONFIG_YAML", document)
        said = type_command("replay", firing)
        assert (said.status, said.complaints) == (0, [])
        assert said.out.startswith("pizza-factory: hold\n")
        assert loki.requests


def test_a_log_source_that_is_away_is_unreadable_not_an_error(
    type_command: Typist, firing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = 'logs: {type: loki, url: "http://127.0.0.1:1"}'
    monkeypatch.setenv("RESPONDER_CONFIG_YAML", document)
    said = type_command("replay", firing)
    assert (said.status, said.complaints) == (0, [])
    assert "the logs could not be counted" in said.out
