"""What the storage remembers of Responder itself, in sentences for the first page."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from responder.incident.memory import Gap, Memory

_TOLD = timedelta(days=7)
"""Gaps and losses are news for so long."""


def warnings(memory: Memory, at: datetime) -> tuple[str, ...]:
    """What people should know: history that is missing, or will be."""
    return tuple(_warnings(memory, at))


def _warnings(memory: Memory, at: datetime) -> Iterator[str]:
    for gap in memory.gaps:
        if at - gap.until < _TOLD:
            yield f"Responder was not running {_span(gap, at)}."
    since = memory.since
    if memory.history_lost and since and at - since < _TOLD:
        yield (
            f"The history before {_moment(since, at)} UTC is lost: the database was "
            "made anew where an older one was expected."
        )
    if memory.forgets:
        yield (
            f"The record may be lost: storage.url is on {memory.forgets}. Put it on a "
            "local disk that stays, or use PostgreSQL."
        )


def _span(gap: Gap, at: datetime) -> str:
    """`02:11-08:03 UTC`, with the day where it is not today's."""
    end = f"{gap.until:%H:%M}"
    if gap.until.date() != gap.since.date():
        end = _moment(gap.until, at, whole=True)
    whole = gap.since.date() != at.date()
    return f"{_moment(gap.since, at, whole=whole)}-{end} UTC"


def _moment(at: datetime, now: datetime, *, whole: bool = False) -> str:
    day = f"{at:%Y-%m-%d} " if whole or at.date() != now.date() else ""
    return f"{day}{at:%H:%M}"
