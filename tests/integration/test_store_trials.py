"""Of each rule the cassettes that it was tried on last, on both databases."""

from contextlib import closing
from datetime import timedelta

from responder.incident.trial import Trial
from tests.conftest import Place
from tests.fakes import NOON
from tests.store_parts import store_on

FIRST = Trial(
    rule="pizza-factory",
    config="c0ffeec0ffee",
    reported=("founding", "bad-jwt"),
    not_reported=("oven-full-noise",),
    by="oncall",
    at=NOON,
)
LATER = Trial(
    rule="pizza-factory",
    config="beefbeefbeef",
    not_as_expected=("founding",),
    by="ada",
    at=NOON + timedelta(days=1),
)


def test_the_last_trial_of_a_rule_is_kept_and_outlives_a_restart(place: Place) -> None:
    with closing(store_on(place.url, place.clock)) as store:
        store.start()
        assert store.trials.last("pizza-factory") is None
        store.trials.save(FIRST)
        store.trials.save(LATER)

    with closing(store_on(place.url, place.clock)) as store:
        store.start()
        assert store.trials.last("pizza-factory") == LATER


def test_each_rule_has_its_own(place: Place) -> None:
    other = Trial(rule="pasta", config="beef", by="ada", at=NOON)
    with closing(store_on(place.url, place.clock)) as store:
        store.start()
        store.trials.save(FIRST)
        store.trials.save(other)

        assert store.trials.last("pizza-factory") == FIRST
        assert store.trials.last("pasta") == other
