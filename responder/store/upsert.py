"""Inserts that know what to do with a row that is there already."""

from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite

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
