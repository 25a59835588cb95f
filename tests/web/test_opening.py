"""An incident opened by hand: over the API, by a button, from a shell."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests

from responder.config.settings import Secret
from responder.incident.names import Reason
from responder.server import HttpServer
from responder.web.app import create_app
from tests.commands import Typist
from tests.fakes import ListedOpenings
from tests.web_parts import OPERATOR, Web

ONCALL = ("oncall", OPERATOR)
USERS = {"oncall": Secret(OPERATOR)}
ROUTE = "/api/rules/pizza-factory/open"


@contextmanager
def served(web: Web) -> Iterator[str]:
    server = HttpServer(create_app(web.parts()), "127.0.0.1", 0)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


def test_it_opens_and_names_the_operator() -> None:
    web = Web(operators=USERS)
    with served(web) as url:
        answer = requests.post(url + ROUTE, auth=ONCALL, timeout=60)

    (opened,) = web.openings.opened
    assert (opened.rule, opened.by) == ("pizza-factory", "oncall")
    assert opened.reason is Reason.OPENED_BY_PERSON
    assert answer.json()["incident"] == "inc-1"
    assert answer.json()["done"] is True
    assert [lease.incident for lease in web.leased] == ["inc-1"]


def test_where_one_is_open_it_is_that_one() -> None:
    web = Web(openings=ListedOpenings(there="inc-0"))
    with served(web) as url:
        said = requests.post(url + ROUTE, json={}, timeout=60).json()

    assert (said["incident"], said["done"]) == ("inc-0", False)
    assert said["words"] == "is open already, since 12:00:00 UTC"
    assert web.leased == []


def test_a_rule_that_is_not_there_is_404_and_names_those_that_are() -> None:
    with served(Web()) as url:
        answer = requests.post(f"{url}/api/rules/pasta/open", timeout=60)

    assert answer.status_code == 404
    assert answer.json()["error"] == "no such rule; there are: pizza-factory"


def test_a_field_that_nobody_asked_for_is_refused() -> None:
    web = Web()
    with served(web) as url:
        answer = requests.post(url + ROUTE, json={"group": "x"}, timeout=60)

    assert answer.status_code == 400
    assert web.openings.opened == []


def test_without_a_password_nothing_opens() -> None:
    web = Web(operators=USERS)
    with served(web) as url:
        answer = requests.post(url + ROUTE, timeout=60)

    assert answer.status_code == 401
    assert web.openings.opened == []


def test_the_button_asks_and_leads_to_the_incident() -> None:
    web = Web()
    with served(web) as url:
        first = requests.get(url, timeout=60).text
        question = requests.get(f"{url}/ask/open/pizza-factory", timeout=60)
        pressed = requests.post(
            f"{url}/do/open/pizza-factory", timeout=60, allow_redirects=False
        )

    assert "/ask/open/pizza-factory" in first
    assert "Look at pizza-factory now, without an alert?" in question.text
    assert pressed.headers["Location"].endswith("/incidents/inc-1")
    assert len(web.openings.opened) == 1


def test_with_script_the_button_answers_a_notice() -> None:
    web = Web(openings=ListedOpenings(there="inc-0"))
    with served(web) as url:
        pressed = requests.post(
            f"{url}/do/open/pizza-factory", timeout=60, headers={"HX-Request": "true"}
        )

    words = "An incident of pizza-factory is open already, since 12:00:00 UTC."
    assert words in pressed.text


def test_a_button_of_a_rule_that_is_gone_is_404() -> None:
    with served(Web()) as url:
        assert requests.get(f"{url}/ask/open/pasta", timeout=60).status_code == 404


def test_the_command_opens_and_names_the_incident(type_command: Typist) -> None:
    web = Web()
    with served(web) as url:
        said = type_command("open", "pizza-factory", "--server", url)

    assert (said.status, said.out, said.err) == (0, "opened inc-1\n", "")
    assert len(web.openings.opened) == 1


def test_the_command_tells_which_one_is_open_already(type_command: Typist) -> None:
    web = Web(openings=ListedOpenings(there="inc-0"))
    with served(web) as url:
        said = type_command("open", "pizza-factory", "--server", url)

    assert (said.status, said.out) == (0, "inc-0 is open already\n")


def test_the_command_tells_of_a_wrong_rule(type_command: Typist) -> None:
    with served(Web()) as url:
        said = type_command("open", "../pause", "--server", url)

    assert said.status == 1
    assert "HTTP 404" in said.err
