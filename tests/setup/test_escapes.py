"""What commands print of files, alerts and servers never steers a terminal."""

import json
from pathlib import Path

import pytest

from tests.commands import Said, Typist

HOSTILE = "\x1b]0;mine\x07\x9b2J\x08\u202e"
ESCAPED = "\\u001b]0;mine\\u0007\\u009b2J\\u0008\\u202e"


def is_harmless(said: Said) -> bool:
    return all(c == "\n" or c.isprintable() for c in said.out + said.err)


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    alert = {
        "status": "firing",
        "labels": {"alertname": HOSTILE, HOSTILE: HOSTILE},
        "startsAt": "2026-11-05T16:42:10Z",
    }
    path = tmp_path / "delivery.json"
    path.write_text(json.dumps({"alerts": [alert], "receiver": HOSTILE}))
    return path


def test_a_problem_of_a_configuration_is_escaped(
    type_command: Typist, tmp_path: Path
) -> None:
    path = tmp_path / f"{HOSTILE}.yaml"
    path.write_text(json.dumps({"rules": [{"name": HOSTILE, HOSTILE: HOSTILE}]}))

    said = type_command("check", "--config", path)

    assert said.status != 0
    assert ESCAPED in said.err
    assert is_harmless(said)


def test_a_blank_of_a_report_is_escaped(type_command: Typist, tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    path.write_text(f"<!-- fill in: {HOSTILE} -->\n")

    assert is_harmless(type_command("report", "--check", path))


def test_a_decision_names_the_group_of_an_alert_escaped(
    type_command: Typist, delivery: Path, tmp_path: Path
) -> None:
    config = tmp_path / "c.yaml"
    check = {"name": "e", "query": '{a="b"}', "window": "1m", "threshold": 1}
    rule = {"name": "a", "match": [], "group_by": ["alertname"], "checks": [check]}
    config.write_text(json.dumps({"rules": [rule], "webhook_auth": []}))

    for more in ([], ["--json"]):
        said = type_command(
            "replay", "--config", config, "--errors", "3", *more, delivery
        )
        assert said.status == 0
        assert is_harmless(said)


def test_a_typed_word_is_escaped(type_command: Typist) -> None:
    said = type_command("replay", f"no-such-{HOSTILE}")

    assert ESCAPED in said.err
    assert is_harmless(said)
