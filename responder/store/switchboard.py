"""`Controls` on the store: what people press becomes durable here."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, Engine

from responder.incident.actions import Action
from responder.incident.controls import Pressed, Standing
from responder.incident.ports import Clock
from responder.store import people
from responder.store.engine import reading
from responder.store.people import People


class Write(Protocol):
    """A job for the next transaction, which changes these incidents."""

    def __call__(self, job: Callable[[Connection], Any], *incidents: str) -> Any: ...


class Switchboard:
    """`Controls` through the one writer lane."""

    def __init__(
        self, people: People, write: Write, engine: Callable[[], Engine], clock: Clock
    ) -> None:
        self._people = people
        self._write = write
        self._engine = engine
        self._clock = clock

    def act(self, incident: str, action: Action) -> Pressed:
        found: Pressed = self._write(
            lambda conn: self._people.act(conn, incident, action, self._clock.now()),
            incident,
        )
        return found

    def pause(self, by: str, until: datetime | None) -> None:
        self._write(lambda conn: people.pause(conn, by, until, self._clock.now()))

    def start_paused(self, by: str) -> None:
        """As `pause` without an end; a pause that holds already is left alone."""
        self._write(lambda conn: people.start_paused(conn, by, self._clock.now()))

    def resume(self, by: str) -> None:
        self._write(lambda conn: people.resume(conn, by, self._clock.now()))

    def standing(self) -> Standing:
        with reading(self._engine()) as conn:
            return people.standing(conn, self._people.supplier, self._clock.now())
