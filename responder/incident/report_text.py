"""The incident report's letters: blanks, and strangers' words made harmless."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST = 200
"""Characters of a stranger's text that a report repeats."""

BLANK = re.compile(r"(?<!\\)\[\s*FILL\s+IN\b\s*:?\s*([^\[\]]{0,300})", re.IGNORECASE)
"""Where a blank begins; its hint is the group."""
_SPECIAL = re.compile(r"([\\`*_\[\]<>&~$|])")
_ADDRESS = re.compile(r"(?i)\b(https?|ftp|mailto|www)([:.])")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Blank:
    """A place that evidence could not fill. `line` counts from 1."""

    line: int
    hint: str


def blank(hint: str) -> str:
    """A visible blank. The hint is ours: no `]` and nobody else's words."""
    return f"[FILL IN: {hint}]"


def blanks(text: str) -> list[Blank]:
    """Every blank that is left, also one that an editor wrapped or lower-cased."""
    return [
        Blank(
            line=text.count("\n", 0, found.start()) + 1,
            hint=" ".join(found[1].split()),
        )
        for found in BLANK.finditer(text)
    ]


def plain(text: str, longest: int = LONGEST) -> str:
    """A stranger's text as Markdown that shows it and does nothing else.

    One line of at most `longest` characters: no mark-up, HTML, link, heading or
    blank can come of it, and nothing that is invisible or turns the line around.
    """
    line = " ".join("".join(_visible(text)).split())
    if len(line) > longest:
        line = line[: longest - 1].rstrip() + "…"
    return _ADDRESS.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", line))


def _visible(text: str) -> Iterator[str]:
    for letter in text:
        hidden = unicodedata.category(letter) in _HIDDEN
        yield " " if hidden or letter.isspace() else letter
