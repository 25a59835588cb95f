"""`responder check`: every problem at once, and what each rule would do."""

import json
import re
from pathlib import Path

import pytest

from responder.config.document import DEFAULT_TEXT
from tests.commands import Typist

EXAMPLE = Path(__file__).parents[2] / "responder.example.yaml"
LOGS = 'logs: {url: "http://loki:3100"}\n'
CANARY = "canary-secret-0451"
RULE = """\
logs: {url: "http://loki:3100"}
rules:
  - name: pizza
    match: [{responder: jwt-pizza}]
    checks: [{name: errors, query: '{level="error"}', window: 5m, threshold: 5}]
"""
FIVE = f"""\
servr: {{}}
logs: {{url: "http://loki:3100"}}
webhook_auth: [{{name: g, senders: [grafana], bearer: {CANARY}}}]
limits: {{max_reports_per_hour: none}}
rules:
  - name: pizza
    match: [{{responder: jwt-pizza}}]
    checks: [{{name: errors, query: '{{level=', window: 5x, threshold: 5}}]
"""


def write(folder: Path, text: str, name: str = "responder.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_the_example_is_printed_word_for_word(type_command: Typist) -> None:
    said = type_command("check", "--example")

    assert (said.status, said.err) == (0, "")
    assert said.out == EXAMPLE.read_text("utf-8")


def test_five_mistakes_are_five_lines_with_field_value_and_remedy(
    type_command: Typist, tmp_path: Path
) -> None:
    said = type_command("check", "--config", write(tmp_path, FIVE))
    assert (said.status, said.out) == (1, "")
    *problems, total = said.complaints
    file = tmp_path / "responder.yaml"
    assert [line.split(": ")[:2] for line in problems] == [["problem", str(file)]] * 5
    fields = [line.removeprefix(f"problem: {file}: ") for line in problems]
    assert sum(field.startswith("rule pizza: ") for field in fields) == 2
    plain = [field.removeprefix("rule pizza: ") for field in fields]
    assert sorted(field.split(": ")[0] for field in plain) == [
        "limits.max_reports_per_hour",
        "rules[0].checks[0].query",
        "rules[0].checks[0].window",
        "servr",
        "webhook_auth[0].bearer",
    ]
    assert all("; " in line for line in problems)
    assert any("(got 5x); write it as 30s" in line for line in problems)
    assert total == f"responder: 5 problems in {tmp_path / 'responder.yaml'}"
    assert CANARY not in said.err


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_other_commands_refuse_the_same_mistakes_and_start_nothing(
    type_command: Typist, tmp_path: Path, command: str
) -> None:
    said = type_command(command, "--config", write(tmp_path, FIVE))
    assert (said.status, said.out) == (1, "")
    *problems, total = said.complaints
    assert len(problems) == 4  # a literal secret is only warned of
    assert total.endswith("; nothing was started")
    assert CANARY not in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["responder.yaml"]


def test_the_json_has_each_problem_in_parts(
    type_command: Typist, tmp_path: Path
) -> None:
    path = write(tmp_path, FIVE)

    bad = type_command("check", "--json", "--config", path)
    good = type_command("check", "--json", "--config", write(tmp_path, RULE, "b.yaml"))

    found = json.loads(bad.out)
    window = next(p for p in found["problems"] if p["path"].endswith("window"))
    assert (bad.status, found["file"], len(found["problems"])) == (1, str(path), 5)
    assert (window["value"], window["rule"]) == ("5x", "pizza")
    assert window["remedy"].startswith("write it as 30s")
    assert CANARY not in bad.out + bad.err
    assert good.status == 0
    assert json.loads(good.out)["problems"] == []


def test_what_each_rule_would_do_is_printed(
    type_command: Typist, tmp_path: Path
) -> None:
    path = write(tmp_path, LOGS)
    said = type_command("check", "--config", path)
    assert said.status == 0
    lines = said.out.splitlines()
    assert lines[0].startswith("pizza-factory (auto): alerts with responder=jwt-pizza")
    assert "report-link (1 line in 10m) or error-logs (5 lines in 5m)" in lines[1]
    assert "at most 2 times" in said.out
    assert "report at most 6 times an hour" in said.out
    assert lines[-1].startswith(f"no problems in {path}; configuration ")


def test_it_says_what_a_watch_would_gain_and_what_it_costs(
    type_command: Typist, tmp_path: Path
) -> None:
    off = type_command("check", "--config", write(tmp_path, RULE))
    on = type_command("check", "--config", write(tmp_path, f"{RULE}    watch: 20s\n"))
    assert "  waits for an alert; watch: 10s would see the fault within 10s" in off.out
    assert "for 8640 range queries a day" in off.out
    assert "  looks at the logs itself every 20s, 4320 range queries a day" in on.out


def test_the_example_has_no_problem_and_every_unset_secret_is_warned_of(
    type_command: Typist,
) -> None:
    said = type_command("check", "--config", EXAMPLE)
    assert said.status == 0
    assert said.complaints == []
    for name in ("IRM_TOKEN", "ONCALL_PASSWORD", "LOKI_TOKEN"):
        assert f"has no value: {name} not set" in said.err


def test_serve_refuses_what_check_warns_of(type_command: Typist) -> None:
    said = type_command("serve", "--config", EXAMPLE)
    assert said.status == 1
    unset = re.findall(r'^[^#]*"\$\{\w+\}"', EXAMPLE.read_text(), re.MULTILINE)
    assert len(said.complaints) == len(unset) + 1
    assert "IRM_TOKEN not set; set it before serving" in said.err


def test_a_literal_secret_is_a_problem_unless_it_is_allowed(
    type_command: Typist, tmp_path: Path
) -> None:
    path = write(tmp_path, f"factory: {{api_key: {CANARY}}}\n" + RULE)
    said = type_command("check", "--config", path)
    assert said.status == 1
    assert f"problem: {path}: factory.api_key: is a secret in clear" in said.err
    assert CANARY not in said.err
    allowed = type_command("check", "--config", path, "--allow-literal-secrets")
    assert allowed.status == 0
    assert CANARY not in allowed.err + allowed.out


def test_patience_without_a_retry_is_warned_of(
    type_command: Typist, tmp_path: Path
) -> None:
    path = write(tmp_path, RULE + "    unreadable_for: 500ms\n")
    said = type_command("check", "--config", path)
    assert said.status == 0
    assert "warning: rules[0].unreadable_for: " in said.err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xfe", "it is not UTF-8 text"),
        (b"a: [", "is not valid YAML at line 1"),
        (b"- a", "is not a mapping"),
        (b"x" * (1024 * 1024 + 1), "is larger than 1 MiB"),
        (None, "No such file or directory"),
    ],
    ids=["binary", "broken", "list", "huge", "absent"],
)
def test_a_bad_file_is_one_problem(
    type_command: Typist, tmp_path: Path, content: bytes | None, told: str
) -> None:
    path = tmp_path / "responder.yaml"
    if content is not None:
        path.write_bytes(content)
    said = type_command("check", "--config", path)
    assert (said.status, said.out) == (1, "")
    problem, total = said.complaints
    assert problem.startswith(f"problem: {path}: the document: ")
    assert told in problem
    assert total == f"responder: 1 problem in {path}"


