"""Reading our own pages: headings, tables and blocks of Markdown."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PIPE = r"(?<!\\)\|(?=(?:[^`]*`[^`]*`)*[^`]*$)"
"""What parts cells: a bar that is neither escaped nor in code."""


def page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def section(text: str, heading: str) -> str:
    """What stands under a heading that begins so, up to the next of its level.

    Without fenced blocks, in which a line may begin with `#` too.
    """
    text = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)
    found = re.search(
        rf"^(#+) {re.escape(heading)}.*?$(.*?)(?=^\1 |\Z)",
        text,
        re.DOTALL | re.MULTILINE,
    )
    assert found, f"no heading {heading!r}"
    return found[2]


def table(text: str, heading: str, *, keep_ticks: bool = False) -> list[list[str]]:
    """The rows of the tables under a heading, without their heads and backticks.

    Two tables in one section become one.
    """
    ticks = "" if keep_ticks else "`"
    rows = [
        [cell.strip().strip(ticks or None) for cell in re.split(PIPE, line)[1:-1]]
        for line in section(text, heading).splitlines()
        if line.startswith("|")
    ]
    heads = {number for number, row in enumerate(rows) if set(row[0]) <= set("-: ")}
    heads |= {number - 1 for number in heads}
    return [row for number, row in enumerate(rows) if number not in heads]


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks in a language, without their indentation."""
    found = re.findall(
        rf"^( *)```{language}\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE
    )
    return [
        re.sub(rf"^{indent}", "", body, flags=re.MULTILINE) for indent, body in found
    ]


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in heads}
