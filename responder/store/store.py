"""The store: intake, the worker's appends and the archive on one database."""

import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, update
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from responder.incident.alert import Delivery
from responder.incident.events import Event, Where
from responder.incident.incident import Incident
from responder.incident.ports import (
    Accepted,
    Appended,
    Clock,
    Lease,
    StorageUnavailable,
)
from responder.incident.rule import Rule
from responder.incident.service import Brakes
from responder.store import tables
from responder.store.database import BadStorage, Database, reading
from responder.store.drills import StoredDrills
from responder.store.intake import Arrival, StoredIntake, write_and_remove
from responder.store.leases import looked as set_looked_at
from responder.store.leases import next_due as next_lease_due
from responder.store.leases import release as release_lease
from responder.store.leases import renew as renew_leases
from responder.store.leases import take as take_leases
from responder.store.links import KnownLinks, Supplier
from responder.store.openings import StoredDuties, StoredOpenings
from responder.store.operators import People, StoredControls, StoredSessions
from responder.store.outbox import StoredOutbox
from responder.store.postgres import PostgresDatabase
from responder.store.queries import StoredArchive
from responder.store.service import earlier_end, read_brakes
from responder.store.sqlite import SqliteDatabase
from responder.store.tables import Ids
from responder.store.timeline import Appends, Folds, Stories, read_row, with_row
from responder.store.writer import GroupCommitWriter, ImmediateWriter, wait

# Which database an address names.

_POSTGRES = ("postgresql+psycopg", "postgresql", "postgres")
_REMEDY = "write sqlite:///responder.db or postgresql+psycopg://user@host/database"


def database_at(url: str, clock: Clock) -> Database:
    """The database, not opened yet. Raises `BadStorage` for any other address."""
    try:
        parsed: URL = make_url(url)
    except (ArgumentError, ValueError):
        raise BadStorage(f"storage.url is no database address: {_REMEDY}") from None
    if parsed.drivername in _POSTGRES:
        return PostgresDatabase(parsed, clock)
    if parsed.drivername != "sqlite":
        raise BadStorage(
            f"storage.url names {parsed.drivername}, which is not supported: {_REMEDY}"
        )
    if parsed.database in (None, "", ":memory:"):
        raise BadStorage(
            "storage.url names no file, and what is accepted must outlive the "
            f"process: {_REMEDY}"
        )
    return SqliteDatabase(Path(str(parsed.database)), clock)


T = TypeVar("T")
Groups = Sequence[tuple[str, str]]
_ACCEPT_EACH = 0.0002
"""Seconds more for each alert: a group of 10,000 is genuine, IRM waits 4 s in all."""
_APPEND_WITHIN = 30.0


