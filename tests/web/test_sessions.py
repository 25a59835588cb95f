"""The cookie of an operator: whose it is, and what it cannot be made into."""

import base64
import tracemalloc
import zlib
from datetime import timedelta
from ipaddress import ip_network

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from responder.config.settings import Secret, Server
from responder.web.auth import FREE, FREE_BY_NAME
from responder.web.sessions import LASTS, Sessions
from tests.fakes import NOON, ListedSessions
from tests.web.test_access import BEYOND, served
from tests.web_parts import OPERATOR, Web

OPERATORS = {"oncall": Secret(OPERATOR), "ana": Secret("pass-of-ana")}
SESSIONS = Sessions(OPERATORS, ListedSessions())


def logged_in(url: str, session: requests.Session) -> requests.Response:
    form = {"user": "oncall", "password": OPERATOR, "next": "/api/incidents"}
    return session.post(f"{url}/login", data=form, timeout=60, allow_redirects=False)


def test_a_cookie_names_its_operator_until_it_ends() -> None:
    cookie = SESSIONS.cookie("oncall", NOON)

    session = SESSIONS.session_of(cookie, NOON)
    assert session is not None
    assert session.user == "oncall"
    assert SESSIONS.session_of(cookie, NOON + LASTS + timedelta(seconds=1)) is None


def test_a_changed_password_voids_every_cookie() -> None:
    changed = Sessions({**OPERATORS, "oncall": Secret("another")}, ListedSessions())

    assert changed.session_of(SESSIONS.cookie("oncall", NOON), NOON) is None


def test_one_operators_cookie_is_not_anothers() -> None:
    payload, _, proof = SESSIONS.cookie("oncall", NOON).rpartition(".")
    theirs, _, _ = SESSIONS.cookie("ana", NOON).rpartition(".")

    assert SESSIONS.session_of(f"{theirs}.{proof}", NOON) is None
    assert SESSIONS.session_of(f"{payload}.{proof[::-1]}", NOON) is None


@given(st.text() | st.binary().map(lambda b: base64.urlsafe_b64encode(b).decode()))
def test_nothing_else_is_anybodys_cookie(text: str) -> None:
    assert SESSIONS.session_of(text, NOON) is None
    assert SESSIONS.session_of(f".{text}.{text}", NOON) is None


def test_a_cookie_that_swells_is_not_unpacked() -> None:
    packed = base64.urlsafe_b64encode(zlib.compress(b"[" + b" " * 100_000_000, 9))
    tracemalloc.start()
    found = SESSIONS.session_of(f".{packed.decode()}.x", NOON)
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
        pressed = session.post(f"{url}/do/pause", timeout=60)
        asked = session.post(f"{url}/api/pause", json={"paused": True}, timeout=60)

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
            f"{url}/login", data=form, timeout=60, allow_redirects=False
        )

    assert found.headers["Location"] == "/"


def test_guessing_by_the_form_is_slowed_as_by_header() -> None:
    with served(Web(operators=OPERATORS, server=BEYOND)) as url:

        def guess(password: str) -> requests.Response:
            form = {"user": "oncall", "password": password}
            return requests.post(f"{url}/login", data=form, timeout=60)

        statuses = [guess(f"guess {n}").status_code for n in range(FREE)]
        shut = guess(OPERATOR)
        by_header = requests.get(url, auth=("oncall", OPERATOR), timeout=60)

    assert statuses == [401] * FREE
    assert (shut.status_code, shut.headers["Retry-After"]) == (429, "1")
    assert by_header.status_code == 429


