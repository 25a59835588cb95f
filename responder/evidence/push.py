"""Loki's push form in JSON: `POST /loki/api/v1/push`, gzip or plain.

https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from responder.incident.bounds import TooLarge
from responder.incident.evidence import to_ns

MAX_DECOMPRESSED = 16 * 1024 * 1024
MAX_LINE = 256 * 1024
"""Characters; Loki's default limit is 256 KB."""
OLDEST = timedelta(days=7)
NEWEST = timedelta(minutes=10)


class BadPush(ValueError):
    """A push that is refused. The text names the field and the remedy."""


class PushTooLarge(BadPush, TooLarge):
    """More than 16 MiB once decompressed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedLine:
    """One log line of one stream. `at_ns` is nanoseconds since 1970."""

    at_ns: int
    labels: Mapping[str, str]
    text: str


def parse(raw: bytes, encoding: str, now: datetime) -> list[PushedLine]:
    """The lines of one push; raise BadPush if any of it is malformed.

    `encoding` is the Content-Encoding. As Loki does, timestamps more than seven days
    before or ten minutes after `now` are refused: mostly they are no nanoseconds.
    """
    document = _document(_plain(raw, encoding))
    streams = document.get("streams") if isinstance(document, dict) else None
    if not isinstance(streams, list):
        raise BadPush("streams: a list of streams is needed")
    earliest, latest = to_ns(now - OLDEST), to_ns(now + NEWEST)
    lines: list[PushedLine] = []
    for index, stream in enumerate(streams):
        lines += _stream(f"streams[{index}]", stream, earliest, latest)
    return lines


def _document(plain: bytes) -> Any:
    try:
        return json.loads(plain)
    except RecursionError:
        raise BadPush("the body is nested too deep") from None
    except UnicodeDecodeError:
        raise BadPush("the body is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise BadPush(
            f"the body is not JSON (at character {error.pos + 1}); "
            "Loki's protobuf form is not understood here, push JSON"
        ) from None
    except ValueError:
        raise BadPush("the body holds a number too long to read") from None


def _plain(raw: bytes, encoding: str) -> bytes:
    match encoding.strip().lower():
        case "" | "identity":
            plain = raw
        case "gzip" | "x-gzip":
            plain = _unzipped(raw)
        case _:
            raise BadPush("Content-Encoding: only gzip or none is understood")
    if len(plain) > MAX_DECOMPRESSED:
        raise PushTooLarge("the body is larger than 16 MiB; push in smaller batches")
    return plain


def _unzipped(raw: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=BytesIO(raw)) as packed:
            return packed.read(MAX_DECOMPRESSED + 1)
    except (OSError, EOFError, zlib.error):
        raise BadPush("Content-Encoding says gzip, but the body is not") from None


def _stream(
    place: str, stream: Any, earliest: int, latest: int
) -> Iterator[PushedLine]:
    if not isinstance(stream, dict):
        raise BadPush(f"{place}: an object with stream and values is needed")
    labels = _labels(f"{place}.stream", stream.get("stream"))
    values = stream.get("values")
    if not isinstance(values, list):
        raise BadPush(f"{place}.values: a list of [timestamp, line] is needed")
    for index, entry in enumerate(values):
        here = f"{place}.values[{index}]"
        if not isinstance(entry, list) or len(entry) not in (2, 3):
            raise BadPush(f"{here}: [timestamp, line] is needed")
        if len(entry) == 3:
            _flat_map(f"{here}[2]", entry[2])
        at_ns = _timestamp(f"{here}[0]", entry[0], earliest, latest)
        text = _text(f"{here}[1]", entry[1])
        yield PushedLine(at_ns=at_ns, labels=labels, text=text)


_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _labels(place: str, labels: Any) -> Mapping[str, str]:
    known = _flat_map(place, labels)
    if not any(known.values()):
        raise BadPush(f"{place}: at least one label is needed, like component")
    for name in known:
        if not _LABEL.fullmatch(name):
            raise BadPush(
                f"{place}: a label name has letters, digits and _ only, "
                "and no digit first"
            )
    # An empty label is an absent one, as everywhere in Loki.
    return {name: _storable(value) for name, value in known.items() if value}


def _flat_map(place: str, values: Any) -> dict[str, str]:
    if not isinstance(values, dict):
        raise BadPush(f"{place}: an object of texts is needed")
    if not all(isinstance(value, str) for value in values.values()):
        raise BadPush(f"{place}: every value must be a text in quotes")
    return values


def _timestamp(place: str, written: Any, earliest: int, latest: int) -> int:
    if not isinstance(written, str):
        raise BadPush(f'{place}: the timestamp must be a text: "1793897530123000000"')
    if not re.fullmatch(r"[0-9]{1,19}", written):
        raise BadPush(f"{place}: the timestamp must be digits, nanoseconds since 1970")
    at_ns = int(written)
    if not earliest <= at_ns <= latest:
        raise BadPush(
            f"{place}: the timestamp is more than 7 days old or 10 minutes ahead; "
            "nanoseconds since 1970 have 19 digits"
        )
    return at_ns


def _text(place: str, line: Any) -> str:
    if not isinstance(line, str):
        raise BadPush(f"{place}: the line must be a text")
    if len(line) > MAX_LINE:
        raise BadPush(f"{place}: the line is longer than 256 KB")
    return _storable(line)


def _storable(text: str) -> str:
    """The text with U+FFFD for what databases refuse: U+0000 and lone surrogates."""
    if text.isascii() and "\0" not in text:
        return text
    return re.sub("[\0\ud800-\udfff]", "\ufffd", text)
