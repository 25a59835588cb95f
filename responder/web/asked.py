"""JSON bodies of what operators ask, each field with its own clear refusal."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from responder.incident.actions import (
    Action,
    AddNote,
    Close,
    RecordReport,
    ReportNow,
    Veto,
)

ACTIONS = ("veto", "report", "close", "note", "reported-by-hand")
LONGEST_TEXT = 2000
LONGEST_PAUSE = timedelta(days=30)
AHEAD = timedelta(minutes=1)
"""How far a person's clock may be ahead of ours."""
OLDEST = timedelta(days=7)
REASONS: Mapping[str, str] = {
    "fixed_by_hand": "fixed by hand",
    "not_real": "not real",
    "other": "other",
}
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_FOR = re.compile(r"(?:[0-9]{1,6}[dhms])+")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class BadField(ValueError):
    """A field that cannot be understood: names it, and the remedy."""


def decode(raw: bytes) -> dict[str, Any]:
    """The body as a mapping; an empty one is an empty mapping. Raises `BadField`."""
    if not raw.strip():
        return {}
    try:
        found = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        raise BadField("body: not JSON; send an object such as {}") from None
    if not isinstance(found, dict):
        raise BadField("body: not an object; send {...}")
    return found


def only(body: Mapping[str, Any], *known: str) -> None:
    """Raises `BadField` for any other key."""
    for name in body:
        if name not in known:
            can = f"use {', '.join(known)}" if known else "send {}"
            raise BadField(f"{_shown(name)}: unknown; {can}")


def pause_until(body: Mapping[str, Any], now: datetime) -> tuple[bool, datetime | None]:
    """Whether to pause, and the end of the pause (None: until resumed)."""
    only(body, "paused", "for")
    paused = body.get("paused")
    if not isinstance(paused, bool):
        raise BadField("paused: give true or false")
    length = body.get("for")
    if length is None:
        return paused, None
    if not paused:
        raise BadField("for: only together with paused: true")
    return paused, now + span_of(length)


def span_of(value: object) -> timedelta:
    """A length such as `2h` or `1h30m`. Raises `BadField`."""
    remedy = "for: give a length such as 30m or 2h, at most 30d"
    if not isinstance(value, str) or not _FOR.fullmatch(value):
        raise BadField(remedy)
    parts = re.findall(r"([0-9]+)([dhms])", value)
    length = timedelta(seconds=sum(int(n) * _UNITS[unit] for n, unit in parts))
    if not timedelta() < length <= LONGEST_PAUSE:
        raise BadField(remedy)
    return length


def action(
    name: str,
    body: Mapping[str, Any],
    by: str,
    now: datetime,
    mask: Callable[[str], str],
) -> Action:
    """The action of this name. Raises `BadField`, and `KeyError` for another name."""
    match name:
        case "veto":
            only(body)
            return Veto(by=by)
        case "report":
            _no_link(body)
            return ReportNow(by=by)
        case "close":
            only(body, "reason", "text")
            return Close(by=by, why=mask(_why(body)))
        case "note":
            only(body, "text")
            words = _text(body, "text")
            if not words:
                raise BadField("text: give the words of the note")
            return AddNote(by=by, text=mask(words))
        case "reported-by-hand":
            only(body, "at")
            return RecordReport(by=by, reported_at=_moment(body.get("at"), now))
    raise KeyError(name)


def _no_link(body: Mapping[str, Any]) -> None:
    """Refuses any field. No refusal repeats its name: a link may be in it."""
    if "link" in body:
        raise BadField(
            "link: pasting links was removed: open the link yourself, then use I "
            "reported it myself (reported-by-hand)"
        )
    if body:
        raise BadField("body: an unknown field; send {}")


def _why(body: Mapping[str, Any]) -> str:
    reason = body.get("reason", "other")
    if not isinstance(reason, str) or reason not in REASONS:
        raise BadField(f"reason: use one of {', '.join(REASONS)}")
    words = _text(body, "text")
    said = "" if reason == "other" else REASONS[reason]
    return ": ".join(part for part in (said, words) if part)


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise BadField(f"{name}: give a text")
    if len(value) > LONGEST_TEXT:
        raise BadField(f"{name}: give at most {LONGEST_TEXT} characters")
    return _UNPRINTABLE.sub("�", value).strip()


def _moment(value: object, now: datetime) -> datetime:
    remedy = "at: give a time with its zone, such as 2026-11-05T18:48:00Z"
    if not isinstance(value, str) or len(value) > 40:
        raise BadField(remedy)
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            raise BadField(remedy)
        at = at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadField(remedy) from None
    if at > now + AHEAD:
        raise BadField("at: is in the future; give when it was reported")
    if at < now - OLDEST:
        raise BadField("at: is more than 7 days ago; give when it was reported")
    return at


def _shown(name: object) -> str:
    return _UNPRINTABLE.sub("�", str(name)[:40])