def test_an_empty_file_says_nothing_of_logs(
    type_command: Typist, tmp_path: Path
) -> None:
    said = type_command("check", "--config", write(tmp_path, ""))
    assert said.status == 1
    assert "logs: is missing; say where errors are counted" in said.err


def test_a_directory_is_no_configuration(type_command: Typist, tmp_path: Path) -> None:
    said = type_command("check", "--config", tmp_path)
    assert said.status == 1
    assert "cannot be read: Is a directory" in said.complaints[0]


def test_an_empty_name_is_not_taken_for_none(type_command: Typist) -> None:
    said = type_command("check", "--config", "")
    assert said.status == 1
    assert "has an empty name; name a readable YAML file" in said.complaints[0]


def test_the_whole_document_in_the_environment_wins_over_a_named_file(
    type_command: Typist, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RESPONDER_CONFIG", str(tmp_path / "nobody-mounted-it.yaml"))
    assert type_command("check").status == 1
    monkeypatch.setenv("RESPONDER_CONFIG_YAML", RULE)
    said = type_command("check")
    assert said.status == 0
    assert "no problems in RESPONDER_CONFIG_YAML;" in said.out


def test_an_option_wins_over_the_environment(
    type_command: Typist, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RESPONDER_CONFIG", str(tmp_path / "nobody-mounted-it.yaml"))
    monkeypatch.setenv("RESPONDER_CONFIG_YAML", "no: [")
    path = write(tmp_path, LOGS + DEFAULT_TEXT)
    assert type_command("check", "--config", path).status == 0


def test_a_port_that_is_none_is_a_problem(
    type_command: Typist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", "http")
    monkeypatch.setenv("RESPONDER_CONFIG_YAML", LOGS)
    said = type_command("check")
    assert said.status == 1
    assert (
        "problem: RESPONDER_CONFIG_YAML: PORT: is not a port (got http); set PORT to"
        in said.err
    )


@pytest.mark.parametrize("password", ["pizza", "jwt-pizza", "firing", "errors"])
def test_a_secret_that_is_part_of_a_word_that_rules_go_by_is_refused(
    type_command: Typist,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    password: str,
) -> None:
    monkeypatch.setenv("PASSWORD", password)
    text = RULE + "operator_auth: {users: {oncall: '${PASSWORD}'}}\n"

    said = type_command("check", "--config", write(tmp_path, text))

    assert said.status == 1
    assert "operator_auth.users.oncall: is part of a plain word" in said.err
