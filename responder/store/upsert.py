"""Inserts that know what to do with a row that is there already."""

from functools import cache

from sqlalchemy import Connection, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite

Put = sqlite.Insert | postgresql.Insert


def upsert(conn: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An `INSERT` that knows `ON CONFLICT`, in the dialect of the connection."""
    if conn.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


@cache
def put(dialect: str, table: Table, names: frozenset[str], over: frozenset[str]) -> Put:
    """Insert the columns `names`, or change those of `over` where the key is taken.

    Made once for each use: building a statement costs more than most of them do.
    """
    kind = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = kind(table).values({name: bindparam(name) for name in names})
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: statement.excluded[name] for name in over},
    )
