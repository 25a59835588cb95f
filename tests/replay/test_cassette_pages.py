"""Each shipped cassette has a page, and the page tells what a replay prints."""

import re
from pathlib import Path

import pytest

from tests.cassette_pages import block_of, page_of, printed
from tests.cassettes import SHIPPED
from tests.docs import anchors, page

each = pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)


@each
def test_the_page_shows_what_a_replay_prints(file: Path) -> None:
    shown = block_of(page_of(file).read_text("utf-8"))

    assert shown == printed(file), "write them anew: python -m tests.cassette_pages"


@each
def test_the_page_says_what_happened_what_is_done_and_why(file: Path) -> None:
    text = page_of(file).read_text("utf-8")

    heads = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert heads == ["What happened", "What Responder does", "Why"]
    assert f"](cassettes/{file.stem}.md)" in page("docs/cassettes.md")


@each
def test_a_link_on_the_page_leads_somewhere(file: Path) -> None:
    text = page_of(file).read_text("utf-8")

    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = link.partition("#")
        target = page_of(file).parent / path
        assert target.is_file(), link
        assert not anchor or anchor in anchors(target.read_text("utf-8")), link
