"""What operators ask by API, over real sockets: bodies, refusals, who was first."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests

from responder.config.settings import Secret
from responder.incident.actions import (
    Action,
    AddNote,
    Close,
    RecordReport,
    ReportNow,
    TooLate,
    Veto,
)
from responder.incident.events import (
    Candidate,
    Event,
    Looked,
    ReportAnswered,
    ReportIntended,
)
from responder.incident.names import Decision, Outcome, Reason
from responder.incident.ports import Lease
from responder.server import HttpServer
from responder.web.app import create_app
from tests.browser.scenes import blind_events, web_of, working_events
from tests.fakes import NOON, ListedControls
from tests.web_parts import OPERATOR, SECRET, Web, at

ONCALL = ("oncall", OPERATOR)
ACTIONS = ("veto", "report", "close", "note", "reported-by-hand")
JSON = "application/json"
LOCAL = "someone on this machine"


class Asking:
    """A web on a socket, and how to ask it."""

    def __init__(self, web: Web, url: str) -> None:
        self.web = web
        self._url = url

    def post(
        self,
        path: str,
        body: Any = None,
        *,
        auth: tuple[str, str] | None = None,
        **headers: str,
    ) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        raw = body if isinstance(body, bytes) else None
        return requests.post(
            f"{self._url}/api/{path}",
            json=None if raw is not None else body,
            data=raw,
            auth=auth,
            headers=named,
            timeout=60,
        )

    def get(self, path: str, auth: tuple[str, str] | None = None) -> requests.Response:
        return requests.get(f"{self._url}/api/{path}", auth=auth, timeout=60)


@contextmanager
def served(web: Web) -> Iterator[Asking]:
    server = HttpServer(create_app(web.parts()), "127.0.0.1", 0)
    server.start()
    try:
        yield Asking(web, server.url)
    finally:
        server.stop()


@pytest.fixture(scope="module")
def asking() -> Iterator[Asking]:
    """One server for what leaves no trace, or a trace that nobody minds."""
    with served(Web()) as found:
        yield found


@pytest.mark.parametrize(
    ("path", "body", "action"),
    [
        ("veto", None, Veto(by=LOCAL)),
        ("veto", {}, Veto(by=LOCAL)),
        ("report", None, ReportNow(by=LOCAL)),
        ("close", None, Close(by=LOCAL)),
        (
            "close",
            {"reason": "fixed_by_hand"},
            Close(by=LOCAL, why="fixed by hand"),
        ),
        (
            "close",
            {"reason": "not_real", "text": " a drill "},
            Close(by=LOCAL, why="not real: a drill"),
        ),
        ("close", {"reason": "other", "text": "dull"}, Close(by=LOCAL, why="dull")),
        ("note", {"text": "ovens\nburn"}, AddNote(by=LOCAL, text="ovens\nburn")),
        (
            "reported-by-hand",
            {"at": "2026-11-05T12:48:00+01:00"},
            RecordReport(by=LOCAL, reported_at=at(-720)),
        ),
    ],
)
def test_an_action_is_done_and_says_so(path: str, body: Any, action: Action) -> None:
    with served(Web()) as asked:
        answer = asked.post(f"incidents/inc-1/{path}", body)

    assert answer.status_code == 200
    assert asked.web.controls.pressed == [action]
    assert asked.web.leased == [Lease(incident="inc-1", token="t")]
    assert (answer.json()["done"], answer.json()["by"]) == (True, LOCAL)


PASTED = "pasting links was removed: open the link yourself, then use I reported it"


@pytest.mark.parametrize("link", ["https://evil.example/c4n4ry", "", None, {"a": 1}])
def test_a_pasted_link_is_refused_with_what_to_do_instead(link: Any) -> None:
    with served(Web()) as asked:
        answer = asked.post("incidents/inc-1/report", {"link": link})

    assert answer.status_code == 400
    assert PASTED in answer.json()["error"]
    assert "c4n4ry" not in answer.text
    assert asked.web.controls.pressed == []


def test_an_unknown_field_of_a_report_does_not_come_back(asking: Asking) -> None:
    answer = asking.post("incidents/inc-1/report", {"https://x.example/c4n4ry": ""})
    assert answer.status_code == 400
    assert answer.json() == {"error": "body: an unknown field; send {}"}


@pytest.mark.parametrize(("script", "status"), [(False, 409), (True, 200)])
def test_a_form_with_a_pasted_link_is_refused_too(script: bool, status: int) -> None:
    web = web_of(blind_events(), later=155)
    answer = web.client().post(
        "/incidents/inc-12/do/report",
        data={"link": "https://evil.example/c4n4ry"},
        headers={"HX-Request": "true"} if script else {},
    )
    assert answer.status_code == status
    assert PASTED in answer.text
    assert "c4n4ry" not in answer.text
    assert web.controls.pressed == []


@pytest.mark.parametrize("path", ["/", "/incidents/inc-12"])
def test_without_a_link_to_call_the_button_is_off_and_says_why(path: str) -> None:
    page = web_of(blind_events(), later=155).client().get(path).text
    assert "disabled>Report now</button>" in page
    assert "No link found yet: report by hand." in page
    assert 'name="link"' not in page


@pytest.mark.parametrize("path", ["/", "/incidents/inc-12"])
def test_a_link_that_was_reported_may_be_reported_again(path: str) -> None:
    page = web_of(working_events(), later=14).client().get(path).text
    assert "Report now</button>" in page
    assert "disabled>Report now</button>" not in page


def test_the_question_without_a_link_says_how_to_report_by_hand() -> None:
    web = web_of(blind_events(), later=155)
    page = web.client().get("/incidents/inc-12/ask/report").text
    assert "open the link of the newest failing order yourself" in page
    assert "I reported it myself" in page


def _also_counted(events: list[Event], count: int | None) -> list[Event]:
    """The same events, with a check more before the others."""
    return [
        replace(
            event,
            checks=(
                replace(
                    event.checks[0],
                    name="report-link",
                    count=count,
                    threshold=1,
                    unreadable=None,
                ),
                *event.checks,
            ),
        )
        if isinstance(event, Looked)
        else event
        for event in events
    ]


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "14 error logs in the last look, limit 5: orders still fail."),
        (
            26,
            "26 lines of check &#34;report-link&#34; in the last look, limit 1: "
            "orders still fail.",
        ),
        (
            None,
            "14 error logs in the last look, limit 5: orders still fail. "
            "Could not be counted: report-link.",
        ),
    ],
)
def test_the_question_before_closing_counts_the_check_that_confirms(
    count: int | None, words: str
) -> None:
    web = web_of(_also_counted(working_events()[:3], count), later=14)
    assert words in web.client().get("/incidents/inc-12/ask/close").text


@pytest.mark.parametrize(
    ("calls", "words"),
    [
        ([Outcome.RESOLVED], "This is report 2 of 2."),
        ([Outcome.REFUSED, Outcome.RESOLVED], "This is report 2 of 2."),
        (
            [Outcome.RESOLVED, Outcome.RESOLVED],
            "This is report 3; Responder by itself stops at 2.",
        ),
    ],
)
def test_the_question_before_a_report_says_which_it_is_of_those_that_count(
    calls: list[Outcome], words: str
) -> None:
    web = web_of([*working_events()[:3], *_called(calls), _newer_link()], later=60)
    page = web.client().get("/incidents/inc-12/ask/report").text
    assert words in page
    assert "3 of 2" not in page


def _called(outcomes: list[Outcome]) -> list[Event]:
    events: list[Event] = []
    for number, outcome in enumerate(outcomes):
        digest, start = f"{number}" * 64, 10 + number
        reason = Reason.THRESHOLD_REACHED
        events += [
            ReportIntended(at=at(start), link="link 1", digest=digest, reason=reason),
            ReportAnswered(at=at(start), link="link 1", digest=digest, outcome=outcome),
        ]
    return events


def _newer_link() -> Looked:
    look = next(e for e in working_events() if isinstance(e, Looked))
    seen = Candidate(name="link 9b2c", digest="9b2c" * 16, seen_at=at(40))
    return replace(look, at=at(50), candidates=(seen,))


def test_taking_a_veto_back_is_refused_with_what_to_do_instead(asking: Asking) -> None:
    answer = asking.post("incidents/inc-1/undo-veto", {})
    assert answer.status_code == 410
    assert answer.json() == {"error": "undo-veto was removed: report takes a veto back"}


def test_the_operator_who_logged_in_is_the_one_who_acted() -> None:
    with served(Web(operators={"oncall": Secret(OPERATOR)})) as asked:
        answer = asked.post("incidents/inc-1/veto", auth=ONCALL)
        paused = asked.post("pause", {"paused": True}, auth=ONCALL)

    assert answer.json()["by"] == "oncall"
    assert asked.web.controls.pressed == [Veto(by="oncall")]
    assert paused.status_code == 204
    assert asked.web.controls.paused is not None
    assert asked.web.controls.paused.by == "oncall"


@pytest.mark.parametrize("path", [*(f"incidents/inc-1/{a}" for a in ACTIONS), "pause"])
def test_nobody_acts_without_a_password(path: str) -> None:
    with served(Web(operators={"oncall": Secret(OPERATOR)})) as asked:
        answer = asked.post(path, {"paused": True})

    assert answer.status_code == 401
    assert asked.web.controls.pressed == []
    assert asked.web.controls.paused is None


@pytest.mark.parametrize("path", [*(f"incidents/inc-1/{a}" for a in ACTIONS), "pause"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_another_sites_page_acts_in_nobodys_name(
    path: str, headers: dict[str, str]
) -> None:
    with served(Web(operators={"oncall": Secret(OPERATOR)})) as asked:
        answer = asked.post(path, {"paused": True}, auth=ONCALL, **headers)

    assert answer.status_code == 403
    assert asked.web.controls.pressed == []
    assert asked.web.controls.paused is None


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"],
)
@pytest.mark.parametrize("path", ["incidents/inc-1/veto", "pause"])
def test_a_body_that_a_form_could_send_is_refused(
    asking: Asking, path: str, kind: str
) -> None:
    answer = asking.post(path, b'{"paused": true}', Content_Type=kind)

    assert answer.status_code == 415
    assert "application/json" in answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("veto", {"by": "bob"}, "by: unknown; send {}"),
        ("veto", [], "body: not an object; send {...}"),
        ("veto", b"{", "body: not JSON; send an object such as {}"),
        ("veto", b"[" * 100_000, "body: longer than 65536 bytes; send less"),
        ("veto", b"[" * 60_000, "body: not JSON; send an object such as {}"),
        ("veto", b"\xff\xfe", "body: not JSON; send an object such as {}"),
        (
            "close",
            {"reason": "bored"},
            "reason: use one of fixed_by_hand, not_real, other",
        ),
        ("close", {"reason": 1}, "reason: use one of fixed_by_hand, not_real, other"),
        ("close", {"text": 1}, "text: give a text"),
        ("close", {"why": "x"}, "why: unknown; use reason, text"),
        ("note", {}, "text: give the words of the note"),
        ("note", {"text": " \n"}, "text: give the words of the note"),
        ("note", {"text": "x" * 2001}, "text: give at most 2000 characters"),
        (
            "reported-by-hand",
            {},
            "at: give a time with its zone, such as 2026-11-05T18:48:00Z",
        ),
        (
            "reported-by-hand",
            {"at": "2026-11-05T11:48:00"},
            "at: give a time with its zone, such as 2026-11-05T18:48:00Z",
        ),
        (
            "reported-by-hand",
            {"at": "0001-01-01T00:00:00+23:59"},
            "at: give a time with its zone, such as 2026-11-05T18:48:00Z",
        ),
        (
            "reported-by-hand",
            {"at": "2026-11-05T12:02:00Z"},
            "at: is in the future; give when it was reported",
        ),
        (
            "reported-by-hand",
            {"at": "2026-10-05T12:00:00Z"},
            "at: is more than 7 days ago; give when it was reported",
        ),
    ],
)
def test_a_field_that_is_not_understood_is_named(
    asking: Asking, path: str, body: Any, words: str
) -> None:
    before = len(asking.web.controls.pressed)

    answer = asking.post(f"incidents/inc-1/{path}", body, Content_Type=JSON)

    assert answer.status_code == 400
    assert answer.json() == {"error": words}
    assert len(asking.web.controls.pressed) == before


@pytest.mark.parametrize("name", ["inc-2", "%00", "x" * 300, "..%2f.."])
def test_an_incident_that_is_not_there_is_404(asking: Asking, name: str) -> None:
    assert asking.post(f"incidents/{name}/veto").status_code == 404


def test_a_second_press_says_who_was_first() -> None:
    web = Web(controls=ListedControls(first=("ana", at(61))))
    with served(web) as asked:
        answer = asked.post("incidents/inc-1/veto")

    assert answer.status_code == 200
    assert answer.json()["done"] is False
    assert answer.json()["words"] == "ana already did this at 12:01:01"
    assert web.leased == []


def test_too_late_says_why_and_who_was_first() -> None:
    late = TooLate("Responder reported to the factory at 12:00:02", "Responder", at(2))
    with served(Web(controls=ListedControls(late=late))) as asked:
        answer = asked.post("incidents/inc-1/veto")

    assert answer.status_code == 409
    assert answer.json() == {
        "error": "Responder reported to the factory at 12:00:02",
        "by": "Responder",
        "at": "2026-11-05T12:00:02.000Z",
    }


@pytest.mark.parametrize("path", ["note", "close"])
def test_a_link_or_secret_in_a_persons_words_is_masked(path: str) -> None:
    words = f"see https://f.example/api/support/tok3n/report/c0de and {SECRET}"
    with served(Web()) as asked:
        asked.post(f"incidents/inc-1/{path}", {"text": words})

    said = repr(asked.web.controls.pressed)
    assert "see" in said
    assert not [bad for bad in ("tok3n", "c0de", SECRET) if bad in said]


def test_what_no_database_takes_never_reaches_a_note() -> None:
    with served(Web()) as asked:
        asked.post(
            "incidents/inc-1/note",
            b'{"text": "a\\u0000b\\ud800c"}',
            Content_Type="application/json",
        )

    assert asked.web.controls.pressed == [AddNote(by=LOCAL, text="a�b�c")]


def test_a_close_counts_as_a_decision_once() -> None:
    web = Web()
    labels = {
        "rule": "pizza-factory",
        "verdict": Decision.FINISH,
        "reason": Reason.CLOSED_BY_PERSON,
    }
    with served(web) as asked:
        asked.post("incidents/inc-1/close")
        web.controls.first = ("ana", NOON)
        asked.post("incidents/inc-1/close")

    assert web.sample("responder_decisions_total", labels) == 1


# Pause


@pytest.mark.parametrize(
    ("length", "span"),
    [
        (None, None),
        ("2h", timedelta(hours=2)),
        ("1h30m", timedelta(minutes=90)),
        ("45s", timedelta(seconds=45)),
        ("30d", timedelta(days=30)),
    ],
)
def test_a_pause_with_its_end_is_204_and_then_told(
    length: str | None, span: timedelta | None
) -> None:
    body = {"paused": True} | ({"for": length} if length else {})
    with served(Web()) as asked:
        answer = asked.post("pause", body)
        told = asked.get("pause").json()

    assert (answer.status_code, answer.content) == (204, b"")
    assert asked.web.controls.paused is not None
    assert asked.web.controls.paused.until == (NOON + span if span else None)
    assert (told["paused"], told["by"]) == (True, LOCAL)


def test_a_resume_is_204() -> None:
    with served(Web()) as asked:
        asked.post("pause", {"paused": True})
        answer = asked.post("pause", {"paused": False})
        told = asked.get("pause").json()

    assert answer.status_code == 204
    assert (told["paused"], told["by"], told["until"]) == (False, None, None)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "paused: give true or false"),
        ({"paused": "yes"}, "paused: give true or false"),
        ({"paused": 1}, "paused: give true or false"),
        ({"paused": None}, "paused: give true or false"),
        ({"paused": False, "for": "2h"}, "for: only together with paused: true"),
        ({"paused": True, "until": "x"}, "until: unknown; use paused, for"),
    ],
)
def test_a_pause_that_is_not_understood_names_the_field(
    asking: Asking, body: Any, words: str
) -> None:
    answer = asking.post("pause", body)

    assert (answer.status_code, answer.json()) == (400, {"error": words})
    assert asking.web.controls.paused is None


LENGTHS = ["", "2", "2 h", "0s", "31d", "-1h", "9" * 50, 7200, [], True]


@pytest.mark.parametrize("length", LENGTHS)
def test_a_length_that_is_not_understood_pauses_nothing(
    asking: Asking, length: object
) -> None:
    answer = asking.post("pause", {"paused": True, "for": length})

    words = "for: give a length such as 30m or 2h, at most 30d"
    assert (answer.status_code, answer.json()) == (400, {"error": words})
    assert asking.web.controls.paused is None


def test_the_breaker_is_told_beside_the_pause() -> None:
    with served(Web(controls=ListedControls(breaker_open=True, held=2))) as asked:
        told = asked.get("pause").json()

    assert told["breaker"] == {
        "open": True,
        "reports_last_hour": 6,
        "max_reports_per_hour": 6,
        "closes_at": "2026-11-05T12:00:00.000Z",
    }
    assert told["held"] == 2


def test_the_log_says_who_did_what_and_not_what_they_wrote(
    caplog: pytest.LogCaptureFixture,
) -> None:
    web = Web(operators={"oncall": Secret(OPERATOR)})
    with caplog.at_level("INFO"), served(web) as asked:
        asked.post("incidents/inc-1/note", {"text": "private words"}, auth=ONCALL)

    (line,) = [r for r in caplog.records if r.getMessage() == "acted"]
    facts = vars(line)
    assert (facts["operator"], facts["action"]) == ("oncall", "note")
    assert facts["incident"] == "inc-1"
    assert "private words" not in repr(facts)
