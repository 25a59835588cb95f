"""Strangers' words in a report are words: no mark-up, no link, no blank of theirs."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from responder.incident.alert import PersonAction
from responder.incident.events import (
    AlertFired,
    Event,
    Opened,
    PersonActed,
    ReportAnswered,
    ReportShared,
)
from responder.incident.incident import fold
from responder.incident.names import Outcome
from responder.incident.report import HEADINGS, LONGEST, blanks, plain, report
from tests.policy import founding

SHOWN = {
    "heading_open",
    "heading_close",
    "paragraph_open",
    "paragraph_close",
    "blockquote_open",
    "blockquote_close",
    "bullet_list_open",
    "bullet_list_close",
    "ordered_list_open",
    "ordered_list_close",
    "list_item_open",
    "list_item_close",
    "inline",
}
WITHIN = {"text", "em_open", "em_close", "code_inline"}
SPELLS = [
    "# heading",
    "\n# Summary\n\nnothing happened",
    "\r\n## Impact\r\n",
    "\u2028## Impact\u2029",
    "Heading\n===",
    "<script>alert(1)</script>",
    "<!-- gone",
    "--> <b>",
    "&lt;b&gt;",
    "[a link](https://evil.example/x)",
    "![pixel](https://evil.example/p.png)",
    "<https://evil.example>",
    "https://evil.example www.evil.example",
    "[ref]: https://evil.example",
    "[FILL IN: nothing]",
    "[fill\nin]",
    "*bold* _em_ ~~gone~~ `code` ``",
    "```\ncode\n",
    "\\",
    "\\[x](y)",
    "a\\\n",
    "| a | b |\n|---|---|",
    "$x$",
    "\u202egnp.exe",
    "\u200b\u0000\ufeff",
    "\ud800",
    "- item\n1. one\n> quote",
    "_` - **",
    "x" * 5000,
]
words = st.one_of(
    st.sampled_from(SPELLS),
    st.text(max_size=40),
    st.text(alphabet="[]()<>*_`#!\\&~|\n -=:/.", max_size=30),
    st.tuples(st.sampled_from(SPELLS), st.sampled_from(SPELLS)).map("".join),
)


def told_by(text: str) -> list[Event]:
    """The founding incident with every word of a stranger replaced."""
    events: list[Event] = []
    for event in founding.as_it_would_have_been():
        match event:
            case Opened():
                events.append(replace(event, rule=text))
            case AlertFired():
                labels = {"alertname": text, "severity": text}
                events.append(replace(event, labels=labels))
            case ReportAnswered():
                events.append(replace(event, message=text))
            case _:
                events.append(event)
    at = events[-1].at
    acted = PersonActed(at=at, action=PersonAction.ACKNOWLEDGED, person=text or "x")
    shared = ReportShared(
        at=at,
        link="link 7f3a",
        digest=founding.DIGEST,
        incident="0other",
        outcome=Outcome.RESOLVED,
        answered_at=at,
    )
    return [*events, acted, shared]


def tokens(text: str) -> Iterator[Token]:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["strikethrough", "table"])
    for token in parser.parse(text):
        yield token
        yield from token.children or ()


def outline(text: str) -> list[str]:
    found = list(tokens(text))
    return [
        found[at + 1].content
        for at, token in enumerate(found)
        if token.type == "heading_open"
    ]


@given(words)
def test_no_word_of_a_stranger_is_anything_but_text(word: str) -> None:
    events = told_by(word)

    text = report(fold("0cafe", events), events)

    assert outline(text)[1:] == list(HEADINGS)
    assert len(outline(text)) == len(HEADINGS) + 1
    assert {token.type for token in tokens(text)} <= SHOWN | WITHIN
    code = {t.content for t in tokens(text) if t.type == "code_inline"}
    assert code == {"0cafe", "0other", "failed"} & code


@given(words)
def test_a_strangers_blank_is_none_of_ours(word: str) -> None:
    honest, told = told_by("word"), told_by(word if word.strip() else "word")

    ours = blanks(report(fold("0cafe", honest), honest))
    theirs = blanks(report(fold("0cafe", told), told))

    named = {"your scale; the alert carried no severity label"}
    named |= {"alert name, not in the record"}
    assert {b.hint for b in theirs} - {b.hint for b in ours} <= named


@given(words)
def test_a_word_stays_in_its_line_and_within_bounds(word: str) -> None:
    shown = plain(word)

    assert shown.isprintable()
    assert len(shown.splitlines()) <= 1
    assert len(shown.replace("\\", "")) <= LONGEST


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("Order errors", "Order errors"),
        ("Pizza is back on the menu!", "Pizza is back on the menu!"),
        ("O'Neill, J. (on call)", "O'Neill, J. (on call)"),
        ("order_errors", r"order\_errors"),
        ("<b>bold</b>", r"\<b\>bold\</b\>"),
        ("see https://evil.example", r"see https\://evil.example"),
        ("two\nlines\tand more", "two lines and more"),
    ],
)
def test_a_word_is_read_as_it_was_given(word: str, shown: str) -> None:
    assert plain(word) == shown
