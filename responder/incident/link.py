"""The report link: a credential that must not be seen.

The path of a report link holds the vendor's API key. `ReportLink` keeps it out of
`str`, `repr`, pickles, comparisons and exceptions; only the factory client asks for
it, by `reveal`.
"""

import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum


class ReportLink:
    """One way to report a fault: named by four digits of its digest.

    Discovered links are built from `token` and `code`; a fixed one from the
    configured address. `digest` is the SHA-256 of the whole path (or address), in
    hex; `name` is safe to show.
    """

    __slots__ = ("_fixed", "_target", "_token", "digest", "name")

    def __init__(self, *, token: str = "", code: str = "", fixed: str = "") -> None:
        self._fixed = bool(fixed)
        self._token = token
        self._target = fixed or f"/api/support/{token}/report/{code}"
        self.digest = hashlib.sha256(_bytes_of(self._target)).hexdigest()
        self.name = f"link {self.digest[:4]}"

    @property
    def fixed(self) -> bool:
        """Whether this is the configured `factory.report_url`: never spent."""
        return self._fixed

    def reveal(self) -> str:
        """The path, or a fixed link's whole address. For the factory client only."""
        return self._target

    def has_token(self, api_key: str) -> bool:
        """Whether the link carries this vendor key, compared in constant time."""
        return hmac.compare_digest(_bytes_of(self._token), _bytes_of(api_key))

    def __repr__(self) -> str:
        return self.name

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReportLink) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a report link is a credential and is never serialised")


def _bytes_of(text: str) -> bytes:
    # An error of encoding would carry the whole text.
    return text.encode("utf-8", "surrogatepass")


class LinkPlace(StrEnum):
    """Where in a line a link was found (rule 8)."""

    RESPONSE = "response"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FoundLink:
    """A usable link in a line: the factory's host, the right token, not planted."""

    link: ReportLink
    place: LinkPlace
