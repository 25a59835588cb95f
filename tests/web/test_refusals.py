"""Refusals say what to do, to people in a line and to programs as JSON."""

import pytest

from responder.config.settings import Secret
from tests.web.test_access import OPERATORS, answer_to
from tests.web_parts import Web

NOBODY = "these pages are for operators; give a name and password."
STRANGER = (
    "wrong user name or password, or too many failed logins with this name lately: "
    "then wait a minute and try once."
)


@pytest.mark.parametrize(
    ("auth", "words"), [(None, NOBODY), (("oncall", "wrong"), STRANGER)]
)
def test_the_api_refuses_in_json(auth: tuple[str, str] | None, words: str) -> None:
    found = answer_to(Web(operators=OPERATORS), "/api/incidents", auth=auth)

    assert (found.status_code, found.json()) == (401, {"error": words})
    assert found.headers["WWW-Authenticate"].startswith("Basic")


def test_so_it_does_for_an_address_that_is_none() -> None:
    found = answer_to(Web(), "/api/nothing")

    assert (found.status_code, found.json()) == (404, {"error": "Not Found"})


def test_a_page_refuses_in_plain_words() -> None:
    found = answer_to(
        Web(operators={"oncall": Secret("right-one")}), "/", auth=("oncall", "wrong")
    )

    assert (found.status_code, found.text) == (401, f"401: {STRANGER}\n")


def test_a_wrong_webhook_path_names_the_right_ones() -> None:
    found = answer_to(Web(), "/webhooks/grafanaa", "POST", body=b"{}")

    assert (found.status_code, found.text) == (
        404,
        "404: no webhook is taken here. The paths are /webhooks/grafana, "
        "/webhooks/alertmanager, /webhooks/irm.\n",
    )


def test_a_webhook_that_is_opened_in_a_browser_says_what_it_takes() -> None:
    found = answer_to(Web(), "/webhooks/irm")

    assert found.status_code == 405
    assert found.text == "405: this address takes OPTIONS, POST only.\n"
    assert found.headers["Allow"] == "OPTIONS, POST"
