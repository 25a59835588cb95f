"""The pages, as their readers get them."""

import re

import pytest

from responder.incident.events import AlertFired, Decided, Event
from responder.incident.incident import fold
from responder.incident.names import Decision, Reason, Sender, State, Verdict
from responder.incident.view import IncidentSummary, ReceivedDelivery
from tests.listed import ListedArchive, summary_of
from tests.web_parts import Web, at, founding, look


def open_in(state: State, incident: str = "inc-2") -> IncidentSummary:
    decided = Decided(
        at=at(1), decision=Decision.HOLD, state=state, reason=Reason.NO_LINK
    )
    found = fold(incident, [*founding()[:3], decided])
    return summary_of(found, f"The sentence of {incident}.")


def recovered() -> IncidentSummary:
    return summary_of(fold("inc-1", founding()), "Recovered: all is well.")


def heard(verdict: Verdict, why: str = "", seconds: float = -40) -> ReceivedDelivery:
    return ReceivedDelivery(
        id="d",
        received_at=at(seconds),
        sender="grafana",
        credential="main",
        alerts=1,
        kinds=(verdict,),
        why=(why,) if why else (),
        clock_difference=2.2 if verdict is Verdict.TEST else None,
    )


def first_page(archive: ListedArchive, *, alive: bool = True, later: int = 0) -> str:
    web = Web(archive=archive, alive=alive)
    web.clock.at = at(later)
    answer = web.client().get("/")
    assert answer.status_code == 200
    return answer.text


def test_people_are_called_before_work_is_told() -> None:
    incidents = [
        open_in(State.VERIFYING, "inc-3"),
        open_in(State.NEEDS_HUMAN),
        recovered(),
    ]

    page = first_page(ListedArchive(incidents=incidents))

    assert "<title>! WAITING FOR YOU" in page
    assert "<p>The sentence of inc-2.</p>" in page


def test_an_open_incident_is_work() -> None:
    page = first_page(ListedArchive(incidents=[open_in(State.VERIFYING)]))

    assert "<title>◔ WORKING" in page
    assert 'http-equiv="refresh" content="5"' in page


def test_quiet_remembers_a_recovery_for_half_an_hour() -> None:
    page = first_page(ListedArchive(incidents=[recovered()]), later=275)

    assert "<title>✓ QUIET" in page
    assert "Recovered at 12:00:30 UTC, 4 min ago. Nothing to do." in page
    assert 'http-equiv="refresh" content="30"' in page


def test_later_quiet_says_when_the_alert_path_was_heard() -> None:
    archive = ListedArchive(incidents=[recovered()], heard=[heard(Verdict.REPEATED)])

    assert "Last webhook heard 50 min ago, at 11:59:20 UTC" in first_page(
        archive, later=2960
    )


def test_quiet_without_a_webhook_ever_is_not_called_well() -> None:
    assert "no webhook was ever heard" in first_page(ListedArchive())


def test_a_dead_worker_is_said_first() -> None:
    archive = ListedArchive(incidents=[open_in(State.NEEDS_HUMAN)])

    assert "Pages work, the worker does not" in first_page(archive, alive=False)


def test_an_ignored_alert_shows_what_would_have_taken_it() -> None:
    archive = ListedArchive(heard=[heard(Verdict.IGNORED, "nearest rule 'x'")])

    assert "nearest rule &#39;x&#39;" in first_page(archive)


def test_the_last_test_notification_is_shown() -> None:
    page = first_page(ListedArchive(heard=[heard(Verdict.TEST)]))

    assert "signature good, clock difference 2 s; your rule was not tested" in page


def incident_page(events: list[Event]) -> str:
    archive = ListedArchive(timelines={"inc-1": events}, heard=[heard(Verdict.OPENED)])
    answer = Web(archive=archive).client().get("/incidents/inc-1")
    assert answer.status_code == 200
    return answer.text


def test_an_incident_tells_its_story_with_seconds_since_the_alert() -> None:
    page = incident_page(founding())

    assert "RECOVERED" in page
    assert "A good order was seen 30 s after the report" in page
    assert "+90.2 s" in page
    assert "Problem resolved. Pizza is back on the menu!" in page
    assert "error-logs" in page


def test_looks_that_read_the_same_are_folded() -> None:
    page = incident_page([*founding()[:3], look(10), look(20), look(30, count=2)])

    assert "(the same 2 more times until 12:00:20)" in page
    assert page.count("counted: ") == 2


def test_labels_cannot_write_html() -> None:
    script = "<script>alert(1)</script>"
    fired = AlertFired(
        at=at(0),
        fingerprint="f",
        starts_at=at(-90),
        sender=Sender.GRAFANA,
        labels={"alertname": script},
    )
    events = [founding()[0], fired]

    page = incident_page(events)

    assert script not in page
    assert "&lt;script&gt;" in page


def test_digests_of_links_are_not_shown() -> None:
    assert "7f3a7f3a" not in incident_page(founding())


def test_an_unknown_incident_is_404_in_words() -> None:
    assert Web().client().get("/incidents/nobody").status_code == 404


@pytest.mark.parametrize("path", ["/", "/api/incidents", "/nowhere", "/metrics"])
def test_every_answer_keeps_browsers_strict(path: str) -> None:
    headers = Web().client().get(path).headers

    assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["style.css", "page.js", "icons/quiet.svg", "vendor/htmx.min.js"]
)
def test_what_pages_refer_to_is_served(path: str) -> None:
    with Web().client().get(f"/static/{path}") as answer:
        assert answer.status_code == 200


def test_nothing_on_a_page_runs_or_is_styled_in_line() -> None:
    page = incident_page(founding())

    assert not re.search(r"<script(?![^>]* src=)|</script>[^<]*[^<\s]|<style", page)
    assert not re.search(r"<[^>]*\s(?:style|on\w+)=", page)
