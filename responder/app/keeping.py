"""Keeping house: the stamp of whoever runs, and forgetting what is old."""

from datetime import timedelta

from responder.config.settings import EmbeddedLogs as EmbeddedSettings
from responder.config.settings import Settings
from responder.evidence.embedded import EmbeddedLogs
from responder.incident.ports import LogSource
from responder.store.disk import Disk
from responder.store.life import Life
from responder.store.retention import Retention
from responder.store.store import Store
from responder.worker.housekeeping import Chore, Housekeeper

FORGET_EVERY = timedelta(minutes=10).total_seconds()
LINES_EVERY = timedelta(minutes=1).total_seconds()


def life_of(store: Store, disk: Disk) -> Life:
    return Life(store.write, lambda: store.engine, store.clock, disk)


def housekeeper(settings: Settings, store: Store, logs: LogSource) -> Housekeeper:
    """What is forgotten, and how often somebody looks for it."""
    retention = Retention(store.write, lambda: store.engine, store.clock, settings.keep)
    chores = [Chore(name="retention", every=FORGET_EVERY, step=retention.step)]
    if isinstance(logs, EmbeddedLogs) and isinstance(settings.logs, EmbeddedSettings):
        own, lines = settings.logs, logs

        def forget_lines() -> int:
            before = store.clock.now() - own.keep
            return lines.forget(before, own.max_size, store.write)

        chores.append(Chore(name="log lines", every=LINES_EVERY, step=forget_lines))
    return Housekeeper(chores, store.clock)
