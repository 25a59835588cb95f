"""Drills: over the API, by a button, from a shell."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from responder.config.settings import Secret, Server
from responder.incident.drills import Came, Drill, DrillStep, Taken
from responder.server import HttpServer
from responder.web.app import create_app
from tests.commands import Typist
from tests.fakes import NOON
from tests.web_parts import OPERATOR, RULE, Web

ONCALL = ("oncall", OPERATOR)
USERS = {"oncall": Secret(OPERATOR)}
PASSED = Drill(
    id="5c0ffee5c0ff",
    rule=RULE.name,
    by="oncall",
    at=NOON,
    taken=tuple(Taken(part=part, came=Came.DONE, words="so") for part in DrillStep),
    seconds=1.84,
    ended_at=NOON,
)
BROKEN = Drill(
    id="badbadbadbad",
    rule=RULE.name,
    by="oncall",
    at=NOON,
    taken=(
        Taken(
            part=DrillStep.DELIVERED,
            came=Came.BROKEN,
            words="HTTP 502",
            mend="set server.public_url",
        ),
    ),
    ended_at=NOON,
)


@contextmanager
def served(web: Web) -> Iterator[str]:
    server = HttpServer(create_app(web.parts()), "127.0.0.1", 0)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


def test_it_begins_as_the_operator_at_our_own_address() -> None:
    web = Web(operators=USERS, server=Server(port=0))
    with served(web) as url:
        said = requests.post(f"{url}/api/drill", auth=ONCALL, timeout=60).json()

    assert web.drilling.begun == [("oncall", url)]
    assert (said["result"], said["rule"], said["steps"]) == ("running", RULE.name, [])


@pytest.mark.parametrize(
    ("body", "status"),
    [({"rule": "pasta"}, 404), ({"rule": 7}, 400), ({"other": "x"}, 400)],
)
def test_what_cannot_be_drilled_is_refused(body: object, status: int) -> None:
    web = Web()
    with served(web) as url:
        answer = requests.post(f"{url}/api/drill", json=body, timeout=60)

    assert answer.status_code == status
    assert answer.json()["error"]
    assert web.drilling.begun == []


def test_without_a_password_none_begins() -> None:
    web = Web(operators=USERS)
    with served(web) as url:
        answer = requests.post(f"{url}/api/drill", timeout=60)

    assert answer.status_code == 401
    assert web.drilling.begun == []


def test_a_drill_is_told_by_its_id_and_the_last_without_one() -> None:
    web = Web()
    web.drills.save(PASSED)
    web.drills.save(BROKEN)
    client = web.client()

    assert client.get("/api/drill").get_json()["drill"]["id"] == BROKEN.id
    told = client.get(f"/api/drill/{PASSED.id}").get_json()
    assert told["sentence"] == "You are ready: 1.8 s from alert to would-be report."
    assert client.get("/api/drill/nosuchdrill").status_code == 404


def test_there_is_none_before_the_first() -> None:
    assert Web().client().get("/api/drill").get_json() == {"drill": None}


def test_the_page_has_every_step_the_mend_and_a_button() -> None:
    web = Web()
    web.drills.save(BROKEN)
    shown = web.client().get("/drill").get_data(as_text=True)

    assert "Broken at alert delivered: HTTP 502. Next: set server.public_url." in shown
    assert shown.count("not taken") == 5
    assert f'name="rule" value="{RULE.name}"' in shown
    pressed = web.client().post("/do/drill", data={"rule": RULE.name})
    assert pressed.status_code == 303
    assert len(web.drilling.begun) == 1


@pytest.mark.parametrize(("drill", "status"), [(PASSED, 0), (BROKEN, 1)])
def test_the_command_ends_as_the_drill_does(
    type_command: Typist, drill: Drill, status: int
) -> None:
    web = Web()
    web.drilling.ready = drill
    with served(web) as url:
        said = type_command("drill", "--server", url)
        as_json = type_command("drill", "--server", url, "--json")

    assert said.status == as_json.status == status
    assert said.out.splitlines()[-1] == drill.sentence
    assert f'"result": "{drill.result}"' in as_json.out
