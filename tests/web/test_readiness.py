"""Readiness promises nothing that would not happen."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from responder.incident.names import Mode
from responder.incident.pause import Pause
from responder.incident.readiness import Aspect, Fact, Readiness
from responder.web.app import create_app
from tests.fakes import NOON
from tests.web_parts import RULE, Web, at

READY = Readiness(
    at=NOON, facts=tuple(Fact(aspect=a, ok=True, words=f"{a} is so") for a in Aspect)
)
OTHER = replace(RULE, name="order-latency")


def client(web: Web, *modes: Mode) -> FlaskClient:
    """Pages of a web whose two rules are in these modes."""
    rules = tuple(
        replace(rule, mode=mode)
        for rule, mode in zip((RULE, OTHER), modes, strict=True)
    )
    return create_app(replace(web.parts(), rules=rules)).test_client()


@pytest.mark.parametrize(
    ("modes", "words"),
    [
        ((Mode.AUTO, Mode.VETO), "Responder would act: alert_path is so, traffic"),
        (
            (Mode.SHADOW, Mode.SHADOW),
            "Responder would only note what it would have done (mode: shadow): alert",
        ),
        (
            (Mode.AUTO, Mode.SHADOW),
            "Responder would act (but for order-latency, in mode: shadow): alert",
        ),
    ],
)
def test_what_it_would_do_is_said_by_the_modes_of_the_rules(
    modes: tuple[Mode, Mode], words: str
) -> None:
    asked = client(Web(readiness=READY), *modes)

    assert f"Nothing is wrong. {words}" in asked.get("/").text
    page, told = asked.get("/readiness").text, asked.get("/api/readiness").json
    assert told is not None
    assert told["ready"]
    whole = modes == (Mode.AUTO, Mode.VETO)
    assert ("An outage would be answered" in page) is whole
    assert (words in page) is not whole
    assert told["sentence"].startswith("Alert_path" if whole else words)


def test_while_all_reports_are_paused_nothing_is_ready() -> None:
    web = Web(readiness=READY)
    web.controls.paused = Pause(at=at(-60), by="Ana", until=at(7200))
    asked = client(web, Mode.AUTO, Mode.AUTO)

    page, told = asked.get("/readiness").text, asked.get("/api/readiness").json

    words = "Ana stopped automatic reports at 11:59:00 UTC"
    assert "PAUSED" in page
    assert words in page
    assert "would be answered" not in page
    assert told is not None
    assert not told["ready"]
    assert words in told["sentence"]


def test_with_a_dead_worker_nothing_is_ready() -> None:
    asked = client(Web(readiness=READY, alive=False), Mode.AUTO, Mode.AUTO)

    page, told = asked.get("/readiness").text, asked.get("/api/readiness").json

    assert "Pages work, the worker does not" in page
    assert "would be answered" not in page
    assert told is not None
    assert not told["ready"]
    assert "the worker does not" in told["sentence"]
