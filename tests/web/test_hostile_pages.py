"""No text of anybody's adds a tag, an attribute or a script to a page."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from responder.incident.alert import PersonAction
from responder.incident.events import (
    AlertFired,
    Event,
    Opened,
    PersonActed,
    ReportAnswered,
)
from responder.incident.incident import fold
from responder.incident.names import Sender, Verdict
from responder.incident.view import ReceivedDelivery
from tests.fakes import NOON
from tests.listed import summary_of
from tests.web_parts import Web, at, founding

TRICKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title><script src=//evil.example></script>",
    "{{ config }}{% for x in y %}",
    "javascript:alert(1)",
    "<!-- ",
    "]]>",
    "&lt;script&gt;",
    "\u2028</p>\u202e",
]
TEXTS = st.text(min_size=1, max_size=40) | st.sampled_from(TRICKS)


class Skeleton(HTMLParser):
    """What a page is made of, without its texts and their values."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.inline: list[str] = []
        self._within = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self._within = tag
        for name, value in attrs:
            scripted = (value or "").strip().lower().startswith("javascript:")
            if name.startswith("on") or name == "style" or scripted:
                self.inline.append(name)

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within in ("script", "style") and data.strip():
            self.inline.append(data)


def story(text: str) -> list[Event]:
    """An incident whose every free text is this one."""
    fired = AlertFired(
        at=NOON,
        fingerprint=text,
        starts_at=at(-90),
        sender=Sender.GRAFANA,
        labels={"alertname": text, text: text},
        links={"generator": f"https://g.example/{text}"},
    )
    acted = PersonActed(at=at(0.1), action=PersonAction.ACKNOWLEDGED, person=text)
    rest = [
        replace(event, message=text) if isinstance(event, ReportAnswered) else event
        for event in founding()[2:]
    ]
    opened = Opened(at=NOON, rule="pizza-factory", group=text, sender=Sender.GRAFANA)
    return [opened, fired, acted, *rest]


WEB = Web()
CLIENT = WEB.client()  # one for all: templates are compiled once


def shown(path: str, text: str) -> Skeleton:
    heard = ReceivedDelivery(
        id="d",
        received_at=at(-40),
        sender="grafana",
        credential=text,
        alerts=1,
        kinds=(Verdict.IGNORED,),
        why=(text,),
    )
    WEB.archive.incidents = [summary_of(fold("inc-1", story(text)), text)]
    WEB.archive.timelines = {"inc-1": story(text)}
    WEB.archive.heard = [heard]
    answer = CLIENT.get(path)
    assert answer.status_code == 200
    return Skeleton(answer.text)


@pytest.mark.parametrize("path", ["/", "/incidents/inc-1"])
@given(text=TEXTS)
@example(text=TRICKS[0])
@example(text=TRICKS[1])
def test_hostile_texts_change_no_tag_of_a_page(path: str, text: str) -> None:
    found = shown(path, text)

    assert found.tags == shown(path, "x").tags
    assert not found.inline
