"""The worker's pen: what one turn has learned, and what of it is written."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from responder.incident.events import Event, Looked
from responder.incident.fold import apply
from responder.incident.model import Incident
from responder.incident.ports import IncidentStore, Lease

KEPT_UNREADABLE = 6
"""So many unreadable looks in a row are kept one by one: the backoff counts them."""


class Ledger:
    """One leased incident and the facts that wait for the next write.

    `incident` is up to date with both, so that a look, a decision and an intent can
    share one commit.
    """

    def __init__(self, store: IncidentStore, lease: Lease) -> None:
        self._store = store
        self._lease = lease
        self._stored = store.load(lease.incident)
        self.incident: Incident = self._stored
        self._pending: list[Event] = []
        self._looked_at: datetime | None = None

    def note(self, event: Event) -> None:
        """A fact, written with the next decision or `flush`."""
        self._pending.append(event)
        self.incident = apply(self.incident, event)

    def looked(self, looked: Looked) -> None:
        """A look: an event if it says something new, else only its time is kept."""
        if _reads_the_same(self.incident, looked):
            self.incident = replace(self.incident, looked_at=looked.at)
            self._looked_at = looked.at
        else:
            self.note(looked)

    def decide(self, events: Sequence[Event]) -> bool:
        """Write the decision with the facts before it; False: decide again.

        Not written when someone came between; then `incident` has their news too.
        """
        appended = self._store.decide(
            self._lease, self._stored, [*self._pending, *events]
        )
        self._stored = self.incident = appended.incident
        if appended.accepted:
            self._pending = []
        else:
            for event in self._pending:
                self.incident = apply(self.incident, event)
        self._keep_look()
        return appended.accepted

    def flush(self) -> None:
        """Write the facts that wait."""
        if self._pending:
            appended = self._store.record(self._lease, self._stored, self._pending)
            self._pending = []
            self._stored = self.incident = appended.incident
        self._keep_look()

    def _keep_look(self) -> None:
        if self._looked_at is None:
            return
        self._store.looked(self._lease, self._looked_at)
        latest = max(self.incident.looked_at or self._looked_at, self._looked_at)
        self.incident = replace(self.incident, looked_at=latest)
        self._looked_at = None


def _reads_the_same(incident: Incident, looked: Looked) -> bool:
    """Whether a look says nothing new: then only its time is kept, no event."""
    last = incident.look
    if last is None or (
        incident.unreadable_since and incident.unreadable_looks < KEPT_UNREADABLE
    ):
        return False
    return _said(last) == _said(looked)


def _said(looked: Looked) -> tuple[object, ...]:
    return (
        tuple((c.name, c.count, c.at_least, c.unreadable) for c in looked.checks),
        looked.candidates,
        looked.foreign_links,
        looked.spent,
        looked.good_orders,
        looked.traffic_unreadable,
        looked.failed_unreadable,
        looked.failures,
        looked.stale_failures,
        looked.last_failure_at,
        looked.good_since_failure,
        looked.lines,
        looked.failed_lines,
        looked.affected_lines,
        looked.good_lines,
        looked.matched,
    )
