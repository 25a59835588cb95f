"""Log lines: one JSON object each, and no secret in any."""

import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.logging import MaskedJson, configure
from responder.masking import Masker

SECRET = 'se"cret-é-token'
LINK = "/api/support/CANARY-token/report/CANARY-code"


@pytest.fixture
def stream() -> Iterator[StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    written = StringIO()
    configure(written, Masker([SECRET]), "DEBUG")
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(stream: StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_record_is_one_line_with_its_facts_as_fields(stream: StringIO) -> None:
    logging.getLogger("responder.x").info("decided", extra={"incident": "inc-1"})

    (line,) = lines(stream)
    assert str(line.pop("timestamp")).endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "responder.x",
        "message": "decided",
        "incident": "inc-1",
    }


@pytest.mark.parametrize("end", ["\n", "\r\n", "\u2028", "\x85", "\x0b"])
def test_a_value_cannot_forge_a_line(stream: StringIO, end: str) -> None:
    forged = f'x{end}{{"message": "reported"}}'
    logging.getLogger("x").info("decided %s", forged, extra={"why": forged})

    assert len(lines(stream)) == 1


@pytest.mark.parametrize("hidden", [SECRET, LINK, f"http://factory{LINK}?x=1"])
def test_secrets_are_masked_wherever_they_stand(stream: StringIO, hidden: str) -> None:
    log = logging.getLogger("x")
    log.info("text %s", hidden, extra={"deep": {"list": [hidden], hidden: 1}})
    try:
        raise ValueError(hidden)
    except ValueError:
        log.exception("failed", stack_info=True)

    assert len(lines(stream)) == 2
    told = json.dumps(lines(stream), ensure_ascii=False)
    assert "CANARY" not in told
    assert "cret-é" not in told
    assert "***" in told


class Shown:
    """An object that shows more of itself than it should."""

    def __str__(self) -> str:
        return f"reported {LINK}"


def test_a_secret_that_an_object_shows_of_itself_is_masked_too(
    stream: StringIO,
) -> None:
    logging.getLogger("x").info("decided", extra={"why": Shown(), "all": [Shown()]})

    (line,) = lines(stream)
    assert "CANARY" not in f"{line}"
    assert line["message"] == "decided"


@pytest.mark.parametrize("library", ["urllib3", "waitress", "werkzeug"])
def test_libraries_are_not_heard_below_warning(stream: StringIO, library: str) -> None:
    logging.getLogger(f"{library}.deep").debug("GET http://factory/ 200")

    assert stream.getvalue() == ""


class Left(StringIO):
    """A reader that went away."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_reader_that_left_causes_no_trace(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure(Left(), Masker([SECRET]))
    try:
        logging.getLogger("responder.x").info("decided %s", SECRET)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    assert capsys.readouterr().err == ""


VALUES = st.recursive(
    st.none() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@given(st.text(), VALUES)
def test_no_value_whatever_writes_a_second_line(text: str, value: object) -> None:
    record = logging.makeLogRecord({"name": "x", "msg": text, "level": 20})
    record.__dict__ |= {"why": text, "deep": value}
    line = MaskedJson(Masker([SECRET])).format(record)

    assert len(line.splitlines()) == 1
    assert isinstance(json.loads(line), dict)
