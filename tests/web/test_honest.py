"""Nothing on a page promises what will not happen, or says two things at once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from responder.incident.events import (
    Event,
    Finished,
    Noted,
    Paused,
    ReportedByHand,
    ReportWithheld,
)
from responder.incident.names import Decision, Proof, Reason, State
from responder.incident.pause import Pause
from responder.web.app import create_app
from responder.web.headline import ago, split_ask, utc
from responder.web.lists import day_clock
from tests.browser.scenes import (
    SCENES,
    beginning,
    decided,
    older,
    shadow_events,
    veto_events,
    web_of,
    working_events,
)
from tests.web_parts import SECRET, Web, at

PAGE = "/incidents/inc-12"
PAUSE = Pause(at=at(2), by="Ana", until=at(7202))


def shadowed() -> Web:
    withheld = ReportWithheld(
        at=at(0.3), link="link 7f3a", digest="7f3a" * 16, reason=Reason.SHADOW
    )
    watching = decided(0.3, Decision.VERIFY, State.VERIFYING, Reason.SHADOW)
    return web_of([*beginning(), withheld, watching])


@pytest.mark.parametrize("path", ["/", PAGE])
def test_what_was_withheld_is_not_called_reported(path: str) -> None:
    page = shadowed().client().get(path).text

    assert "shadow, only watching" in page
    assert "reported, waiting for proof" not in page


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (shadow_events(), ", 1 min before a person reported it."),
        (
            [e for e in shadow_events() if not isinstance(e, ReportedByHand)],
            ", 1 min 20 s before the incident ended.",
        ),
        (shadow_events()[:-2], ". The incident is still open."),
    ],
    ids=["person", "end", "open"],
)
def test_the_history_lists_what_would_have_been_reported(
    events: list[Event], words: str
) -> None:
    page = web_of(events, working_events(), later=90).client().get("/incidents").text

    listed = page.partition("<h2>Would have reported</h2>")[2]
    told = f"Would have reported with link 7f3a at {day_clock(at(0.2))} UTC{words}"
    assert told in listed
    assert listed.count("<li>") == 1


def test_the_history_lists_nothing_where_all_is_reported() -> None:
    page = web_of(working_events(), later=90).client().get("/incidents").text

    assert "Would have reported" not in page


def test_a_pause_keeps_no_person_from_reporting() -> None:
    web = web_of(veto_events(), paused=PAUSE)

    page = web.client().get(PAGE).text

    assert 'type="submit">Report now' in page
    assert 'type="submit" disabled>Report now' not in page


def test_no_report_is_offered_while_the_breaker_is_open() -> None:
    web = web_of(veto_events())
    web.controls.breaker_open = True

    assert "All reports allowed within an hour are used." in web.client().get(PAGE).text


def test_what_is_reported_is_not_said_to_have_no_link() -> None:
    page = web_of(working_events()).client().get(PAGE).text

    assert "No link found yet" not in page


def test_the_page_of_a_held_incident_says_paused() -> None:
    held = decided(3, Decision.HOLD, State.HOLDING, Reason.PAUSED)
    paused = Paused(at=at(2), by="Ana", until=at(7202))
    web = web_of([*beginning(), paused, held], paused=PAUSE)

    page = web.client().get(PAGE).text

    assert "‖</span> PAUSED" in page
    assert "Ana stopped automatic reports at 12:00:02 UTC (until 14:00:02 UTC)" in page


def test_a_webhook_that_waits_for_the_database_is_no_quiet() -> None:
    web = web_of(older(), heard=())
    app = create_app(replace(web.parts(), spooled=lambda: 2))

    page = app.test_client().get("/").text

    assert "UNKNOWN" in page
    assert "The database takes nothing: 2 webhooks wait beside it." in page


def test_a_next_step_that_is_past_is_not_announced() -> None:
    step = replace(
        decided(1, Decision.VERIFY, State.VERIFYING, Reason.REPORTED), until=at(11)
    )
    web = web_of([*working_events()[:-1], step], later=10)

    before = web.client().get(PAGE).text
    web.clock.at = at(12)
    after = web.client().get(PAGE).text

    assert "Looks again at 12:00:11 UTC" in before
    assert "Looks again" not in after


def test_the_span_is_told_as_what_it_is() -> None:
    page = SCENES["recovered"]().client().get(PAGE).text

    assert "First error 11:58:06, reported 12:00:00 UTC, 1 min 54 s later." in page


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("Reported 12:00:01. Waiting.", "Reported 12:00:01 UTC. Waiting."),
        ("from 12:00:01 to 12:00:09 UTC", "from 12:00:01 to 12:00:09 UTC"),
        ("at 12:00:01 (until 14:00:01).", "at 12:00:01 UTC (until 14:00:01 UTC)."),
        ("ratio 1:02:03 of 112:00:01", "ratio 1:02:03 of 112:00:01"),
    ],
)
def test_each_time_of_day_says_that_it_is_utc(words: str, told: str) -> None:
    assert utc(words) == told


def test_the_supplier_s_word_is_not_told_as_nothing_to_do() -> None:
    end = Finished(
        at=at(40),
        state=State.RECOVERED,
        reason=Reason.SUPPLIER_CONFIRMED,
        proof=Proof.SUPPLIER,
    )
    page = web_of([*working_events(), end], later=90).client().get("/").text

    assert "Nothing to do" not in page
    assert "<b>Next: place an order yourself to be sure.</b>" in page


@pytest.mark.parametrize(
    ("words", "fact", "ask"),
    [
        ("It fails. Next: report by hand.", "It fails.", "report by hand."),
        (
            'No count (check "a": 403 (x)): look at the log source.',
            'No count (check "a": 403 (x)).',
            "look at the log source.",
        ),
        ("Nothing to ask.", "Nothing to ask.", ""),
    ],
)
def test_what_a_person_does_next_stands_apart(words: str, fact: str, ask: str) -> None:
    assert split_ask(words) == (fact, ask)


@pytest.mark.parametrize("path", ["/", PAGE])
def test_marks_that_turn_words_around_reach_no_page(path: str) -> None:
    twist = "\N{RIGHT-TO-LEFT OVERRIDE}"
    hebrew = "\N{HEBREW LETTER ALEF}\N{HEBREW LETTER BET}"
    events = [*beginning(f"{twist}gnihton {hebrew}")]
    noted = Noted(at=at(3), by="Ana", text=f"{twist}done\N{RIGHT-TO-LEFT ISOLATE}")
    end = Finished(
        at=at(9),
        state=State.CLOSED,
        reason=Reason.CLOSED_BY_PERSON,
        by="Ana",
        why=f"not real: {twist}sey {hebrew}",
    )

    page = web_of([*events, noted, end]).client().get(path).text

    assert twist not in page
    assert "\N{RIGHT-TO-LEFT ISOLATE}" not in page
    assert hebrew in page


def test_a_time_of_day_that_is_none_is_refused_in_words_for_a_form() -> None:
    web = web_of(veto_events())

    answer = web.client().post(f"{PAGE}/do/reported-by-hand", data={"at": "25:61"})

    assert answer.status_code == 409
    assert "Time: give hours and minutes, such as 18:48." in answer.text
    assert web.controls.pressed == []


@pytest.mark.parametrize("path", [PAGE, f"/api{PAGE}", f"{PAGE}/report.md"])
def test_a_text_stored_before_it_became_a_secret_is_shown_nowhere(path: str) -> None:
    web = web_of([*beginning(), Noted(at=at(3), by="Ana", text=f"it is {SECRET}!")])

    shown = web.client().get(path).text

    assert "it is" in shown
    assert SECRET not in shown


@pytest.mark.parametrize("path", ["/", "/incidents", "/api/incidents"])
def test_a_list_masks_what_became_a_secret_later(path: str) -> None:
    web = web_of(working_events())
    (known,) = web.archive.incidents
    web.archive.incidents[:] = [replace(known, summary=f"x {SECRET} y")]

    shown = web.client().get(path).text

    assert "x *** y" in shown
    assert SECRET not in shown


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=59.9), "less than a minute ago"),
        (timedelta(seconds=90), "1 min ago"),
        (timedelta(minutes=31, seconds=30), "31 min ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=1), "1 h ago"),
    ],
)
def test_an_age_is_never_said_to_be_more_than_it_is(
    length: timedelta, words: str
) -> None:
    assert ago(length) == words
