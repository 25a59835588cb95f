"""The cookie of an operator: whose it is, and what it cannot be made into."""

import base64
import tracemalloc
import zlib
from datetime import timedelta

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from responder.config.settings import Secret, Server
from responder.web.logins import FREE
from responder.web.sessions import LASTS, Sessions
from tests.fakes import NOON
from tests.integration.test_web_access import BEYOND, served
from tests.web_parts import OPERATOR, Web

OPERATORS = {"oncall": Secret(OPERATOR), "ana": Secret("pass-of-ana")}
SESSIONS = Sessions(OPERATORS)


def logged_in(url: str, session: requests.Session) -> requests.Response:
    form = {"user": "oncall", "password": OPERATOR, "next": "/api/incidents"}
    return session.post(f"{url}/login", data=form, timeout=10, allow_redirects=False)


def test_a_cookie_names_its_operator_until_it_ends() -> None:
    cookie = SESSIONS.cookie("oncall", NOON)

    assert SESSIONS.user_of(cookie, NOON) == "oncall"
    assert SESSIONS.user_of(cookie, NOON + LASTS + timedelta(seconds=1)) is None


def test_a_changed_password_voids_every_cookie() -> None:
    changed = Sessions({**OPERATORS, "oncall": Secret("another")})

    assert changed.user_of(SESSIONS.cookie("oncall", NOON), NOON) is None


def test_one_operators_cookie_is_not_anothers() -> None:
    payload, _, proof = SESSIONS.cookie("oncall", NOON).rpartition(".")
    theirs, _, _ = SESSIONS.cookie("ana", NOON).rpartition(".")

    assert SESSIONS.user_of(f"{theirs}.{proof}", NOON) is None
    assert SESSIONS.user_of(f"{payload}.{proof[::-1]}", NOON) is None


@given(st.text() | st.binary().map(lambda b: base64.urlsafe_b64encode(b).decode()))
def test_nothing_else_is_anybodys_cookie(text: str) -> None:
    assert SESSIONS.user_of(text, NOON) is None
    assert SESSIONS.user_of(f".{text}.{text}", NOON) is None


def test_a_cookie_that_swells_is_not_unpacked() -> None:
    packed = base64.urlsafe_b64encode(zlib.compress(b"[" + b" " * 100_000_000, 9))
    tracemalloc.start()
    found = SESSIONS.user_of(f".{packed.decode()}.x", NOON)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found is None
    assert most < 10_000_000


@pytest.mark.parametrize(
    ("server", "name", "secure"),
    [
        (BEYOND, "responder", False),
        (Server(public_url="https://responder.example.net"), "__Host-responder", True),
    ],
)
def test_the_cookie_is_kept_from_scripts_and_other_sites(
    server: Server, name: str, secure: bool
) -> None:
    with served(Web(operators=OPERATORS, server=server)) as url:
        said = logged_in(url, requests.Session()).headers["Set-Cookie"]

    assert said.startswith(f"{name}=")
    assert "HttpOnly" in said
    assert "SameSite=Lax" in said
    assert "Path=/" in said
    assert ("Secure" in said) is secure
    assert OPERATOR not in said


def test_a_cookie_cannot_act_for_another_site() -> None:
    with served(Web(operators=OPERATORS, server=BEYOND)) as url:
        session = requests.Session()
        logged_in(url, session)
        session.headers["Sec-Fetch-Site"] = "cross-site"
        pressed = session.post(f"{url}/do/pause", timeout=10)
        asked = session.post(f"{url}/api/pause", json={"paused": True}, timeout=10)

    assert (pressed.status_code, asked.status_code) == (403, 403)


@pytest.mark.parametrize(
    "whither",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/\t/evil.example",
        "",
    ],
)
def test_the_form_leads_nowhere_else(whither: str) -> None:
    with served(Web(operators=OPERATORS, server=BEYOND)) as url:
        form = {"user": "oncall", "password": OPERATOR, "next": whither}
        found = requests.post(
            f"{url}/login", data=form, timeout=10, allow_redirects=False
        )

    assert found.headers["Location"] == "/"


def test_guessing_by_the_form_is_slowed_as_by_header() -> None:
    with served(Web(operators=OPERATORS, server=BEYOND)) as url:

        def guess(password: str) -> requests.Response:
            form = {"user": "oncall", "password": password}
            return requests.post(f"{url}/login", data=form, timeout=10)

        statuses = [guess(f"guess {n}").status_code for n in range(FREE)]
        shut = guess(OPERATOR)
        by_header = requests.get(url, auth=("oncall", OPERATOR), timeout=10)

    assert statuses == [401] * FREE
    assert (shut.status_code, shut.headers["Retry-After"]) == (429, "1")
    assert by_header.status_code == 429
