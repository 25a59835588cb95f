"""Whether people did what Responder would have done, where it called nothing itself."""

from enum import StrEnum

from responder.incident.model import Incident

FIXED_BY_HAND = "fixed by hand"
NOT_REAL = "not real"
"""How a person's reason for closing an incident begins."""


class Agreement(StrEnum):
    """What a shadow rule's word was worth, by what people did."""

    AGREED = "agreed"
    DISAGREED = "disagreed"


def agreement(incident: Incident) -> Agreement | None:
    """What Responder would have done, against a person's own report or closing.

    None where it reported or was about to, and where no person has said anything.
    Nothing follows from a drill.
    """
    if incident.drill:
        return None
    acted = incident.planned or incident.requested or incident.shared
    if incident.reports or acted:
        return None
    person = reported_by_person(incident)
    if person is None:
        return None
    same = person is (incident.withheld_at is not None)
    return Agreement.AGREED if same else Agreement.DISAGREED


def reported_by_person(incident: Incident) -> bool | None:
    """Whether a person says to have reported it; False: it was not real."""
    if incident.reported_by_hand_at or _closed_as(incident, FIXED_BY_HAND):
        return True
    return False if _closed_as(incident, NOT_REAL) else None


def _closed_as(incident: Incident, reason: str) -> bool:
    why = incident.finished.why if incident.finished else ""
    return why.partition(":")[0] == reason
