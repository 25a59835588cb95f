"""Whether a rule is safe to automate: what it would have done, what people did."""

from dataclasses import replace
from datetime import timedelta

import pytest

from responder.incident.agreement import Agreement
from responder.incident.listing import IncidentSummary
from responder.incident.names import Mode, Reason, State
from responder.incident.rule import Rule
from responder.incident.trial import Trial
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


# Cassettes

RUNS = "c0ffeec0ffee"


def tried(
    reported: int = 0, none: int = 0, unexpected: int = 0, config: str = RUNS
) -> Trial:
    """A trial on so many cassettes of each kind."""
    return Trial(
        rule=RULE.name,
        config=config,
        reported=tuple(f"outage-{n}" for n in range(reported)),
        not_reported=tuple(f"noise-{n}" for n in range(none)),
        not_as_expected=tuple(f"odd-{n}" for n in range(unexpected)),
        by="oncall",
        at=at(0),
    )


DRY = "more would show it (cassettes prove the configuration, not the deployment)"


@pytest.mark.parametrize(
    ("rule", "live", "trial", "why"),
    [
        (
            SHADOW,
            0,
            None,
            "3 right calls more would show it, 1 of them live (cass",
        ),
        (SHADOW, 1, None, "2 right calls more would show it (cassettes count too"),
        (SHADOW, 0, tried(1), "2 right calls more would show it, 1 of them live."),
        (SHADOW, 1, tried(1), "1 right call more would show it."),
        (
            SHADOW,
            0,
            tried(2),
            f"1 live right call {DRY}",
        ),
        (
            SHADOW,
            0,
            tried(90),
            f"1 live right call {DRY}",
        ),
        (SHADOW, 1, tried(0, none=12), "2 right calls more would show it."),
        (VETO, 0, tried(1), "4 helpful reports more would show it, 2 of them live."),
        (VETO, 0, tried(3), "2 live helpful reports more would show it"),
        (VETO, 1, tried(90), "1 live helpful report more would show it"),
        (VETO, 3, tried(1), "1 helpful report more would show it."),
    ],
)
def test_cassettes_are_right_calls_up_to_where_the_rest_must_be_live(
    rule: Rule, live: int, trial: Trial | None, why: str
) -> None:
    right = RIGHT if rule is SHADOW else HELPED
    found = trust(rule, [right] * live, 1, trial, RUNS)

    assert found.ready_for is None
    assert f"Not ready yet: {why}" in found.sentence


@pytest.mark.parametrize(
    ("rule", "live", "reported", "ready"),
    [(SHADOW, 1, 2, Mode.VETO), (VETO, 2, 3, Mode.AUTO), (SHADOW, 3, 0, Mode.VETO)],
)
def test_with_the_live_ones_there_cassettes_make_up_the_rest(
    rule: Rule, live: int, reported: int, ready: Mode
) -> None:
    right = RIGHT if rule is SHADOW else HELPED
    found = trust(rule, [right] * live, 1, tried(reported, none=2), RUNS)

    assert found.ready_for is ready
    counts = f"{reported + 2} cassettes: {reported} right calls, 2 rightly none"
    assert f"; 1 drill passed; {counts}, 0 not as expected. Ready" in found.sentence


def test_cassettes_do_not_stand_in_for_a_drill() -> None:
    found = trust(SHADOW, [RIGHT], 0, tried(9), RUNS)

    assert found.why_not == "no drill of it has passed: `responder drill`"


@pytest.mark.parametrize(
    ("unexpected", "why"),
    [
        (1, "1 cassette is not as expected (odd-0): `responder shadow CASSETTE...`"),
        (2, "2 cassettes are not as expected (odd-0, odd-1): `responder shadow"),
        (5, "5 cassettes are not as expected (odd-0, odd-1, odd-2 and 2 more): "),
    ],
)
def test_a_cassette_that_is_not_as_expected_holds_the_rule_back(
    unexpected: int, why: str
) -> None:
    trial = tried(9, unexpected=unexpected)
    found = trust(SHADOW, [RIGHT] * 3, 1, trial, RUNS)

    assert found.ready_for is None
    assert found.why_not.startswith(why)
    assert f"{unexpected} not as expected. Not ready yet" in found.sentence


@pytest.mark.parametrize("trial", [tried(12, config="beef"), tried(12, 0, 3, "beef")])
def test_cassettes_of_another_configuration_count_neither_way_and_that_is_said(
    trial: Trial,
) -> None:
    again = "were of another configuration: run `responder shadow` with this one. "
    lacking = trust(SHADOW, [RIGHT], 1, trial, RUNS)
    ready = trust(SHADOW, [RIGHT] * 3, 1, trial, RUNS)

    assert f"{trial.total} cassettes {again}Not ready yet: 2 right" in lacking.sentence
    assert f"{trial.total} cassettes {again}Ready for mode: veto." in ready.sentence


def test_a_trial_that_concerned_it_nowhere_says_so() -> None:
    found = trust(SHADOW, [], 1, tried(), RUNS)

    assert "; no cassette concerns it. Not ready yet: 3 right calls" in found.sentence
