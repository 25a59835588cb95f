"""`responder shadow CASSETTE...`: rules on trial, and what the service is told."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from responder.app.tried import on_trial
from responder.cli.trial import Tried, tried_on
from responder.server import HttpServer
from responder.web.application import create_app
from tests.cassettes import changed, settings_of
from tests.commands import Typist
from tests.docs import ROOT
from tests.web_parts import Web

SHIPPED = ROOT / "cassettes"
BAD_JWT = SHIPPED / "bad-jwt.yaml"
IN_SHADOW = changed(("    traffic:", "    mode: shadow\n    traffic:"))
RULE = "pizza-factory"
SOME = [BAD_JWT, SHIPPED / "oven-full-noise.yaml", SHIPPED / "stale-link.yaml"]
"""Two outages, and noise between them."""


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    path = tmp_path / "responder.yaml"
    path.write_text(IN_SHADOW)
    return path


@contextmanager
def served(web: Web, text: str = IN_SHADOW) -> Iterator[str]:
    """The web of a service that runs this configuration; its address."""
    runs = settings_of(text)
    parts = replace(web.parts(), rules=runs.rules, config_sha=runs.sha)
    server = HttpServer(create_app(parts), "127.0.0.1", 0)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


def at(configuration: Path, url: str) -> tuple[str | Path, ...]:
    return "--config", configuration, "--server", url


def tried(*names: str | Path, text: str = IN_SHADOW) -> dict[str, Tried]:
    settings = settings_of(text)
    found = tried_on([str(name) for name in names], settings, on_trial(settings))
    return {one.name: one for one in found}


def shown(one: Tried) -> dict[str, str]:
    return {rule: str(what) for rule, what in one.shown.items()}


def expecting(
    folder: Path, expect: str, more: str = "", name: str = "2025-04-07-factory-500"
) -> Path:
    """A shipped cassette of an outage that expects this instead."""
    text = (SHIPPED / f"{name}.yaml").read_text("utf-8")
    path = folder / "expecting.yaml"
    path.write_text(f"{text[: text.index('expect:')]}{more}{expect}", "utf-8")
    return path


# What a cassette shows


@pytest.mark.parametrize("mode", ["shadow", "veto"])
def test_a_rule_is_tried_as_if_it_were_automatic(mode: str) -> None:
    text = IN_SHADOW.replace("mode: shadow", f"mode: {mode}")
    found = tried(*SOME, text=text)

    assert all(one.fine for one in found.values())
    assert {name: shown(one) for name, one in found.items()} == {
        "bad-jwt": {RULE: "reported"},
        "oven-full-noise": {RULE: "not_reported"},
        "stale-link": {RULE: "reported"},
    }


def test_no_socket_is_opened_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refused)

    assert tried(SHIPPED / "stale-link.yaml")["stale-link"].fine


def test_what_no_rule_took_and_should_have_counts_against_every_rule() -> None:
    deaf = IN_SHADOW.replace("responder: jwt-pizza", "responder: another")
    (one,) = tried(BAD_JWT, text=deaf).values()

    assert shown(one) == {RULE: "not_as_expected"}


def test_a_cassette_of_another_rule_does_not_concern_it() -> None:
    more = IN_SHADOW + (
        "  - name: pasta\n    mode: shadow\n    match: [{responder: pasta}]\n"
        "    checks: [{name: errors, query: '{a=\"b\"}', window: 1m, threshold: 1}]\n"
    )
    (one,) = tried(BAD_JWT, text=more).values()

    assert shown(one) == {RULE: "reported"}


@pytest.mark.parametrize(
    ("expect", "more", "kind"),
    [
        ("expect: {reported: true}\n", "", "reported"),
        ("expect: {ends: [recovered]}\n", "", "reported"),
        ("expect: {within: 5s}\n", "", "reported"),
        ("expect: {incidents: 1}\n", "", "unsaid"),
        ("expect: {reported: false}\n", "", "not_as_expected"),
        ("expect: {calls: []}\n", "", "not_as_expected"),
        # A person reported the founding incident: so should the rule have.
        ("expect: {calls: [], ends: [stood_down]}\n", "mode: shadow\n", "reported"),
        ("expect: {calls: [], ends: [closed]}\n", "mode: veto\n", "reported"),
        ("expect: {calls: []}\n", "mode: auto\n", "not_as_expected"),
        ("expect: {reported: false}\n", "mode: shadow\n", "not_as_expected"),
    ],
)
def test_a_report_is_a_right_call_where_the_cassette_or_a_person_says_so(
    tmp_path: Path, expect: str, more: str, kind: str
) -> None:
    (one,) = tried(expecting(tmp_path, expect, more)).values()

    assert shown(one) == {RULE: kind}


@pytest.mark.parametrize(
    ("expect", "why"),
    [
        ("expect: {}\n", "it expects nothing"),
        (
            "mode: shadow\nexpect: {calls: [], ends: [stood_down]}\n",
            "it was recorded in shadow, and nobody reported then",
        ),
        (
            "mode: veto\nexpect: {calls: [], ends: [closed]}\n",
            "it was recorded in veto, and nobody reported then",
        ),
    ],
)
def test_a_cassette_that_says_nothing_of_the_rule_is_not_counted_and_says_why(
    tmp_path: Path, expect: str, why: str
) -> None:
    (one,) = tried(
        expecting(tmp_path, expect, name="supplier-does-not-recover")
    ).values()

    assert (one.judged, shown(one)) == (None, {})
    assert one.why.startswith(why)


# What the service is told, and what is printed


def test_the_service_is_told_and_says_what_is_lacking(
    type_command: Typist, configuration: Path
) -> None:
    web = Web()
    with served(web) as url:
        said = type_command("shadow", *SOME, *at(configuration, url))

    kept = web.trials.kept[RULE]
    assert (said.status, said.complaints) == (0, [])
    assert kept.config == settings_of(IN_SHADOW).sha
    assert kept.reported == ("bad-jwt", "stale-link")
    assert kept.not_reported == ("oven-full-noise",)
    assert kept.not_as_expected == ()
    lines = said.out.splitlines()
    assert "bad-jwt: as expected (pizza-factory reports)" in lines
    assert "oven-full-noise: as expected (pizza-factory does not report)" in lines
    assert lines[-2].startswith(f"3 of 3 as expected, configuration {kept.config}, ")
    assert "3 cassettes: 2 right calls, 1 rightly none" in lines[-1]
    assert "Not ready yet: 1 live right call more would show it" in lines[-1]


def test_what_is_not_as_expected_is_told_with_why_and_is_status_1(
    type_command: Typist, configuration: Path
) -> None:
    deaf = IN_SHADOW.replace("threshold: 5", "threshold: 500")
    deaf = deaf.replace("threshold: 1", "threshold: 500")
    configuration.write_text(deaf)
    web = Web()
    with served(web, deaf) as url:
        said = type_command("shadow", BAD_JWT, *at(configuration, url))

    assert said.status == 1
    assert web.trials.kept[RULE].not_as_expected == ("bad-jwt",)
    assert "bad-jwt: NOT AS EXPECTED (pizza-factory is concerned)" in said.out
    assert "  ! expected calls of ticket, not of none: " in said.out
    assert "1 cassette is not as expected (bad-jwt)" in said.out


def test_as_json_there_are_the_cassettes_and_what_the_service_says(
    type_command: Typist, configuration: Path
) -> None:
    file = BAD_JWT
    with served(Web()) as url:
        there = (*at(configuration, url), "--json")
        found: dict[str, Any] = json.loads(type_command("shadow", file, *there).out)
        after: dict[str, Any] = json.loads(type_command("shadow", *there).out)

    (cassette,) = found["cassettes"]
    assert (cassette["name"], cassette["as_expected"]) == ("bad-jwt", True)
    assert cassette["rules"] == {RULE: "reported"}
    assert found["config_sha"] == settings_of(IN_SHADOW).sha
    assert found["rules"] == after["rules"]
    assert after["rules"][0]["cassettes"]["reported"] == 1


def test_without_a_service_the_result_is_printed_and_it_is_said_that_nobody_counts_it(
    type_command: Typist, configuration: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    typed = (BAD_JWT, *at(configuration, url))
    said = type_command("shadow", *typed)
    as_json = type_command("shadow", *typed, "--json")

    assert said.status == as_json.status == 1
    assert "bad-jwt: as expected (pizza-factory reports)\n1 of 1" in said.out
    assert json.loads(as_json.out)["rules"] is None
    (line,) = said.complaints
    why = f"the service does not count this: no answer from {url}"
    assert line.startswith(f"responder: {why}")


def test_a_service_with_another_configuration_keeps_it_and_does_not_count_it(
    type_command: Typist, configuration: Path
) -> None:
    web = Web()
    with served(web, IN_SHADOW + "# a comment more\n") as url:
        said = type_command("shadow", BAD_JWT, *at(configuration, url))

    assert said.status == 1
    assert web.trials.kept[RULE].reported == ("bad-jwt",)
    assert "1 cassette was of another configuration" in said.out
    (line,) = said.complaints
    assert f"it runs another configuration than {configuration}" in line


def test_a_service_without_the_rule_refuses_and_the_result_is_printed(
    type_command: Typist, configuration: Path
) -> None:
    web = Web()
    with served(web, changed()) as url:
        said = type_command("shadow", BAD_JWT, *at(configuration, url))

    assert (said.status, web.trials.kept) == (1, {})
    assert "bad-jwt: as expected" in said.out
    assert "HTTP 404" in said.complaints[0]


@pytest.mark.parametrize(
    ("text", "names", "why"),
    [
        (changed(), ["bad-jwt.yaml"], "for automatic rules there is responder replay"),
        (IN_SHADOW, ["nobody-wrote-it.yaml"], "cannot be read"),
        (IN_SHADOW, ["body.json"], "is no cassette"),
        (IN_SHADOW, ["bad-jwt.yaml", "copy.yaml"], "has the name of"),
    ],
)
def test_what_cannot_be_tried_is_one_line_and_status_2(
    type_command: Typist,
    configuration: Path,
    text: str,
    names: list[str],
    why: str,
) -> None:
    folder = configuration.parent
    configuration.write_text(text)
    for name in ("bad-jwt.yaml", "copy.yaml"):
        (folder / name).write_bytes(BAD_JWT.read_bytes())
    (folder / "body.json").write_text('{"status": "firing", "alerts": []}')
    web = Web()
    with served(web, text) as url:
        typed = [folder / name for name in names]
        said = type_command("shadow", *typed, *at(configuration, url))

    assert (said.status, said.out, web.trials.kept) == (2, "", {})
    (line,) = said.complaints
    assert why in line


def test_a_file_that_is_named_twice_is_tried_once() -> None:
    file = BAD_JWT
    found = list(tried_on([str(file), str(file)], settings_of(IN_SHADOW), [RULE]))

    assert [one.name for one in found] == ["bad-jwt"]
