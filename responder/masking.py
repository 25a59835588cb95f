"""Masking: no report link and no configured secret leaves in clear.

A module of its own without imports of ours, because log handlers, storage of a
delivery's text and the factory client all need the same rule.
"""

import re
from collections.abc import Callable, Iterable

_REPORT_PATH = re.compile(
    r"/api/support/[^/\s\"'\\]+(?:/report(?:/[^\s\"'\\<>&]*)?)?"
    r"|(?:apiKey|fixCode)=[^&\s\"'\\<>]*",
    re.IGNORECASE,
)
_SIGNS = ("/api/support/", "apikey=", "fixcode=")
"""What every match of `_REPORT_PATH` begins with, in lower case."""
MASK = "***"
SHORTEST = 4
"""Characters of the shortest secret that is masked: fewer stand in any word."""


class Masker:
    """Replaces report paths and the given secrets in any text by `***`."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # The longest first, so that a secret inside another leaves no tail.
        self._known = sorted(
            {s for s in secrets if len(s) >= SHORTEST}, key=len, reverse=True
        )
        self._secrets = re.compile("|".join(re.escape(s) for s in self._known))

    def __call__(self, text: str) -> str:
        masked = _REPORT_PATH.sub(MASK, text) if _may_hold_a_link(text) else text
        if any(secret in masked for secret in self._known):
            return self._secrets.sub(MASK, masked)
        return masked


def _may_hold_a_link(text: str) -> bool:
    """Whether it is worth a search: most texts hold none, and all are masked.

    Beyond ASCII more than two letters may be one letter's cases: always searched.
    """
    if not text.isascii():
        return True
    plain = text.lower()
    return any(sign in plain for sign in _SIGNS)


def rewritten(value: object, change: Callable[[str], str]) -> object:
    """The value with every key and string changed by `change`.

    Arrays are changed in place: a large body must not be in memory twice.
    """
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        for index, item in enumerate(value):
            value[index] = rewritten(item, change)
    elif isinstance(value, dict):
        return {change(name): rewritten(item, change) for name, item in value.items()}
    return value
