"""The table of what is still to be told, and how to find what is not swept yet."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from responder.store.tables import Moment, incidents, metadata

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
