"""`responder diff`: what a reviewer is told of a configuration that loses something."""

import json
from pathlib import Path

import pytest

from tests.cassettes import SHIPPED, changed
from tests.commands import Said, Typist

FOLDER = SHIPPED[0].parent
FOUNDING = FOLDER / "2025-04-07-factory-500.yaml"
NOISE = FOLDER / "oven-full-noise.yaml"
THRESHOLD = (
    ("threshold: 5\n", "threshold: 500\n"),
    ("threshold: 1\n", "threshold: 9\n"),
)
LABEL = (("jwt-pizza-service", "jwt-pizza-servce"),)
HOUR = (("window: 5m", "window: 1h"),)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    file = tmp_path / "old.yaml"
    file.write_text(changed())
    return file


def diff(
    type_command: Typist, old: Path, swaps: tuple[tuple[str, str], ...], *typed: object
) -> Said:
    new = old.with_name("new.yaml")
    new.write_text(changed(*swaps))
    words = [word if isinstance(word, Path) else str(word) for word in typed]
    return type_command("diff", "--from", old, "--to", new, *words)


def test_what_changes_nothing_is_status_0(type_command: Typist, old: Path) -> None:
    said = diff(type_command, old, (), FOUNDING, NOISE)

    assert (said.status, said.complaints) == (0, [])
    assert said.out.splitlines()[0] == "no setting of a rule differs"
    assert said.out.splitlines()[-1] == "2 same"


def test_a_limit_that_is_too_high_is_caught_with_the_count(
    type_command: Typist, old: Path
) -> None:
    slow = FOLDER / "slow-factory.yaml"
    high = (
        ("threshold: 5\n", "threshold: 500\n"),
        ("threshold: 1\n", "threshold: 500\n"),
    )

    said = diff(type_command, old, high, FOUNDING, slow)

    assert said.status == 1
    assert "setting pizza-factory error-logs threshold: 5 → 500" in said.out
    assert "2025-04-07-factory-500  missed" in said.out
    assert "then: recovered, 1 call after 0 s" in said.out
    assert "66 lines of check" in said.out
    assert "the rule needs 500." in said.out
    assert said.out.splitlines()[-1].endswith(
        "--allow 2025-04-07-factory-500 --allow slow-factory"
    )


def test_a_wrong_label_is_caught_as_nothing_counted(
    type_command: Typist, old: Path
) -> None:
    said = diff(type_command, old, LABEL, FOUNDING)

    assert said.status == 1
    assert "2025-04-07-factory-500  missed" in said.out
    assert "Held: 0 lines of check" in said.out


def test_a_wrong_alert_label_is_caught_as_ignored(
    type_command: Typist, old: Path
) -> None:
    wrong = (("responder: jwt-pizza", "responder: pizza"), ("critical|high", "high"))

    said = diff(type_command, old, wrong, FOUNDING)

    assert said.status == 1
    assert "the alert is ignored" in said.out


def test_one_hours_window_is_caught_where_it_calls_a_person_for_noise(
    type_command: Typist, old: Path
) -> None:
    # While good orders can be seen, nobody is called for errors without a link.
    blind = (*HOUR, ('"menuId"', '"menuItem"'))

    said = diff(type_command, old, blind, FOUNDING, NOISE)

    assert said.status == 1
    assert "oven-full-noise         not as expected" in said.out
    assert "expected never needs_human, which came" in said.out
    assert "24 errors confirmed, limit 5, but no line carries a factory" in said.out


@pytest.mark.parametrize("allowed", ["2025-04-07-factory-500", "all"])
def test_a_loss_can_be_allowed(type_command: Typist, old: Path, allowed: str) -> None:
    said = diff(type_command, old, LABEL, FOUNDING, "--allow", allowed)

    assert said.status == 0
    assert "missed" in said.out


def test_a_slower_report_is_told_and_is_no_loss(
    type_command: Typist, old: Path
) -> None:
    veto = (("    traffic:", "    mode: veto\n    traffic:"),)

    said = diff(type_command, old, veto, FOLDER / "bad-jwt.yaml")

    assert said.status == 1
    assert "expected a call within 5 s, not 20 s" in said.out


def test_each_loss_is_in_the_json_and_in_one_line_that_names_file_and_alert(
    type_command: Typist, old: Path
) -> None:
    said = diff(type_command, old, LABEL, FOUNDING, NOISE, "--json")

    found = json.loads(said.out)
    (line,) = said.complaints
    assert [c["change"] for c in found["cassettes"]] == ["missed", "same"]
    assert found["cassettes"][0]["lost"] is True
    assert found["from"] != found["to"]
    assert line.startswith(f"failed: {FOUNDING}: alert Order errors: missed: Held: 0")


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ([], "name cassettes, or say --history 90d"),
        (["body.json"], "is no cassette"),
        (["missing.yaml"], "cannot be read"),
        (["--history", "90"], "is a number without a unit"),
    ],
)
def test_wrong_usage_is_status_2(
    type_command: Typist,
    old: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    typed: list[str],
    why: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("body.json").write_text("{}")

    said = diff(type_command, old, (), *typed)

    assert said.status == 2
    assert why in said.err


def test_a_configuration_that_cannot_be_read_is_status_2(
    type_command: Typist, old: Path
) -> None:
    said = type_command("diff", "--from", old, "--to", "none.yaml", FOUNDING)

    assert said.status == 2
    assert "none.yaml: is no configuration to compare" in said.err
