"""The composition root: the only place that knows everyone.

`build(settings)` makes one Responder out of its parts; every part can be replaced by
keyword, which is how tests bring their own clock, logs or factory.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import Flask
from prometheus_client import CollectorRegistry

from responder import __version__
from responder.clock import SystemClock
from responder.config.settings import LokiLogs, Settings
from responder.evidence import push
from responder.evidence.embedded import EmbeddedLogs
from responder.evidence.lines import LineReader
from responder.evidence.loki import LokiLogSource
from responder.factory import PizzaFactory
from responder.incident.link import ReportLink
from responder.incident.model import Incident
from responder.incident.names import Sender
from responder.incident.ports import Clock, Factory, LogSource
from responder.incident.rule import Rule
from responder.incident.words import sentence
from responder.masking import Masker
from responder.metrics import Metrics
from responder.senders import body, grafana, irm, signature
from responder.store.store import Store
from responder.web.application import create_app
from responder.web.parts import Authenticated, Parts, PushEndpoint
from responder.worker.journal import Journal
from responder.worker.loop import Worker
from responder.worker.tools import Tools

log = logging.getLogger("responder")


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """One service, started: storage open, worker running, `web` ready to be served."""

    settings: Settings
    store: Store
    worker: Worker
    logs: LogSource
    metrics: Metrics
    masker: Masker
    web: Flask

    def start(self) -> None:
        """Let the worker take what is due; the web is served by the caller."""
        self.worker.start()

    def close(self) -> None:
        """Drain: finish running steps, give leases back, close the storage."""
        self.worker.stop()
        self.store.close()
        if isinstance(self.logs, LokiLogSource):
            self.logs.close()


def build(
    settings: Settings,
    *,
    clock: Clock | None = None,
    logs: LogSource | None = None,
    factory: Factory | None = None,
    registry: CollectorRegistry | None = None,
) -> Responder:
    """Open the storage and put the parts together.

    Raises `BadStorage` or `DatabaseInUse` when the storage cannot be opened.
    """
    clock = clock or SystemClock()
    masker = Masker(settings.secrets())
    client = PizzaFactory(settings.factory, masker)
    supplier = factory or client
    rules = {rule.name: rule for rule in settings.rules}
    store = _open_store(settings, clock, masker, supplier, client.fixed_link(), rules)
    logs = logs or log_source(settings, store)
    metrics = _metrics(settings, store, registry or CollectorRegistry())
    tools = Tools(
        store=store,
        logs=logs,
        factory=supplier,
        fixed_link=client.fixed_link(),
        clock=clock,
        journal=Journal(metrics),
    )
    worker = Worker(tools, rules)
    parts = _parts(settings, store, worker, logs, metrics, masker, clock)
    return Responder(
        settings=settings,
        store=store,
        worker=worker,
        logs=logs,
        metrics=metrics,
        masker=masker,
        web=create_app(parts),
    )


def _metrics(settings: Settings, store: Store, registry: CollectorRegistry) -> Metrics:
    return Metrics(
        registry,
        rules=settings.rules,
        version=__version__,
        config_sha=settings.sha,
        counts=store.counts,
    )


def _open_store(
    settings: Settings,
    clock: Clock,
    masker: Masker,
    factory: Factory,
    fixed_link: ReportLink | None,
    rules: Mapping[str, Rule],
) -> Store:
    def summarise(incident: Incident) -> str:
        rule = rules.get(incident.rule) or Rule(name=incident.rule, match=(), checks=())
        return sentence(incident, rule)

    store = Store(
        settings.storage_url,
        rules=settings.rules,
        clock=clock,
        factory=factory.name,
        factory_timeout=settings.factory.timeout.total_seconds(),
        fixed_link=fixed_link,
        max_reports_per_hour=settings.max_reports_per_hour,
        masker=masker,
        summarise=summarise,
    )
    store.start()
    return store


def line_reader(settings: Settings) -> LineReader:
    """Reads log lines for the configured factory."""
    key = settings.factory.api_key
    host = PizzaFactory(settings.factory, Masker()).name
    return LineReader(host, key.reveal() if key else None)


def log_source(settings: Settings, store: Store | None) -> LogSource:
    """The configured log source. Embedded logs need an open store."""
    reader = line_reader(settings)
    if isinstance(settings.logs, LokiLogs):
        return LokiLogSource(settings.logs, reader)
    if store is None:
        raise ValueError("embedded logs are read from the service's own storage")
    return EmbeddedLogs(store.engine, reader)


def _parts(
    settings: Settings,
    store: Store,
    worker: Worker,
    logs: LogSource,
    metrics: Metrics,
    masker: Masker,
    clock: Clock,
) -> Parts:
    return Parts(
        intake=store,
        archive=store,
        controls=store.controls,
        clock=clock,
        server=settings.server,
        metrics=metrics,
        masker=masker,
        hand_over=worker.hand_over,
        worker_alive=worker.alive,
        new_id=store.new_id,
        authenticate=_authentication(settings),
        decode=body.decode,
        parse_grafana=grafana.parse,
        parse_irm=irm.parse,
        credentials=settings.webhook_auth,
        operators=settings.operators,
        push=_push(settings, logs),
        rules=settings.rules,
        config_sha=settings.sha,
    )


def _authentication(
    settings: Settings,
) -> Callable[[Sender, Mapping[str, str], bytes, datetime], Authenticated | str]:
    def authenticate(
        sender: Sender, headers: Mapping[str, str], raw: bytes, now: datetime
    ) -> Authenticated | str:
        credentials = settings.webhook_auth
        found = signature.authenticate(credentials, sender, headers, raw, now)
        if isinstance(found, signature.Rejected):
            return found.why
        return Authenticated(
            credential=found.credential, clock_difference=found.clock_difference
        )

    return authenticate


def _push(settings: Settings, logs: LogSource) -> PushEndpoint | None:
    if not isinstance(logs, EmbeddedLogs) or isinstance(settings.logs, LokiLogs):
        return None
    return PushEndpoint(
        parse=push.parse, add=logs.add, bearer=settings.logs.push_bearer
    )
