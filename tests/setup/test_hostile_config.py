"""Whatever stands in a configuration: settings, or problems without a secret."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given

from responder.config.checks import Purpose
from responder.config.document import Document, read
from responder.config.load import Loaded, load
from responder.logs.query import parse_logql
from tests.hostile import CANARY, Place, corpus, with_something_wrong

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "responder.example.yaml").read_text("utf-8")
NAMES = re.findall(r'(?m)^[^#]*"\$\{(\w+)\}"', TEXT)
ENV = {name: f"{CANARY}-{name}" for name in NAMES}
# A secret that is an address has to be one.
ENV |= {n: f"https://ntfy.sh/{text}" for n, text in ENV.items() if n.endswith("_URL")}
EXAMPLE = yaml.safe_load(TEXT)


def judged(document: Document, purpose: Purpose) -> Loaded:
    return load(document, purpose=purpose, parse_query=parse_logql)


def is_sane(found: Loaded, hidden: str = f"{CANARY}-[A-Z]") -> bool:
    """All is told in one line each, and nothing like `hidden` is."""
    said = [*found.problems, *found.warnings]
    assert (found.settings is None) == bool(found.problems)
    assert all(p.message and p.remedy and "\n" not in str(p) for p in said)
    return not re.search(hidden, f"{said}{[str(p) for p in said]}{found!r}")


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("path", corpus("config"), ids=lambda path: path.name)
def test_a_hostile_file_ends_in_problems(path: Path, purpose: Purpose) -> None:
    found = judged(read(str(path), ENV), purpose)

    assert is_sane(found, hidden=CANARY)
    assert found.problems


@given(with_something_wrong(EXAMPLE))
def test_what_is_wrong_in_a_configuration_is_told_without_a_secret(
    chosen: tuple[Place, Any],
) -> None:
    text = json.dumps(chosen[1])

    assert is_sane(judged(Document(text=text, origin="any", env=ENV), Purpose.SERVE))


def test_the_example_itself_is_no_hostile_one() -> None:
    found = judged(Document(text=TEXT, origin="any", env=ENV), Purpose.SERVE)

    assert found.settings is not None
    assert set(ENV.values()) <= set(found.settings.secrets())
    assert is_sane(found)


@pytest.mark.parametrize(("length", "taken"), [(0, True), (1, False)])
def test_a_file_one_byte_beyond_its_bound_is_refused(
    length: int, taken: bool, tmp_path: Path
) -> None:
    base = "logs: {url: 'http://loki:3100'}\n#"
    (tmp_path / "c.yaml").write_text(base + "x" * (1024 * 1024 - len(base) + length))
    found = judged(read(str(tmp_path / "c.yaml"), {}), Purpose.CHECK)

    assert (found.settings is not None) is taken


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_that_is_no_text_is_refused_and_not_shown(name: str) -> None:
    # So the environment hands over bytes that are not UTF-8.
    env = {**ENV, name: f"{CANARY}-BYTES-\udcff"}
    found = judged(Document(text=TEXT, origin="any", env=env), Purpose.SERVE)

    assert len(found.problems) == 1
    assert "UTF-8" in str(found.problems[0])
    assert is_sane(found)
