"""From a timeline to the incident."""

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.incident.events import AlertFired, Event, Opened
from responder.incident.incident import Incident, apply, fold, fold_on
from responder.incident.names import Sender
from tests.policy.timelines import T0, at, look, opened, resolved

OPENING = Opened(at=T0, rule="pizza-factory")


def fired(seconds: float, name: str = "f1", start: float = -10) -> AlertFired:
    return AlertFired(
        at=at(seconds), fingerprint=name, starts_at=at(start), sender=Sender.GRAFANA
    )


def one_by_one(events: list[Event]) -> Incident:
    first, *rest = events
    return reduce(lambda seen, event: apply(seen, event), rest, apply(None, first))


times = st.integers(-20, 300)
names = st.sampled_from(["f1", "f2", "f3"])
events = st.one_of(
    st.builds(fired, times, names, times),
    st.builds(
        lambda when, name, start, reason, truncated: resolved(
            when, name, starts_at=at(start), state_reason=reason, truncated=truncated
        ),
        times,
        names,
        times,
        st.sampled_from(["", "MissingSeries"]),
        st.booleans(),
    ),
    st.builds(lambda seconds: look(seconds), times),
)


@given(st.lists(events, max_size=20), st.integers(0, 20))
def test_alerts_folded_at_once_are_as_alerts_folded_one_by_one(
    story: list[Event], cut: int
) -> None:
    whole = [OPENING, *story]
    begun = fold_on(None, whole[: cut + 1])

    assert fold("", whole) == one_by_one(whole)
    assert fold_on(begun, whole[cut + 1 :]) == one_by_one(whole)


def test_nothing_folded_on_changes_nothing() -> None:
    incident = opened()

    assert fold_on(incident, []) is incident


@pytest.mark.parametrize("story", [[], [fired(0)], [look(0)], [fired(0), OPENING]])
def test_a_timeline_without_an_opening_is_no_incident(story: list[Event]) -> None:
    with pytest.raises(ValueError, match=r"begins with|no events"):
        fold("i1", story)
