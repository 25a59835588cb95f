"""Keeping house: the stamp of whoever runs, and forgetting what is old."""

from datetime import timedelta

from responder.config.settings import Settings
from responder.store.disk import Disk
from responder.store.life import Life
from responder.store.retention import Retention
from responder.store.store import Store
from responder.worker.housekeeping import Chore, Housekeeper

FORGET_EVERY = timedelta(minutes=10).total_seconds()


def life_of(store: Store, disk: Disk) -> Life:
    return Life(store.write, lambda: store.engine, store.clock, disk)


def housekeeper(settings: Settings, store: Store) -> Housekeeper:
    """What is forgotten, and how often somebody looks for it."""
    retention = Retention(store.write, lambda: store.engine, store.clock, settings.keep)
    chore = Chore(name="retention", every=FORGET_EVERY, step=retention.step)
    return Housekeeper([chore], store.clock)
