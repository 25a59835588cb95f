"""Incidents and deliveries as rows of a list, ready for a template."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby, islice
from typing import Any

from responder.incident.events import AlertFired, AlertResolved, Event
from responder.incident.incident import Incident, fold
from responder.incident.names import State
from responder.incident.phrases import count_of, span
from responder.incident.ports import Archive
from responder.incident.view import (
    IncidentPage,
    IncidentSummary,
    ReceivedDelivery,
    Search,
)
from responder.incident.words import state_words
from responder.web.headline import Family, ago, failing_since, utc

# Alerts that come by the hundred, folded into one line.

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


# Events as people may see them: senders and people write what they like.

Mask = Callable[[str], str]
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_BETWEEN = "\n"


def untwisted(text: str) -> str:
    """The text without marks that turn the words around it: ours could be read wrong.

    Text in a right-to-left script needs none of them and is kept.
    """
    return _TURNING.sub("\N{REPLACEMENT CHARACTER}", text)


def timeline_of(
    archive: Archive, incident_id: str, mask: Mask
) -> tuple[Incident, tuple[Event, ...]] | None:
    """A stored incident as people may see it; None if there is no such incident.

    What is stored was masked by the secrets of its time: later ones count too.
    """
    found = archive.timeline(incident_id)
    if found is None:
        return None
    incident, stored = found
    events = masked_all(stored, mask)
    if events == stored:
        return found
    # The row knows a later look than the timeline does.
    folded = fold(incident_id, events)
    return replace(folded, looked_at=incident.looked_at), events


def listed(archive: Archive, asked: Search, mask: Mask) -> IncidentPage:
    """Stored incidents in a list as people may see them. Raises `BadCursor`."""
    page = archive.search(asked)
    return replace(page, incidents=tuple(_row(one, mask) for one in page.incidents))


def _row(incident: IncidentSummary, mask: Mask) -> IncidentSummary:
    return replace(
        incident,
        group=mask(incident.group),
        summary=mask(incident.summary),
        reports=tuple(replace(r, message=mask(r.message)) for r in incident.reports),
    )


def masked_all(events: tuple[Event, ...], masker: Mask) -> tuple[Event, ...]:
    """The events with every text masked that is the sender's or a person's."""

    def mask(text: str) -> str:
        return untwisted(masker(text))

    # Of ten thousand alerts seldom one holds a secret: all are asked about at once.
    told = _BETWEEN.join(text for event in events for text in _texts(event))
    if mask(told) == told:
        return events
    return tuple(masked(event, mask) for event in events)


def masked(event: Event, mask: Mask) -> Event:
    """One event masked."""
    changed: dict[str, object] = {}
    for name, value in _theirs(event):
        if isinstance(value, str):
            changed[name] = mask(value)
        else:
            changed[name] = {mask(k): mask(v) for k, v in value.items()}
    return replace(event, **changed)  # type: ignore[arg-type]


def _texts(event: Event) -> Iterator[str]:
    for _, value in _theirs(event):
        if isinstance(value, str):
            yield value
        else:
            yield from value.keys()
            yield from value.values()


def _theirs(event: Event) -> Iterator[tuple[str, str | Mapping[str, str]]]:
    for field in fields(event):
        value: Any = getattr(event, field.name)
        if isinstance(value, Mapping) or (
            isinstance(value, str) and not isinstance(value, StrEnum)
        ):
            yield field.name, value


def day_clock(at: datetime) -> str:
    """A day and time of day in UTC: `2026-11-05 16:42:10`."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


_TONES = {
    State.NEEDS_HUMAN: "waiting",
    State.RECOVERED: "quiet",
    State.STOOD_DOWN: "ended",
    State.CLOSED: "ended",
    State.SUPERSEDED: "ended",
}


def state_of(incident: Incident | IncidentSummary) -> str:
    """The state in a few words, true for what is only watched too."""
    if incident.state is State.VERIFYING and incident.withheld_at:
        return "shadow, only watching"
    return state_words(incident.state)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRow:
    """One incident of a list."""

    id: str
    rule: str
    group: str
    state: str
    tone: str
    sentence: str
    numbers: str
    opened_at: datetime
    opened: str
    ago: str
    lasted: str
    relapse_of: str | None
    shared_with: str | None
    sharing: tuple["IncidentRow", ...] = ()
    """Other incidents that the same report is for."""

    @classmethod
    def of(cls, incident: IncidentSummary, now: datetime) -> "IncidentRow":
        ended = incident.ended_at
        return cls(
            id=incident.id,
            rule=incident.rule,
            group=untwisted(incident.group),
            state=state_of(incident),
            tone=_TONES.get(incident.state, "working"),
            sentence=utc(untwisted(f"{failing_since(incident)}{incident.summary}")),
            numbers=_numbers(incident),
            opened_at=incident.opened_at,
            opened=day_clock(incident.opened_at),
            ago=ago(now - incident.opened_at),
            lasted=span(ended - incident.opened_at) if ended else "",
            relapse_of=incident.relapse_of,
            shared_with=incident.shared_with,
        )

    @classmethod
    def together(cls, family: Family, now: datetime) -> "IncidentRow":
        """The first of those that share a report, with the others under it."""
        others = tuple(cls.of(other, now) for other in family.others)
        return replace(cls.of(family.first, now), sharing=others)


def would_have_reported(incident: Incident) -> str:
    """When a rule in shadow mode would have reported, and how long before others.

    "" for an incident in which it would not.
    """
    at = incident.withheld_at
    if at is None:
        return ""
    said = f"Would have reported with {incident.withheld_link} at {day_clock(at)} UTC"
    by_hand, ended = incident.reported_by_hand_at, incident.ended_at
    if by_hand is not None:
        gap = span(abs(by_hand - at))
        side = "before" if at <= by_hand else "after"
        return f"{said}, {gap} {side} a person reported it."
    if ended is not None:
        return f"{said}, {span(ended - at)} before the incident ended."
    return f"{said}. The incident is still open."


def _numbers(incident: IncidentSummary) -> str:
    said = []
    if incident.failed_orders:
        said.append(count_of(incident.failed_orders, "failed order"))
    if incident.errors:
        said.append(count_of(incident.errors, "error log"))
    if incident.reports:
        said.append(count_of(len(incident.reports), "report"))
    return " · ".join(said)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """One delivery of a list. `why` says for each ignored alert what was missing."""

    id: str
    received_at: str
    ago: str
    sender: str
    credential: str
    verdicts: str
    why: tuple[str, ...]
    signed: str

    @classmethod
    def of(cls, delivery: ReceivedDelivery, now: datetime) -> "DeliveryRow":
        difference = delivery.clock_difference
        return cls(
            id=delivery.id,
            received_at=day_clock(delivery.received_at),
            ago=ago(now - delivery.received_at),
            sender=delivery.sender,
            credential=delivery.credential,
            verdicts=", ".join(delivery.kinds).replace("_", " ") or "no alerts",
            why=tuple(untwisted(why) for why in delivery.why),
            signed=""
            if difference is None
            else f"signature good, clock difference {abs(difference):.0f} s",
        )
