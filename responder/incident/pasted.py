"""A link that a person pasted: which calls it is for, and for how long. Pure.

It is for the *report now* that it came with and for the repeats of that call (rules 10
and 13); the automation never takes it up by itself.
"""

from datetime import datetime

from responder.incident.brakes import Brakes
from responder.incident.events import Candidate
from responder.incident.model import Incident
from responder.incident.names import Outcome
from responder.incident.phase import half_unknown
from responder.incident.window import live_request

_REPEATED = (Outcome.REFUSED, Outcome.UNREACHABLE)


def given(incident: Incident, brakes: Brakes, now: datetime) -> Candidate | None:
    """The pasted link of a *report now* that still waits, if it can be called here."""
    asked = live_request(incident, now)
    if asked is None or not asked.digest:
        return None
    return _callable(incident, brakes)


def to_repeat(incident: Incident, brakes: Brakes) -> Candidate | None:
    """The pasted link whose call rule 10 repeats, though no log line may carry it."""
    if not incident.answered or not _repeated(incident):
        return None
    return _callable(incident, brakes)


def awaited(incident: Incident, now: datetime) -> str:
    """The digest of the pasted link that may still be called, "" if none may be."""
    if incident.ended_at is not None or incident.pasted is None:
        return ""
    asked = live_request(incident, now)
    if asked is not None and asked.digest:
        return asked.digest
    return incident.pasted.digest if _repeated(incident) else ""


def _repeated(incident: Incident) -> bool:
    """Whether the last call was made with it, and without an answer that ends it."""
    last, pasted = incident.reports[-1:], incident.pasted
    if not last or pasted is None or last[0].digest != pasted.digest:
        return False
    outcome = last[0].outcome
    return outcome is None or outcome in _REPEATED or half_unknown(incident) is not None


def _callable(incident: Incident, brakes: Brakes) -> Candidate | None:
    pasted = incident.pasted
    if pasted is None or brakes.fixed_link or pasted.digest not in brakes.pasted:
        return None
    record = brakes.links.get(pasted.digest)
    return None if record and record.spent else pasted
