"""The store: intake, the worker's appends and the archive on one database."""

import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection, Engine, update

from responder.incident.alert import Delivery
from responder.incident.brakes import Brakes
from responder.incident.events import Event
from responder.incident.link import ReportLink
from responder.incident.model import Incident
from responder.incident.names import State
from responder.incident.ports import (
    Accepted,
    Appended,
    Clock,
    HeardDelivery,
    IncidentPage,
    Lease,
    Search,
    StorageUnavailable,
)
from responder.incident.rule import Rule
from responder.store import archive, claims, tables
from responder.store.appends import Appends
from responder.store.brakes import read_brakes
from responder.store.engine import Lock, file_of, open_engine, reading
from responder.store.ids import Ids
from responder.store.intake import Arrival, Desk
from responder.store.lane import Lane, wait
from responder.store.links import Supplier
from responder.store.people import People
from responder.store.switchboard import Switchboard
from responder.store.timeline import Folds, read_events, read_row, with_row

T = TypeVar("T")

_ACCEPT_WITHIN = 0.8
_ACCEPT_EACH = 0.0002
"""Seconds more for each alert: a group of 10,000 is genuine, IRM waits 4 s in all."""
_APPEND_WITHIN = 30.0


class Store:
    """`Intake`, `IncidentStore` and `Archive` on one SQLite file.

    `start` raises `BadStorage` or `DatabaseInUse`; everything after it raises
    `StorageUnavailable` when the database fails. Writes go through one lane, reads
    have connections of their own. `masker` is applied to delivery texts once more.
    """

    def __init__(
        self,
        url: str,
        *,
        rules: Sequence[Rule],
        clock: Clock,
        factory: str,
        factory_timeout: float,
        fixed_link: ReportLink | None,
        max_reports_per_hour: int,
        masker: Callable[[str], str],
        summarise: Callable[[Incident], str] = lambda incident: "",
    ) -> None:
        self._lock = Lock(file_of(url))
        self._clock = clock
        self._masker = masker
        self._ids = Ids()
        self._folds = Folds()
        self._supplier = Supplier(
            name=factory,
            timeout=factory_timeout,
            fixed=fixed_link.digest if fixed_link else None,
            fixed_name=fixed_link.name if fixed_link else "",
            max_reports_per_hour=max_reports_per_hour,
        )
        self._appends = Appends(supplier=self._supplier, summarise=summarise)
        self._desk = Desk(
            rules=tuple(rules),
            folds=self._folds,
            summarise=summarise,
            new_id=self.new_id,
            now=clock.now,
        )
        people = People(rules=rules, supplier=self._supplier, summarise=summarise)
        self.controls = Switchboard(people, self._write, lambda: self.engine, clock)
        self._engine: Engine | None = None
        self._lane: Lane[Arrival, Accepted] | None = None

    def start(self) -> None:
        """Open the database for this process alone; every lease is void."""
        self._lock.acquire()
        try:
            self._engine = open_engine(self._lock.file)
        finally:
            if self._engine is None:
                self._lock.release()
        self._lane = Lane(self._engine, self._desk.take_in)
        self._lane.start()
        self._ready_at = self._clock.now()

    def close(self) -> None:
        """Write what was handed in, then close. Again is no error."""
        if self._lane is not None:
            self._lane.close()
        if self._engine is not None:
            self._engine.dispose()
        self._lock.release()
        self._lane = self._engine = None

    @property
    def engine(self) -> Engine:
        """The engine; its plain transactions are for reading."""
        if self._engine is None:
            raise StorageUnavailable("the storage is not running")
        return self._engine

    def new_id(self) -> str:
        """A fresh id, in the order of time."""
        return self._ids.new(self._clock.now())

    # Intake

    def accept(self, delivery: Delivery) -> Accepted:
        text = self._masker(delivery.body).encode("utf-8", "replace")
        arrival = Arrival(delivery=delivery, body=zlib.compress(text, 3))
        future = self._writer.deliver(arrival)
        try:
            alerts = len(delivery.notification.alerts)
            return wait(future, _ACCEPT_WITHIN + alerts * _ACCEPT_EACH)
        except StorageUnavailable:
            future.add_done_callback(self._give_back)
            raise

    def _give_back(self, future: Future[Accepted]) -> None:
        """Nobody waited for this answer: whoever looks next may take the incidents."""
        if future.cancelled() or future.exception() is not None:
            return
        now = self._clock.now()
        for lease in future.result().leases:
            with suppress(StorageUnavailable):
                self._writer.submit(
                    partial(claims.release, lease=lease, due_at=now, now=now)
                )

    # IncidentStore

    def take(self, now: datetime, limit: int) -> list[Lease]:
        at = self._clock.now()
        return self._write(lambda conn: claims.take(conn, now, at, limit))

    def next_due(self) -> datetime | None:
        with reading(self.engine) as conn:
            return claims.next_due(conn, self._clock.now())

    def load(self, incident: str) -> Incident:
        """Raises `LookupError` if there is none."""
        with reading(self.engine) as conn:
            row = read_row(conn, incident)
            found = self._folds.committed(conn, incident) if row else None
        if row is None or found is None:
            raise LookupError(f"there is no incident {incident}")
        return with_row(found, row)

    def brakes(self, incident: Incident, now: datetime) -> Brakes:
        with reading(self.engine) as conn:
            return read_brakes(conn, incident, self._supplier, now, self._ready_at)

    def record(
        self, lease: Lease, incident: Incident, events: Sequence[Event]
    ) -> Appended:
        return self._write(lambda conn: self._appends.record(conn, incident, events))

    def decide(
        self, lease: Lease, incident: Incident, events: Sequence[Event]
    ) -> Appended:
        return self._write(
            lambda conn: self._appends.decide(
                conn, lease, incident, events, self._clock.now()
            )
        )

    def looked(self, lease: Lease, at: datetime) -> None:
        self._write(lambda conn: claims.looked(conn, lease, at))

    def open_relapse(
        self, lease: Lease, incident: Incident, at: datetime
    ) -> str | None:
        new, now = self.new_id(), self._clock.now()
        return self._write(
            lambda conn: self._appends.open_relapse(conn, lease, incident, new, at, now)
        )

    def renew(self, leases: Sequence[Lease]) -> None:
        self._write(lambda conn: claims.renew(conn, leases, self._clock.now()))

    def release(self, lease: Lease, due_at: datetime | None) -> None:
        now = self._clock.now()
        self._write(lambda conn: claims.release(conn, lease, due_at, now))

    # Archive

    def search(self, search: Search) -> IncidentPage:
        with reading(self.engine) as conn:
            return archive.search(conn, search)

    def timeline(self, incident: str) -> tuple[Incident, tuple[Event, ...]] | None:
        with reading(self.engine) as conn:
            row = read_row(conn, incident)
            found = self._folds.committed(conn, incident) if row else None
            if row is None or found is None:
                return None
            return with_row(found, row), tuple(read_events(conn, incident))

    def deliveries(
        self,
        *,
        incident: str | None = None,
        verdict: str | None = None,
        limit: int = 50,
    ) -> tuple[HeardDelivery, ...]:
        with reading(self.engine) as conn:
            return archive.heard(conn, incident, verdict, limit)

    def counts(self) -> dict[tuple[str, State], int]:
        with reading(self.engine) as conn:
            return archive.counts(conn)

    def writable(self) -> bool:
        probe = update(tables.brakes).values(probed_at=self._clock.now())
        try:
            wait(self._writer.submit(lambda conn: conn.execute(probe)), _ACCEPT_WITHIN)
        except StorageUnavailable:
            return False
        return True

    @property
    def _writer(self) -> Lane[Arrival, Accepted]:
        if self._lane is None:
            raise StorageUnavailable("the storage is not running")
        return self._lane

    def _write(self, job: Callable[[Connection], T]) -> T:
        return wait(self._writer.submit(job), _APPEND_WITHIN)
