"""What the core and the worker need from the world, as Protocols.

Adapters satisfy these; tests satisfy them with hand-written fakes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Protocol

from responder.incident.alert import AlertVerdict, Delivery
from responder.incident.events import Event
from responder.incident.evidence import Evidence, Question, ReportLink
from responder.incident.incident import Incident
from responder.incident.names import Outcome, State
from responder.incident.service import Brakes
from responder.incident.view import (
    IncidentPage,
    ReceivedBody,
    ReceivedDelivery,
    Search,
    Stamp,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one report. `message` is the factory's words, masked."""

    outcome: Outcome
    method: str
    status: int | None
    message: str
    seconds: float


class Clock(Protocol):
    """Time, so that a replay can bring its own."""

    def now(self) -> datetime:
        """The time as aware UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back."""


class LogSource(Protocol):
    """Where log lines are read."""

    def read(self, questions: Sequence[Question]) -> tuple[Evidence, ...]:
        """One answer for each question, in order, asked together. Never raises."""


class Factory(Protocol):
    """The supplier that takes reports."""

    @property
    def name(self) -> str:
        """The factory's host: the key of its floor and links."""

    def report(self, link: ReportLink, late: float = 0.0, first: str = "") -> Answer:
        """Call the link once. Never raises; the link is in no text that comes out.

        `late` seconds of the call's timeout are gone already: it ends so much sooner.
        `first` is the method to begin with, "" for the one of this kind of link.
        """

    def probe(self) -> str:
        """ "" if the factory answers, else why not, masked. Never raises.

        It takes the factory's timeout at most, and touches no report path.
        """


class StorageUnavailable(Exception):
    """The database could not take a write in time: our own trouble, never a 4xx."""


class Storing(Enum):
    """Where a delivery would be stored now."""

    DATABASE = auto()
    SPOOL = auto()
    NOWHERE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to work on one incident until it runs out; `token` is unique."""

    incident: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A stored delivery: the verdicts, and new or hurried incidents already leased.

    `spooled`: it is durable outside the database, and its verdicts are yet to come.
    """

    verdicts: tuple[AlertVerdict, ...]
    leases: tuple[Lease, ...] = ()
    spooled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """The incident as it now stands. Not `accepted`: not written, decide again."""

    incident: Incident
    accepted: bool


class Intake(Protocol):
    """Where deliveries become durable before they are acknowledged."""

    def accept(self, delivery: Delivery) -> Accepted:
        """Store, triage and lease in one commit shared with neighbours.

        Raises `StorageUnavailable` without a commit after 0.8 s and 0.2 ms an alert.
        """


class IncidentStore(Protocol):
    """What the worker needs of storage (design of leases: policy rules 10, 11)."""

    def take(self, now: datetime, limit: int) -> list[Lease]:
        """Lease up to `limit` incidents that are due and not leased, oldest first."""

    def next_due(self) -> datetime | None:
        """When the next unleased incident is due, None if none is."""

    def load(self, incident: str) -> Incident:
        """The incident, folded from its timeline, with the row's later times."""

    def brakes(self, incident: Incident, now: datetime) -> Brakes:
        """What holds the service, as of now, from this incident's point of view."""

    def earlier_end(self, incident: Incident) -> datetime | None:
        """When the last incident of its rule and group ended, before it opened."""

    def record(
        self, lease: Lease, incident: Incident, events: Sequence[Event]
    ) -> Appended:
        """Append facts, whoever came between: always accepted.

        `ReportAnswered` also updates the link and the factory's floor.
        """

    def decide(
        self, lease: Lease, incident: Incident, events: Sequence[Event]
    ) -> Appended:
        """Append decisions if `seq` and lease still hold; else nothing is written.

        With a `ReportIntended` the brakes, the link and the one-in-flight rule are
        checked again in the same transaction.
        """

    def looked(self, lease: Lease, at: datetime) -> None:
        """The last look read the same again at `at`: move the row, add no event."""

    def open_relapse(
        self, lease: Lease, incident: Incident, at: datetime
    ) -> str | None:
        """Open an incident that relapses `incident`, with its unresolved firings.

        None if another incident of the rule and group is open already.
        """

    def renew(self, leases: Sequence[Lease]) -> None:
        """Prolong leases that are still ours."""

    def release(self, lease: Lease, due_at: datetime | None) -> None:
        """Give the incident back, due again at `due_at` (None: never by itself).

        If something was heard meanwhile (it was hurried), it stays due at once.
        """


class Archive(Protocol):
    """What pages, API and metrics read."""

    def search(self, search: Search) -> IncidentPage:
        """A page of incidents. Raises `BadCursor`."""

    def timeline(self, incident: str) -> tuple[Incident, tuple[Event, ...]] | None:
        """One incident with its events, None if there is no such incident."""

    def stamp(self, incident: str) -> Stamp | None:
        """What changes with the incident, without its events; None without one."""

    def delays(self, rule: str, limit: int = 50) -> tuple[timedelta, ...]:
        """From first error to report, of the rule's latest reported incidents."""

    def deliveries(
        self,
        *,
        incident: str | None = None,
        verdict: str | None = None,
        limit: int = 50,
    ) -> tuple[ReceivedDelivery, ...]:
        """The latest deliveries, newest first, of one incident or with one verdict."""

    def bodies(self, incident: str) -> tuple[ReceivedBody, ...]:
        """The masked texts of an incident's deliveries, oldest first."""

    def body(self, delivery: str) -> ReceivedBody | None:
        """The masked text of one delivery, None if it is not stored."""

    def counts(self) -> dict[tuple[str, State], int]:
        """How many incidents there are, by rule and state."""

    def writable(self) -> bool:
        """Whether a webhook could be stored now: `/-/ready`."""
