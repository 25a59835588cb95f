"""A PostgreSQL of the run's own."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.postgres import schema, server


@contextmanager
def postgres_storage() -> Iterator[str]:
    """The URL of an empty database, as `storage.url` takes it, with real time."""
    with server() as address, schema(address, clock=False) as (url, _):
        yield url
