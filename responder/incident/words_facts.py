"""What sentences about an incident are made of."""

from datetime import datetime

from responder.incident.events import CheckReading, Looked
from responder.incident.model import Incident, Report
from responder.incident.names import State
from responder.incident.phase import verified_call
from responder.incident.phrases import clock, count_of, span
from responder.incident.rule import Rule


def calls_a_person(incident: Incident) -> bool:
    return incident.state is State.NEEDS_HUMAN


def held(incident: Incident, text: str) -> str:
    return f"Held: {text}" if incident.state is State.HOLDING else capital(text)


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def observed(incident: Incident, rule: Rule) -> str:
    """What the decision counted: `3 error logs in the last 5 min`."""
    decided = incident.decided
    if decided is None or decided.observed is None:
        return count_of(incident.errors, "error log")
    check = next((c for c in rule.checks if c.name == decided.check), None)
    counted = lines_of(decided.check, decided.observed)
    return f"{counted} in the last {span(check.window)}" if check else counted


def nearest_since(incident: Incident) -> CheckReading | None:
    """The reading nearest to its limit in a look later than the decision, if any."""
    look, decided = incident.look, incident.decided
    if look is None or decided is None or look.at <= decided.at:
        return None
    return nearest(look)


def nearest(look: Looked) -> CheckReading | None:
    """The reading that confirms or is nearest to its limit; None if none counted."""
    counted = [check for check in look.checks if check.count is not None]
    return max(counted, key=lambda c: (c.count or 0) / (c.threshold or 1), default=None)


def affected(incident: Incident) -> str:
    """Of orders that failed without an error, "" if there are none."""
    number = len(incident.affected_keys)
    if not number:
        return ""
    which = "1 of these orders was" if number == 1 else f"{number} of these orders were"
    return (
        f"{which} answered with a report link and no error: late, or with a bad JWT. "
        "If the factory was slow, the first customer had waited up to 32 s before the "
        "first line."
    )


def lines_of(check: str, count: int) -> str:
    """`14 error logs`, `3 lines of check "report-link"`."""
    if check in ("", "error-logs"):
        return count_of(count, "error log")
    return f'{count_of(count, "line")} of check "{check}"'


def confirmed(incident: Incident) -> str:
    decided = incident.decided
    if decided is None or decided.observed is None:
        return f"{count_of(incident.errors, 'error')} confirmed"
    limit = f", limit {decided.limit}" if decided.limit is not None else ""
    return f"{count_of(decided.observed, 'error')} confirmed{limit}"


def until(incident: Incident, before: str, otherwise: str = "") -> str:
    decided = incident.decided
    if decided is None or decided.until is None:
        return otherwise
    return f"{before} {clock(decided.until)}"


def last_call(incident: Incident) -> Report | None:
    return incident.reports[-1] if incident.reports else None


def reported_at(incident: Incident) -> datetime | None:
    """The call that recovery is judged by, or another incident's; else the latest."""
    call = verified_call(incident)
    if call is None and incident.shared:
        return incident.shared.answered_at
    call = call or last_call(incident)
    return call.at if call else None


def reported(incident: Incident) -> str:
    at = reported_at(incident)
    return f"Reported {clock(at)}" if at else "Reported"
