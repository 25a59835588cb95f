"""The record from outside of the service: for commands that only read."""

from collections.abc import Iterator
from contextlib import contextmanager

from responder.app.sources import open_store
from responder.clock import SystemClock
from responder.config.settings import Settings
from responder.factory import PizzaFactory
from responder.incident.ports import Archive
from responder.masking import Masker


@contextmanager
def archive_of(settings: Settings) -> Iterator[tuple[Archive, Masker]]:
    """The configured storage for as long as it is read, and what masks its texts.

    Raises `DatabaseInUse` while a service holds the file, `BadStorage` where it cannot
    be opened.
    """
    masker = Masker(settings.secrets())
    client = PizzaFactory(settings.factory, masker)
    rules = {rule.name: rule for rule in settings.rules}
    link = client.fixed_link()
    store = open_store(settings, SystemClock(), masker, client, link, rules)
    try:
        yield store, masker
    finally:
        store.close()


def operator_of(settings: Settings) -> tuple[str, str] | None:
    """A name and password that this configuration's own pages take."""
    user = next(iter(settings.operators.items()), None)
    return (user[0], user[1].reveal()) if user else None
