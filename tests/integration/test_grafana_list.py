"""Grafana's list of active alerts over a socket, and every way in which it says no."""

import json
from datetime import UTC, datetime

import pytest

from responder.config.settings import GrafanaSettings, Secret
from responder.incident.names import Status
from responder.incident.pulled import Listing
from responder.masking import Masker
from responder.senders.grafana_list import GrafanaList, decipher
from tests.alert_list import PATH, TOKEN, ListingGrafana, listed

STARTED = datetime(2026, 11, 5, 16, 42, 10, 250123, tzinfo=UTC)


def asked(grafana: ListingGrafana, token: str = TOKEN, path: str = "") -> Listing:
    settings = GrafanaSettings(url=grafana.url + path, token=Secret(token))
    return GrafanaList(settings, Masker([token])).listed()


def test_an_active_alert_fires_with_its_start_and_without_private_labels() -> None:
    with ListingGrafana(alerts=[listed(started=STARTED)]) as grafana:
        found = asked(grafana)

    (one,) = found.alerts
    assert (found.complete, found.why, one.held) == (True, "", False)
    assert one.alert.status is Status.FIRING
    assert one.alert.labels == {"alertname": "Order errors", "responder": "jwt-pizza"}
    assert one.alert.annotations == {"summary": "Orders fail"}
    assert one.alert.fingerprint == "57c6d9296de2ad30"
    assert one.alert.starts_at == STARTED.replace(microsecond=250000)
    assert one.alert.ends_at is None


def test_the_token_is_shown_and_the_path_is_the_alertmanager_of_grafana() -> None:
    with ListingGrafana() as grafana:
        asked(grafana)
        asked(grafana, path="/grafana/")

    assert grafana.asked == [
        (PATH, f"Bearer {TOKEN}"),
        (f"/grafana{PATH}", f"Bearer {TOKEN}"),
    ]


def test_a_silenced_alert_is_listed_and_held() -> None:
    silenced = listed(started=STARTED, state="suppressed")
    with ListingGrafana(alerts=[silenced]) as grafana:
        (one,) = asked(grafana).alerts

    assert one.held


def test_an_empty_list_is_a_whole_one() -> None:
    with ListingGrafana() as grafana:
        assert asked(grafana) == Listing(complete=True)


@pytest.mark.parametrize(
    "broken", [None, 7, {"labels": "none"}, {"labels": {}, "startsAt": "yesterday"}]
)
def test_an_alert_that_cannot_be_read_leaves_the_others_but_no_whole_list(
    broken: object,
) -> None:
    body = json.dumps([broken, listed(started=STARTED)]).encode()

    found = decipher(200, body)

    assert (len(found.alerts), found.complete, found.why) == (1, False, "")


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_may_not_is_told_with_the_right_that_it_needs(status: int) -> None:
    why = decipher(status, b'{"message":"no"}').why

    assert f"HTTP {status}" in why
    assert "alert.instances:read" in why


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b"not found"),
        (302, b""),
        (500, b"{}"),
        (200, b""),
        (200, b"<html>log in</html>"),
        (200, b'{"message":"ok"}'),
        (200, b"null"),
        (200, b"[" * 200 + b"]" * 200),
        (200, b"\xff\xfe"),
    ],
)
def test_whatever_else_answers_is_no_list(status: int, body: bytes) -> None:
    found = decipher(status, body)

    assert (found.alerts, found.complete) == ((), False)
    assert "Grafana" in found.why or "no list" in found.why


def test_a_redirect_is_not_followed() -> None:
    with ListingGrafana(status=302) as grafana:
        found = asked(grafana)

    assert "HTTP 302" in found.why
    assert len(grafana.asked) == 1


def test_nobody_there_is_told_without_the_token() -> None:
    with ListingGrafana() as grafana:
        gone = GrafanaSettings(url=grafana.url, token=Secret(TOKEN))
    found = GrafanaList(gone, Masker([TOKEN])).listed()

    assert found.why.startswith("Grafana cannot be reached")
    assert TOKEN not in found.why


def test_a_wrong_token_shows_in_no_text() -> None:
    with ListingGrafana() as grafana:
        found = asked(grafana, token="glsa_wrong-but-secret")

    assert "HTTP 401" in found.why
    assert "wrong-but-secret" not in repr(found)


def test_an_answer_that_does_not_come_is_given_up() -> None:
    with ListingGrafana(hang=True) as grafana:
        settings = GrafanaSettings(url=grafana.url, token=Secret(TOKEN))
        found = GrafanaList(settings, Masker([TOKEN]), timeout=0.2).listed()

    assert found.why == "Grafana gave no complete answer within 0.2 s"
