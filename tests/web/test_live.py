"""What an open page asks again, and what it gets."""

import gzip
import re

import pytest

from responder.incident.alert import PersonAction
from responder.incident.events import PersonActed
from responder.web.pages import BUSY, QUIET
from tests.browser.scenes import (
    SCENES,
    SOME,
    recovered_events,
    veto_events,
    web_of,
    working_events,
)
from tests.web_parts import Web, at

AGAIN = {"HX-Request": "true"}


def tag_of(web: Web, path: str) -> str:
    return web.client().get(path, headers=AGAIN).headers["ETag"]


@pytest.mark.parametrize("path", ["/", "/incidents/inc-12"])
def test_nothing_is_sent_again_while_nothing_changed(path: str) -> None:
    web = web_of(working_events(), heard=SOME)

    again = {**AGAIN, "If-None-Match": tag_of(web, path)}
    answer = web.client().get(path, headers=again)

    assert answer.status_code == 304
    assert answer.data == b""
    assert float(answer.headers["X-Responder-Now"]) == web.clock.at.timestamp()


@pytest.mark.parametrize("path", ["/", "/incidents/inc-12"])
def test_every_new_event_is_sent(path: str) -> None:
    web = web_of(working_events(), heard=SOME)
    tag = tag_of(web, path)
    person = PersonActed(at=at(12), action=PersonAction.ACKNOWLEDGED, person="David")
    later = web_of([*working_events(), person], heard=SOME)

    answer = later.client().get(path, headers={**AGAIN, "If-None-Match": tag})

    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/", "/incidents/inc-12"])
def test_what_holds_every_report_is_sent_without_a_word_on_the_timeline(
    path: str,
) -> None:
    web = web_of(veto_events(), later=60, heard=SOME)
    tag = tag_of(web, path)
    web.controls.breaker_open = True

    answer = web.client().get(path, headers={**AGAIN, "If-None-Match": tag})

    assert answer.status_code == 200
    assert "All reports allowed within an hour are used." in answer.text


def test_what_is_sent_again_is_the_inside_alone() -> None:
    inside = web_of(working_events()).client().get("/", headers=AGAIN).text
    whole = web_of(working_events()).client().get("/").text

    assert inside.lstrip().startswith('<div id="live"')
    assert "<html" not in inside
    assert inside.strip() in whole


@pytest.mark.parametrize(
    ("scene", "every"), [("working", BUSY), ("quiet", QUIET), ("recovered", QUIET)]
)
def test_a_page_is_asked_often_only_while_something_is_open(
    scene: str, every: int
) -> None:
    page = SCENES[scene]().client().get("/").text

    assert f'data-every="{every}"' in page


def test_a_page_that_is_the_same_on_a_dead_worker_says_that_it_is_dead() -> None:
    web = web_of(working_events())
    tag = tag_of(web, "/incidents/inc-12")
    web.alive = False

    answer = web.client().get(
        "/incidents/inc-12", headers={**AGAIN, "If-None-Match": tag}
    )

    assert "Pages work, the worker does not" in answer.text


def test_styles_and_scripts_are_pressed_and_kept_for_as_long_as_they_last() -> None:
    client = web_of(recovered_events()).client()
    links = re.findall(r'(?:href|src)="(/static/[^"]+)"', client.get("/").text)

    assert len(links) >= 5
    for link in links:
        with client.get(link, headers={"Accept-Encoding": "gzip"}) as answer:
            assert answer.status_code == 200
            assert "immutable" in answer.headers["Cache-Control"]
            assert gzip.decompress(answer.data)
        with client.get(link) as plain:
            assert "Content-Encoding" not in plain.headers


def test_a_static_file_is_served_from_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Web().client()

    def refused(*_args: object, **_named: object) -> None:
        raise AssertionError("a file was opened")

    monkeypatch.setattr("builtins.open", refused)
    monkeypatch.setattr("io.open", refused)

    with client.get("/static/style.css") as whole:
        assert whole.mimetype == "text/css"
        assert whole.cache_control.no_cache
        tag, modified = whole.headers["ETag"], whole.headers["Last-Modified"]
        content = whole.data
    for again in ({"If-None-Match": tag}, {"If-Modified-Since": modified}):
        assert client.get("/static/style.css", headers=again).status_code == 304
    part = client.get("/static/style.css", headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.data) == (206, content[:10])
    head = client.head("/static/style.css")
    assert (head.content_length, head.data) == (len(content), b"")
    assert client.get("/static/../application.py").status_code == 404


def test_a_compressed_file_is_known_again() -> None:
    client = Web().client()
    pressed = {"Accept-Encoding": "gzip"}
    tag = client.get("/static/style.css", headers=pressed).headers["ETag"]

    again = client.get("/static/style.css", headers={**pressed, "If-None-Match": tag})

    assert again.status_code == 304
