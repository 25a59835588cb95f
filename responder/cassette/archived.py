"""Incidents of the record as cassettes."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from responder.cassette.recorded import record
from responder.cassette.schema import Cassette
from responder.incident.listing import Search
from responder.incident.ports import Archive
from responder.incident.rule import Rule

_PAGE = 200


def cassette_of(
    archive: Archive,
    incident: str,
    rules: Mapping[str, Rule],
    mask: Callable[[str], str],
) -> Cassette | None:
    """The cassette of a stored incident; None if there is no such incident.

    Of a rule that is configured no more, nothing but its name is known.
    """
    found = archive.timeline(incident)
    if found is None:
        return None
    known, events = found
    rule = rules.get(known.rule) or Rule(name=known.rule, match=(), checks=())
    return record(known, events, archive.bodies(incident), rule, mask)


def cassettes_since(
    archive: Archive,
    since: datetime,
    rules: Mapping[str, Rule],
    mask: Callable[[str], str],
) -> Iterator[Cassette]:
    """The cassettes of all incidents opened since then, newest first; no drills."""
    cursor: str | None = None
    while True:
        search = Search(since=since, limit=_PAGE, cursor=cursor, drills=False)
        page = archive.search(search)
        for summary in page.incidents:
            found = cassette_of(archive, summary.id, rules, mask)
            if found is not None:
                yield found
        cursor = page.cursor
        if cursor is None:
            return
