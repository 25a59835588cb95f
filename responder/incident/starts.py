"""Which firing a notice speaks of, where its start alone does not say. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from responder.incident.known import EndedIncident, KnownFiring
from responder.incident.rule import Rule

STAYS = timedelta(seconds=60)
"""How long an alert may go on after its window has emptied (rule 16)."""


def known_start(seen: Mapping[datetime, KnownFiring], start: datetime) -> datetime:
    """The same start as it was heard first, else this one.

    A webhook tells a start to the nanosecond; others cut the very same one off after
    the millisecond.
    """
    if start in seen:
        return start
    cut = _to_millisecond(start)
    same = (
        at for at in seen if _to_millisecond(at) == cut and (at == cut or start == cut)
    )
    return next(same, start)


def _to_millisecond(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def newest_unresolved(
    seen: Mapping[datetime, KnownFiring],
) -> tuple[datetime, KnownFiring] | None:
    """The latest firing that has not ended yet."""
    open_ones = [(at, firing) for at, firing in seen.items() if not firing.resolved]
    return max(open_ones, key=lambda pair: pair[0]) if open_ones else None


def is_late(
    ended: EndedIncident | None,
    seen: Mapping[datetime, KnownFiring],
    rule: Rule,
    at: datetime,
) -> bool:
    """Whether an alert that comes now may be about the errors of that incident.

    Grafana fires as long as the errors are in its window, and one of two alerts may be
    slower than the other. An alert that fired in that incident (its firings are `seen`)
    fires anew.
    """
    if ended is None or any(firing.incident == ended.id for firing in seen.values()):
        return False
    return at < ended.ended_at + rule.longest_window + STAYS
