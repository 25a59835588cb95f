"""What is known of a factory's links, kept until it changes."""

import threading
from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, select

from responder.incident.brakes import LinkRecord
from responder.store.links import Supplier, record_of
from responder.store.tables import links

# Far more than an hour of logs can speak of; older ones are in no window.
_MOST = 500
_NEWEST = (
    select(links)
    .where(links.c.factory == bindparam("factory"))
    .order_by(links.c.answered_at.desc())
    .limit(_MOST)
)


class KnownLinks:
    """The newest links of one factory, for committed reads.

    Every step of every incident asks for them, and they change with a report only:
    each write of one counts up `factories.changes`, in every replica.
    """

    def __init__(self, supplier: Supplier) -> None:
        self._supplier = supplier
        self._lock = threading.Lock()
        self._kept: tuple[int | None, Mapping[str, LinkRecord]] = (None, {})

    def at(self, conn: Connection, changes: int) -> Mapping[str, LinkRecord]:
        """By digest, as they are after so many changes."""
        with self._lock:
            kept_at, kept = self._kept
        if kept_at == changes:
            return kept
        found = newest_links(conn, self._supplier)
        with self._lock:
            self._kept = (changes, found)
        return found


def newest_links(conn: Connection, supplier: Supplier) -> dict[str, LinkRecord]:
    """By digest, as this transaction sees them."""
    rows = conn.execute(_NEWEST, {"factory": supplier.name})
    return {row.digest: record_of(row, supplier) for row in rows}
