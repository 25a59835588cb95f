"""The composition root: the only place that knows everyone.

`build(settings)` makes one Responder out of its parts; every part can be replaced by
keyword, which is how tests bring their own clock, logs or factory.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from flask import Flask
from prometheus_client import CollectorRegistry

from responder.app.drilling import drill_runner
from responder.app.keeping import housekeeper, life_of
from responder.app.measured import metrics_of
from responder.app.readying import EVERY as PROBE_EVERY
from responder.app.readying import prober_of, readiness_of
from responder.app.reception import spooling_intake, taken_in_by, web_parts
from responder.app.sources import line_reader, log_source, open_store
from responder.app.telling import Tellers, tellers_of
from responder.app.watching import lookouts
from responder.clock import SystemClock
from responder.config.settings import Settings
from responder.drill.runner import Runner
from responder.evidence.loki import LokiLogSource
from responder.factory import PizzaFactory
from responder.incident.ports import Clock, Factory, LogSource
from responder.masking import Masker
from responder.metrics import Metrics
from responder.spool import SpoolingIntake
from responder.store.disk import disk_of
from responder.store.life import Life
from responder.store.store import Store
from responder.web.application import create_app
from responder.worker.housekeeping import Housekeeper
from responder.worker.journal import Journal
from responder.worker.loop import Worker
from responder.worker.pulse import Pulse
from responder.worker.rounds import Rounds
from responder.worker.tools import Tools

__all__ = ["Responder", "build", "line_reader", "log_source"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """One service, started: storage open, worker running, `web` ready to be served."""

    settings: Settings
    store: Store
    worker: Worker
    housekeeper: Housekeeper
    rounds: tuple[Rounds, ...]
    tellers: Tellers
    drilling: Runner
    intake: SpoolingIntake
    logs: LogSource
    metrics: Metrics
    masker: Masker
    web: Flask

    def start(self) -> None:
        """Let the worker take what is due; the web is served by the caller."""
        self.worker.start()
        self.intake.start()
        self.housekeeper.start()
        for rounds in self.rounds:
            rounds.start()
        self.tellers.start()

    def broken(self) -> str:
        """Why this process must end and be started again; "" while all is well."""
        return self.store.lost

    def close(self, within: float | None = None) -> bool:
        """Drain: finish running steps, give leases back, close the storage.

        False: not within so many seconds. Then the storage stays open, for the steps
        that still run; the process should end.
        """
        ends = self.store.clock.monotonic() + (within or 0)

        def left() -> float | None:
            over = ends - self.store.clock.monotonic()
            return None if within is None else max(0.0, over)

        self.tellers.stop(0)
        self.drilling.stop(0)
        self.intake.stop()
        for rounds in self.rounds:
            rounds.stop(0)
        self.housekeeper.stop(left())
        for rounds in self.rounds:
            rounds.stop(left())
        if not self.worker.stop(left()):
            return False
        self.tellers.stop(left())
        self.store.close()
        if isinstance(self.logs, LokiLogSource):
            self.logs.close()
        return True


def build(
    settings: Settings,
    *,
    clock: Clock | None = None,
    logs: LogSource | None = None,
    factory: Factory | None = None,
    registry: CollectorRegistry | None = None,
    probe_every: timedelta | None = PROBE_EVERY,
) -> Responder:
    """Open the storage and put the parts together.

    `probe_every`: how often logs and factory are asked how ready we are; None: never.

    Raises `BadStorage` or `DatabaseInUse` when the storage cannot be opened.
    """
    clock = clock or SystemClock()
    masker = Masker(settings.secrets())
    client = PizzaFactory(settings.factory, masker)
    supplier = factory or client
    rules = {rule.name: rule for rule in settings.rules}
    disk = disk_of(settings.storage_file())
    store = open_store(settings, clock, masker, supplier, client.fixed_link(), rules)
    logs = logs or log_source(settings)
    life = life_of(store, disk)
    metrics = metrics_of(settings, store, life, registry or CollectorRegistry())
    tools = Tools(
        store=store,
        logs=logs,
        factory=supplier,
        fixed_link=client.fixed_link(),
        # Everyone goes by the storage's time: on PostgreSQL the server's.
        clock=store.clock,
        journal=Journal(metrics),
    )
    worker = Worker(tools, rules, pulse=Pulse(life.beat, store.clock))
    return _assembled(
        settings, worker, tools, store, life, metrics, masker, probe_every=probe_every
    )


def _assembled(
    settings: Settings,
    worker: Worker,
    tools: Tools,
    store: Store,
    life: Life,
    metrics: Metrics,
    masker: Masker,
    *,
    probe_every: timedelta | None,
) -> Responder:
    """The intake and the web around a worker and its tools."""
    taken_in, logs = taken_in_by(worker, metrics), tools.logs
    intake = spooling_intake(settings, store, masker, taken_in)
    metrics.watch_spool(intake.waiting)
    parts = web_parts(settings, intake, store, worker, tools, metrics, masker)
    prober = prober_of(settings, store, logs, probe_every or PROBE_EVERY)
    ready = readiness_of(settings, store, life.memory, prober)
    metrics.watch_readiness(lambda: ready(store.clock.now()))
    drill = drill_runner(settings, store, masker)
    parts = replace(parts, memory=life.memory, readiness=ready, drilling=drill)
    return Responder(
        settings=settings,
        store=store,
        worker=worker,
        housekeeper=housekeeper(settings, store),
        rounds=(
            *lookouts(settings, store, logs, worker, metrics),
            *([Rounds("readiness", prober, probe_every)] if probe_every else []),
        ),
        tellers=tellers_of(settings, store, masker, metrics),
        drilling=drill,
        intake=intake,
        logs=logs,
        metrics=metrics,
        masker=masker,
        web=create_app(parts),
    )
