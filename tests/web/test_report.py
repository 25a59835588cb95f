"""The incident report: a timeline as Markdown that somebody would commit."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from responder.incident.events import (
    CheckReading,
    Decided,
    Event,
    Finished,
    Looked,
    ReportAnswered,
    ReportedByHand,
    ReportIntended,
    Told,
    What,
    Where,
)
from responder.incident.incident import fold
from responder.incident.names import (
    Decision,
    Outcome,
    Proof,
    Reason,
    Sender,
    State,
    UnreadableReason,
)
from responder.incident.report import HEADINGS, History, blanks, file_name, report
from tests.listed import summary_of
from tests.policy import founding, timelines

GOLDEN = Path(__file__).parent.parent / "golden"
WORLDS = {
    "incident-as-it-was.md": founding.as_it_was,
    "incident-as-it-would-have-been.md": founding.as_it_would_have_been,
}


def changed(events: Sequence[Event], kind: str, **facts: object) -> list[Event]:
    """The timeline with every event of a kind changed."""
    return [
        replace(event, **facts) if event.event == kind else event  # type: ignore[arg-type]
        for event in events
    ]


def written(events: Sequence[Event], history: History | None = None) -> str:
    return report(fold("0cafe", events), events, history=history)


def section(text: str, heading: str) -> str:
    _, _, rest = text.partition(f"## {heading}\n\n")
    return rest.partition("\n\n## ")[0]


@pytest.mark.parametrize("name", WORLDS)
def test_the_founding_incident_reads_like_the_one_that_was_committed(name: str) -> None:
    text = written(WORLDS[name](), History(first=True))

    assert text == (GOLDEN / name).read_text("utf-8")


@pytest.mark.parametrize("name", WORLDS)
def test_every_blank_of_a_report_is_found_with_its_line(name: str) -> None:
    text = written(WORLDS[name]())
    lines = text.splitlines()

    found = blanks(text)

    assert len(found) == text.count("[FILL IN: ")
    assert all(blank.hint in lines[blank.line - 1] for blank in found)


def test_the_headings_are_the_templates_in_their_order() -> None:
    text = written(founding.as_it_would_have_been())

    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == list(HEADINGS)
    assert re.findall(r"^# (.+)$", text, re.MULTILINE) == [
        "Incident: 2025-04-07 18-44-00"
    ]


def test_the_file_is_named_by_the_persons_own_count() -> None:
    assert file_name(3) == "incident-3.md"


def test_an_alert_without_a_severity_leaves_a_blank_for_it() -> None:
    events = founding.as_it_would_have_been()

    text = written(changed(events, "alert_fired", labels={}))

    assert "Severity: [FILL IN: " in section(text, "Summary")
    assert "alert name, not in the record" in section(text, "Detection")


def test_logs_that_could_never_be_read_are_a_blank_and_not_zero() -> None:
    events = [*just_opened(), timelines.look(5, None)]

    text = written(events)

    assert "could not be counted" in section(text, "Summary")
    assert "[FILL IN: numbers; none was counted]" in section(text, "Impact")
    assert "0 error logs" not in text


def test_a_time_that_could_not_be_counted_is_named_beside_the_numbers() -> None:
    events = founding.as_it_would_have_been()
    blind = unreadable(founding.HEARD + timedelta(seconds=20))
    at = next(n for n, e in enumerate(events) if e.event == "first_error_found")

    text = written([*events[:at], blind, *events[at:]])

    assert "Not counted from 18:46:20" in section(text, "Impact")
    assert "written. The logs could not be counted from 18:46:20 to" in section(
        text, "Summary"
    )
    assert "Make the logs readable" in section(text, "Action items")
    assert "HTTP 403 for {job" not in text


def test_a_count_that_was_cut_off_says_at_least() -> None:
    events = founding.as_it_would_have_been()
    walked = changed(events, "first_error_found", complete=False)

    assert "at least 27 error logs" in section(written(walked), "Impact")


def test_without_failed_orders_on_the_record_their_number_is_a_blank() -> None:
    events = founding.as_it_would_have_been()
    unasked = changed(events, "looked", failed_lines=())

    text = written(unasked)

    assert "Failed orders: [FILL IN: " in section(text, "Impact")
    assert "its setting `failed`" in section(text, "Action items")


def test_a_setting_that_is_set_is_not_recommended() -> None:
    events = founding.as_it_would_have_been()
    none = changed(events, "looked", failed_lines=(), failed_asked=True)

    text = written(none)

    assert section(text, "Impact").count("0 failed orders, 27 error logs.") == 1
    assert "its setting `failed`" not in section(text, "Action items")
    unread = written(changed(none, "looked", failed_unreadable=True))
    assert "Failed orders: [FILL IN: " in section(unread, "Impact")
    assert "its setting `failed`" not in section(unread, "Action items")


def test_orders_that_were_answered_late_say_how_long_the_first_customer_waited() -> (
    None
):
    events = founding.as_it_would_have_been()
    looked = next(e for e in events if isinstance(e, Looked))
    late = changed(
        events, "looked", failed_lines=(), affected_lines=looked.failed_lines
    )

    impact = section(written(late), "Impact")

    assert "7 failed orders, 27 error logs (3.9 per order). 7 of these orders" in impact
    assert "the first customer had waited up to 32 s before the first line" in impact


def test_recovery_by_silence_says_that_no_order_was_counted() -> None:
    *events, last = founding.as_it_would_have_been()
    quiet = Finished(
        at=last.at,
        state=State.RECOVERED,
        reason=Reason.ERRORS_STOPPED,
        proof=Proof.QUIET,
    )
    asked_none = changed(events, "looked", good_orders=None)

    text = written([*asked_none, quiet])

    assert "good orders were not counted" in section(text, "Resolution")
    assert "its setting `traffic`" in section(text, "Action items")


def test_good_orders_that_the_watch_saw_later_are_no_part_of_the_proof() -> None:
    events = founding.as_it_would_have_been()
    last = next(e for e in reversed(events) if isinstance(e, Looked))
    later = replace(last, at=events[-1].at + timedelta(seconds=15), good_orders=23)

    text = written([*events, later])

    assert "Proof: 3 good orders by 18:46:30." in section(text, "Resolution")


def test_an_open_incident_says_that_its_report_is_early() -> None:
    text = written(founding.as_it_would_have_been()[:-1])

    assert "still open" in text.splitlines()[2]


def test_an_intent_without_an_answer_is_told_as_such() -> None:
    events = founding.as_it_would_have_been()
    sent = next(n for n, e in enumerate(events) if isinstance(e, ReportIntended))

    text = written(events[: sent + 1])

    assert "no answer is known" in section(text, "Resolution")
    assert "no answer is known" in section(text, "Timeline")


def test_a_person_who_was_called_is_in_the_response_with_the_reason() -> None:
    events = [
        *just_opened(),
        timelines.look(1, 14, links=()),
        Decided(
            at=timelines.at(61),
            decision=Decision.NEEDS_HUMAN,
            state=State.NEEDS_HUMAN,
            reason=Reason.NO_LINK,
            observed=14,
            limit=5,
            check="error-logs",
        ),
    ]

    text = written(events)

    assert "called a person" in section(text, "Response")
    assert "carried no report link" in section(text, "Action items")
    assert "points to our own service" in section(text, "Root cause")
    assert "It is not resolved yet: [FILL IN: " in section(text, "Resolution")


def test_the_timeline_has_what_irm_and_people_were_told_and_no_annotation() -> None:
    events = [
        *founding.as_it_would_have_been(),
        *(
            Told(at=timelines.at(90), where=where, what=what, group=group)
            for where, what, group in (
                (Where.IRM, What.ACKNOWLEDGED, "IQ7"),
                (Where.NOTIFY, What.RECOVERED, ""),
                (Where.GRAFANA, What.REGION_CLOSED, ""),
            )
        ),
    ]

    told = section(written(events), "Timeline").lower()

    assert "acknowledged in irm (alert group iq7)" in told
    assert "notified people of the recovery" in told
    assert "annotated" not in told


@pytest.mark.parametrize(
    "outcome", [Outcome.REFUSED, Outcome.UNREACHABLE, Outcome.UNKNOWN]
)
def test_a_call_that_failed_is_no_resolution(outcome: Outcome) -> None:
    events = founding.as_it_would_have_been()
    sent = next(n for n, e in enumerate(events) if isinstance(e, ReportAnswered))
    failed = changed(
        events[: sent + 1], "report_answered", outcome=outcome, status=None, message=""
    )

    text = written(failed)

    assert "no call is known to have worked" in section(text, "Summary")
    assert "did not answer as agreed" in section(text, "Action items")


def test_earlier_incidents_of_the_rule_are_counted_and_the_last_is_compared() -> None:
    events = founding.as_it_would_have_been()
    earlier = summary_of(fold("0before", counted_once()), "")

    text = written(events, History(earlier=[earlier], more=True))

    assert "at least 1 earlier incident with rule order-errors" in text
    assert "`0before`" in section(text, "Prevention")


def test_a_day_that_is_not_the_first_is_written_out() -> None:
    events = founding.as_it_would_have_been()
    later = replace(events[-1], at=events[-1].at + timedelta(days=1))

    assert "_2025-04-08 18:46:30_" in section(
        written([*events[:-1], later]), "Timeline"
    )


def just_opened() -> list[Event]:
    return [*founding.opened(timelines.T0, Sender.IRM)]


def counted_once() -> list[Event]:
    return founding.as_it_would_have_been()[:3]


def unreadable(at: datetime) -> Looked:
    reading = CheckReading(
        name="error-logs",
        count=None,
        threshold=5,
        since=founding.FIRST,
        until=at,
        unreadable=UnreadableReason.UNAUTHORIZED,
        detail='HTTP 403 for {job="secret"}',
    )
    return Looked(at=at, since=founding.FIRST, checks=(reading,))


def test_a_blank_that_was_never_closed_hides_none_after_it() -> None:
    found = blanks("[FILL IN: one\n\n[FILL IN: two]\n")

    assert [(blank.line, blank.hint) for blank in found] == [(1, "one"), (3, "two")]


def test_a_report_by_hand_is_told_with_what_could_have_been_left_out() -> None:
    text = written(founding.as_it_was())

    assert "40 of the 66 error logs and 11 of the 18 failed orders" in text
    assert "reported the fault to the factory by hand at 18:48" in text
    assert "shadow mode" in text.splitlines()[2]


def test_a_record_that_knows_seconds_tells_them() -> None:
    events = founding.as_it_was()
    heard = next(n for n, e in enumerate(events) if e.event == "alert_fired")
    events[heard] = replace(events[heard], at=founding.heard())

    assert "_18:44:00_ - First error log" in written(events)


def test_a_report_by_hand_beside_responders_own_hides_neither() -> None:
    *events, last = founding.as_it_would_have_been()
    called_at = founding.heard() + timedelta(seconds=9)
    by_hand = ReportedByHand(at=last.at, by="Dana Moreno", reported_at=called_at)

    told = section(written([*events, by_hand, last]), "Summary")

    assert "A person reported the fault to the factory at 18:46:09" in told
    assert "Responder reported the fault to the factory at 18:46:00" in told
    assert "nobody had to act" not in told
