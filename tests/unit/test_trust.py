"""Whether a rule is safe to automate: what it would have done, what people did."""

from dataclasses import replace
from datetime import timedelta

import pytest

from responder.incident.agreement import Agreement
from responder.incident.listing import IncidentSummary
from responder.incident.names import Mode, Reason, State
from responder.incident.trust import trust
from tests.listed import summary_of
from tests.unit.timelines import RULE, at, opened

SHADOW = replace(RULE, mode=Mode.SHADOW)
VETO = replace(RULE, mode=Mode.VETO)
PLAIN = summary_of(opened(), "")
RIGHT = replace(
    PLAIN,
    withheld_at=at(1),
    reported_by_hand_at=at(121),
    agreement=Agreement.AGREED,
)
WRONG = replace(PLAIN, withheld_at=at(1), agreement=Agreement.DISAGREED)
MISSED = replace(PLAIN, agreement=Agreement.DISAGREED)
UNSAID = replace(PLAIN, withheld_at=at(1))
HELPED = replace(PLAIN, state=State.RECOVERED, reports=(object(),))  # type: ignore[arg-type]
STOPPED = replace(PLAIN, reason=Reason.VETOED)


@pytest.mark.parametrize(
    ("incidents", "drills", "why"),
    [
        ([], 1, "3 right calls more"),
        ([RIGHT, RIGHT], 1, "1 right call more"),
        ([RIGHT, RIGHT, UNSAID], 1, "record reports made by hand"),
        ([RIGHT] * 3 + [WRONG], 1, "1 wrong call"),
        ([RIGHT] * 3 + [MISSED], 1, "missed 1 outage"),
        ([RIGHT] * 3, 0, "`responder drill`"),
        ([replace(RIGHT, drill=True)] * 3, 3, "3 right calls more"),
        ([replace(RIGHT, rule="another")] * 3, 3, "3 right calls more"),
    ],
)
def test_a_rule_in_shadow_is_not_ready_and_says_why(
    incidents: list[IncidentSummary], drills: int, why: str
) -> None:
    found = trust(SHADOW, incidents, drills)

    assert found.ready_for is None
    assert why in found.sentence


def test_after_three_right_calls_and_a_drill_veto_is_suggested() -> None:
    found = trust(SHADOW, [RIGHT] * 3 + [PLAIN], 1)

    assert found.ready_for is Mode.VETO
    assert sum(found.saved, timedelta()) == timedelta(minutes=6)
    assert found.sentence == (
        "In shadow: 3 right calls, 6 min saved in all, 0 wrong, 0 missed, 0 nobody "
        "spoke of; 1 drill passed. Ready for mode: veto."
    )


def test_a_person_who_was_faster_saved_nothing() -> None:
    early = replace(RIGHT, reported_by_hand_at=at(0))

    assert trust(SHADOW, [early], 0).saved == ()


def test_a_rule_in_veto_is_ready_for_auto_when_nobody_stops_it() -> None:
    assert trust(VETO, [HELPED] * 5, 1).ready_for is Mode.AUTO
    assert trust(VETO, [HELPED] * 4, 1).ready_for is None
    assert "1 wrong call" in trust(VETO, [*[HELPED] * 5, STOPPED], 1).sentence
