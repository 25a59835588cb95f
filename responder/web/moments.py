"""What the charts are marked with: moments, and spans that were not counted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from responder.incident.events import Looked
from responder.incident.model import Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment that explains the numbers."""

    at: datetime
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Blind:
    """A span of time for which something could not be counted."""

    since: datetime
    until: datetime
    why: str


def blind_spans(
    looks: Sequence[Looked], until: datetime, why: Callable[[Looked], str]
) -> tuple[Blind, ...]:
    """Where `why` gives a reason why a look could not count, neighbours joined."""
    spans: list[Blind] = []
    for index, look in enumerate(looks):
        text = why(look)
        end = looks[index + 1].at if index + 1 < len(looks) else max(until, look.at)
        if not text:
            continue
        if spans and spans[-1].until == look.at and spans[-1].why == text:
            spans[-1] = Blind(since=spans[-1].since, until=end, why=text)
        else:
            spans.append(Blind(since=look.at, until=end, why=text))
    return tuple(spans)


def marks_of(incident: Incident) -> tuple[Mark, ...]:
    """The moments of an incident that are known, in their order."""
    found = [
        (incident.first_error_at, "first error"),
        (incident.alert_started_at, "alert"),
        (incident.opened_at, "webhook"),
        (incident.withheld_at, "would have reported"),
        *((r.at, "report") for r in incident.reports),
        (incident.ended_at, incident.state.replace("_", " ")),
    ]
    known = [Mark(at=at, words=words) for at, words in found if at is not None]
    return tuple(sorted(known, key=lambda mark: mark.at))
