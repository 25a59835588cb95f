"""Stored incidents as cassettes, from the storage or from a running service."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.engine import make_url

from responder.app import archive_of, operator_of
from responder.cli.common import Usage
from responder.cli.service import ask, here
from responder.config.settings import Settings
from responder.incident.ports import Archive
from responder.incident.rule import Rule
from responder.masking import Masker
from responder.replay.cassette import BadCassette, Cassette, load
from responder.replay.record import cassette_of, cassettes_since
from responder.store.database import BadStorage, DatabaseInUse


def recorded(settings: Settings, incident: str) -> Cassette:
    """One incident. Raises Usage (status 1) if there is no such incident."""
    try:
        with _storage(settings) as (archive, mask):
            found = cassette_of(archive, incident, _rules(settings), mask)
    except DatabaseInUse:
        # Our own service has it: it answers for its storage.
        return fetch_cassette(here(settings), incident, operator_of(settings))
    if found is None:
        raise Usage(f"there is no incident {incident!r}", 1)
    return found


def fetch_cassette(
    server: str, incident: str, known: tuple[str, str] | None
) -> Cassette:
    """One incident of a running service."""
    path = f"/api/incidents/{quote(incident, safe='')}/cassette"
    try:
        return load(ask(server, path, known))
    except BadCassette as problem:
        raise Usage(f"the service sent no cassette: {problem}", 1) from None


def recorded_since(settings: Settings, length: timedelta) -> list[tuple[str, Cassette]]:
    """All incidents that opened within that time, oldest first, with their names."""
    since = datetime.now(UTC) - length
    try:
        with _storage(settings) as (archive, mask):
            found = list(cassettes_since(archive, since, _rules(settings), mask))
    except DatabaseInUse:
        found = list(_asked_since(settings, since))
    return [(cassette.name, cassette) for cassette in reversed(found)]


def _asked_since(settings: Settings, since: datetime) -> Iterator[Cassette]:
    server, known, cursor = here(settings), operator_of(settings), ""
    while True:
        asking: dict[str, str | int] = {"from": since.isoformat(), "limit": 200}
        if cursor:
            asking["cursor"] = cursor
        page = json.loads(ask(server, "/api/incidents", known, **asking))
        for incident in page["incidents"]:
            if not incident["drill"]:
                yield fetch_cassette(server, incident["id"], known)
        cursor = page["cursor"]
        if not cursor:
            return


def _rules(settings: Settings) -> dict[str, Rule]:
    return {rule.name: rule for rule in settings.rules}


@contextmanager
def _storage(settings: Settings) -> Iterator[tuple[Archive, Masker]]:
    url = make_url(settings.storage_url)
    file = url.database if url.get_backend_name() == "sqlite" else None
    if file and not Path(file).exists():
        raise Usage(f"{file} does not exist: name the storage by --config", 1)
    try:
        with archive_of(settings) as found:
            yield found
    except DatabaseInUse:
        raise
    except BadStorage as problem:
        raise Usage(str(problem), 1) from None
