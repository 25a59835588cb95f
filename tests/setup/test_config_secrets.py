"""Secrets: from the environment, from files, never in what is printed."""

from pathlib import Path

import pytest

from responder.config.checks import Purpose
from responder.config.settings import Secret
from tests.setup.configured import loaded, paths

CANARY = "canary-93f1"
_AUTH = "webhook_auth: [{name: irm, senders: [irm], bearer: '${TOKEN}'}]"


def test_a_secret_comes_from_the_environment() -> None:
    settings = loaded(_AUTH, Purpose.SERVE, env={"TOKEN": "t-1"}).settings
    assert settings is not None
    assert settings.webhook_auth[0].bearer == Secret("t-1")


@pytest.mark.parametrize("env", [{}, {"TOKEN": ""}])
def test_serving_refuses_an_unset_secret(env: dict[str, str]) -> None:
    problems = loaded(_AUTH, Purpose.SERVE, env=env).problems
    assert [str(p) for p in problems] == [
        "webhook_auth[0].bearer: has no value: TOKEN not set; "
        "set it before serving, or remove this key"
    ]


@pytest.mark.parametrize("purpose", [Purpose.CHECK, Purpose.REPLAY])
def test_elsewhere_an_unset_secret_is_a_warning(purpose: Purpose) -> None:
    found = loaded(_AUTH, purpose)
    assert "webhook_auth[0].bearer" in paths(found.warnings)
    assert found.settings is not None


def test_a_credential_without_its_secret_is_left_out() -> None:
    settings = loaded(_AUTH).settings
    assert settings is not None
    assert settings.webhook_auth == ()


@pytest.mark.parametrize(
    "proof",
    [
        "bearer: ",
        "bearer: '${T}'",
        "bearer_file: '${T}'",
        "basic: {username: u, password: }",
        "basic: {username: u, password_file: /nonexistent/x}",
        "hmac: {secrets: [~], timestamp_header: X-Time}",
        "hmac: {secrets_file: /nonexistent/x, timestamp_header: X-Time}",
        "bearer: '${SET}', hmac: {secrets: ['${T}'], timestamp_header: X-Time}",
        "basic: {username: u, password: '${T}'}, "
        "hmac: {secrets: ['${SET}'], timestamp_header: X-Time}",
    ],
)
def test_a_credential_never_holds_with_less_than_it_names(proof: str) -> None:
    text = f"webhook_auth: [{{name: g, senders: [grafana], {proof}}}]"
    checked = loaded(text, env={"SET": "s-123"}).settings
    assert checked is not None
    assert checked.webhook_auth == ()
    assert loaded(text, Purpose.SERVE, env={"SET": "s-123"}).settings is None


@pytest.mark.parametrize("part", ["hmac", "basic"])
def test_an_empty_part_of_a_credential_is_a_problem(part: str) -> None:
    text = f"webhook_auth: [{{name: g, senders: [grafana], {part}: }}]"
    assert paths(loaded(text).problems) == [f"webhook_auth[0].{part}"]


def test_a_person_without_a_password_is_refused_when_serving() -> None:
    text = "operator_auth: {users: {oncall: }}"
    found = loaded(text, Purpose.SERVE)
    assert paths(found.problems) == ["operator_auth.users.oncall"]


def test_a_signature_holds_with_the_secrets_that_are_set() -> None:
    hmac = "{secrets: ['${A}', '${B}'], timestamp_header: X-Time}"
    text = f"webhook_auth: [{{name: g, senders: [grafana], hmac: {hmac}}}]"
    settings = loaded(text, env={"B": "second"}).settings
    assert settings is not None
    hmac_set = settings.webhook_auth[0].hmac
    assert hmac_set is not None
    assert hmac_set.secrets == (Secret("second"),)


def test_credentials_without_values_count_as_configured() -> None:
    text = (
        f"server: {{listen: '0.0.0.0:80'}}\n{_AUTH}\n"
        "operator_auth: {users: {oncall: '${PW}'}}\n"
        "logs: {url: 'https://loki.example.net', bearer: '${TOKEN}'}\n"
    )
    assert loaded(text).problems == ()


def test_a_secret_in_the_document_is_a_problem_for_check() -> None:
    text = _AUTH.replace("${TOKEN}", CANARY)
    assert paths(loaded(text).problems) == ["webhook_auth[0].bearer"]