class Browser:
    """A browser, seen by Responder through a proxy that it may trust or not."""

    def __init__(self, url: str, address: str, **jar: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.headers["X-Forwarded-For"] = address
        self.session.headers["Accept"] = "text/html"
        self.session.cookies.update(jar)

    def log_in(self, password: str = OPERATOR, user: str = "oncall") -> int:
        form = {"user": user, "password": password}
        return self.post("/login", form)

    def post(self, path: str, form: dict[str, str] | None = None) -> int:
        return self.session.post(
            self.url + path, data=form, timeout=10, allow_redirects=False
        ).status_code

    def sees_the_page(self) -> bool:
        found = self.session.get(self.url, timeout=10, allow_redirects=False)
        return found.status_code == 200


PROXIED = Server(host="0.0.0.0", trusted_proxies=(ip_network("127.0.0.1"),))


def test_one_client_behind_a_trusted_proxy_does_not_shut_out_another() -> None:
    with served(Web(operators=OPERATORS, server=PROXIED)) as url:
        guessing = Browser(url, "203.0.113.9")
        statuses = [guessing.log_in("guess") for _ in range(FREE + 1)]
        other = Browser(url, "203.0.113.10").log_in()
        pretending = Browser(url, "203.0.113.10, 203.0.113.9").log_in()

    assert statuses == [401] * FREE + [429]
    assert other == 303
    assert pretending == 429


def test_a_proxy_that_is_not_trusted_names_no_client() -> None:
    with served(Web(operators=OPERATORS, server=BEYOND)) as url:
        for number in range(FREE):
            Browser(url, f"203.0.113.{number}").log_in("guess")
        shut = Browser(url, "198.51.100.1").log_in()

    assert shut == 429


def test_a_browser_that_logged_in_before_is_shut_out_by_its_own_failures_only() -> None:
    with served(Web(operators=OPERATORS, server=BEYOND)) as url:
        mine = Browser(url, "203.0.113.1")
        mine.log_in()
        mine.post("/logout")
        for number in range(FREE + 3):
            Browser(url, "203.0.113.2").log_in(f"guess {number}")
        stranger = Browser(url, "203.0.113.1").log_in()
        known = mine.log_in()
        mine.post("/logout")
        failing = [mine.log_in("mistyped") for _ in range(FREE + 1)]

    assert stranger == 429
    assert known == 303
    assert failing == [401] * FREE + [429]


def test_a_device_of_one_operator_is_no_device_of_another() -> None:
    with served(Web(operators=OPERATORS, server=BEYOND)) as url:
        ana = Browser(url, "203.0.113.1")
        ana.log_in("pass-of-ana", user="ana")
        for number in range(FREE):
            Browser(url, "203.0.113.2").log_in(f"guess {number}")
        as_oncall = ana.log_in()

    assert as_oncall == 429


def test_a_flood_of_invented_names_frees_nobody_who_guesses() -> None:
    with served(Web(operators=OPERATORS, server=PROXIED)) as url:
        guessing = Browser(url, "203.0.113.9")
        for _ in range(FREE):
            guessing.log_in("guess")
        for number in range(200):
            flooding = Browser(url, f"198.51.100.{number}")
            flooding.log_in("x", user=f"invented {number}")
        shut = guessing.log_in()

    assert shut == 429


@pytest.mark.parametrize("by_form", [True, False], ids=["form", "header"])
def test_a_name_that_is_nobodys_is_answered_as_an_operators(by_form: bool) -> None:
    def answers(user: str) -> list[tuple[int, str]]:
        found = []
        with served(Web(operators=OPERATORS, server=PROXIED)) as url:
            for number in range(FREE_BY_NAME + 5):
                address = {"X-Forwarded-For": f"198.51.100.{number}"}
                if by_form:
                    form = {"user": user, "password": "guess"}
                    came = requests.post(
                        f"{url}/login", data=form, headers=address, timeout=10
                    )
                else:
                    auth = (user, "guess")
                    came = requests.get(url, auth=auth, headers=address, timeout=10)
                found.append((came.status_code, came.text.replace(user, "NAME")))
        return found

    assert answers("oncall") == answers("nobody")


def test_a_closed_name_lets_in_who_has_logged_in_before_and_no_newcomer() -> None:
    with served(Web(operators=OPERATORS, server=PROXIED)) as url:
        mine = Browser(url, "203.0.113.1")
        mine.log_in()
        mine.post("/logout")
        for number in range(FREE_BY_NAME):
            Browser(url, f"198.51.100.{number}").log_in("guess")
        newcomer = Browser(url, "203.0.113.2").log_in()
        program = requests.get(
            f"{url}/api/incidents",
            auth=("oncall", OPERATOR),
            headers={"X-Forwarded-For": "203.0.113.1"},
            timeout=10,
        )
        mine.session.headers["X-Forwarded-For"] = "203.0.113.3"
        known = mine.log_in()

    assert newcomer == 401
    assert program.status_code == 200
    assert known == 303


def test_a_log_line_names_the_client_behind_the_proxy(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with served(Web(operators=OPERATORS, server=PROXIED)) as url:
        Browser(url, "203.0.113.9").log_in("guess")

    (line,) = [r for r in caplog.records if r.getMessage() == "login failed"]
    assert getattr(line, "address", "") == "203.0.113.9"


@pytest.mark.parametrize(
    ("hops", "status"),
    [("203.0.113.9", 403), ("127.0.0.1, 203.0.113.9", 403), ("127.0.0.1", 200)],
)
def test_without_operators_a_trusted_proxy_lets_in_this_machine_only(
    hops: str, status: int
) -> None:
    server = Server(trusted_proxies=(ip_network("127.0.0.1"),))
    with served(Web(server=server)) as url:
        found = requests.get(url, headers={"X-Forwarded-For": hops}, timeout=10)

    assert found.status_code == status


def test_a_proxy_that_hides_its_client_is_a_stranger() -> None:
    server = Server(trusted_proxies=(ip_network("127.0.0.1"),))
    differing = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=127.0.0.1"}
    with served(Web(server=server)) as url:
        statuses = [
            requests.get(url, headers=headers, timeout=10).status_code
            for headers in (differing, {"Via": "1.1 proxy"})
        ]

    assert statuses == [403, 403]


def test_logging_out_ends_the_session_wherever_its_cookie_is() -> None:
    with served(Web(operators=OPERATORS, server=BEYOND)) as url:
        mine, second = Browser(url, "203.0.113.1"), Browser(url, "203.0.113.2")
        mine.log_in()
        second.log_in()
        stolen = Browser(url, "203.0.113.9", **mine.session.cookies.get_dict())
        assert stolen.sees_the_page()
        mine.post("/logout")

        assert not stolen.sees_the_page()
        assert second.sees_the_page()


def test_logging_out_everywhere_ends_every_session_of_this_operator() -> None:
    with served(Web(operators=OPERATORS, server=BEYOND)) as url:
        mine, second = Browser(url, "203.0.113.1"), Browser(url, "203.0.113.2")
        ana = Browser(url, "203.0.113.3")
        mine.log_in()
        second.log_in()
        ana.log_in("pass-of-ana", user="ana")
        status = mine.post("/logout/everywhere")

        assert status == 303
        assert not mine.sees_the_page()
        assert not second.sees_the_page()
        assert ana.sees_the_page()
        second.log_in()
        assert second.sees_the_page()


def test_the_page_offers_to_log_out_everywhere() -> None:
    with served(Web(operators=OPERATORS, server=BEYOND)) as url:
        browser = Browser(url, "203.0.113.1")
        browser.log_in()
        page = browser.session.get(url, timeout=10).text

    assert 'formaction="/logout/everywhere">Log out everywhere</button>' in page
