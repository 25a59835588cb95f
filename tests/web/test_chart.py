"""The numbers of an incident's page, all of them from its timeline."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from responder.incident.events import (
    AlertFired,
    Event,
    Finished,
    FirstErrorFound,
    ReportAnswered,
    ReportIntended,
)
from responder.incident.incident import fold
from responder.incident.names import Outcome, Proof, Reason, State
from responder.web.chart import Drawing, Series, delay_of, draw, strips_of, table
from responder.web.story import addresses_of, answers_of, safe
from tests.browser.scenes import (
    beginning,
    blind_events,
    keys,
    looked,
    recovered_events,
    waiting_events,
)
from tests.web_parts import RULE, at


def strips(events: Sequence[Event]) -> Series:
    found = strips_of(fold("inc-1", events), events)
    assert found is not None
    return found


def drawn(events: Sequence[Event]) -> Drawing:
    return draw(strips(events), 640)


def test_an_incident_that_nobody_looked_at_has_no_chart() -> None:
    events = beginning()[:2]

    assert strips_of(fold("inc-1", events), events) is None


def test_the_chart_holds_what_the_rule_compared() -> None:
    found = strips(recovered_events())

    assert [(r.at, r.count) for r in found.readings] == [
        (at(0.1), 14),
        (at(10.2), 0),
        (at(29.2), 0),
    ]
    assert (found.check, found.limit, found.window) == (
        "error-logs",
        5,
        timedelta(minutes=5),
    )


def test_before_the_first_look_it_counts_the_lines_that_were_found_later() -> None:
    earlier = strips(recovered_events()).earlier

    assert earlier[0].at == at(-114)
    assert [reading.count for reading in earlier] == list(range(1, 15))


def test_lines_leave_the_window_that_the_rule_counts() -> None:
    lines = keys(-400, 3, 1, "old") + keys(-10, 2, 1, "new")
    events = [*beginning()[:2], looked(0, 2, lines=lines)]

    assert [r.count for r in strips(events).earlier] == [1, 2, 3, 1, 2]


def test_every_order_is_in_one_bar_of_ten_seconds() -> None:
    found = strips(recovered_events())

    assert found.slice == timedelta(seconds=10)
    assert sum(bar.failed for bar in found.bars) == 7
    assert sum(bar.good or 0 for bar in found.bars) == 3
    assert found.orders


def test_orders_that_nobody_asked_for_are_not_zero() -> None:
    found = strips(recovered_events())

    asked = [bar for bar in found.bars if bar.good is not None]
    assert found.good_since == at(0.3)
    assert all(bar.at + found.slice > at(0.3) for bar in asked)
    assert "not asked" in {row.good for row in table(found)}


def test_without_a_query_for_failed_orders_it_shows_error_logs() -> None:
    events = [*beginning()[:2], looked(0, 3, lines=keys(-10, 3, 1, "error"))]
    found = strips(events)

    assert not found.orders
    assert sum(bar.failed for bar in found.bars) == 3


def test_what_could_not_be_counted_is_a_span_with_its_reason() -> None:
    found = strips(blind_events())

    (blind,) = found.blind
    assert (blind.since, blind.until) == (at(0.1), at(120))
    assert blind.why == "HTTP 403, token lacks logs:read"
    uncounted = [reading for reading in found.readings if reading.count is None]
    assert len(uncounted) == 2
    rows = [row.count for row in table(found)]
    assert "could not count: HTTP 403, token lacks logs:read" in rows


def test_no_line_is_drawn_through_what_could_not_be_counted() -> None:
    picture = drawn(blind_events())

    ends = [float(line.split()[0].split(",")[0]) for line in picture.steps]
    assert len(picture.blind) == 1
    assert min(ends) >= picture.blind[0].x + picture.blind[0].width - 0.5


@pytest.mark.parametrize("hours", [0, 1, 30, 24 * 9])
def test_a_long_incident_still_fits(hours: int) -> None:
    late = looked(hours * 3600, 7, lines=keys(hours * 3600 - 5, 2, 1, "late"))
    picture = drawn([*waiting_events(), late])

    xs = [box.x + box.width for box in (*picture.failed, *picture.good)]
    assert max(xs) <= picture.right + 1
    assert len(picture.ticks) <= 10
    assert len(picture.failed) <= 62


def test_moments_at_one_place_share_a_flag() -> None:
    words = [flag.words for flag in drawn(recovered_events()).flags]

    assert words[-2:] == ["webhook 12:00:00, report 12:00:00", "recovered 12:00:29"]


# Where the time went


def lengths(events: Sequence[Event]) -> dict[str, float | None]:
    found = delay_of(fold("inc-1", events)).segments
    return {s.kind: s.length.total_seconds() if s.length else None for s in found}


def test_the_delay_is_told_by_its_owners() -> None:
    assert lengths(recovered_events()) == {
        "rule": 83.0,
        "route": 31.0,
        "responder": 0.2,
        "factory": 0.1,
        "order": 28.9,
    }


def test_a_start_that_is_not_known_is_unknown_and_not_zero() -> None:
    events = [e for e in blind_events() if not isinstance(e, FirstErrorFound)][:4]
    delay = delay_of(fold("inc-1", events))

    assert delay.segments[0].words == "unknown"
    assert delay.segments[0].width > 0
    assert delay.largest is not None
    assert "group wait" in delay.largest.mend


def test_the_bar_is_as_long_as_its_room_whatever_it_holds() -> None:
    segments = delay_of(fold("inc-1", recovered_events())).segments

    assert segments[0].x == 0
    assert segments[-1].x + segments[-1].width <= 1000 + 4 * len(segments)
    assert all(segment.width >= 4 for segment in segments)


# Four answers


def test_the_answers_say_what_broke_was_done_proven_and_left() -> None:
    events = recovered_events()
    answers = answers_of(fold("inc-1", events), events, "")

    assert answers.broken.startswith("7 failed orders, 14 error logs, from 11:58:06")
    assert answers.did == (
        "Reported at 12:00:00 UTC with link 7f3a; the factory: “Problem resolved. "
        "Pizza is back on the menu!”",
    )
    assert answers.proof == "3 good orders seen 29 s after the factory's answer."
    assert answers.left == "Nothing."


def test_logs_that_could_not_be_counted_are_not_called_quiet() -> None:
    events = blind_events()[:4]

    broken = answers_of(fold("inc-1", events), events, "").broken
    assert broken == "Not known: the logs could not be counted."


def test_a_time_that_could_not_be_counted_is_named_beside_the_counts() -> None:
    events = blind_events()

    broken = answers_of(fold("inc-1", events), events, "").broken
    assert "15 error logs" in broken
    assert broken.endswith(" Could not be counted from 12:00:00 to 12:02:00 UTC.")


def test_the_proof_counts_from_the_call_that_worked_not_from_a_later_refusal() -> None:
    digest, reason = "9b2c" * 16, Reason.FIX_DID_NOT_HOLD
    refused: list[Event] = [
        ReportIntended(at=at(10), link="link 9b2c", digest=digest, reason=reason),
        ReportAnswered(
            at=at(11), link="link 9b2c", digest=digest, outcome=Outcome.REFUSED
        ),
    ]
    *before, end = recovered_events()
    events = [*before, *refused, end]

    proof = answers_of(fold("inc-1", events), events, "").proof
    assert proof == "3 good orders seen 29 s after the factory's answer."


def test_the_factorys_word_alone_leaves_something_to_do() -> None:
    end = Finished(
        at=at(600),
        state=State.RECOVERED,
        reason=Reason.SUPPLIER_CONFIRMED,
        proof=Proof.SUPPLIER,
    )
    events = [*recovered_events()[:-1], end]

    answers = answers_of(fold("inc-1", events), events, "")
    assert answers.left == "Place an order yourself to be sure."


# Links to Grafana


def test_explore_opens_on_the_failing_orders_around_the_incident() -> None:
    events = recovered_events()
    rule = replace(RULE, failed='{type="http"} |= `"statusCode":500`')
    first, *others = addresses_of(fold("inc-1", events), events, rule)

    parts = urlsplit(first.url)
    query = parse_qs(parts.query)
    assert first.name == "Failing orders in Grafana"
    assert (parts.netloc, parts.path) == ("grafana.example.net", "/explore")
    assert rule.failed is not None
    assert rule.failed.replace('"', '\\"') in query["panes"][0]
    assert [other.name for other in others] == [
        "Alert rule",
        "Dashboard",
        "Panel",
        "Silence this alert",
    ]


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "//x.example", "data:text/html,x", "", "http://["],
)
def test_a_sender_cannot_make_a_link_of_anything_else(address: str) -> None:
    events = beginning()
    fired = next(e for e in events if isinstance(e, AlertFired))
    events[events.index(fired)] = replace(fired, links={"generator": address})

    assert not safe(address)
    assert addresses_of(fold("inc-1", events), events, RULE) == ()
