"""Incidents that share one report stand together."""

from collections.abc import Sequence
from dataclasses import dataclass

from responder.incident.listing import IncidentSummary
from responder.incident.names import Reason, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One incident, and the others that the same report is for."""

    first: IncidentSummary
    others: tuple[IncidentSummary, ...] = ()

    @property
    def waits(self) -> bool:
        return self.first.state is State.NEEDS_HUMAN


def families(incidents: Sequence[IncidentSummary]) -> list[Family]:
    """The incidents in their order, those of one report where the first of them is.

    Its first is who waits for a person, else whose report it is.
    """
    members: dict[str, list[IncidentSummary]] = {}
    for incident in incidents:
        members.setdefault(incident.shared_with or incident.id, []).append(incident)
    return [_family(root, found) for root, found in members.items()]


def by_urgency(found: Sequence[Family]) -> list[Family]:
    """Who waits for a person first, then what can be stopped, last what watches."""
    return sorted(found, key=lambda family: _urgency(family.first))


def _urgency(incident: IncidentSummary) -> int:
    if incident.state is State.NEEDS_HUMAN:
        return 0
    if incident.reason is Reason.VETO_WINDOW:
        return 1
    return 3 if incident.withheld_at else 2


def _family(root: str, members: Sequence[IncidentSummary]) -> Family:
    in_order = sorted(
        members, key=lambda i: (i.state is not State.NEEDS_HUMAN, i.id != root)
    )
    return Family(first=in_order[0], others=tuple(in_order[1:]))
