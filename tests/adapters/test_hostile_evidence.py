"""Whatever logs and suppliers say: facts of closed types, or a refusal in our words."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.factory import decipher as decipher_factory
from responder.incident.evidence import LogLine
from responder.incident.names import Outcome
from responder.logs.lines import LineReader
from responder.logs.loki import LONGEST_DETAIL, QueryFailed, decipher, decipher_count
from responder.masking import Masker
from tests.hostile import (
    CANARY,
    JUNK,
    Place,
    corpus,
    wire,
    with_something_wrong,
)

NOW = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)
AT_NS = str(int(NOW.timestamp()) * 10**9)
MASK = Masker([f"{CANARY}-1"])
READER = LineReader("127.0.0.1", None)
RESOLVED = "Problem resolved. Pizza is back on the menu!"
LINK = "https://127.0.0.1/api/support/c4n4ry/report/abc123"

STREAMS = {
    "status": "success",
    "data": {
        "resultType": "streams",
        "result": [{"stream": {"a": "1"}, "values": [["30", "c"], ["10", "a"]]}],
    },
}
VECTOR = {
    "status": "success",
    "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "14"]}]},
}


def storable(text: str) -> bool:
    return not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in text)


def is_sane_line(line: LogLine) -> bool:
    return all(link.link.name not in LINK for link in line.links) and (
        len(line.digest) == 16
    )


@pytest.mark.parametrize("path", corpus("line"), ids=lambda path: path.name)
def test_a_hostile_line_is_read(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "surrogatepass")

    assert is_sane_line(READER.read(1, text))


@given(with_something_wrong({"resBody": {"reportUrl": LINK}, "reqBody": {"a": [LINK]}}))
def test_no_junk_in_a_line_makes_reading_fail(chosen: tuple[Place, Any]) -> None:
    assert is_sane_line(READER.read(1, json.dumps(chosen[1])))


@pytest.mark.parametrize("levels", [200, 5000])
def test_a_link_beneath_absurd_nesting_is_not_believed(levels: int) -> None:
    text = "[" * levels + json.dumps(LINK) + "]" * levels

    assert READER.read(1, text).links == ()


def is_sane_answer(found: object) -> bool:
    if isinstance(found, QueryFailed):
        said = found.detail
        return len(said) <= LONGEST_DETAIL and storable(said) and CANARY not in said
    if isinstance(found, tuple):
        return all(type(at) is int and type(text) is str for at, text in found)
    return type(found) is int and 0 <= found < 2**31


@pytest.mark.parametrize("status", [200, 400, 503])
@pytest.mark.parametrize("path", corpus("loki"), ids=lambda path: path.name)
def test_a_hostile_answer_of_loki_is_understood_or_refused(
    path: Path, status: int
) -> None:
    body = path.read_bytes()

    assert is_sane_answer(decipher(status, {}, body, MASK))
    assert is_sane_answer(decipher_count(status, {}, body, MASK))


@given(with_something_wrong(STREAMS) | with_something_wrong(VECTOR))
def test_what_is_wrong_in_an_answer_of_loki_never_counts(
    chosen: tuple[Place, Any],
) -> None:
    body = wire(chosen[1])

    assert is_sane_answer(decipher(200, {}, body, MASK))
    assert is_sane_answer(decipher_count(200, {}, body, MASK))


@pytest.mark.parametrize(
    "result",
    [
        [{"values": {"12": "a"}}],
        [{"values": ["12"]}],
        [{"values": [["٣", "a"]]}],
        [{"values": [["-1", "a"]]}],
        [{"values": [["9" * 20, "a"]]}],
    ],
)
def test_what_only_looks_like_entries_is_refused(result: object) -> None:
    body = wire({**STREAMS, "data": {"resultType": "streams", "result": result}})

    assert isinstance(decipher(200, {}, body), QueryFailed)


@pytest.mark.parametrize(
    "count", ["-5", "NaN", "+Inf", "1e99", "", " 1", True, 7, None]
)
def test_what_only_looks_like_a_count_is_refused(count: object) -> None:
    result = [{"value": [1, count]}]
    body = wire({**VECTOR, "data": {"resultType": "vector", "result": result}})

    assert isinstance(decipher_count(200, {}, body), QueryFailed)


@pytest.mark.parametrize(("written", "count"), [("0", 0), ("14", 14), ("1e+06", 10**6)])
def test_counts_as_loki_writes_them_are_read(written: str, count: int) -> None:
    result = [{"value": [1, written]}]
    body = wire({**VECTOR, "data": {"resultType": "vector", "result": result}})

    assert decipher_count(200, {}, body) == count


def is_sane_word(status: int, body: bytes) -> bool:
    outcome, words = decipher_factory(status, body)
    said = isinstance(outcome, Outcome) and storable(words) and "\n" not in words
    return said and words == " ".join(words.split())


@pytest.mark.parametrize("status", [100, 200, 204, 302, 400, 404, 500, 999])
@pytest.mark.parametrize("path", corpus("factory"), ids=lambda path: path.name)
def test_a_hostile_answer_of_the_factory_is_deciphered(path: Path, status: int) -> None:
    assert is_sane_word(status, path.read_bytes())


@given(st.binary(max_size=200) | JUNK.map(wire), st.integers(100, 999))
def test_any_answer_of_the_factory_is_deciphered(body: bytes, status: int) -> None:
    assert is_sane_word(status, body)
    assert decipher_factory(status, body)[0] is not Outcome.RESOLVED


@given(JUNK.filter(lambda junk: junk != RESOLVED))
def test_only_the_factorys_exact_words_resolve(junk: Any) -> None:
    assert decipher_factory(200, wire({"message": junk}))[0] is not Outcome.RESOLVED


def test_of_two_messages_the_last_is_the_answer() -> None:
    body = f'{{"message": "{RESOLVED}", "message": "Problem unresolved"}}'.encode()

    assert decipher_factory(400, body)[0] is Outcome.WRONG_CODE
