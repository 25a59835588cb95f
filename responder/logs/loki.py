"""What an answer of Loki means: entries, a count, or why neither. Pure.

https://grafana.com/docs/loki/latest/reference/loki-http-api/
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from responder.incident.names import UnreadableReason
from responder.masking import MASK, Masker

Mask = Callable[[str], str]
Entry = tuple[int, str]
"""Nanoseconds since 1970, and the line's text."""

LONGEST_DETAIL = 300
# 2262 is the last year whose nanoseconds fit in 64 bits, as Loki's do.
_NANOSECONDS = re.compile(r"[0-9]{1,19}")
# Prometheus writes large values with an exponent.
_MOST_COUNTED = 2**31 - 1
_COUNT = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})?(?:e\+?[0-9]{1,2})?")
_LINKS_ONLY = Masker()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why nothing could be counted, and what to do; masked, at most 300 characters."""

    reason: UnreadableReason
    detail: str


def decipher(
    status: int, headers: Mapping[str, str], body: bytes, mask: Mask = _LINKS_ONLY
) -> tuple[Entry, ...] | Refusal:
    """The entries of a range query's answer, newest first across its streams."""
    result = _result(status, headers, body, mask, expected="streams")
    if isinstance(result, Refusal):
        return result
    try:
        entries = [entry for stream in result for entry in _entries(stream)]
    except (TypeError, ValueError, LookupError):
        return _not_loki("the streams of the answer have an unknown shape")
    return tuple(sorted(entries, key=lambda entry: entry[0], reverse=True))


def decipher_count(
    status: int, headers: Mapping[str, str], body: bytes, mask: Mask = _LINKS_ONLY
) -> int | Refusal:
    """The number of an instant query's answer; no sample at all is zero."""
    result = _result(status, headers, body, mask, expected="vector")
    if isinstance(result, Refusal):
        return result
    try:
        return sum(_sample(sample) for sample in result)
    except (TypeError, ValueError, LookupError):
        return _not_loki("the count in the answer has an unknown shape")


def _sample(sample: Any) -> int:
    _, written = _list(sample["value"])
    if not (isinstance(written, str) and _COUNT.fullmatch(written)):
        raise ValueError("a count is a text of digits")
    count = int(float(written))
    if count > _MOST_COUNTED:
        raise ValueError("no shop logs so much in a window")
    return count


def _entries(stream: Any) -> list[Entry]:
    entries = []
    for value in _list(stream["values"]):
        at, text = _list(value)[:2]
        told = isinstance(at, str) and _NANOSECONDS.fullmatch(at)
        if not (told and isinstance(text, str)):
            raise ValueError("an entry is a text of nanoseconds and a line")
        entries.append((int(at), text))
    return entries


def _list(value: Any) -> list[Any]:
    # A text or an object can be taken apart too, and would pass for a list.
    if not isinstance(value, list):
        raise TypeError("a list is needed")
    return value


def _result(
    status: int, headers: Mapping[str, str], body: bytes, mask: Mask, *, expected: str
) -> list[Any] | Refusal:
    if status != 200:
        return _refusal(status, headers, body, mask)
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return _not_loki("the answer is no JSON")
    if not isinstance(document, dict) or document.get("status") != "success":
        return _not_loki("the answer does not say success")
    if document.get("warnings"):
        said = _masked(_warnings(document["warnings"]), mask)
        return _because(
            UnreadableReason.PARTIAL,
            f"Loki warns that the answer may be incomplete; it said: {said}",
        )
    data = document.get("data")
    kind = data.get("resultType") if isinstance(data, dict) else None
    if kind in ("matrix", "vector", "scalar") and expected == "streams":
        return _because(
            UnreadableReason.BAD_QUERY,
            "the query yields numbers, not lines; give the log query alone, "
            'like {component="name"} |= "text"',
        )
    result = data.get("result") if isinstance(data, dict) else None
    if kind != expected or not isinstance(result, list):
        return _not_loki(f"the answer holds no {expected}")
    return result


