"""`responder init`: six answers, two files, and what to paste into Grafana."""

import io
from pathlib import Path

import pytest

from tests.commands import Typist

SIX = (
    "https://pizza.example.net\n"
    "https://logs-prod-000.grafana.net/loki/api/v1/push\n"
    "123456\n"
    "source=jwt-pizza-service\n"
    "https://name.grafana.net\n"
    "veto\n"
)


def variables(path: Path) -> dict[str, str]:
    lines = path.read_text().splitlines()
    pairs = (line.partition("=") for line in lines if not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def load_env(path: Path, env: pytest.MonkeyPatch, **others: str) -> None:
    for name, value in (variables(path) | others).items():
        env.setenv(name, value)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr("sys.stdin", io.StringIO(SIX))
    return monkeypatch


def test_six_answers_make_a_configuration_that_check_accepts(
    type_command: Typist, tmp_path: Path, answers: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "responder.yaml"
    said = type_command("init", "--output", config)
    assert said.status == 0, said.err
    assert said.err.count("]: ") == 6
    load_env(
        tmp_path / "responder.env",
        answers,
        LOKI_TOKEN="glc_a",
        FACTORY_API_KEY="k" * 32,
        GRAFANA_TOKEN="glsa_a",
    )
    checked = type_command("check", "--config", config)
    assert (checked.status, checked.err) == (0, "")
    assert "pizza-factory (veto): alerts with responder=jwt-pizza" in checked.out
    text = config.read_text()
    assert 'url: "https://logs-prod-000.grafana.net"\n' in text
    assert '{source="jwt-pizza-service", level="error"}' in text


def test_defaults_alone_make_one_that_check_accepts(
    type_command: Typist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "responder.yaml"
    assert type_command("init", "--yes", "--output", config).status == 0
    load_env(tmp_path / "responder.env", monkeypatch, FACTORY_API_KEY="k" * 32)
    checked = type_command("check", "--config", config)
    assert (checked.status, checked.err) == (0, "")
    assert "pizza-factory (shadow)" in checked.out


def test_it_prints_what_to_paste_and_names_what_is_still_empty(
    type_command: Typist, tmp_path: Path, answers: pytest.MonkeyPatch
) -> None:
    said = type_command("init", "--output", tmp_path / "responder.yaml")
    assert "https://pizza.example.net/webhooks/grafana" in said.out
    assert "Timestamp header        X-Grafana-Alerting-Timestamp" in said.out
    assert ": FACTORY_API_KEY, LOKI_TOKEN, GRAFANA_TOKEN. Then:" in said.out
    assert f"responder doctor --config {tmp_path / 'responder.yaml'}" in said.out


def test_secrets_are_fresh_private_and_never_printed(
    type_command: Typist, tmp_path: Path
) -> None:
    made = []
    for name in ("one", "two"):
        config = tmp_path / f"{name}.yaml"
        said = type_command("init", "--yes", "--output", config)
        secret = variables(config.with_suffix(".env"))["GRAFANA_HMAC_SECRET"]
        assert secret not in said.out + said.err + config.read_text()
        made.append(secret)
    assert made[0] != made[1]
    assert all(len(secret) == 64 for secret in made)
    assert (tmp_path / "one.env").stat().st_mode & 0o777 == 0o600


def test_what_exists_is_kept_and_secrets_are_kept_even_by_force(
    type_command: Typist, tmp_path: Path
) -> None:
    config, env = tmp_path / "responder.yaml", tmp_path / "responder.env"
    config.write_text("mine")
    said = type_command("init", "--yes", "--output", config)
    assert said.status == 1
    assert "exists: --force overwrites it" in said.complaints[0]
    assert (config.read_text(), env.exists()) == ("mine", False)
    env.write_text("GRAFANA_HMAC_SECRET=of-before\n")
    assert type_command("init", "--yes", "--force", "--output", config).status == 0
    assert env.read_text() == "GRAFANA_HMAC_SECRET=of-before\n"
    assert config.read_text() != "mine"


def test_what_kept_secrets_lack_is_named(type_command: Typist, tmp_path: Path) -> None:
    config, env = tmp_path / "responder.yaml", tmp_path / "responder.env"
    env.write_text("GRAFANA_HMAC_SECRET=of-before\nONCALL_PASSWORD=also-kept\n")
    said = type_command("init", "--yes", "--force", "--output", config)
    assert f"Wrote {config}. {env} was there already, and is as it was.\n" in said.out
    assert (
        f"Add to {env}, a NAME=value a line: FACTORY_API_KEY, PUSH_TOKEN "
        "(`openssl rand -hex 32` makes PUSH_TOKEN).\n"
    ) in said.out


def test_connect_is_named_only_where_a_grafana_is(
    type_command: Typist, tmp_path: Path
) -> None:
    alone = type_command("init", "--yes", "--output", tmp_path / "alone.yaml")
    assert "responder connect" not in alone.out
    grafana = ("--grafana-url", "https://name.grafana.net")
    there = type_command("init", "--yes", *grafana, "--output", tmp_path / "b.yaml")
    assert "  responder connect --config" in there.out


def test_a_folder_that_is_not_there_is_named(
    type_command: Typist, tmp_path: Path
) -> None:
    config = tmp_path / "none" / "responder.yaml"
    said = type_command("init", "--yes", "--output", config)
    file = config.with_suffix(".env")
    assert (said.status, said.complaints) == (
        1,
        [f"responder: cannot write {file}: No such file or directory"],
    )


@pytest.mark.parametrize(
    ("flag", "wrong", "told"),
    [
        ("--public-url", "pizza", "is not an http(s) address"),
        ("--loki-url", "ftp://logs", "is not an http(s) address"),
        ("--grafana-url", "http://grafana.example.net", "its token in clear"),
        ("--component", 'a"b', "is not the name of a service"),
        ("--loki-user", "a:b", "is not a user's name"),
        ("--mode", "automatic", "use auto, "),
    ],
)
def test_a_wrong_answer_is_refused_with_what_to_write(
    type_command: Typist, tmp_path: Path, flag: str, wrong: str, told: str
) -> None:
    config = tmp_path / "responder.yaml"
    said = type_command("init", "--yes", flag, wrong, "--output", config)
    assert said.status == 2
    (line,) = said.complaints
    assert told in line
    assert not config.exists()


def test_answers_that_do_not_go_together_write_nothing(
    type_command: Typist, tmp_path: Path
) -> None:
    config = tmp_path / "responder.yaml"
    said = type_command(
        "init",
        *("--yes", "--output", config),
        *("--loki-url", "http://logs.example.net", "--loki-user", "u"),
    )
    assert said.status == 1
    assert "logs.url: would send its secret in clear" in said.err
    assert list(tmp_path.iterdir()) == []


def test_an_end_of_input_is_told_how_to_go_without_questions(
    type_command: Typist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    said = type_command("init", "--output", tmp_path / "responder.yaml")
    assert said.status == 2
    assert "give flags, or --yes" in said.err
