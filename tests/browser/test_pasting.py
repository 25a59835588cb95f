"""Pasting a link while the logs cannot be read, in a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import DESK, PHONE, Opens
from tests.browser.test_acts import OPERATORS, enter, log_in
from tests.e2e.service import ONLY_ERRORS, Service, service
from tests.e2e.test_evidence import logs_of
from tests.loki_server import Fault, LokiServer

OFFER = "No link found yet; paste one ›"
FIELD = "Report link, from the answer of the newest failing order"


@contextmanager
def blind(folder: Path) -> Iterator[Service]:
    """A service that waits for a person: its logs cannot be read."""
    with LokiServer() as loki:
        loki.fault = Fault(status=502, body=b"bad gateway")
        logs = logs_of(loki)
        with service(folder, ONLY_ERRORS, logs=logs, operators=OPERATORS) as running:
            running.auth = ("David", "pass-of-david")
            running.factory.start_chaos("fail")
            running.alert()
            running.in_state("needs_human")
            yield running


def links(running: Service) -> tuple[str, str]:
    """The right one, and one that leads elsewhere."""
    right = running.factory.report_link("127.0.0.1")
    return right, right.replace("127.0.0.1", "evil.example")


def shows_nothing_of(page: Page, running: Service) -> None:
    whole = page.content() + page.url
    assert running.factory.api_key not in whole
    assert running.factory.code not in whole


@pytest.mark.parametrize("viewport", [PHONE, DESK])
@pytest.mark.parametrize("path", ["/", "/incidents/{id}"])
def test_a_link_is_pasted_by_mouse_and_reported_once(
    tmp_path: Path, opens: Opens, path: str, viewport: dict[str, int]
) -> None:
    with blind(tmp_path) as running:
        right, wrong = links(running)
        address = running.url + path.format(id=running.incident()["id"])
        page = opens(address, viewport=viewport)
        enter(page, "David")
        page.goto(address)
        expect(page.locator("[data-live]")).to_have_text("live")
        off = page.get_by_role("button", name="Report now", exact=True)
        expect(off).to_be_disabled()
        page.get_by_role("button", name=OFFER).click()
        question = page.get_by_role("dialog")
        expect(question).to_contain_text("One call, with the link that you paste.")

        submit(question, wrong)
        expect(question).to_contain_text("Link: *** names another host")
        expect(question.get_by_label(FIELD)).to_have_value("")
        shows_nothing_of(page, running)
        assert running.factory.calls == []

        submit(question, right)
        expect(page.locator("#notice")).to_contain_text("Report asked for by David")
        expect(question).to_be_hidden()
        expect(page.locator("input[name=link]")).to_have_value("")
        running.came_to("verifying")
        shows_nothing_of(page, running)
        page.close()

    assert len(running.factory.effective_calls) == 1


def submit(question: Locator, link: str) -> None:
    question.get_by_label(FIELD).fill(link)
    question.get_by_role("button", name="Report now").click()


def test_the_refusal_is_gone_when_the_question_is_asked_again(
    tmp_path: Path, opens: Opens
) -> None:
    with blind(tmp_path) as running:
        page = opens(running.url, viewport=DESK)
        enter(page, "David")
        page.get_by_role("button", name=OFFER).click()
        question = page.get_by_role("dialog")
        submit(question, links(running)[1])
        expect(question).to_contain_text("names another host")
        question.get_by_role("button", name="Not yet").click()
        expect(question).to_be_hidden()
        page.get_by_role("button", name=OFFER).click()
        expect(question).to_be_visible()
        expect(question).not_to_contain_text("names another host")
        page.close()


def test_a_link_is_pasted_without_script_and_reported_once(
    tmp_path: Path, opens: Opens
) -> None:
    with blind(tmp_path) as running:
        right, wrong = links(running)
        # The refusal is an answer 400, and the browser complains of any such.
        page = opens(running.url, java_script_enabled=False, tolerant=True)
        log_in(page, "David")
        page.get_by_role("button", name=OFFER).click()
        expect(
            page.get_by_text("One call, with the link that you paste.")
        ).to_be_visible()

        submit(page.locator("main"), wrong)
        expect(page.get_by_role("alert")).to_contain_text("names another host")
        expect(page.get_by_label(FIELD)).to_have_value("")
        shows_nothing_of(page, running)

        submit(page.locator("main"), right)
        expect(page.get_by_text("David said: report now with link")).to_be_visible()
        running.came_to("verifying")
        shows_nothing_of(page, running)
        page.close()

    assert len(running.factory.effective_calls) == 1
