"""Whose share it is that a fault was noticed late."""

from dataclasses import replace
from datetime import timedelta

import pytest

from responder.incident.events import Event, FirstErrorFound, Opened
from responder.incident.incident import fold
from responder.incident.names import Reason
from responder.web.chart import Segment, delay_of
from tests.web_parts import at, founding


@pytest.mark.parametrize(
    ("opened", "owner", "what"),
    [
        (
            Opened(at=at(0), rule="pizza-factory", reason=Reason.SELF_DETECTED),
            "Responder",
            "from the first error to our own watch",
        ),
        (
            Opened(
                at=at(0),
                rule="pizza-factory",
                reason=Reason.OPENED_BY_PERSON,
                by="ana",
            ),
            "People",
            "from the first error to the person who opened it",
        ),
    ],
)
def test_without_an_alert_grafana_has_no_share(
    opened: Opened, owner: str, what: str
) -> None:
    _, late_alert, *rest = founding()
    found: Event = FirstErrorFound(at=at(1), first_error_at=at(-7))
    story = [opened, found, *rest, replace(late_alert, at=at(60))]

    segments = delay_of(fold("inc-1", story)).segments

    assert (segments[0].owner, segments[0].what) == (owner, what)
    assert segments[0].length == at(0) - at(-7)
    assert "Grafana" not in {segment.owner for segment in segments}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "unknown"), (0, "0 s"), (0.037, "under 0.1 s"), (0.1, "0.1 s")],
)
def test_what_was_measured_is_not_called_nothing(
    seconds: float | None, words: str
) -> None:
    length = None if seconds is None else timedelta(seconds=seconds)
    segment = Segment(owner="Responder", kind="", what="", length=length, mend="")

    assert segment.words == words
