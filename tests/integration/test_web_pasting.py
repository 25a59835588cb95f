"""Pasting a link, by API and by form: what is taken, what is refused, what is shown."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import requests

from responder.app.reception import link_finder
from responder.config.settings import FactorySettings, Secret, Settings
from responder.incident.actions import ReportNow
from responder.incident.controls import TooLate
from responder.incident.events import ReportAnswered
from responder.incident.link import ReportLink, UnusableLink
from responder.incident.names import Outcome
from responder.incident.pause import Pause
from responder.server import HttpServer
from responder.web.application import create_app
from tests.browser.scenes import (
    beginning,
    blind_events,
    reported,
    shadow_events,
    veto_events,
    web_of,
    working_events,
)
from tests.fakes import NOON
from tests.web_parts import FACTORY, Web, at

TOKEN = "c4n4ry" * 5
URL = f"https://{FACTORY}/api/support/{TOKEN}/report/c0dec4n4ry"
LINK = ReportLink(token=TOKEN, code="c0dec4n4ry")
ELSEWHERE = URL.replace(FACTORY, "evil.example")
LOCAL = "someone on this machine"
OTHER_HOST = (
    f"*** names another host than the factory's ({FACTORY}); "
    "paste the link of the newest failing order"
)
SPENT = TooLate("link 7f3a is spent since 2026-11-05 11:58:00 UTC", "Responder", at(2))


def blind() -> Web:
    """A web with one incident, whose logs gave no link: `inc-12`."""
    return web_of(blind_events(), later=155)


@contextmanager
def served(web: Web) -> Iterator[str]:
    server = HttpServer(create_app(web.parts()), "127.0.0.1", 0)
    server.start()
    try:
        yield f"{server.url}/incidents/inc-12"
    finally:
        server.stop()


def ask(web: Web, body: Any, raw: bytes | None = None) -> requests.Response:
    """`POST /api/incidents/inc-12/report` on a socket."""
    with served(web) as page:
        return requests.post(
            page.replace("/incidents", "/api/incidents") + "/report",
            json=body if raw is None else None,
            data=raw,
            headers={"Content-Type": "application/json"},
            timeout=10,
        )


def submit(
    web: Web, link: str, incident: str = "inc-12", script: bool = False
) -> requests.Response:
    """The form as a browser sends it, without following where it leads."""
    headers = {"HX-Request": "true"} if script else {}
    with served(web) as page:
        return requests.post(
            page.replace("inc-12", incident) + "/do/report",
            data={"link": link, "back": "/"},
            headers=headers,
            allow_redirects=False,
            timeout=10,
        )


def shown(answer: requests.Response) -> str:
    return f"{answer.headers}{answer.text}"


def silent(answer: requests.Response) -> bool:
    """Whether nothing that was pasted comes back."""
    return not [s for s in (TOKEN, "c0dec4n4ry", "evil.") if s in shown(answer)]


# The API


@pytest.mark.parametrize("text", [URL, f" {URL}\n", json.dumps({"reportUrl": URL})])
def test_a_pasted_link_is_asked_for_and_kept_at_hand(text: str) -> None:
    web = blind()

    answer = ask(web, {"link": text})

    assert (answer.status_code, answer.json()["done"]) == (200, True)
    assert web.controls.pressed == [ReportNow(by=LOCAL, link=LINK)]
    assert web.kept == [("inc-12", LINK)]
    assert silent(answer)


@pytest.mark.parametrize("body", [None, {}])
def test_without_a_link_it_is_report_now_as_ever(body: Any) -> None:
    web = blind()

    assert ask(web, body).status_code == 200
    assert web.controls.pressed == [ReportNow(by=LOCAL)]
    assert web.kept == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"link": ELSEWHERE}, f"link: {OTHER_HOST}"),
        (
            {"link": ""},
            "link: *** is no whole report link; "
            "paste the link of the newest failing order, beginning with https://",
        ),
        (
            {"link": json.dumps({"reqBody": URL})},
            "link: *** stands only in what a diner sent; "
            "paste the link of the factory's answer",
        ),
        ({"link": f"{URL} {URL}x"}, "link: *** holds 2 links; paste one of them"),
        ({"link": None}, "link: give a text"),
        ({"link": [URL]}, "link: give a text"),
        ({"link": {URL: URL}}, "link: give a text"),
        ({"link": URL + "/" * 2000}, "link: give at most 2000 characters"),
        ({URL: URL}, "body: an unknown field; use link, or send {}"),
        ({"link": URL, "by": URL}, "body: an unknown field; use link, or send {}"),
        (URL, "body: not an object; send {...}"),
    ],
)
def test_what_cannot_be_called_is_400_with_the_field_and_the_remedy(
    body: Any, words: str
) -> None:
    web = blind()

    answer = ask(web, body)

    assert answer.status_code == 400
    assert answer.json() == {"error": words}
    assert silent(answer)
    assert (web.controls.pressed, web.kept) == ([], [])


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (URL.encode(), "body: not JSON; send an object such as {}"),
        (
            b'{"link": "' + URL.encode() + b" " * 70_000 + b'"}',
            "body: longer than 65536 bytes; send less",
        ),
    ],
)
def test_a_link_that_is_no_json_body_does_not_come_back(raw: bytes, words: str) -> None:
    answer = ask(blind(), None, raw)

    assert (answer.status_code, answer.json()) == (400, {"error": words})


def test_a_spent_link_is_409_with_its_name_and_who_spent_it_when() -> None:
    web = blind()
    web.controls.late = SPENT

    answer = ask(web, {"link": URL})

    assert answer.status_code == 409
    assert answer.json() == {
        "error": SPENT.words,
        "by": "Responder",
        "at": "2026-11-05T12:00:02.000Z",
    }
    assert web.kept == []


def test_who_is_second_hears_who_was_first_and_their_link_is_dropped() -> None:
    web = blind()
    web.controls.first = ("ana", NOON)

    answer = ask(web, {"link": URL})

    assert answer.json()["words"] == "ana already did this at 12:00:00"
    assert web.kept == []


def test_a_link_is_kept_where_it_is_not_known_whether_it_was_written() -> None:
    web = blind()
    web.controls.broken = True

    assert ask(web, {"link": URL}).status_code == 503
    assert web.kept == [("inc-12", LINK)]


def test_where_the_address_is_configured_no_link_is_pasted() -> None:
    fixed = FactorySettings(url="https://f.example", report_url=Secret(URL))
    find = link_finder(replace(Settings(), factory=fixed))

    with pytest.raises(UnusableLink, match=r"^\*\*\* is not needed: .*report_url"):
        find(URL)


def test_a_configured_key_counts_for_pasted_links_too() -> None:
    keyed = FactorySettings(url=f"https://{FACTORY}", api_key=Secret("0f" * 16))
    find = link_finder(replace(Settings(), factory=keyed))

    with pytest.raises(UnusableLink, match=r"factory\.api_key"):
        find(URL)
    assert find(URL.replace(TOKEN, "0f" * 16)).has_token("0f" * 16)


# The pages

OFFER = "No link found yet; paste one ›"
AGAIN = "It is reported, and no newer link was seen; paste one ›"
WRONG = [
    replace(event, outcome=Outcome.WRONG_CODE)
    if isinstance(event, ReportAnswered)
    else event
    for event in reported()
]


@pytest.mark.parametrize("path", ["/", "/incidents/inc-12"])
@pytest.mark.parametrize(
    ("web", "offer"),
    [
        (blind, OFFER),
        (lambda: web_of(blind_events()[:4], later=5), OFFER),
        (lambda: web_of(working_events(), later=14), AGAIN),
        (lambda: web_of([*beginning(), *WRONG], later=14), AGAIN),
    ],
)
def test_where_no_unspent_link_is_known_the_button_is_off_and_a_link_can_be_pasted(
    path: str, web: Any, offer: str
) -> None:
    page = web().client().get(path).text

    assert offer in page
    assert 'class="off" type="button" disabled>Report now</button>' in page
    assert page.count('name="link"') == 1


@pytest.mark.parametrize("path", ["/", "/incidents/inc-12"])
@pytest.mark.parametrize(
    "web",
    [
        lambda: web_of(veto_events(), later=6),
        lambda: web_of(
            blind_events(), later=155, paused=Pause(at=NOON, by="Ana", until=at(7200))
        ),
        lambda: web_of(shadow_events()[:-1], later=75),
    ],
)
def test_where_a_link_is_known_or_nothing_may_be_sent_none_is_asked_for(
    path: str, web: Any
) -> None:
    assert "paste one" not in web().client().get(path).text


def test_with_a_configured_address_none_is_asked_for() -> None:
    fixed = create_app(replace(blind().parts(), fixed_link=True)).test_client()

    page = fixed.get("/incidents/inc-12").text
    asked = fixed.get("/incidents/inc-12/ask/report").text

    assert "paste" not in page
    assert "with the configured report address" in asked


def test_without_script_the_question_is_a_page_that_asks_once() -> None:
    page = blind().client().get("/incidents/inc-12/ask/report").text

    assert "Report pizza-factory to the factory now?" in page
    assert "One call, with the link that you paste. This is report 1 of" in page
    assert page.count('name="link"') == 1
    assert 'autocomplete="off"' in page
    assert 'spellcheck="false"' in page


def test_the_form_asks_for_the_report_and_leads_back() -> None:
    web = blind()

    answer = submit(web, URL)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert web.controls.pressed == [ReportNow(by=LOCAL, link=LINK)]
    assert web.kept == [("inc-12", LINK)]
    assert silent(answer)


def test_the_form_with_script_says_what_was_done() -> None:
    answer = submit(blind(), URL, script=True)

    assert answer.status_code == 200
    assert "Report asked for by" in answer.text
    assert "HX-Retarget" not in answer.headers
    assert silent(answer)


@pytest.mark.parametrize(
    ("late", "status", "words"),
    [(None, 400, f"Link: {OTHER_HOST}."), (SPENT, 409, "Link 7f3a is spent since")],
)
def test_a_refusal_stands_beside_an_empty_form(
    late: TooLate | None, status: int, words: str
) -> None:
    web = blind()
    web.controls.late = late

    answer = submit(web, URL if late else ELSEWHERE)

    assert answer.status_code == status
    assert words in answer.text.replace("&#39;", "'")
    assert 'name="link"' in answer.text
    assert silent(answer)
    assert web.kept == []


@pytest.mark.parametrize("late", [None, SPENT])
def test_with_script_a_refusal_goes_beside_the_field(late: TooLate | None) -> None:
    web = blind()
    web.controls.late = late

    answer = submit(web, URL if late else ELSEWHERE, script=True)

    assert answer.status_code == 200
    target = answer.headers["HX-Retarget"]
    assert f'id="{target[1:]}"' in web.client().get("/incidents/inc-12").text
    assert 'class="wrong"' in answer.text
    assert silent(answer)


def test_who_is_second_reads_who_was_first() -> None:
    web = blind()
    web.controls.first = ("Maria", NOON)

    answer = submit(web, URL, script=True)

    assert "Maria already did this at 12:00:00 UTC." in answer.text
    assert "HX-Retarget" not in answer.headers


@pytest.mark.parametrize("script", [False, True])
@pytest.mark.parametrize("link", [URL, ELSEWHERE])
@pytest.mark.parametrize("incident", ["inc-99", "a%0d%0ab", "%E2%93%9B", "x" * 300])
def test_an_incident_that_is_not_there_is_404_whatever_is_pasted(
    incident: str, link: str, script: bool
) -> None:
    answer = submit(blind(), link, incident, script)

    assert answer.status_code == 404
    assert silent(answer)


def test_a_form_that_is_too_long_is_413() -> None:
    assert submit(blind(), URL + " " * 70_000).status_code == 413


def test_once_a_link_was_found_the_refusal_stands_above_the_usual_question() -> None:
    web = web_of(veto_events(), later=6)

    answer = submit(web, ELSEWHERE)

    assert answer.status_code == 400
    assert "names another host" in answer.text
    assert "One call, with link 7f3a" in answer.text


def test_the_log_says_who_asked_and_nothing_of_the_link(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level("DEBUG"):
        ask(blind(), {"link": URL})
        ask(blind(), {"link": ELSEWHERE})

    said = "".join(str(vars(record)) for record in caplog.records)
    assert "'action': 'report'" in said
    assert TOKEN not in said
    assert "c0dec4n4ry" not in said
