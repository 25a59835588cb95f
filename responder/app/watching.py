"""The rounds of a service: each rule's own watch."""

from collections.abc import Iterator

from responder.config.settings import Settings
from responder.incident.ports import LogSource
from responder.metrics import Metrics
from responder.store.store import Store
from responder.worker.lookout import Lookout
from responder.worker.loop import Worker
from responder.worker.rounds import Rounds


def lookouts(
    settings: Settings, store: Store, logs: LogSource, worker: Worker, metrics: Metrics
) -> Iterator[Rounds]:
    """One for each rule that is watched."""
    for rule in settings.rules:
        if rule.watch is None:
            continue
        lookout = Lookout(
            rule,
            rule.watch,
            logs=logs,
            store=store,
            openings=store.openings,
            duties=store.duties,
            clock=store.clock,
            meter=metrics,
            hand_over=worker.hand_over,
        )
        yield Rounds(f"watch {rule.name}", lookout, rule.watch)
