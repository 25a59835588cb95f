"""The form for operators, its cookie, and the buttons behind it."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from responder.config.settings import Secret, Server
from responder.incident.actions import AddNote, Close, RecordReport, TooLate, Veto
from responder.web.auth import FREE
from responder.web.sessions import LASTS, Sessions
from tests.fakes import NOON, ListedControls, ListedSessions
from tests.listed import ListedArchive
from tests.web_parts import OPERATOR, Web, at, founding

PEOPLE = {"oncall": Secret(OPERATOR), "second": Secret("another-pass")}
BROWSER = {"Accept": "text/html,*/*"}
ASKS_AGAIN = {"HX-Request": "true", **BROWSER}


def web(controls: ListedControls | None = None, server: Server | None = None) -> Web:
    return Web(
        operators=PEOPLE,
        archive=ListedArchive(timelines={"inc-1": founding()}),
        controls=controls or ListedControls(),
        server=server or Server(),
    )


def log_in(
    client: FlaskClient, password: str = OPERATOR, back: str = "/"
) -> TestResponse:
    form = {"user": "oncall", "password": password, "next": back}
    return client.post("/login", data=form)


def test_a_browser_is_led_to_the_form_and_back() -> None:
    client = web().client()

    asked = client.get("/incidents/inc-1?show=people", headers=BROWSER)
    answer = log_in(client, back="/incidents/inc-1?show=people")

    assert asked.status_code == 303
    wanted = "/login?next=/incidents/inc-1?show%3Dpeople"
    assert asked.headers["Location"] == wanted
    assert answer.headers["Location"] == "/incidents/inc-1?show=people"
    assert client.get("/", headers=BROWSER).status_code == 200


def test_the_script_is_refused_without_a_password_box() -> None:
    refused = web().client().get("/", headers=ASKS_AGAIN)

    assert refused.status_code == 401
    assert "WWW-Authenticate" not in refused.headers


@pytest.mark.parametrize(
    ("server", "name", "secure"),
    [
        (Server(), "responder", False),
        (Server(public_url="https://r.example.net"), "__Host-responder", True),
    ],
    ids=["http", "https"],
)
def test_the_cookie_is_kept_from_scripts_and_other_sites(
    server: Server, name: str, secure: bool
) -> None:
    cookie = log_in(web(server=server).client()).headers["Set-Cookie"]

    assert cookie.startswith(f"{name}=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert f"Max-Age={LASTS // timedelta(seconds=1)}" in cookie
    assert ("Secure" in cookie) is secure
    assert OPERATOR not in cookie


@pytest.mark.parametrize(
    "away", ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/x", ""]
)
def test_the_way_back_is_never_another_site(away: str) -> None:
    assert log_in(web().client(), back=away).headers["Location"] == "/"


def test_a_wrong_password_says_so_and_many_are_slowed() -> None:
    client = web().client()

    wrong = [log_in(client, "guess") for _ in range(FREE)]
    slowed = log_in(client)

    assert {answer.status_code for answer in wrong} == {401}
    assert "Wrong user name or password" in wrong[0].text
    assert "guess" not in wrong[0].text
    assert slowed.status_code == 429
    assert "Set-Cookie" not in slowed.headers


def test_logging_out_forgets_the_cookie() -> None:
    client = web().client()
    log_in(client)

    client.post("/logout")

    assert client.get("/", headers=BROWSER).status_code == 303


def test_a_cookie_outlives_a_restart_and_ends_with_its_month() -> None:
    cookie = Sessions(PEOPLE, ListedSessions()).cookie("oncall", NOON)
    later = Sessions(dict(PEOPLE), ListedSessions())

    assert later.session_of(cookie, NOON + LASTS - timedelta(seconds=1)) is not None
    assert later.session_of(cookie, NOON + LASTS) is None


@pytest.mark.parametrize(
    "users",
    [{"oncall": Secret("a-new-pass")}, {"second": Secret(OPERATOR)}, {}],
    ids=["password changed", "operator gone", "nobody"],
)
def test_a_cookie_is_void_once_its_password_is_another(
    users: dict[str, Secret],
) -> None:
    cookie = Sessions(PEOPLE, ListedSessions()).cookie("oncall", NOON)

    assert Sessions(users, ListedSessions()).session_of(cookie, NOON) is None


def test_nobody_can_make_a_cookie_say_another_name() -> None:
    sessions = Sessions(PEOPLE, ListedSessions())
    mine, theirs = (sessions.cookie(name, NOON) for name in ("second", "oncall"))
    forged = f"{theirs.rpartition('.')[0]}.{mine.rpartition('.')[2]}"

    assert sessions.session_of(forged, NOON) is None
    assert all(
        sessions.session_of(broken, NOON) is None
        for broken in (mine[:-1], mine + "x", "", ".", "e30.x", "WyJvbmNhbGwiXQ.x")
    )


def logged_in(controls: ListedControls) -> FlaskClient:
    client = web(controls=controls).client()
    log_in(client)
    return client


def test_a_press_is_on_the_record_with_the_name_of_who_pressed() -> None:
    controls = ListedControls()

    answer = logged_in(controls).post("/incidents/inc-1/do/veto")

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/incidents/inc-1"
    assert controls.pressed == [Veto(by="oncall")]


def test_the_forms_say_what_the_api_takes() -> None:
    controls = ListedControls()
    client = logged_in(controls)

    client.post("/incidents/inc-1/do/close", data={"reason": "not_real", "text": "x"})
    client.post("/incidents/inc-1/do/note", data={"text": "called"})
    client.post("/incidents/inc-1/do/reported-by-hand", data={"at": "11:48"})
    client.post("/incidents/inc-1/do/reported-by-hand", data={"at": "12:48"})

    assert controls.pressed == [
        Close(by="oncall", why="not real: x"),
        AddNote(by="oncall", text="called"),
        RecordReport(by="oncall", reported_at=at(-720)),
        RecordReport(by="oncall", reported_at=at(2880) - timedelta(days=1)),
    ]


def test_the_second_press_says_who_was_first() -> None:
    controls = ListedControls(first=("second", at(-5)))

    answer = logged_in(controls).post("/incidents/inc-1/do/veto")

    assert answer.status_code == 409
    assert "second already did this at 11:59:55 UTC." in answer.text


def test_too_late_says_why() -> None:
    controls = ListedControls(late=TooLate("the incident ended at 11:59:55"))

    answer = logged_in(controls).post("/incidents/inc-1/do/close")

    assert answer.status_code == 409
    assert "The incident ended at 11:59:55." in answer.text


def test_a_pause_lasts_two_hours_or_until_somebody_resumes() -> None:
    controls = ListedControls()
    client = logged_in(controls)

    client.post("/do/pause")
    assert controls.paused is not None
    assert controls.paused.until == NOON + timedelta(hours=2)
    client.post("/do/pause", data={"for": "ever"})
    assert controls.paused.until is None
    client.post("/do/resume")
    assert controls.paused is None


@pytest.mark.parametrize("path", ["/do/pause", "/incidents/inc-1/do/veto", "/logout"])
def test_another_sites_form_presses_nothing(path: str) -> None:
    controls = ListedControls()
    client = logged_in(controls)

    refused = client.post(path, headers={"Sec-Fetch-Site": "cross-site"})

    assert refused.status_code == 403
    assert not controls.pressed
    assert controls.paused is None
    assert client.get("/", headers=BROWSER).status_code == 200


@pytest.mark.parametrize("path", ["/login", "/incidents/inc-1/do/note"])
def test_a_form_of_any_length_is_refused_with_413(path: str) -> None:
    client = logged_in(ListedControls())

    assert client.post(path, data={"text": "x" * 70_000}).status_code == 413


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        (BROWSER, "text/html"),
        ({}, "text/plain"),
        ({**BROWSER, "HX-Request": "true"}, "text/plain"),
    ],
)
def test_a_refusal_is_a_page_for_a_browser_and_plain_for_all_others(
    headers: dict[str, str], kind: str
) -> None:
    answer = Web().client().get("/incidents/<b>x", headers=headers)
    nobody = Web().client().get("/api/incidents/nobody", headers=headers)

    assert (answer.status_code, answer.mimetype) == (404, kind)
    assert ("No such incident." in answer.text) is (kind == "text/html")
    assert "no-store" in answer.headers["Cache-Control"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "<b>" not in answer.text
    assert (nobody.status_code, nobody.mimetype) == (404, "application/json")
