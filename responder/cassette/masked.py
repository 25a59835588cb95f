"""Keep credentials out of a cassette, before anything is kept.

A report link in a text is masked, and its token and code wherever they stand again.
"""

import re
from collections.abc import Callable, Mapping
from string import ascii_lowercase

from responder.masking import Masker

PLACE = re.compile(r"\{link:([a-z][a-z0-9-]{0,30})(?:@([A-Za-z0-9.-]+))?\}")
"""Where a link stands in a line's text: its name, and a host that is not ours."""
_LINK = re.compile(
    r"(?:https?://(?P<host>[^/\s\"'\\<>]*))?/api/support/(?P<token>[^/\s\"'\\]+)"
    r"/report/(?P<code>[^\s\"'\\<>&?/]+)",
    re.IGNORECASE,
)
_OLD_LINK = re.compile(
    r"https?://[^\s\"'\\<>?]*\?[^\s\"'\\<>]*(?:apiKey|fixCode)=[^\s\"'\\<>]*",
    re.IGNORECASE,
)
_PATH = re.compile(r"/api/support/[^/\s\"'\\*]|(?:apiKey|fixCode)=[^&\s\"'\\*]", re.I)


class Hider:
    """Takes links out of texts.

    Every text must be seen (`see`) before the first is hidden: a token may stand
    alone in a line before the line whose link gives it away. `mask` hides what is
    configured to be secret.
    """

    def __init__(self, mask: Callable[[str], str] = lambda text: text) -> None:
        self._parts: set[str] = set()
        self._secrets = mask
        self._masker: Masker | None = None

    def see(self, text: str) -> None:
        """Learn the links of a text."""
        for found in _LINK.finditer(text):
            self._parts |= {found["token"], found["code"]}
        self._masker = None

    def see_all(self, value: object) -> None:
        """Learn the links of every text in a JSON value."""
        if isinstance(value, str):
            self.see(value)
        elif isinstance(value, Mapping):
            for key, inner in value.items():
                self.see(str(key))
                self.see_all(inner)
        elif isinstance(value, list | tuple):
            for inner in value:
                self.see_all(inner)

    def text(self, text: str) -> str:
        """The text with its links masked."""
        mask = self._mask()
        return mask(_plain(_LINK.sub("***", text)))

    def all(self, value: object) -> object:
        """The same JSON value with every text in it masked."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(k)): self.all(inner) for k, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.all(inner) for inner in value]
        return value

    def _mask(self) -> Callable[[str], str]:
        masker = self._masker = self._masker or Masker(self._parts)
        return lambda text: self._secrets(masker(text))


def name_of(number: int) -> str:
    """`a`, `b`, ... `z`, then `a1`: names for links in the order they are met."""
    more, letter = divmod(number, len(ascii_lowercase))
    return ascii_lowercase[letter] + (str(more) if more else "")


def tells(text: str) -> bool:
    """Whether a text holds a report path: no cassette may."""
    return bool(_PATH.search(text))


def _plain(text: str) -> str:
    return PLACE.sub("***", _OLD_LINK.sub("***", text))
