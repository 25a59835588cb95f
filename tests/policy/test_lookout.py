"""What a look without an alert may see, and which alerts speak of what it saw."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from responder.incident.lookout import engaged, sight
from responder.incident.openings import Aftermath
from responder.incident.service import Brakes
from responder.incident.triage import EndedIncident, KnownFiring, is_late, known_start
from tests.setup.configured import RULE as CONFIGURED
from tests.setup.configured import loaded, only_problem
from tests.web_parts import RULE, at

ENDED = Aftermath(ended_at=at(100))
SEEN = KnownFiring(incident="inc-1")
EXACT = datetime(2026, 11, 5, 12, 0, 0, 123456, tzinfo=UTC)
CUT = EXACT.replace(microsecond=123000)


@pytest.mark.parametrize(
    ("floor", "aftermath", "expected"),
    [
        (None, Aftermath(), None),
        (at(50), Aftermath(), at(50)),
        (at(50), ENDED, at(100)),
        (at(150), ENDED, at(150)),
        (None, replace(ENDED, closed=True), at(135)),
    ],
)
def test_a_watch_sees_what_came_after_floor_and_end(
    floor: datetime | None, aftermath: Aftermath, expected: datetime | None
) -> None:
    assert sight(RULE, Brakes(floor=floor), aftermath).floor == expected


@pytest.mark.parametrize(
    ("open_elsewhere", "watched"), [(True, False), (False, True), (True, True)]
)
def test_an_incident_that_is_open_or_watched_looks_itself(
    open_elsewhere: bool, watched: bool
) -> None:
    brakes = Brakes(open_elsewhere=open_elsewhere)

    assert engaged(brakes, replace(ENDED, watched=watched))


def test_otherwise_the_watch_looks() -> None:
    assert not engaged(Brakes(), ENDED)


@pytest.mark.parametrize(("known", "told"), [(EXACT, CUT), (CUT, EXACT)])
def test_a_start_cut_off_at_the_millisecond_is_the_same(
    known: datetime, told: datetime
) -> None:
    assert known_start({known: SEEN}, told) == known


@pytest.mark.parametrize(
    "told",
    [
        CUT + timedelta(milliseconds=1),
        CUT - timedelta(milliseconds=1),
        EXACT + timedelta(microseconds=1),
    ],
)
def test_another_start_is_another_firing(told: datetime) -> None:
    assert known_start({EXACT: SEEN}, told) == told


@pytest.mark.parametrize(("seconds", "expected"), [(359, True), (360, False)])
def test_an_alert_may_be_late_by_its_window_and_a_minute(
    seconds: float, expected: bool
) -> None:
    ended = EndedIncident(id="inc-1", ended_at=at(0))

    assert is_late(ended, {}, RULE, at(seconds)) is expected


def test_a_watch_and_groups_are_refused_together() -> None:
    text = f"{CONFIGURED}    group_by: [shop]\n    watch: 10s\n"

    assert only_problem(text).path == "rules[0].watch"


def test_a_number_without_a_unit_is_no_watch() -> None:
    assert only_problem(f"{CONFIGURED}    watch: 10\n").path == "rules[0].watch"


def test_a_sender_of_earlier_versions_is_no_sender_of_webhooks() -> None:
    text = (
        f"{CONFIGURED}webhook_auth: [{{name: g, senders: [grafana-pull], "
        'bearer: "${TOKEN}"}]\n'
    )

    paths = [problem.path for problem in loaded(text).problems]
    assert "webhook_auth[0].senders[0]" in paths
