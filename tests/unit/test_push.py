"""Loki's push form."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest

from responder.evidence.push import BadPush, PushTooLarge, parse
from responder.incident.evidence import to_ns

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
AT = str(to_ns(NOW))
LABELS = {"component": "jwt-pizza-service", "level": "error"}


def push(*values: object, stream: object = LABELS) -> bytes:
    return json.dumps({"streams": [{"stream": stream, "values": values}]}).encode()


def test_lines_of_a_push_are_read() -> None:
    (first, second) = parse(push([AT, "one"], [AT, "two", {"traceID": "a"}]), "", NOW)

    assert (first.at_ns, first.text) == (to_ns(NOW), "one")
    assert first.labels == LABELS
    assert second.text == "two"


def test_a_gzipped_push_is_read() -> None:
    assert len(parse(gzip.compress(push([AT, "one"])), "gzip", NOW)) == 1


def test_what_no_database_stores_is_replaced() -> None:
    (line,) = parse(push([AT, "a\0b\ud800c"]), "", NOW)

    assert line.text == "a\ufffdb\ufffdc"


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        (b"", "not JSON"),
        (b"\xff", "UTF-8"),
        (b"[" * 100_000, "nested"),
        (b'{"streams": ' + b"9" * 6000 + b"}", "number"),
        (b"[]", "streams"),
        (b"{}", "streams"),
        (b'{"streams": {}}', "streams"),
        (b'{"streams": [1]}', "streams[0]"),
        (b'{"streams": [{"stream": {"a": "b"}}]}', "streams[0].values"),
        (push(stream=None), "streams[0].stream"),
        (push(stream={}), "at least one label"),
        (push(stream={"component": ""}), "at least one label"),
        (push(stream={"component": 1}), "streams[0].stream"),
        (push(stream={"1a": "b"}), "label name"),
        (push([AT]), "streams[0].values[0]"),
        (push([AT, "a"], "b"), "streams[0].values[1]"),
        (push([int(AT), "a"]), "must be a text"),
        (push(["soon", "a"]), "digits"),
        (push([AT[:13], "a"]), "19 digits"),
        (push([str(to_ns(NOW + timedelta(hours=1))), "a"]), "10 minutes ahead"),
        (push([str(to_ns(NOW - timedelta(days=8))), "a"]), "7 days old"),
        (push([AT, 1]), "streams[0].values[0][1]"),
        (push([AT, "a" * 300_000]), "256 KB"),
        (push([AT, "a", ["b"]]), "streams[0].values[0][2]"),
        (push([AT, "a", {"b": 1}]), "streams[0].values[0][2]"),
    ],
)
def test_a_malformed_push_is_refused_by_its_field(raw: bytes, named: str) -> None:
    with pytest.raises(BadPush) as refused:
        parse(raw, "", NOW)

    assert named in str(refused.value)


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(BadPush, match="Content-Encoding"):
        parse(b"", "snappy", NOW)


@pytest.mark.parametrize(
    "raw",
    [b"plain", b"", gzip.compress(push())[:-9]],
    ids=["plain", "empty", "cut off"],
)
def test_what_only_says_to_be_gzip_is_refused(raw: bytes) -> None:
    with pytest.raises(BadPush):
        parse(raw, "gzip", NOW)


def test_a_bomb_is_refused_before_it_goes_off() -> None:
    with pytest.raises(PushTooLarge):
        parse(gzip.compress(bytes(17 * 1024 * 1024)), "gzip", NOW)
