"""Webhook bodies as JSON, and the one error that says what is wrong with them."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import NoReturn

from responder.masking import rewritten

REPLACEMENT = "\ufffd"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_MAY_BE_UNSTORABLE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_RFC_3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:\.([0-9]{1,9}))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
_ADDRESS = re.compile(r"https?://[^\s<>\"'\\]+", re.IGNORECASE)
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,64}")
_KINDS: Mapping[type, str] = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}
DEEPEST = 100
"""Levels of nesting that a body may have; senders' own have seven."""
LONGEST_TEXT = 4096
"""Characters of a label or name that are kept: pages and indexes must bear them."""
LONGEST_ID = 200
_LONGEST_ADDRESS = 2048
_NO_JSON = (
    "If the contact point has a custom payload, remove it "
    'or use the template "webhook.default.payload".'
)


class BadBody(ValueError):
    """A body that is no notification. The text is fit for the sender.

    It names the field, the kind of what was found there (never its value, which may
    be a secret) and the remedy.
    """


def refuse(at: str, found: str, remedy: str) -> BadBody:
    """The error for the field at path `at`; `found` names a kind, never a value."""
    return BadBody(f"{at}: found {found}. {remedy}")


def kind(value: object) -> str:
    """What JSON calls this value, with its article."""
    return _KINDS.get(type(value), "something else")


def decode(raw: bytes) -> dict[str, object]:
    """The JSON object in `raw`.

    U+0000 and lone surrogates become U+FFFD in every key and string, because no
    store takes them; of duplicate keys the last wins. Raises BadBody for anything
    but a UTF-8 JSON object at most 100 levels deep; NaN and infinities are no JSON.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadBody(
            f"body: no UTF-8 at byte {error.start}. Send JSON in UTF-8."
        ) from None
    if not text.strip():
        raise BadBody(f"body: empty. Send a JSON object. {_NO_JSON}")
    try:
        document = json.loads(text, parse_constant=_no_constant)
        if not _shallow(document):
            raise RecursionError
        if _MAY_BE_UNSTORABLE.search(text):
            document = rewritten(document, _storable)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise BadBody(f"body: no JSON at {where}. {_NO_JSON}") from None
    except RecursionError:
        raise BadBody("body: nested too deeply. Send fewer levels.") from None
    except ValueError:
        # Python's own limit on the digits of an integer, and our _no_constant.
        raise BadBody("body: a number that is not finite or too long.") from None
    if not isinstance(document, dict):
        raise refuse("body", kind(document), f"Send a JSON object. {_NO_JSON}")
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _shallow(document: object) -> bool:
    """Whether whoever walks through it by recursion comes back."""
    level = [document] if isinstance(document, dict | list) else []
    for _ in range(DEEPEST + 1):
        if not level:
            return True
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return False


def _storable(text: str) -> str:
    return _UNSTORABLE.sub(REPLACEMENT, text)


def text_map(value: object, at: str) -> dict[str, str]:
    """An object of strings. Raises BadBody naming the member that is none."""
    if not isinstance(value, dict):
        raise refuse(at, kind(value), "Send an object of strings.")
    for name, item in value.items():
        if not isinstance(item, str):
            # A name that is no plain one may be anything, so it is not repeated.
            shown = name if _PLAIN_NAME.fullmatch(name) else "?"
            raise refuse(f"{at}.{shown}", kind(item), "Send a string.")
    return value


def text_of(source: Mapping[str, object], name: str) -> str:
    """A decorative string, "" where it is missing or no string."""
    value = source.get(name)
    return value if isinstance(value, str) else ""


def cut(text: str) -> str:
    """At most 4,096 characters of a text; what a person types is far shorter."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def address(source: Mapping[str, object], name: str) -> str:
    """An http or https address fit for a page, "" for anything else."""
    value = text_of(source, name)
    fit = len(value) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(value)
    return value if fit else ""


def moment(value: object, at: str) -> datetime:
    """An RFC 3339 time as aware UTC, cut to microseconds. Raises BadBody.

    Takes 0 to 9 fraction digits and `Z` or a numeric offset, as Go writes them.
    """
    found = kind(value) if value is not None else "nothing"
    if isinstance(value, str):
        found = "a string that is no RFC 3339 time"
        matched = _RFC_3339.fullmatch(value)
        if matched:
            try:
                return _utc(matched)
            except (ValueError, OverflowError):
                found = "a time that does not exist"
    raise refuse(at, found, "Send a time such as 2026-11-05T16:42:10.25Z.")


def _utc(matched: re.Match[str]) -> datetime:
    day, clock, fraction, sign, hours, minutes = matched.groups()
    micros = int((fraction or "").ljust(6, "0")[:6])
    local = datetime.fromisoformat(f"{day}T{clock}").replace(microsecond=micros)
    if sign is None:
        return local.replace(tzinfo=UTC)
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    zone = timezone(-offset if sign == "-" else offset)
    return local.replace(tzinfo=zone).astimezone(UTC)
