"""The rounds of a service: each rule's own watch, and the pull from Grafana."""

from collections.abc import Iterator

from responder.app.reception import TakenIn
from responder.config.settings import Settings
from responder.incident.ports import LogSource
from responder.masking import Masker
from responder.metrics import Metrics
from responder.senders.grafana_list import GrafanaList
from responder.store.store import Store
from responder.worker.lookout import Lookout
from responder.worker.loop import Worker
from responder.worker.puller import Puller
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


def pullers(
    settings: Settings, store: Store, taken_in: TakenIn, metrics: Metrics
) -> Iterator[Rounds]:
    """The pull, if there is one to be."""
    grafana = settings.grafana
    if grafana is None or grafana.pull is None:
        return
    puller = Puller(
        GrafanaList(grafana, Masker(settings.secrets())),
        grafana.pull,
        rules=settings.rules,
        intake=store,
        duties=store.duties,
        clock=store.clock,
        meter=metrics,
        new_id=store.new_id,
        taken_in=taken_in,
    )
    yield Rounds("pull", puller, grafana.pull)
