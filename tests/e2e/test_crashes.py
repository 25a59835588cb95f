"""Killed at every place on the way, twice: nothing lost, nothing done twice."""

from collections.abc import Iterator

import pytest

from tests.torture.points import CrashPoint
from tests.torture.rounds import die_at, wrong_with
from tests.torture.world import World, world


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world of one replica, on SQLite."""
    with world(tmp_path_factory.mktemp("crashes")) as found:
        yield found


@pytest.mark.parametrize("point", list(CrashPoint))
def test_a_kill_loses_nothing_and_calls_once(shop: World, point: CrashPoint) -> None:
    for _ in range(2):
        ended = die_at(shop, point)
        assert wrong_with(ended, point, shop) == []


def test_an_intent_without_an_answer_is_shown_as_such(shop: World) -> None:
    ended = die_at(shop, CrashPoint.AFTER_ANSWER)
    told = [report["outcome"] for report in ended.incident["reports"]]
    assert told == ["unknown", "nothing_to_resolve"]
