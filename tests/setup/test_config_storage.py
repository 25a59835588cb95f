"""`storage.url`: which addresses are taken, and that its password stays inside."""

import sys
from pathlib import Path

import pytest

from responder.config.checks import Purpose
from responder.config.settings import Settings
from responder.masking import Masker
from tests.setup.configured import loaded, only_problem, paths

PASSWORD = "hunter2-canary"
ADDRESS = f"postgresql+psycopg://pizza:{PASSWORD}@db.example.com/responder"


def settings(text: str, **env: str) -> Settings:
    found = loaded(text, Purpose.SERVE, env=env)
    assert found.settings is not None, found.problems
    return found.settings


@pytest.mark.parametrize(
    "address",
    [
        "sqlite:///responder.db",
        "postgresql+psycopg://db/responder",
        "postgresql://pizza@db.example.com:5433/responder?sslmode=require",
        "postgres://db/x",
    ],
)
def test_sqlite_and_postgresql_are_storages(address: str) -> None:
    assert settings(f"storage: {{url: '{address}'}}").storage_url == address


@pytest.mark.parametrize(
    "address", ["mysql://db/x", "sqlite://", "postgresql+asyncpg://db/x", "postgresql"]
)
def test_another_storage_is_refused(address: str) -> None:
    problem = only_problem(f"storage: {{url: '{address}'}}")

    assert problem.path == "storage.url"
    assert "postgresql+psycopg://user@host/database" in problem.remedy


@pytest.mark.parametrize(
    ("text", "env"),
    [
        ("storage: {url: '${DB}'}", {"DB": ADDRESS}),
        (
            "storage: {url: 'postgresql+psycopg://pizza:${PW}@db.example.com/responder'}",
            {"PW": PASSWORD},
        ),
    ],
)
def test_the_address_or_its_password_comes_from_the_environment(
    text: str, env: dict[str, str]
) -> None:
    assert settings(text, **env).storage_url == ADDRESS
    assert not loaded(text, Purpose.CHECK, env=env).problems


def test_the_address_comes_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "address"
    secret.write_text(f"{ADDRESS}\n")

    assert settings(f"storage: {{url_file: '{secret}'}}").storage_url == ADDRESS


@pytest.mark.parametrize("text", ["'${DB}'", "'postgresql://u:${DB}@h/d'"])
def test_an_unset_address_stops_serving_and_not_a_check(text: str) -> None:
    document = f"storage: {{url: {text}}}"

    assert paths(loaded(document, Purpose.SERVE).problems) == ["storage.url"]
    assert not loaded(document, Purpose.CHECK).problems


@pytest.mark.parametrize(
    "address",
    [
        ADDRESS,
        f"postgresql://pizza:{PASSWORD}@${{HOST:-db}}/responder",
        f"postgresql://db/responder?password={PASSWORD}",
    ],
)
def test_a_password_written_in_the_document_is_told_by_check(address: str) -> None:
    found = loaded(f"storage: {{url: '{address}'}}")

    assert [str(problem) for problem in found.problems] == [
        "storage.url: is a secret in clear in the document (got ***); "
        'write "${NAME}" or the key with _file, and change the secret'
    ]


@pytest.mark.parametrize(
    "address",
    [
        f"mysql://u:{PASSWORD}@db/x",
        f"postgresql://u:a/{PASSWORD}@db/x",
        f"postgresql://u:a@{PASSWORD}@db:0/x",
        f"postgresql+x://db/x?password={PASSWORD}",
    ],
)
def test_a_refused_address_keeps_its_password(address: str) -> None:
    for purpose in (Purpose.SERVE, Purpose.CHECK):
        found = loaded("storage: {url: '${DB}'}", purpose, env={"DB": address})
        literal = loaded(f"storage: {{url: '{address}'}}", purpose)
        told = [*found.problems, *literal.problems, *literal.warnings]

        assert found.problems
        assert literal.problems
        assert PASSWORD not in " ".join(map(str, told))


def test_the_password_is_masked_in_every_form_and_in_no_repr() -> None:
    written = "p%40ss-canary"
    found = settings("storage: {url: '${DB}'}", DB=f"postgresql://u:{written}@h/d")
    mask = Masker(found.secrets())

    assert mask(f"{written} and p@ss-canary") == "*** and ***"
    assert "ss-canary" not in repr(found)


@pytest.mark.parametrize("purpose", [Purpose.SERVE, Purpose.CHECK])
def test_a_missing_driver_is_named_with_what_to_install(
    purpose: Purpose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    problem = only_problem("storage: {url: 'postgresql://db/x'}", purpose)

    assert problem.path == "storage.url"
    assert "psycopg is not installed" in problem.message
    assert "jwt-pizza-responder[postgres]" in problem.remedy


def test_sqlite_needs_no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    assert not loaded("storage: {url: 'sqlite:///x.db'}").problems