def _warnings(said: Any) -> str:
    texts = said if isinstance(said, list) else [said]
    return "; ".join(text for text in texts if isinstance(text, str)) or "nothing else"


_TOO_MUCH = re.compile(
    r"max entries limit|time range exceeds|maximum number of series|too many|"
    r"message larger|query too large|would read too many bytes",
    re.IGNORECASE,
)

_REMEDIES: Mapping[int, tuple[UnreadableReason, str]] = {
    401: (
        UnreadableReason.UNAUTHORIZED,
        "Loki takes the credentials of logs for wrong (401); it needs a token with "
        "the scope logs:read (a push token cannot query)",
    ),
    403: (
        UnreadableReason.UNAUTHORIZED,
        "the token of logs may not query (403): it lacks the scope logs:read "
        "(a push token cannot query)",
    ),
    404: (
        UnreadableReason.NOT_LOKI,
        "nothing answers queries at logs.url (404); give Loki's base URL, the push "
        "URL without /loki/api/v1/push",
    ),
    408: (UnreadableReason.TIMEOUT, "Loki gave up waiting (408)"),
    413: (
        UnreadableReason.TOO_MUCH,
        "the answer would be too large for Loki (413); narrow the query",
    ),
    429: (
        UnreadableReason.OVERLOADED,
        "Loki is overloaded or the query limit is used up (429); it is asked again",
    ),
    504: (
        UnreadableReason.TIMEOUT,
        "the query ran too long for Loki (504); narrow the query or its window",
    ),
}


def _refusal(
    status: int, headers: Mapping[str, str], body: bytes, mask: Mask
) -> Refusal:
    said = _said(headers, body)
    shown = f"; it said: {_masked(said, mask)}" if said else ""
    if status in (400, 401, 403) and "no org id" in said:
        return _because(
            UnreadableReason.UNAUTHORIZED,
            f"Loki keeps several tenants ({status}): set logs.tenant{shown}",
        )
    if status in _REMEDIES:
        reason, remedy = _REMEDIES[status]
        return _because(reason, remedy + shown)
    if 300 <= status < 400:
        return _not_loki(f"the answer is a redirect ({status}), which is not followed")
    if status >= 500:
        return _because(
            UnreadableReason.SERVER_ERROR,
            f"Loki is in trouble ({status}); it is asked again{shown}",
        )
    if status in (400, 422):
        return _bad_request(status, said, shown)
    return _not_loki(f"the answer has status {status}{shown}")


def _bad_request(status: int, said: str, shown: str) -> Refusal:
    if _TOO_MUCH.search(said):
        return _because(
            UnreadableReason.TOO_MUCH,
            f"the query asks for too much ({status}); narrow it or its window{shown}",
        )
    return _because(
        UnreadableReason.BAD_QUERY,
        f"Loki does not accept the query ({status}){shown}",
    )


def _said(headers: Mapping[str, str], body: bytes) -> str:
    """The words of an error body: Loki's plain text, or a gateway's JSON. No HTML."""
    text = body[:4096].decode("utf-8", "replace").strip()
    kind = next((v for k, v in headers.items() if k.lower() == "content-type"), "")
    if "html" in kind.lower() or text.startswith("<"):
        return "(a web page)"
    if text.startswith("{"):
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return text
        words = [document.get(key) for key in ("message", "error", "msg")]
        return next((word for word in words if isinstance(word, str)), text)
    return text


def _masked(text: str, mask: Mask) -> str:
    """Masked before it is cut; without a trace of the query's own report path."""
    masked = re.sub(r"/(?:api/support|report)/", MASK, mask(text))
    # What no store takes and what moves a terminal's cursor goes with the spaces.
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+", " ", masked)


def _not_loki(problem: str) -> Refusal:
    return _because(
        UnreadableReason.NOT_LOKI,
        f"{problem}; is logs.url Loki's base URL?",
    )


def _because(reason: UnreadableReason, detail: str) -> Refusal:
    return Refusal(reason=reason, detail=detail[:LONGEST_DETAIL])
