"""Grafana's heartbeat: it never acts, and when it stays away the page says so."""

from datetime import timedelta

import pytest

from responder.incident.names import Verdict
from responder.incident.view import ReceivedDelivery
from tests.fakes import NOON
from tests.web_parts import Web


def page(*heard: tuple[int, Verdict]) -> str:
    """The first page, after deliveries so many minutes ago."""
    web = Web()
    for number, (minutes, verdict) in enumerate(heard):
        web.archive.heard.append(
            ReceivedDelivery(
                id=f"d{number}",
                received_at=NOON - timedelta(minutes=minutes),
                sender="grafana",
                credential="grafana",
                alerts=1,
                kinds=(verdict,),
            )
        )
    return web.client().get("/").get_data(as_text=True)


def test_a_heartbeat_that_stays_away_is_told_first_with_what_to_do() -> None:
    shown = page((1, Verdict.TEST), (16, Verdict.HEARTBEAT))

    assert "NOT READY" in shown
    assert "was last heard 16 min ago, at 11:44:00 UTC" in shown
    assert "Next: look in Grafana at the rule ResponderHeartbeat" in shown


@pytest.mark.parametrize("minutes", [0, 15])
def test_a_heartbeat_that_comes_leaves_the_page_quiet(minutes: int) -> None:
    shown = page((minutes, Verdict.HEARTBEAT))

    assert "NOT READY" not in shown
    assert "Last heartbeat" in shown


def test_whoever_has_no_heartbeat_misses_none() -> None:
    shown = page((600, Verdict.TEST))

    assert "NOT READY" not in shown
    assert "heartbeat" not in shown.lower()
