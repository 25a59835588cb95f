"""What the service is told of the cassettes that a rule was tried on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import requests

from responder.config.settings import Secret
from responder.incident.names import Mode
from responder.server import HttpServer
from responder.web.application import create_app
from responder.web.shadow import MOST_NAMES
from tests.fakes import NOON
from tests.web_parts import OPERATOR, RULE, SECRET, Web

ONCALL = ("oncall", OPERATOR)
USERS = {"oncall": Secret(OPERATOR)}
RULES = (replace(RULE, mode=Mode.SHADOW), replace(RULE, name="pasta"))
PATH = f"/api/shadow/{RULE.name}/cassettes"
TOLD: dict[str, Any] = {
    "config": "cafe",
    "reported": ["founding", "bad-jwt"],
    "not_reported": ["oven-full-noise"],
    "not_as_expected": [],
}


@contextmanager
def served(web: Web) -> Iterator[str]:
    """The web of a rule in shadow and one that is automatic; its address."""
    app = create_app(replace(web.parts(), rules=RULES))
    server = HttpServer(app, "127.0.0.1", 0)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


def test_it_is_kept_with_who_and_when_and_shown_wherever_trust_is() -> None:
    web = Web(operators=USERS)
    with served(web) as url:
        said = requests.post(url + PATH, json=TOLD, auth=ONCALL, timeout=5)
        listed = requests.get(f"{url}/api/shadow", auth=ONCALL, timeout=5).json()
        page = requests.get(f"{url}/incidents", auth=ONCALL, timeout=5).text

    kept = web.trials.kept[RULE.name]
    assert (kept.by, kept.at, kept.reported) == (
        "oncall",
        NOON,
        ("founding", "bad-jwt"),
    )
    assert said.status_code == 200
    assert listed == {"rules": [said.json()]}
    assert said.json()["cassettes"] == {
        "config": "cafe",
        "counts": True,
        "at": "2026-11-05T12:00:00.000Z",
        "by": "oncall",
        "reported": 2,
        "not_reported": 1,
        "not_as_expected": 0,
    }
    counts = "3 cassettes: 2 right calls, 1 rightly none, 0 not as expected"
    assert counts in said.json()["sentence"]
    assert counts in page
    assert "Cassettes lived through by oncall, 2026-11-05 12:00 UTC" in page


def test_before_the_first_there_are_none() -> None:
    with served(Web()) as url:
        (rule,) = requests.get(f"{url}/api/shadow", timeout=5).json()["rules"]

    assert rule["cassettes"] is None


def test_of_another_configuration_it_is_kept_and_does_not_count() -> None:
    with served(Web()) as url:
        said = requests.post(url + PATH, json={**TOLD, "config": "beef"}, timeout=5)

    assert said.json()["cassettes"]["counts"] is False
    assert "3 cassettes were of another configuration" in said.json()["sentence"]


def test_the_names_of_what_was_not_as_expected_are_said_and_no_secret_is() -> None:
    told = {**TOLD, "not_as_expected": ["stale-link", SECRET]}
    with served(Web()) as url:
        said = requests.post(url + PATH, json=told, timeout=5)

    assert (
        "2 cassettes are not as expected (stale-link, ***)" in said.json()["sentence"]
    )
    assert SECRET not in said.text


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"config": None}, "config: give the hash"),
        ({"config": "Cafe"}, "config: give the hash"),
        ({"config": "cafe\n"}, "config: give the hash"),
        ({"reported": None}, "reported: give a list of names"),
        ({"reported": "founding"}, "reported: give a list of names"),
        ({"not_reported": [7]}, "not_reported: give a list of names"),
        ({"not_as_expected": ["../x"]}, "not_as_expected: give a list of names"),
        ({"not_as_expected": ["<b>"]}, "not_as_expected: give a list of names"),
        ({"not_as_expected": ["founding"]}, "give each name once"),
        ({"reported": ["a", "a"]}, "give each name once"),
        ({"reported": [f"n{n}" for n in range(MOST_NAMES)]}, "at most 10000 names"),
        ({"reported": ["a" * 81] * 13000}, "body: longer than 1048576 bytes"),
        ({"by": "ada"}, "by: unknown; use config, reported"),
    ],
)
def test_what_is_not_understood_is_refused_and_not_kept(
    change: dict[str, object], error: str
) -> None:
    web = Web()
    with served(web) as url:
        answer = requests.post(url + PATH, json={**TOLD, **change}, timeout=5)

    assert answer.status_code == 400
    assert error in answer.json()["error"]
    assert web.trials.kept == {}


@pytest.mark.parametrize("rule", ["pasta", "nobody-wrote-it"])
def test_only_a_rule_in_shadow_or_veto_is_on_trial(rule: str) -> None:
    web = Web()
    with served(web) as url:
        answer = requests.post(
            f"{url}/api/shadow/{rule}/cassettes", json=TOLD, timeout=5
        )

    assert answer.status_code == 404
    assert f"there are: {RULE.name}" in answer.json()["error"]
    assert web.trials.kept == {}


@pytest.mark.parametrize(
    ("headers", "auth", "status"),
    [
        ({}, None, 401),
        ({"Sec-Fetch-Site": "cross-site"}, ONCALL, 403),
        ({"Origin": "https://elsewhere.example"}, ONCALL, 403),
        ({"Content-Type": "text/plain"}, ONCALL, 415),
    ],
)
def test_it_acts_for_operators_and_for_no_other_site(
    headers: dict[str, str], auth: tuple[str, str] | None, status: int
) -> None:
    web = Web(operators=USERS)
    with served(web) as url:
        answer = requests.post(
            url + PATH, json=TOLD, headers=headers, auth=auth, timeout=5
        )

    assert answer.status_code == status
    assert web.trials.kept == {}
