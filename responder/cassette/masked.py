"""Keep credentials out of a cassette: links become names, before anything is kept.

A report link in a text becomes `{link:a}`, its host kept where it is a stranger's
(`{link:a@host}`). Whatever else stood in a link, token or code, is masked wherever
it stands again.
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
    """Takes links out of texts; the same link gets the same name everywhere.

    Every text must be seen (`see`) before the first is hidden: a token may stand
    alone in a line before the line whose link gives it away. `mask` hides what is
    configured to be secret.
    """

    def __init__(
        self,
        factory_host: str = "",
        mask: Callable[[str], str] = lambda text: text,
    ) -> None:
        self._host = factory_host.lower()
        self._names: dict[tuple[str, str], str] = {}
        self._parts: set[str] = set()
        self._secrets = mask
        self._masker: Masker | None = None

    def see(self, text: str) -> None:
        """Learn the links of a text."""
        for found in _LINK.finditer(text):
            self._parts |= {found["token"], found["code"]}
            key = (found["token"], found["code"])
            self._names.setdefault(key, name_of(len(self._names)))
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

    def line(self, text: str) -> str:
        """A log line's text, its links named."""
        return self._hidden(text, self._place)

    def text(self, text: str) -> str:
        """Any other text: its links are masked."""
        return self._hidden(text, lambda _: "***")

    def all(self, value: object) -> object:
        """The same JSON value with every text in it masked."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(k)): self.all(inner) for k, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.all(inner) for inner in value]
        return value

    def _hidden(self, text: str, put: Callable[[re.Match[str]], str]) -> str:
        parts: list[str] = []
        ends = 0
        mask = self._mask()
        # What was not ours to name must not look like a name of ours.
        for found in _LINK.finditer(text):
            parts += [mask(_plain(text[ends : found.start()])), put(found)]
            ends = found.end()
        return "".join([*parts, mask(_plain(text[ends:]))])

    def _place(self, found: re.Match[str]) -> str:
        name = self._names.get((found["token"], found["code"]))
        if name is None:
            return "***"
        host = (found["host"] or "").partition(":")[0].lower()
        ours = not self._host or host == self._host
        known = re.fullmatch(r"[a-z0-9.-]+", host)
        if found["host"] is None or (not ours and not known):
            return "***"
        return f"{{link:{name}}}" if ours else f"{{link:{name}@{host}}}"

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
