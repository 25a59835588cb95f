"""`responder replay` with cassettes: the verdict in words, as JSON, and in one line."""

import json
from pathlib import Path

import pytest

from tests.cassettes import SHIPPED, changed
from tests.commands import Said, Typist

FOUNDING = next(file for file in SHIPPED if file.stem == "2025-04-07-factory-500")
NOISE = next(file for file in SHIPPED if file.stem == "oven-full-noise")
DEAF = (("threshold: 5\n", "threshold: 500\n"), ("threshold: 1\n", "threshold: 500\n"))


@pytest.fixture
def deaf(tmp_path: Path) -> Path:
    """A configuration whose limits nothing reaches."""
    file = tmp_path / "deaf.yaml"
    file.write_text(changed(*DEAF))
    return file


def replay(type_command: Typist, *typed: str | Path) -> Said:
    return type_command("replay", *typed)


def test_a_cassette_as_expected_is_status_0_with_its_timeline(
    type_command: Typist,
) -> None:
    said = replay(type_command, FOUNDING)

    lines = said.out.splitlines()
    assert (said.status, said.complaints) == (0, [])
    assert lines[0] == "2025-04-07-factory-500: as expected"
    assert any("decided to report (threshold reached" in line for line in lines)
    assert any(line.strip().startswith("Delay, 2 min 30 s") for line in lines)
    assert any("Not as then: link ticket is called" in line for line in lines)
    assert lines[-1].startswith("1 of 1 as expected, configuration ")


def test_a_cassette_not_as_expected_is_status_1_and_says_why(
    type_command: Typist, deaf: Path
) -> None:
    said = replay(type_command, "--config", deaf, FOUNDING, NOISE)

    assert said.status == 1
    assert "2025-04-07-factory-500: NOT AS EXPECTED" in said.out
    assert "! expected calls of ticket, not of none" in said.out
    assert "the rule needs 500" in said.out
    assert "oven-full-noise: as expected" in said.out
    assert "1 of 2 as expected" in said.out


@pytest.mark.parametrize(
    ("words", "within", "status"),
    [
        ("reported,recovered", "5s", 0),
        ("recovered,verifying", "1ms", 0),
        ("reported", "0s", 1),
        ("not-reported", None, 1),
        ("needs_human", None, 1),
        ("reported,not-reported", None, 2),
        ("saved", None, 2),
        ("reported", "5", 2),
    ],
)
def test_an_expectation_can_be_typed(
    type_command: Typist, words: str, within: str | None, status: int
) -> None:
    limit = ["--within", within] if within else []

    said = replay(type_command, "--expect", words, *limit, FOUNDING)

    assert said.status == status


def test_the_json_has_everything_a_program_needs(
    type_command: Typist, deaf: Path
) -> None:
    said = replay(type_command, "--json", FOUNDING)

    found = json.loads(said.out)
    (cassette,) = found["cassettes"]
    (incident,) = cassette["incidents"]
    assert len(found["config_sha"]) == 12
    assert cassette["as_expected"] is True
    assert cassette["calls"] == ["ticket"]
    assert cassette["first_call_seconds"] < 1
    assert (incident["state"], incident["proof"]) == ("recovered", "orders")
    assert incident["timeline"][0]["event"] == "opened"
    bad = json.loads(replay(type_command, "--json", "--config", deaf, FOUNDING).out)
    assert bad["cassettes"][0]["unmet"]
    assert bad["config_sha"] != found["config_sha"]


def test_each_failure_is_one_line_that_names_its_file_and_its_alert(
    type_command: Typist, deaf: Path, tmp_path: Path
) -> None:
    body = tmp_path / "bad.json"
    body.write_text("[]")

    said = replay(
        type_command, "--json", "--errors", "1", "--config", deaf, FOUNDING, NOISE, body
    )

    cassette, refused = said.complaints
    assert said.status == 1
    assert cassette.startswith(f"failed: {FOUNDING}: alert Order errors: expected ")
    assert "the rule needs 500" in cassette
    assert refused.startswith(f"failed: {body}: refused: ")
    assert len(json.loads(said.out)["cassettes"]) == 2


def test_a_wrong_label_is_named_in_its_line(
    type_command: Typist, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(
        changed(("responder: jwt-pizza", "responder: jwt-pizzza"), ("critical|", ""))
    )

    said = replay(type_command, "--config", wrong, FOUNDING)

    (line,) = said.complaints
    assert said.status == 1
    assert "the alert is ignored" in line


def test_unset_secrets_are_no_obstacle(
    type_command: Typist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FACTORY_KEY", raising=False)
    file = tmp_path / "responder.yaml"
    file.write_text(changed() + 'factory: {api_key: "${FACTORY_KEY}"}\n')

    assert replay(type_command, "--config", file, FOUNDING).status == 0


def test_the_key_of_the_factory_is_in_no_output(
    type_command: Typist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "0451cafe0451cafe")
    monkeypatch.setenv("RESPONDER_CONFIG_YAML", 'factory: {api_key: "${KEY}"}')

    for options in ([], ["--json"]):
        said = replay(type_command, *options, FOUNDING)
        assert said.status == 0
        assert "0451cafe" not in said.out + said.err
        assert "/api/support/" not in said.out + said.err


def test_a_file_that_means_to_be_a_cassette_and_is_none_is_status_2(
    type_command: Typist, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("cassette: 1\nname: x\n")

    said = replay(type_command, bad)

    assert said.status == 2
    assert said.complaints == [f"responder: {bad}: start: Field required"]


def test_a_body_that_the_service_would_refuse_is_status_1(
    type_command: Typist, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(
        "cassette: 1\nname: x\nstart: 2026-11-03T09:00:00Z\n"
        "deliveries: [{at: 0s, sender: grafana, body: {status: firing}}]\n"
    )

    said = replay(type_command, bad)

    assert said.status == 1
    assert "a body was refused: alerts: found nothing" in said.out


def test_a_check_that_the_cassette_cannot_answer_is_named(
    type_command: Typist, tmp_path: Path
) -> None:
    piped = tmp_path / "piped.yaml"
    loki = 'logs: {type: loki, url: "http://127.0.0.1:1"}\n'
    piped.write_text(loki + changed(('level="error"}', 'level="error"} | json')))

    said = replay(type_command, "--config", piped, FOUNDING)

    assert "Cannot be told: what check error-logs counts" in said.out
