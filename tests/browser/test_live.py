"""A page left open: it follows the incident, and says when it cannot."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Dialog, Page, Response, expect

from responder.incident.events import AlertFired
from responder.server import HttpServer
from responder.web.app import create_app
from tests.browser.conftest import DESK, Opens
from tests.browser.scenes import (
    SCENES,
    SOME,
    older,
    recovered_events,
    waiting_events,
    web_of,
    working_events,
)
from tests.e2e.service import ONLY_ERRORS, service
from tests.web_parts import Web, at

Serves = Callable[[Web], str]
PATIENCE = 12_000
"""Milliseconds: six seconds of silence, and then some for a busy machine."""


def mark(page: Page) -> None:
    """Leave something that a reload would wipe out."""
    page.evaluate("window.stillHere = true")


def never_reloaded(page: Page) -> bool:
    return bool(page.evaluate("window.stillHere === true"))


def test_an_incident_is_lived_through_without_a_reload(
    tmp_path: Path, opens: Opens
) -> None:
    with service(tmp_path, ONLY_ERRORS) as running, running.ordering():
        page = opens(running.url)
        expect(page.locator("h1").first).to_contain_text("NOT READY")
        mark(page)
        running.factory.start_chaos("fail")
        running.shop.order()
        running.alert()
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        running.in_state("recovered")
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(page.locator("#head h1")).to_contain_text("QUIET")
        expect(page.locator("#head")).to_contain_text("Nothing to do.")
        expect(page).to_have_title(re.compile("^✓ QUIET"))
        assert never_reloaded(page)
        page.get_by_role("link", name="pizza-factory").first.click()
        expect(page.locator("#head h1")).to_contain_text("RECOVERED")
        expect(page.get_by_text("Pizza is back on the menu").first).to_be_visible()
        expect(page.locator(".chart svg:visible rect.good").first).to_be_attached()
        page.close()


def test_a_working_page_follows_by_itself_within_seconds(
    opens: Opens, serves: Serves
) -> None:
    web = web_of(working_events(), older(), later=14, heard=SOME)
    page = opens(serves(web))
    expect(page.locator("#head h1")).to_contain_text("WORKING")
    mark(page)

    done = web_of(recovered_events(), older(), later=31, heard=SOME)
    web.archive.timelines.update(done.archive.timelines)
    web.archive.incidents[:] = done.archive.incidents
    web.clock.at = at(31)

    expect(page.locator("#head h1")).to_contain_text("QUIET", timeout=PATIENCE)
    assert never_reloaded(page)


def test_nothing_is_sent_anew_while_nothing_changes(
    opens: Opens, serves: Serves
) -> None:
    page = opens(serves(SCENES["waiting"]()))
    answers: list[int] = []

    def note(response: Response) -> None:
        if "hx-request" in response.request.headers:
            answers.append(response.status)

    page.on("response", note)

    for _ in range(3):
        with page.expect_response(lambda r: r.status == 304):
            pass

    assert set(answers) == {304}


def test_what_is_open_stays_open_and_the_page_stays_where_it_is(
    opens: Opens, serves: Serves
) -> None:
    web = web_of(waiting_events(), later=95, heard=SOME)
    page = opens(serves(web) + "/incidents/inc-12")
    page.get_by_text("The same numbers as a table").click()
    page.get_by_role("button", name="Note").click()
    page.locator("#q-note-inc-12 textarea").fill("Called the supp")
    page.evaluate("window.scrollTo(0, 600)")
    before = page.evaluate("window.scrollY")

    events = [*waiting_events(), waiting_events()[-1]]
    web.archive.timelines["inc-12"] = events
    page.locator(".timeline > li").nth(len(events) - 1).wait_for(state="attached")

    assert page.locator("#c-numbers").get_attribute("open") is not None
    assert page.locator("#q-note-inc-12").evaluate("d => d.open")
    assert page.locator("#q-note-inc-12 textarea").input_value() == "Called the supp"
    assert page.evaluate("window.scrollY") == before


def test_a_page_that_loses_the_server_says_so_and_finds_it_again(opens: Opens) -> None:
    web = SCENES["veto"]()
    with ExitStack() as stack:
        first = HttpServer(create_app(web.parts()), "127.0.0.1", 0)
        first.start()
        page = opens(first.url, tolerant=True)
        expect(page.locator("[data-live]")).to_have_text("live")
        first.stop()

        expect(page.locator("#lost")).to_be_visible(timeout=PATIENCE)
        expect(page.locator("#lost")).to_contain_text("It was WORKING")
        expect(page.locator("#head")).to_be_hidden()
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        expect(page.get_by_text("NOT LIVE")).to_be_in_viewport()
        expect(page.get_by_role("button", name="Stop it")).to_be_disabled()
        expect(page.locator("[data-until]").first).to_have_text(", in –")
        expect(page).to_have_title(re.compile(r"^\? UNKNOWN"))
        assert "unknown.svg" in (page.locator("#favicon").get_attribute("href") or "")

        again = HttpServer(create_app(web.parts()), "127.0.0.1", first.port)
        again.start()
        stack.callback(again.stop)
        # By then it may have found the server by itself.
        page.locator("[data-again]").dispatch_event("click")
        expect(page.locator("#head")).to_be_visible(timeout=PATIENCE)
        expect(page.locator("#lost")).to_be_hidden()
        expect(page.get_by_role("button", name="Stop it")).to_be_enabled()
        expect(page).to_have_title(re.compile("^◔ WORKING"))


def test_a_drill_that_is_followed_says_when_nobody_answers_any_more(
    opens: Opens,
) -> None:
    web = SCENES["drilling"]()
    first = HttpServer(create_app(web.parts()), "127.0.0.1", 0)
    first.start()
    page = opens(first.url + "/drill", tolerant=True)
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    expect(page.locator("[data-live]")).to_have_text("live")
    first.stop()

    expect(page.locator("#lost")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#lost")).not_to_contain_text("It was")
    expect(page.get_by_role("button", name="Drill pizza-factory")).to_be_disabled()
    expect(page).to_have_title(re.compile(r"^\? UNKNOWN"))
    assert not said


def test_the_server_says_that_its_own_worker_is_dead(
    opens: Opens, serves: Serves
) -> None:
    web = SCENES["working"]()
    page = opens(serves(web))
    expect(page.locator("#head h1")).to_contain_text("WORKING")

    web.alive = False

    expect(page.locator("#head")).to_contain_text("Pages work, the worker does not")


def test_a_countdown_counts_by_the_servers_clock(opens: Opens, serves: Serves) -> None:
    page = opens(serves(SCENES["veto"]()), viewport=DESK)

    expect(page.locator("[data-until]").first).to_contain_text(", in 1")


def test_html_in_labels_is_text(opens: Opens, serves: Serves) -> None:
    bad = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    events = working_events()
    fired = next(e for e in events if isinstance(e, AlertFired))
    labels = {"alertname": bad, bad: "</dd></div>", "responder": "jwt-pizza"}
    links = {"generator": "javascript:alert(3)", "panel": "//evil.example/x"}
    place = events.index(fired)
    events[place] = AlertFired(
        at=fired.at,
        fingerprint=fired.fingerprint,
        starts_at=fired.starts_at + timedelta(seconds=1),
        sender=fired.sender,
        labels=labels,
        links=links,
    )
    page = opens(serves(web_of(events, later=14)) + "/incidents/inc-12")
    said: list[str] = []

    def heard(dialog: Dialog) -> None:
        said.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", heard)
    page.locator(".timeline summary").first.click()

    expect(page.locator(".timeline .alert_fired .what")).to_contain_text(bad)
    expect(page.locator(".timeline .alert_fired dd", has_text=bad)).to_be_visible()
    assert page.locator("img, script:not([src])").count() == 0
    assert page.locator("a[href^='javascript'], a[href^='//']").count() == 0
    assert not said


def test_without_script_the_pages_are_whole(opens: Opens, serves: Serves) -> None:
    url = serves(SCENES["veto"]())
    page = opens(url, java_script_enabled=False)

    expect(page.locator("#head h1")).to_contain_text("WORKING")
    expect(page.locator(".chart svg:visible")).to_have_count(1)
    assert page.locator("#lost").is_hidden()
    page.get_by_role("button", name="Report now").click()
    expect(page.get_by_role("heading", name="to the factory now?")).to_be_visible()