class Store(StoredArchive):
    """`Intake`, `IncidentStore` and `Archive` on one database.

    The constructor and `start` raise `BadStorage` or `DatabaseInUse`; everything
    after them raises `StorageUnavailable` when the database fails. Writes go through
    lanes, reads have connections of their own. `masker` is applied to delivery texts
    once more.
    """

    def __init__(
        self,
        url: str,
        *,
        rules: Sequence[Rule],
        clock: Clock,
        supplier: Supplier,
        masker: Callable[[str], str],
        summarise: Callable[[Incident], str] = lambda incident: "",
        accept_within: timedelta = timedelta(milliseconds=800),
        database: Database | None = None,
    ) -> None:
        self._accept_within = accept_within.total_seconds()
        self._database = database or database_at(url, clock)
        self._clock = clock = self._database.clock
        self._masker = masker
        self._ids = Ids()
        self._folds = Folds()
        self._stories = Stories()
        self._supplier = supplier
        self._links = KnownLinks(supplier)
        self._appends = Appends(self._supplier, summarise, self._database)
        self._desk = StoredIntake(
            rules=tuple(rules),
            database=self._database,
            folds=self._folds,
            summarise=summarise,
            new_id=self.new_id,
            now=clock.now,
        )
        people = People(rules=rules, supplier=self._supplier, summarise=summarise)
        self.controls = StoredControls(people, self.write, lambda: self.engine, clock)
        self.duties = StoredDuties(self.write, lambda: self.engine, self._clock)
        self.openings = StoredOpenings(
            self.write, lambda: self.engine, self._database, summarise, self.new_id
        )
        self.drills, self.sessions = StoredDrills(self), StoredSessions(self)
        self._engine: Engine | None = None
        self._refused = False
        self._lanes: list[GroupCommitWriter[Arrival, Accepted]] = []

    def start(self) -> None:
        """Open the database."""
        self._engine = self._database.open()
        kind = GroupCommitWriter if self._database.lanes else ImmediateWriter
        for _ in range(max(self._database.lanes, 1)):
            lane = kind(self._database, self._desk.take_in)
            self._lanes.append(lane)
            lane.start()
        self._ready_at = self._clock.now()

    def close(self) -> None:
        """Write what was handed in, then close. Again is no error."""
        for lane in self._lanes:
            lane.close()
        self._lanes = []
        self._database.close()
        self._engine = None

    @property
    def clock(self) -> Clock:
        """The time that all who work on this database go by."""
        return self._clock

    @property
    def engine(self) -> Engine:
        """The engine; its plain transactions are for reading."""
        if self._engine is None:
            raise StorageUnavailable("the storage is not running")
        return self._engine

    @property
    def lost(self) -> str:
        """Why this process will never reach its database again; "" while it does."""
        return self._database.lost

    def new_id(self) -> str:
        """A fresh id, in the order of time."""
        return self._ids.new(self._clock.now())

    # Intake

    def has_delivery(self, delivery: str) -> bool:
        """Whether it is stored where a restart finds it."""
        found = super().has_delivery(delivery)
        self._database.verify()
        return found

    def accept(self, delivery: Delivery) -> Accepted:
        text = self._masker(delivery.body).encode("utf-8", "replace")
        arrival = Arrival(delivery=delivery, body=zlib.compress(text, 3))
        future = self._lane(0).deliver(arrival)
        try:
            alerts = len(delivery.notification.alerts)
            accepted = wait(future, self._accept_within + alerts * _ACCEPT_EACH)
            self._refused = False
            return accepted
        except StorageUnavailable:
            self._refused = True
            future.add_done_callback(self._give_back)
            raise

    def _give_back(self, future: Future[Accepted]) -> None:
        """Nobody waited for this answer: whoever looks next may take the incidents."""
        if future.cancelled() or future.exception() is not None:
            return
        now = self._clock.now()
        for lease in future.result().leases:
            with suppress(StorageUnavailable):
                release = partial(release_lease, lease=lease, due_at=now, now=now)
                self._lane(-1).submit(release, (lease.incident,))

    # IncidentStore

    def take(self, now: datetime, limit: int) -> list[Lease]:
        at = self._clock.now
        return self.write(lambda conn: take_leases(conn, now, at(), limit))

    def next_due(self) -> datetime | None:
        with reading(self.engine) as conn:
            return next_lease_due(conn, self._clock.now())

    def load(self, incident: str) -> Incident:
        """Raises `LookupError` if there is none."""
        with reading(self.engine) as conn:
            row = read_row(conn, incident)
            found = self._folds.committed(conn, incident) if row else None
        if row is None or found is None:
            raise LookupError(f"there is no incident {incident}")
        return with_row(found, row)

    def brakes(self, incident: Incident, now: datetime) -> Brakes:
        since, known = self._ready_at, self._links
        with reading(self.engine) as conn:
            return read_brakes(conn, incident, self._supplier, now, since, known)

    def earlier_end(self, incident: Incident) -> datetime | None:
        with reading(self.engine) as conn:
            return earlier_end(conn, incident)

    def record(
        self, lease: Lease, incident: Incident, events: Sequence[Event]
    ) -> Appended:
        return self.write(
            lambda conn: self._appends.record(conn, incident, events), incident.id
        )

    def decide(
        self, lease: Lease, incident: Incident, events: Sequence[Event]
    ) -> Appended:
        return self.write(
            lambda conn: self._appends.decide(
                conn, lease, incident, events, self._clock.now()
            ),
            incident.id,
        )

    def looked(self, lease: Lease, at: datetime) -> None:
        self.write(lambda conn: set_looked_at(conn, lease, at), lease.incident)

    def open_relapse(
        self, lease: Lease, incident: Incident, at: datetime
    ) -> str | None:
        new = self.new_id()
        return self.write(
            lambda conn: self._appends.open_relapse(
                conn, lease, incident, new, at, self._clock.now()
            ),
            incident.id,
            groups=[(incident.rule, incident.group)],
        )

    def renew(self, leases: Sequence[Lease]) -> None:
        self.write(
            lambda conn: renew_leases(conn, leases, self._clock.now()),
            *(lease.incident for lease in leases),
        )

    def release(self, lease: Lease, due_at: datetime | None) -> None:
        at = self._clock.now()
        self.write(lambda conn: release_lease(conn, lease, due_at, at), lease.incident)

    def outbox(self, places: Sequence[Where]) -> StoredOutbox:
        """What is still to be told in these places."""
        return StoredOutbox(places, self, self._appends, self._folds)

    def writable(self) -> bool:
        probe = update(tables.brakes).values(probed_at=self._clock.now())

        def write(conn: Connection) -> None:
            conn.execute(probe)
            if self._refused:
                # What is left may do for a small write alone.
                write_and_remove(conn, self._clock.now())

        try:
            wait(self._lane(-1).submit(write), self._accept_within)
        except StorageUnavailable:
            return False
        self._refused = False
        return True

    def _lane(self, number: int) -> GroupCommitWriter[Arrival, Accepted]:
        """The first takes deliveries, the last jobs; they may be one."""
        if not self._lanes:
            raise StorageUnavailable("the storage is not running")
        return self._lanes[number]

    def write(
        self, job: Callable[[Connection], T], *incidents: str, groups: Groups = ()
    ) -> T:
        """Run it in the next transaction; it changes these incidents and groups."""
        future = self._lane(-1).submit(job, incidents, groups)
        return wait(future, _APPEND_WITHIN)
