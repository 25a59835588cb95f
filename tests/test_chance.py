"""Chance decides no verdict, and what it finds in `make fuzz` can be repeated."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CONFTEST = "from tests.conftest import *\n"
DRAWING = """
import json
from hypothesis import given, strategies as st

drawn = []

@given(text=st.text(), number=st.integers())
def test_draws(text, number):
    drawn.append([text, number])

def test_tells_what_was_drawn():
    json.dump(drawn, open("drawn.json", "w"))
"""
BROKEN = """
from hypothesis import given, strategies as st

@given(number=st.integers())
def test_is_small(number, tmp_path_factory):
    assert number < 1000
"""


def run(folder: Path, *typed: str, seed: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", *typed],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    return tmp_path


def test_the_same_examples_are_drawn_whatever_the_hash_seed_and_the_imports(
    folder: Path,
) -> None:
    (folder / "test_drawing.py").write_text(DRAWING)
    drawn = set()
    for seed in ("1", "2"):
        run(folder, "pytest", "-p", "no:cacheprovider", seed=seed)
        drawn.add((folder / "drawn.json").read_text())
        (folder / "literals.py").write_text("TEXT = 'a literal to draw'\nN = 987654321")
        (folder / "test_drawing.py").write_text(f"import literals\n{DRAWING}")

    assert len(drawn) == 1
    assert not (folder / ".hypothesis").exists()


def test_a_property_that_fails_is_printed_as_a_test_to_paste(folder: Path) -> None:
    (folder / "test_broken.py").write_text(BROKEN)

    typed = ("--seed", "5", "--part", "properties", "test_broken.py")
    said = run(folder, "tools.fuzz", *typed, seed="0")

    assert said.returncode == 1
    assert "\n@example(number=1000)\n@reproduce_failure(" in said.stdout
    assert "\n@given(number=st.integers())\ndef test_is_small(" in said.stdout
    repeat = "-m tools.fuzz --seed 5 --part properties test_broken.py::test_is_small\n"
    assert repeat in said.stdout
    last = r"1 rounds, 1 tests, [\d,]+ examples, [\d.]+ minutes, 1 failures"
    assert re.fullmatch(last, said.stdout.splitlines()[-1])
