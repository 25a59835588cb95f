"""The tables. Times are integer microseconds UTC; lists and maps are JSON texts."""

import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    String,
    Table,
    Text,
    bindparam,
    false,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import UserDefinedType

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

AnyRow = Row[Any]


class Moment(UserDefinedType[datetime]):
    """An aware time as microseconds since 1970: exact, sortable, the same anywhere."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "BIGINT"

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        return lambda at: None if at is None else to_us(at)

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[Any], datetime | None]:
        return lambda us: None if us is None else from_us(us)


def to_us(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def from_us(us: int) -> datetime:
    return EPOCH + timedelta(microseconds=us)


metadata = MetaData()

incidents = Table(
    "incidents",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("rule", Text, nullable=False),
    Column("grp", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("proof", Text),
    Column("opened_at", Moment, nullable=False),
    Column("alert_started_at", Moment),
    Column("first_error_at", Moment),
    Column("reported_at", Moment),
    Column("ended_at", Moment),
    Column("errors", Integer, nullable=False),
    Column("failed_orders", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("due_at", Moment, index=True),
    Column("hurried", Boolean, nullable=False),
    Column("lease_token", Text),
    Column("lease_until", Moment),
    Column("last_firing_at", Moment, nullable=False),
    Column("looked_at", Moment),
    Column("relapse_of", String(16)),
    Column("automation_over", Boolean, nullable=False),
    Column("alert_groups", JSON, nullable=False),
    Column("summary", Text, nullable=False),
    Column("reports", JSON, nullable=False),
    Column("outcome", Text),
    Column("opened_reason", Text),
    # The id of the drill that it belongs to; NULL for a real one.
    Column("drill", Text),
    # Its timeline, or what is around it, has grown since the outbox was filled.
    Column("untold", Boolean, nullable=False),
    Column("shared_with", String(16)),
    Column("withheld_at", Moment),
    Column("by_hand_at", Moment),
    # No longer used; databases have it.
    Column("agreement", Text),
)
Index(
    "incidents_one_open",
    incidents.c.rule,
    incidents.c.grp,
    unique=True,
    sqlite_where=incidents.c.ended_at.is_(None),
    postgresql_where=incidents.c.ended_at.is_(None),
)
Index("incidents_newest", incidents.c.opened_at, incidents.c.id)
Index("incidents_ended", incidents.c.ended_at)

events = Table(
    "events",
    metadata,
    Column("incident", String(16), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("body", Text, nullable=False),
    sqlite_with_rowid=False,
)

firings = Table(
    "firings",
    metadata,
    # The fingerprint first: a batch is looked up by fingerprints alone.
    Column("fingerprint", Text, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("starts_at", Moment, primary_key=True, autoincrement=False),
    Column("incident", String(16), index=True),
    Column("resolved", Boolean, nullable=False),
    Column("heard_at", Moment),
    # A silence in IRM that came before the alert: by whom, "" for nobody.
    Column("silenced_by", Text),
    Column("silenced_until", Moment),
    sqlite_with_rowid=False,
)

links = Table(
    "links",
    metadata,
    Column("factory", Text, primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("outcome", Text),
    Column("answered_at", Moment),
    Column("incident", String(16)),
    Column("spent", Boolean, nullable=False),
    Column("effective_at", Moment),
    Column("unknowns", Integer, nullable=False),
    # It was called once more after the answer that spent it.
    Column("again", Boolean, nullable=False, server_default=false()),
    Column("in_flight_since", Moment),
    Column("in_flight_incident", String(16)),
)

factories = Table(
    "factories",
    metadata,
    Column("name", Text, primary_key=True),
    Column("floor_at", Moment),
    # How often a row of `links` was written: what was read of them is good until then.
    Column("changes", Integer, nullable=False, server_default="0"),
    # The method that it takes for a link found in the logs, and for the configured one.
    Column("method_found", Text),
    Column("method_fixed", Text),
)

brakes = Table(
    "brakes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    # The latest pause: who pressed, when, its end if it has one, who ended it.
    Column("paused", Boolean, nullable=False),
    Column("paused_by", Text),
    Column("paused_at", Moment),
    Column("paused_until", Moment),
    Column("resumed_by", Text),
    Column("resumed_at", Moment),
    Column("probed_at", Moment),
)

calls = Table(
    "calls",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    Column("factory", Text, nullable=False),
    Column("incident", String(16), nullable=False),
    Column("outcome", Text, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("received_at", Moment, nullable=False),
    Column("sender", Text, nullable=False),
    Column("credential", Text, nullable=False),
    Column("receiver", Text, nullable=False),
    Column("group_key", Text, nullable=False),
    Column("alert_group", Text, nullable=False),
    Column("truncated", Integer, nullable=False),
    Column("alerts", Integer, nullable=False),
    Column("verdicts", JSON, nullable=False),
    # The distinct verdicts as ",joined,opened,", to be searched without JSON.
    Column("kinds", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("clock_difference", Float),
)
Index("deliveries_newest", deliveries.c.received_at, deliveries.c.id)

delivery_incidents = Table(
    "delivery_incidents",
    metadata,
    Column("incident", String(16), primary_key=True),
    Column("delivery", Text, primary_key=True, index=True),
    sqlite_with_rowid=False,
)

life = Table(
    "life",
    metadata,
    # One row: since when this database is ours, and when somebody last ran on it.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("since", Moment, nullable=False),
    Column("stamped_at", Moment, nullable=False),
    Column("history_lost", Boolean, nullable=False),
)

duties = Table(
    "duties",
    metadata,
    Column("name", Text, primary_key=True),
    Column("due_at", Moment, nullable=False),
    Column("note", Text, nullable=False),
)

gaps = Table(
    "gaps",
    metadata,
    Column("since", Moment, primary_key=True, autoincrement=False),
    Column("until", Moment, nullable=False),
)

# No longer used; databases have it.
trials = Table(
    "trials",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("body", Text, nullable=False),
)


# The table of drills, and how to find the incidents that they opened.

drills = Table(
    "drills",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    Column("rule", Text, nullable=False),
    Column("ended_at", Moment),
    Column("passed", Boolean, nullable=False),
    # The steps as JSON: the result of each, and the line that fixes it.
    Column("body", Text, nullable=False),
)

Index(
    "incidents_drills",
    incidents.c.rule,
    incidents.c.state,
    sqlite_where=incidents.c.drill.is_not(None),
    postgresql_where=incidents.c.drill.is_not(None),
)


# Inserts that know what to do with a row that is there already.

Put = sqlite.Insert | postgresql.Insert


def upsert(conn: Connection, table: Table) -> Put:
    """An `INSERT` that knows `ON CONFLICT`, in the dialect of the connection."""
    return _insert(conn.dialect.name, table)


@cache
def put(dialect: str, table: Table, names: frozenset[str], over: frozenset[str]) -> Put:
    """Insert the columns `names`, or change those of `over` where the key is taken.

    Made once for each use: building a statement costs more than most of them do.
    """
    values: dict[str, Any] = {name: bindparam(name) for name in names}
    statement = _insert(dialect, table).values(values)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: statement.excluded[name] for name in over},
    )


def _insert(dialect: str, table: Table) -> Put:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


# The outbox, and how to find incidents that it has not seen yet.

errands = Table(
    "errands",
    metadata,
    # What is still to be told of an incident in one place.
    Column("incident", String(16), primary_key=True),
    Column("place", Text, primary_key=True),
    Column("due_at", Moment, index=True),
    Column("woken", Boolean, nullable=False),
    # How often it was begun since it last came to its end.
    Column("tries", Integer, nullable=False),
    Column("lease_token", Text),
    Column("lease_until", Moment),
    sqlite_with_rowid=False,
)

Index(
    "incidents_untold",
    incidents.c.id,
    sqlite_where=incidents.c.untold.is_(True),
    postgresql_where=incidents.c.untold.is_(True),
)


# Identities made by the application: short, lower-case, in the order of time.

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH = 16
_RANDOM_BITS = 30


class Ids:
    """Makes ids of 16 characters (Crockford's base32): 48 bits of ms, 30 random.

    Ids of one process rise strictly, also within one millisecond and when the
    clock goes back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def new(self, now: datetime) -> str:
        fresh = int(now.timestamp() * 1000) << _RANDOM_BITS
        fresh |= secrets.randbits(_RANDOM_BITS)
        with self._lock:
            self._last = max(fresh, self._last + 1)
            return _spell(self._last)


def _spell(number: int) -> str:
    shifts = range(5 * (_LENGTH - 1), -1, -5)
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in shifts)
