"""Durations and sizes as people write them: `30s`, `1h30m`, `500ms`, `16MiB`."""

import re
from datetime import timedelta

from responder.config.problem import Refused

_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_PART = re.compile(r"([0-9]{1,9})(ms|[dhms])")
_SIZE = re.compile(r"([0-9]{1,12})\s*(B|KiB|MiB|GiB)?")
_SIZES = {None: 1, "B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_LONGEST = timedelta(days=365)
_WRITE = "write it as 30s, 5m, 1h30m, 500ms or 2d"


def duration(text: object) -> timedelta:
    """A duration from its text, zero to a year. Raises `Refused`."""
    if isinstance(text, timedelta):
        return text
    if not isinstance(text, str):
        raise Refused("is not a duration", _WRITE)
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        raise Refused("is a number without a unit", _WRITE)
    parts = _PART.findall(text)
    units = [unit for _, unit in parts]
    whole = "".join(number + unit for number, unit in parts)
    if (
        not parts
        or whole != text
        or units != sorted(set(units), key=list(_UNITS).index)
    ):
        raise Refused("is not a duration", _WRITE)
    try:
        total = sum((int(n) * _UNITS[unit] for n, unit in parts), timedelta())
    except OverflowError:
        total = _LONGEST * 2
    if total > _LONGEST:
        raise Refused("is longer than a year", _WRITE)
    return total


def days(length: timedelta) -> timedelta:
    """The same, if it is a day at least. Raises `Refused`.

    Senders repeat an alert for hours: what is forgotten sooner would seem new.
    """
    if length < timedelta(days=1):
        raise Refused("is shorter than a day", "write 1d or more")
    return length


def size(text: object) -> int:
    """A number of bytes from `1048576` or `16MiB`, at least one. Raises `Refused`."""
    if isinstance(text, int):
        return text
    found = _SIZE.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise Refused("is not a size", "write bytes as 1048576 or 16MiB")
    total = int(found[1]) * _SIZES[found[2]]
    if not 0 < total <= 1024**3:
        raise Refused("is not between one byte and 1GiB", "write it as 16MiB")
    return total


def said(length: timedelta) -> str:
    """A duration as it would be written: `1h30m`, `35s`, `500ms`."""
    text = ""
    for unit, one in _UNITS.items():
        number, length = divmod(length, one)
        text += f"{number}{unit}" if number else ""
    return text or "0s"
