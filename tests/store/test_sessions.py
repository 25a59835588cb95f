"""Sessions that were ended stay ended: after a restart, and in every replica."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

from responder.store import Store
from tests.conftest import Place
from tests.fakes import NOON
from tests.store_parts import store_on

LATER = NOON + timedelta(days=30)


@contextmanager
def opened(place: Place) -> Iterator[Store]:
    with closing(store_on(place.url, place.clock)) as store:
        store.start()
        yield store


def test_a_session_that_was_ended_stays_ended_after_a_restart(place: Place) -> None:
    with opened(place) as store:
        store.sessions.end("one", LATER)
        store.sessions.end("one", LATER)

    with opened(place) as store:
        assert not store.sessions.is_open("ana", "one", 0)
        assert store.sessions.is_open("ana", "two", 0)


def test_ending_all_ends_those_that_there_are_and_no_later_one(place: Place) -> None:
    with opened(place) as store:
        before = store.sessions.epoch("ana")
        store.sessions.end_all("ana")
        store.sessions.end_all("ana")

    with opened(place) as store:
        assert not store.sessions.is_open("ana", "one", before)
        assert store.sessions.is_open("ana", "one", store.sessions.epoch("ana"))
        assert store.sessions.is_open("bob", "two", store.sessions.epoch("bob"))
