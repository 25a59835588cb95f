"""`responder pause` and `resume` against a service on a socket."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from responder.config.settings import Secret
from responder.server import HttpServer
from responder.web.app import create_app
from tests.commands import Typist
from tests.fakes import NOON
from tests.web_parts import OPERATOR, Web

OPERATORS = {"oncall": Secret(OPERATOR), "ana": Secret("pass-of-ana")}


@contextmanager
def served(web: Web) -> Iterator[str]:
    server = HttpServer(create_app(web.parts()), "127.0.0.1", 0)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


def configured(folder: Path, url: str) -> str:
    """A configuration of the service at `url`; its operators are `OPERATORS`."""
    file = folder / "responder.yaml"
    users = ", ".join(f"{name}: {one.reveal()}" for name, one in OPERATORS.items())
    listen = url.removeprefix("http://")
    file.write_text(
        f"server: {{listen: '{listen}'}}\noperator_auth: {{users: {{{users}}}}}\n"
    )
    return str(file)


def test_pause_and_resume_press_the_switch(type_command: Typist) -> None:
    web = Web()
    with served(web) as url:
        paused = type_command("pause", "--server", url)
        assert web.controls.paused is not None
        assert web.controls.paused.until is None
        resumed = type_command("resume", "--server", f"{url}/")

    assert (paused.status, paused.out) == (0, "paused until you resume\n")
    assert (resumed.status, resumed.err) == (0, "")
    assert web.controls.paused is None


def test_a_pause_has_an_end_if_one_is_given(type_command: Typist) -> None:
    web = Web()
    with served(web) as url:
        said = type_command("pause", "--for", "1h30m", "--server", url)

    assert (said.status, said.out) == (0, "paused for 1h30m\n")
    assert web.controls.paused is not None
    assert web.controls.paused.until == NOON + timedelta(minutes=90)


@pytest.mark.parametrize(
    ("options", "name"), [([], "oncall"), (["--user", "ana"], "ana")]
)
def test_the_configuration_says_where_and_who(
    type_command: Typist, tmp_path: Path, options: list[str], name: str
) -> None:
    web = Web(operators=OPERATORS)
    with served(web) as url:
        file = configured(tmp_path, url)
        said = type_command("pause", "--config", file, *options)

    assert (said.status, said.err) == (0, "")
    assert web.controls.paused is not None
    assert web.controls.paused.by == name


def test_the_environment_needs_no_configuration(
    type_command: Typist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESPONDER_USER", "ana")
    monkeypatch.setenv("RESPONDER_PASSWORD", "pass-of-ana")
    web = Web(operators=OPERATORS)
    with served(web) as url:
        said = type_command("pause", "--server", url)

    assert said.status == 0
    assert web.controls.paused is not None
    assert web.controls.paused.by == "ana"


def test_a_wrong_password_is_told_and_not_shown(
    type_command: Typist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESPONDER_USER", "ana")
    monkeypatch.setenv("RESPONDER_PASSWORD", "wrong-but-secret")
    web = Web(operators=OPERATORS)
    with served(web) as url:
        said = type_command("pause", "--server", url)

    assert said.status == 1
    assert said.complaints == [
        f"responder: {url} refused, HTTP 401: wrong user name or password, or too many "
        "failed logins with this name lately: then wait a minute and try once. "
        "Set RESPONDER_USER and RESPONDER_PASSWORD."
    ]
    assert "wrong-but-secret" not in said.err + said.out
    assert web.controls.paused is None


def test_no_service_is_told_in_one_line(type_command: Typist) -> None:
    with served(Web()) as url:
        pass
    said = type_command("pause", "--server", url)

    assert (said.status, said.out) == (1, "")
    assert said.err == f"responder: no answer from {url} (ConnectionError)\n"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["pause", "--for", "soon"], "'soon' is not a duration"),
        (["pause", "--for", "0s"], "'0s' is no time at all"),
        (["pause", "--for", "31d"], "'31d' is longer than 30 days"),
        (["pause", "--server", "responder.example.net"], "--server "),
        (["resume", "--server", "ftp://x"], "--server "),
        (["resume", "--server", "https://ana:pw@host.example"], "--server "),
        (["pause", "--user", "bob"], "operator_auth has no password for bob"),
    ],
)
def test_what_cannot_be_done_is_a_usage_error(
    type_command: Typist, typed: list[str], told: str
) -> None:
    said = type_command(*typed)

    assert said.status == 2
    assert told in said.err


def test_a_password_is_not_sent_in_clear_to_anybody(
    type_command: Typist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESPONDER_USER", "ana")
    monkeypatch.setenv("RESPONDER_PASSWORD", "pass-of-ana")
    said = type_command("pause", "--server", "http://responder.example.net")

    assert said.status == 2
    assert "in clear" in said.err


def test_a_password_without_a_name_is_asked_for_one(
    type_command: Typist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESPONDER_PASSWORD", "pass-of-ana")
    said = type_command("pause", "--server", "http://127.0.0.1:9")

    assert said.status == 2
    assert "RESPONDER_USER" in said.err
    assert "pass-of-ana" not in said.err