def test_a_secret_as_a_default_is_in_the_document_too() -> None:
    text = _AUTH.replace("${TOKEN}", "${TOKEN:-" + CANARY + "}")
    assert paths(loaded(text).problems) == ["webhook_auth[0].bearer"]


def test_check_can_be_told_to_allow_it() -> None:
    text = _AUTH.replace("${TOKEN}", CANARY)
    assert loaded(text, allow_literal_secrets=True).problems == ()


def test_serving_warns_of_a_secret_in_the_document() -> None:
    found = loaded(_AUTH.replace("${TOKEN}", CANARY), Purpose.SERVE)
    assert found.settings is not None
    assert "webhook_auth[0].bearer" in paths(found.warnings)


def test_a_secret_comes_from_its_twins_file(tmp_path: Path) -> None:
    file = tmp_path / "push"
    file.write_text("t-2\n")
    text = f"logs: {{url: 'https://loki.example.net', bearer_file: {file}}}"
    settings = loaded(text, Purpose.SERVE).settings
    assert settings is not None
    assert settings.logs is not None
    assert settings.logs.bearer == Secret("t-2")


def test_signing_secrets_stand_one_per_line(tmp_path: Path) -> None:
    file = tmp_path / "secrets"
    file.write_text("one\n\ntwo\n")
    hmac = f"{{secrets_file: {file}, timestamp_header: X-Time}}"
    text = f"webhook_auth: [{{name: g, senders: [grafana], hmac: {hmac}}}]"
    settings = loaded(text, Purpose.SERVE).settings
    assert settings is not None
    assert settings.secrets() == ("one", "two")


def test_a_persons_password_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "oncall"
    file.write_text("pw-1")
    text = f"operator_auth: {{users: {{oncall: {{password_file: {file}}}}}}}"
    settings = loaded(text, Purpose.SERVE).settings
    assert settings is not None
    assert settings.operators == {"oncall": Secret("pw-1")}


def test_a_file_that_is_not_there_is_an_unset_secret() -> None:
    text = "factory: {api_key_file: /nonexistent/key}"
    assert paths(loaded(text, Purpose.SERVE).problems) == ["factory.api_key"]
    assert loaded(text, Purpose.CHECK).settings is not None


def test_a_secret_and_its_twin_exclude_each_other() -> None:
    text = "factory: {api_key: '${K}', api_key_file: /run/secrets/key}"
    problems = loaded(text, env={"K": "k-1234"}).problems
    assert [str(p) for p in problems] == [
        "factory.api_key_file: is given beside api_key; keep one of the two"
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"webhook_auth: {CANARY}",
        f"webhook_auth: [{CANARY}]",
        f"webhook_auth: [{{name: g, senders: [grafana], bearr: {CANARY}}}]",
        f"webhook_auth: [{{name: g, senders: [grafana], hmac: {CANARY}}}]",
        f"webhook_auth: [{{name: g, senders: [grafana], hmac: {{secrets: {CANARY}}}}}]",
        f"webhook_auth: [{{name: g, senders: [irm], bearer: [{CANARY}]}}]",
        f"operator_auth: {CANARY}",
        f"operator_auth: {{users: {{a: {{pass: {CANARY}}}}}}}",
        f"factory: {{report_url: 'http://shop.example/{CANARY}'}}",
        f"factory: {{report_url: {CANARY}}}",
        f"logs: {{type: loki, url: 'https://1:{CANARY}@logs.example'}}",
        f"factory: {{api_key: !{CANARY} x}}",
        f"factory: {{api_key: *{CANARY}}}",
        f'factory: {{api_key: "{CANARY}',
        f"secret: {CANARY}",
        "factory: {api_key: '${K}', url: 'https://x.example/${K}'}",
    ],
)
def test_no_problem_shows_a_secret(text: str) -> None:
    found = loaded(text, env={"K": CANARY})
    assert found.problems
    assert CANARY not in repr(found)
    assert CANARY not in " ".join(map(str, found.problems + found.warnings))


def test_the_settings_show_no_secret() -> None:
    text = "factory: {api_key: '${K}', report_url: 'https://x.example/${K}'}"
    found = loaded(text, Purpose.SERVE, env={"K": CANARY})
    assert found.settings is not None
    assert CANARY not in repr(found)
