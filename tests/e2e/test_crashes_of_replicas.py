"""One of two replicas killed at every place, twice: the other loses nothing.

A file of its own, so that it runs beside the one on SQLite.
"""

from collections.abc import Iterator

import pytest

from tools.torture.points import CrashPoint
from tools.torture.rounds import outcomes_without_an_answer, wrong_after
from tools.torture.storage import postgres_storage
from tools.torture.world import World, world


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world of two replicas that share a database on PostgreSQL."""
    folder = tmp_path_factory.mktemp("crashes")
    with postgres_storage() as url, world(folder, replicas=2, storage=url) as found:
        yield found


@pytest.mark.parametrize("point", list(CrashPoint))
def test_a_kill_loses_nothing_and_calls_once(shop: World, point: CrashPoint) -> None:
    assert wrong_after(shop, point, kills=2) == []


def test_an_intent_without_an_answer_is_shown_as_such(shop: World) -> None:
    assert outcomes_without_an_answer(shop) == ["unknown", "nothing_to_resolve"]
