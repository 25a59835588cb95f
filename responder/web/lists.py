"""Incidents and deliveries as rows of a list, ready for a template."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from responder.incident.listing import HeardDelivery, IncidentSummary
from responder.incident.model import Incident
from responder.incident.names import State
from responder.incident.phrases import count_of, span
from responder.incident.words import state_words
from responder.web.clocks import ago, utc
from responder.web.families import Family
from responder.web.headline import failing_since
from responder.web.masked import untwisted


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
    def of(cls, delivery: HeardDelivery, now: datetime) -> "DeliveryRow":
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
