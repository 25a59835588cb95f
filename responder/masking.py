"""Masking: no report link and no configured secret leaves in clear.

A module of its own without imports of ours, because log handlers, storage of a
delivery's text and the factory client all need the same rule.
"""

import re
from collections.abc import Iterable

_REPORT_PATH = re.compile(
    r"/api/support/[^/\s\"'\\]+(?:/report(?:/[^\s\"'\\<>&]*)?)?"
    r"|(?:apiKey|fixCode)=[^&\s\"'\\<>]*",
    re.IGNORECASE,
)
MASK = "***"


class Masker:
    """Replaces report paths and the given secrets in any text by `***`."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # The longest first, so that a secret inside another leaves no tail.
        known = sorted({s for s in secrets if len(s) >= 4}, key=len, reverse=True)
        self._secrets = (
            re.compile("|".join(re.escape(s) for s in known)) if known else None
        )

    def __call__(self, text: str) -> str:
        masked = _REPORT_PATH.sub(MASK, text)
        return self._secrets.sub(MASK, masked) if self._secrets else masked
