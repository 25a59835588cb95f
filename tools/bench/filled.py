"""A database with years behind it: one real incident, copied in the database itself."""

import sqlite3
from contextlib import closing
from pathlib import Path

INCIDENTS = 100_000
DELIVERIES = 1_000_000
APART = 50_000_000
"""Microseconds between two incidents: all of them lie within two months."""


def fill(database: Path, incident: str) -> None:
    """Copy the incident, its events and its firing, and one of its deliveries."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        old = f"{APART} * (n.i + 100)"
        _copy(
            connection,
            "incidents",
            INCIDENTS,
            f"id = '{incident}'",
            id="printf('old%013d', n.i)",
            grp="'old-' || n.i",
            opened_at=f"opened_at - {old}",
            ended_at=f"opened_at - {old} + 60000000",
            last_firing_at=f"opened_at - {old}",
            state="'recovered'",
            due_at="NULL",
            lease_token="NULL",
            lease_until="NULL",
        )
        _copy(
            connection,
            "events",
            INCIDENTS,
            f"incident = '{incident}'",
            incident="printf('old%013d', n.i)",
            at=f"at - {old}",
        )
        _copy(
            connection,
            "firings",
            INCIDENTS,
            f"incident = '{incident}'",
            incident="printf('old%013d', n.i)",
            fingerprint="printf('%016x', n.i)",
            starts_at=f"starts_at - {old}",
            heard_at=f"heard_at - {old}",
        )
        (delivery,) = connection.execute(
            "SELECT delivery FROM delivery_incidents WHERE incident = ?", (incident,)
        ).fetchone()
        _copy(
            connection,
            "deliveries",
            DELIVERIES,
            f"id = '{delivery}'",
            id="printf('old%013d', n.i)",
            received_at="received_at - 5000000 * n.i",
        )
        _copy(
            connection,
            "delivery_incidents",
            DELIVERIES,
            f"delivery = '{delivery}'",
            delivery="printf('old%013d', n.i)",
            incident=f"printf('old%013d', n.i % {INCIDENTS} + 1)",
        )
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _copy(
    connection: sqlite3.Connection, table: str, times: int, where: str, **changed: str
) -> None:
    named = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    taken = ", ".join(changed.get(name, f"{table}.{name}") for name in named)
    connection.execute(
        "WITH RECURSIVE n(i) AS "
        f"(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {times}) "
        f"INSERT INTO {table} ({', '.join(named)}) "
        f"SELECT {taken} FROM {table}, n WHERE {where}"
    )
