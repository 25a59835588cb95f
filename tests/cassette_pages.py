"""The pages of the shipped cassettes: the timeline in each is what a replay prints.

`python -m tests.cassette_pages` writes them anew.
"""

import re
from pathlib import Path

from responder.cli.replay_output import judge, judged_text
from responder.replay.cassette import load
from responder.replay.play import play
from tests.cassettes import SHIPPED, settings_of

PAGES = Path(__file__).parent.parent / "docs" / "cassettes"
_BLOCK = re.compile(r"```text\n.*?```", re.DOTALL)


def printed(file: Path) -> str:
    """What `responder replay` prints of a cassette on the built-in configuration."""
    cassette = load(file.read_text("utf-8"))
    return judged_text(
        judge(file.name, play(cassette, settings_of()), cassette.expect, 0)
    )


def page_of(file: Path) -> Path:
    return PAGES / f"{file.stem}.md"


def block_of(page: str) -> str:
    """The timeline of a page."""
    found = _BLOCK.search(page)
    assert found, "no ```text block"
    return found[0].removeprefix("```text\n").removesuffix("\n```")


def main() -> None:
    for file in SHIPPED:
        page = page_of(file)
        block = f"```text\n{printed(file)}\n```"
        old = page.read_text("utf-8")
        page.write_text(old.replace(_BLOCK.findall(old)[0], block), "utf-8")


if __name__ == "__main__":
    main()
