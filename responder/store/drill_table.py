"""The table of drills, and how to find the incidents that they opened."""

from sqlalchemy import Boolean, Column, Index, String, Table, Text

from responder.store.tables import Moment, incidents, metadata

drills = Table(
    "drills",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    Column("rule", Text, nullable=False),
    Column("ended_at", Moment),
    Column("passed", Boolean, nullable=False),
    # The walk as JSON: each step, what it came to, the line that mends it.
    Column("body", Text, nullable=False),
)

Index(
    "incidents_drills",
    incidents.c.rule,
    incidents.c.state,
    sqlite_where=incidents.c.drill.is_not(None),
    postgresql_where=incidents.c.drill.is_not(None),
)
