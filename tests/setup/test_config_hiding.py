"""Secrets whose mask would hide what alerts are understood by."""

from pathlib import Path

import pytest

from responder.config.checks import Purpose
from tests.setup.configured import RULE, loaded, paths

_OPERATOR = "operator_auth: {users: {oncall: '${PASSWORD}'}}\n"
_FILE = "operator_auth: {users: {oncall: {password_file: %s}}}\n"
_DATABASE = "storage: {url: 'postgresql+psycopg://r:${PASSWORD}@db/x'}\n"


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize(
    ("password", "where"),
    [
        ("jwt-pizza", "rules[0].match"),
        ("respond", "rules[0].match"),
        ("error", "rules[0].checks[0].name"),
        ("alert", "every webhook"),
        ("firing", "every webhook"),
    ],
)
def test_a_password_that_is_part_of_a_plain_word_is_refused(
    password: str, where: str, purpose: Purpose
) -> None:
    found = loaded(_OPERATOR + RULE, purpose, env={"PASSWORD": password})
    assert [str(problem) for problem in found.problems] == [
        f"operator_auth.users.oncall: is part of a plain word, of {where}: "
        "masking would hide that (got ***); "
        "choose another, as `openssl rand -hex 16` makes one"
    ]


def test_so_is_one_of_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("pizza\n")
    assert paths(loaded(_FILE % secret + RULE).problems) == [
        "operator_auth.users.oncall.password_file"
    ]


def test_so_is_the_password_of_the_database() -> None:
    found = loaded(_DATABASE + RULE, env={"PASSWORD": "responder"})
    assert "storage.url" in paths(found.problems)


@pytest.mark.parametrize("password", ["pizza-and-more", "jwt-Pizza", "a9c1"])
def test_a_password_that_no_word_holds_is_taken(password: str) -> None:
    found = loaded(_OPERATOR + RULE, env={"PASSWORD": password})
    assert found.problems == found.warnings[1:] == ()


def test_one_that_is_too_short_to_be_masked_is_a_warning() -> None:
    found = loaded(_OPERATOR + RULE, env={"PASSWORD": "abc"})
    assert found.problems == ()
    assert "operator_auth.users.oncall" in paths(found.warnings)
    assert "abc" not in " ".join(str(warning) for warning in found.warnings)
