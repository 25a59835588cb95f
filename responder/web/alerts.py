"""Alerts that come by the hundred, told in one line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice

from responder.incident.events import AlertFired, AlertResolved, Event

_TOLD = 3
"""Alerts in a row that get a line each."""
_NAMED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """The rest of many alerts that fired, or resolved, one right after the other."""

    events: Sequence[AlertFired | AlertResolved]

    @property
    def words(self) -> str:
        senders = ", ".join(dict.fromkeys(event.sender.value for event in self.events))
        did = "fire" if isinstance(self.events[0], AlertFired) else "resolved"
        return f"and {len(self.events):,} more alerts {did}, heard from {senders}"

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """The first of them by fingerprint, and how many are not named."""
        named = [
            (event.fingerprint, _labels(event)) for event in islice(self.events, _NAMED)
        ]
        left = len(self.events) - len(named)
        return (*named, ("and", f"{left:,} more")) if left else tuple(named)


def folded_alerts(events: Sequence[Event]) -> Iterator[Event | Others]:
    """The events, but of many alerts in a row only the first few by themselves."""
    for _, found in groupby(events, type):
        row = list(found)
        yield from row[:_TOLD]
        rest = row[_TOLD:]
        alerts = [e for e in rest if isinstance(e, AlertFired | AlertResolved)]
        if len(alerts) > 1:
            yield Others(events=alerts)
        else:
            yield from rest


def _labels(event: AlertFired | AlertResolved) -> str:
    if isinstance(event, AlertResolved) or not event.labels:
        return event.state_reason if isinstance(event, AlertResolved) else "no labels"
    return ", ".join(f"{name}={value}" for name, value in event.labels.items())[:200]
