"""What people do on the pages, with mouse, keyboard and without script."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from responder.config.settings import Secret
from responder.incident.names import Mode
from tests.browser.conftest import DESK, PHONE, Opens
from tests.browser.scenes import SCENES
from tests.e2e.service import ONLY_ERRORS, Service, service, until
from tests.web_parts import Web

Serves = Callable[[Web], str]
OPERATORS = {"David": Secret("pass-of-david"), "Maria": Secret("pass-of-maria")}
ANNOUNCED = replace(
    ONLY_ERRORS,
    mode=Mode.VETO,
    veto_window=timedelta(minutes=5),
    give_up_after=timedelta(hours=1),
)


@contextmanager
def announcing(folder: Path) -> Iterator[Service]:
    """A service that will report in five minutes unless somebody stops it."""
    with service(folder, ANNOUNCED, operators=OPERATORS) as running:
        running.auth = ("David", "pass-of-david")
        running.factory.start_chaos("fail")
        running.shop.order()
        running.shop.order()
        running.shop.order()
        running.alert()
        until(lambda: running.incident()["reason"] == "veto_window")
        yield running


def log_in(page: Page, user: str) -> None:
    page.get_by_label("Name").fill(user)
    page.get_by_label("Password").fill(f"pass-of-{user.lower()}")
    page.keyboard.press("Enter")


def enter(page: Page, user: str) -> None:
    """Log in, and wait for the script: until then a button is a plain form."""
    log_in(page, user)
    expect(page.locator("[data-live]")).to_have_text("live")


def test_a_woken_phone_meets_a_form_once_and_then_the_page(
    tmp_path: Path, opens: Opens
) -> None:
    with announcing(tmp_path) as running:
        page = opens(running.url)
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        log_in(page, "David")
        expect(page.locator("#head h1")).to_contain_text("WORKING")
        cookies = page.context.cookies()
        page.goto(f"{running.url}/?again=1")
        expect(page.locator("#head h1")).to_contain_text("WORKING")
        page.get_by_role("button", name="Log out", exact=True).click()
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        page.close()

    assert {cookie["name"] for cookie in cookies} == {"responder", "responder-device"}
    assert all(cookie["httpOnly"] for cookie in cookies)
    assert {cookie["sameSite"] for cookie in cookies} == {"Lax"}


def test_stop_it_acts_at_once_and_report_now_takes_it_back(
    tmp_path: Path, opens: Opens
) -> None:
    with announcing(tmp_path) as running:
        page = opens(running.url)
        enter(page, "David")
        page.get_by_role("button", name="Stop it").click()
        notice = page.locator("#notice")
        expect(notice).to_contain_text("Stopped by David.")
        expect(page.locator("#head")).to_contain_text("Stopped by David")
        expect(notice).to_contain_text("Report now takes this back")
        page.get_by_role("button", name="Report now").click()
        page.get_by_role("dialog").get_by_role("button", name="Report now").click()
        expect(notice).to_contain_text("Report asked for by David")
        running.in_state("recovered")
        events = [event["event"] for event in running.incident()["timeline"]]
        page.close()

    assert events.index("vetoed") < events.index("report_answered")


def test_report_now_asks_once_and_reports_by_keyboard_alone(
    tmp_path: Path, opens: Opens
) -> None:
    with announcing(tmp_path) as running:
        page = opens(running.url, viewport=DESK)
        enter(page, "David")
        button = page.get_by_role("button", name="Report now", exact=True).first
        expect(button).to_be_visible()
        while not button.evaluate("b => b === document.activeElement"):
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        question = page.get_by_role("dialog")
        expect(question).to_contain_text("to the factory now? One call, with link")
        page.keyboard.press("Escape")
        expect(question).to_be_hidden()
        assert running.factory.calls == []
        page.keyboard.press("Enter")
        expect(question).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.locator("#notice")).to_contain_text("Report asked for by David")
        running.came_to("verifying")
        page.close()

    assert len(running.factory.effective_calls) == 1


def test_close_asks_why_and_says_who(tmp_path: Path, opens: Opens) -> None:
    with announcing(tmp_path) as running:
        page = opens(f"{running.url}/incidents/{running.incident()['id']}")
        enter(page, "Maria")
        page.get_by_role("button", name="Close", exact=True).click()
        page.get_by_role("dialog").get_by_label("Not real").check()
        page.get_by_role("button", name="Close it").click()
        expect(page.locator("#head h1")).to_contain_text("CLOSED")
        expect(page.locator("#head")).to_contain_text("Closed by Maria: not real")
        page.close()


def test_the_second_of_two_operators_hears_who_was_first(
    tmp_path: Path, opens: Opens
) -> None:
    with announcing(tmp_path) as running:
        david, maria = opens(running.url), opens(running.url)
        enter(david, "David")
        enter(maria, "Maria")
        expect(maria.get_by_role("button", name="Stop it")).to_be_visible()
        maria.route("**/*", only_presses)
        david.get_by_role("button", name="Stop it").click()
        expect(david.locator("#notice")).to_contain_text("Stopped by David")
        maria.get_by_role("button", name="Stop it").click()
        expect(maria.locator("#notice")).to_contain_text(
            re.compile(r"David already did this at \d\d:\d\d:\d\d UTC")
        )
        david.close()
        maria.close()


def only_presses(route: Route) -> None:
    """Let a page grow old: its own looks wait for ever."""
    if route.request.method != "GET":
        route.continue_()


def test_pause_all_acts_at_once_and_can_be_undone(tmp_path: Path, opens: Opens) -> None:
    with announcing(tmp_path) as running:
        page = opens(running.url)
        enter(page, "David")
        page.get_by_role("button", name="Pause all").click()
        notice = page.locator("#notice")
        expect(notice).to_contain_text("No reports will be sent until")
        expect(page.locator("#head h1")).to_contain_text("PAUSED")
        expect(page.get_by_role("button", name="Pause all")).to_have_count(0)
        expect(page.get_by_role("button", name="Resume", exact=True)).to_be_visible()
        notice.get_by_role("button", name="Undo").click()
        expect(page.locator("#head h1")).to_contain_text("WORKING")
        page.close()


def test_without_script_every_action_is_a_page(tmp_path: Path, opens: Opens) -> None:
    with announcing(tmp_path) as running:
        page = opens(running.url, java_script_enabled=False, viewport=PHONE)
        log_in(page, "David")
        page.get_by_role("button", name="Pause all").click()
        expect(page.locator("#head h1")).to_contain_text("PAUSED")
        page.get_by_role("button", name="Resume", exact=True).click()
        expect(page.get_by_text("Resume automatic reports?")).to_be_visible()
        page.get_by_role("button", name="Resume", exact=True).click()
        page.get_by_role("button", name="Stop it").click()
        expect(page.locator("#head")).to_contain_text("Stopped by David")
        page.get_by_role("link", name="pizza-factory").first.click()
        page.get_by_role("button", name="Note", exact=True).click()
        page.get_by_label("It goes on the timeline").fill("Called the supplier")
        page.get_by_role("button", name="Add the note").click()
        expect(page.get_by_text("David noted: Called the supplier")).to_be_visible()
        page.get_by_role("button", name="I reported it myself").click()
        page.get_by_role("button", name="Record").click()
        expect(page.get_by_text("David reported by hand at").first).to_be_visible()


def test_on_this_machine_alone_nobody_logs_in_and_forms_work_without_script(
    tmp_path: Path, opens: Opens
) -> None:
    with service(tmp_path) as running:
        page = opens(running.url, java_script_enabled=False)
        page.get_by_role("button", name="Pause all").click()
        expect(page.locator("#head h1")).to_contain_text("PAUSED")


def test_an_answer_that_never_comes_is_not_called_done(
    opens: Opens, serves: Serves
) -> None:
    page = opens(serves(SCENES["veto"]()), tolerant=True)
    expect(page.locator("[data-live]")).to_have_text("live")
    page.route("**/do/**", lambda route: route.abort())

    page.get_by_role("button", name="Stop it").click()

    expect(page.locator("#notice")).to_contain_text("not known whether this was done")


def test_hostile_words_of_a_person_stay_words_and_break_no_page(
    opens: Opens, serves: Serves
) -> None:
    web = SCENES["veto"]()
    page = opens(serves(web) + "/incidents/inc-12")
    expect(page.locator("[data-live]")).to_have_text("live")
    words = "<b>x</b>\n\N{SLICE OF PIZZA}\N{RIGHT-TO-LEFT OVERRIDE}" + "w" * 1900
    page.get_by_role("button", name="Note", exact=True).click()
    page.locator("#q-note-inc-12 textarea").fill(words)

    page.get_by_role("button", name="Add the note").dblclick()

    expect(page.locator("#notice")).to_contain_text("Noted by")
    told = {action.text for action in web.controls.pressed if hasattr(action, "text")}
    assert told == {words}
    assert len(web.controls.pressed) == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
