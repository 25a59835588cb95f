"""A new user's repository goes green by what `docs/ci.md` says, word for word."""

import shlex
from glob import glob
from pathlib import Path

import pytest
import yaml

from tests.cassettes import changed
from tests.commands import Said, Typist
from tests.docs import blocks, page

PAGE = page("docs/ci.md")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "responder.yaml").write_text(changed())
    (tmp_path / "incidents").mkdir()
    return tmp_path


def typed(type_command: Typist, line: str) -> Said:
    """A line of a shell: our own commands, and where their output goes."""
    words = shlex.split(line)
    assert words.pop(0) == "responder"
    words = [file for word in words for file in sorted(glob(word)) or [word]]
    target = words.index(">") if ">" in words else len(words)
    said = type_command(*words[:target])
    if target < len(words):
        Path(words[target + 1]).write_text(said.out)
    return said


def workflow() -> list[str]:
    """The commands of ours in the workflow's steps that every push runs."""
    (text,) = blocks(PAGE, "yaml")
    steps = yaml.safe_load(text)["jobs"]["incidents"]["steps"]
    runs = [step["run"] for step in steps if "run" in step and "if" not in step]
    return [run for run in runs if run.startswith("responder ")]


@pytest.mark.usefixtures("repository")
def test_two_bodies_and_the_workflow_are_enough(type_command: Typist) -> None:
    begin, once_it_acts = blocks(PAGE, "sh")

    said = [typed(type_command, line) for line in begin.splitlines()]
    ran = [typed(type_command, line) for line in workflow()]

    assert [one.status for one in said + ran] == [0] * 5
    assert "pizza-factory: report" in ran[-1].out
    assert Path("junit.xml").exists()
    assert typed(type_command, once_it_acts).status == 0


def test_the_same_workflow_runs_cassettes_too(
    type_command: Typist, repository: Path
) -> None:
    described = (
        "responder cassette new --name night --start 2026-11-03T02:00:00Z --minutes 5 "
        "--errors-per-minute 12 --failed-orders 20 --alert 2m > incidents/night.yaml"
    )
    assert typed(type_command, described).status == 0

    *_, replayed = (typed(type_command, line) for line in workflow())

    assert replayed.status == 0
    assert "night: as expected" in replayed.out
    assert "1 of 1 as expected, configuration " in replayed.out
