"""The composition root: builds a Responder, starts it, and stops it in order."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from flask import Flask
from prometheus_client import CollectorRegistry

from responder import __version__
from responder.clock import SystemClock
from responder.config.settings import Settings
from responder.doctor.checks import Unreached, visit
from responder.drill import Runner, Surroundings
from responder.factory import PizzaFactory
from responder.incident.alert import Delivery, Notification
from responder.incident.events import Where
from responder.incident.evidence import ReportLink
from responder.incident.incident import Incident
from responder.incident.names import WEBHOOKS, Sender, Verdict
from responder.incident.notify import Channel
from responder.incident.ports import (
    Accepted,
    Archive,
    Clock,
    Factory,
    LogSource,
    StorageUnavailable,
)
from responder.incident.readiness import (
    HEARD_WITHIN,
    FactoryVisit,
    LastContact,
    Readiness,
    ReadinessFacts,
    judge,
)
from responder.incident.rule import Rule
from responder.incident.service import Remember
from responder.incident.words import sentence
from responder.logs.lines import LineReader
from responder.logs.loki import LokiLogSource
from responder.logs.query import LabelMatcher, parse_logql
from responder.masking import Masker
from responder.metrics import Metrics, Readings
from responder.notify.channels import GrafanaAnnotations, IrmGroups, Webhook
from responder.notify.deliver import Notifier
from responder.senders import auth, body, grafana, irm
from responder.spool import Spool, Spooled, SpoolingIntake
from responder.store.database import Database
from responder.store.leases import Heartbeat
from responder.store.links import Supplier
from responder.store.sqlite import Disk, disk_of
from responder.store.store import Store
from responder.store.upkeep import Retention
from responder.web.app import create_app
from responder.web.pages import silence
from responder.web.parts import Authenticated, Services
from responder.web.webhooks import tell
from responder.worker.background import Chore, Housekeeper, Periodic, Prober, Pulse
from responder.worker.loop import Worker
from responder.worker.run import Journal, Tools
from responder.worker.watch import Watcher

# The storage and the log source.


def open_store(
    settings: Settings,
    clock: Clock,
    masker: Masker,
    factory: Factory,
    fixed_link: ReportLink | None,
    rules: Mapping[str, Rule],
    database: Database | None = None,
) -> Store:
    """The configured storage, started; `database` stands in for it.

    Raises `BadStorage` or `DatabaseInUse`.
    """

    def summarise(incident: Incident) -> str:
        rule = rules.get(incident.rule) or Rule(name=incident.rule, match=(), checks=())
        return sentence(incident, rule)

    store = Store(
        settings.storage_url,
        rules=settings.rules,
        clock=clock,
        supplier=Supplier.of(
            factory.name,
            timeout=settings.factory.timeout,
            fixed_link=fixed_link,
            max_reports_per_hour=settings.max_reports_per_hour,
        ),
        masker=masker,
        summarise=summarise,
        accept_within=settings.accept_within,
        database=database,
    )
    store.start()
    if settings.server.start_paused:
        store.controls.start_paused("server.start_paused")
    return store


def line_reader(settings: Settings) -> LineReader:
    """Reads log lines for the configured factory."""
    key = settings.factory.api_key
    host = PizzaFactory(settings.factory, Masker()).name
    return LineReader(host, key.reveal() if key else None)


def log_source(settings: Settings) -> LokiLogSource:
    """The configured log source. Raises ValueError where none is configured."""
    if settings.logs is None:
        raise ValueError("logs: nothing says where errors are counted")
    return LokiLogSource(settings.logs, line_reader(settings))


# Notifications: each configured channel has a thread of its own.


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifiers:
    """All of them; none where nothing is configured."""

    each: tuple[Notifier, ...]

    def start(self) -> None:
        for notifier in self.each:
            notifier.start()

    def stop(self, within: float | None = None) -> None:
        """Begin nothing more, and wait so many seconds for what is being told.

        What is left is told at the next start.
        """
        for notifier in self.each:
            notifier.stop(0)
        ends = time.monotonic() + (within or 0)
        for notifier in self.each:
            left = None if within is None else max(0.0, ends - time.monotonic())
            notifier.stop(left)


def notifiers_of(
    settings: Settings, store: Store, masker: Masker, metrics: Metrics
) -> Notifiers:
    channels = _channels(settings, masker)
    rules = {rule.name: rule for rule in settings.rules}
    outbox = store.outbox(tuple(channels))
    public = settings.server.public_url

    def page(incident: str) -> str:
        return f"{public}/incidents/{incident}" if public else ""

    return Notifiers(
        each=tuple(
            Notifier(
                where,
                channel,
                outbox,
                rules=rules,
                clock=store.clock,
                page=page,
                meter=metrics.tellings,
            )
            for where, channel in channels.items()
        )
    )


def _channels(settings: Settings, masker: Masker) -> dict[Where, Channel]:
    channels: dict[Where, Channel] = {}
    grafana, irm, notify = settings.grafana, settings.irm, settings.notify
    if grafana and grafana.annotations:
        channels[Where.GRAFANA] = GrafanaAnnotations(grafana, masker)
    if irm:
        stack = grafana.url if grafana else None
        channels[Where.IRM] = IrmGroups(irm, masker, stack_url=stack)
    if notify:
        channels[Where.NOTIFY] = Webhook(notify, masker)
    return channels


# Periodic tasks: each rule's own watch.


def watchers_of(
    settings: Settings, store: Store, logs: LogSource, worker: Worker, metrics: Metrics
) -> Iterator[Periodic]:
    """One for each rule that is watched."""
    for rule in settings.rules:
        if rule.watch is None:
            continue
        watcher = Watcher(
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
        yield Periodic(f"watch {rule.name}", watcher, rule.watch)


# The storage without a service, for commands that only read.


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


# The dependencies of the web: the intake with its spool, and what pages read.

TakenIn = Callable[[Delivery, Accepted], None]


def delivery_observer(worker: Worker, metrics: Metrics) -> TakenIn:
    def taken_in(delivery: Delivery, accepted: Accepted) -> None:
        worker.hand_over(accepted.leases)
        tell(metrics, delivery, accepted)

    return taken_in


def spooling_intake(
    settings: Settings, store: Store, masker: Masker, taken_in: TakenIn
) -> SpoolingIntake:
    def parse(spooled: Spooled) -> Notification:
        document = body.decode(spooled.body.encode())
        if spooled.sender is Sender.IRM:
            return irm.parse(document)
        return grafana.parse(document, spooled.sender)

    return SpoolingIntake(
        store,
        Spool(settings.spool_folder(), settings.spool_max),
        parse=parse,
        brought_in=taken_in,
        masker=masker,
    )


def web_parts(
    settings: Settings,
    intake: SpoolingIntake,
    store: Store,
    worker: Worker,
    tools: Tools,
    metrics: Metrics,
    masker: Masker,
) -> Services:
    return Services(
        intake=intake,
        archive=store,
        controls=store.controls,
        openings=store.openings,
        drills=store.drills,
        clock=tools.clock,
        server=settings.server,
        sessions=store.sessions,
        metrics=metrics,
        masker=masker,
        hand_over=worker.hand_over,
        taken_in=delivery_observer(worker, metrics),
        storing=intake.storing,
        storage_lost=lambda: store.lost,
        spooled=intake.waiting,
        worker_alive=worker.alive,
        new_id=store.new_id,
        authenticate=_authentication(settings),
        decode=body.decode,
        parse_grafana=grafana.parse,
        parse_irm=irm.parse,
        credentials=settings.webhook_auth,
        operators=settings.operators,
        rules=settings.rules,
        config_sha=settings.sha,
        heartbeat_within=settings.heartbeat_within,
        fixed_link=settings.factory.report_url is not None,
    )


def _authentication(
    settings: Settings,
) -> Callable[[Sender, Mapping[str, str], bytes | None, datetime], Authenticated | str]:
    def authenticate(
        sender: Sender, headers: Mapping[str, str], raw: bytes | None, now: datetime
    ) -> Authenticated | str:
        credentials = settings.webhook_auth
        found = auth.authenticate(credentials, sender, headers, raw, now)
        if isinstance(found, auth.Rejected):
            return found.why
        return Authenticated(
            credential=found.credential, clock_difference=found.clock_difference
        )

    return authenticate


# Readiness: the prober's questions, and the other facts that it depends on.

EVERY = timedelta(minutes=1)
_RECENT = 100
"""Among so many a webhook is looked for: earlier versions stored other deliveries."""
_NARROW = frozenset({"level", "detected_level", "type"})
"""Labels that tell error lines from others: readiness looks for any line."""


def prober_of(
    settings: Settings, store: Store, logs: LogSource, every: timedelta
) -> Prober:
    mask = Masker(settings.secrets())

    def reach(now: datetime) -> FactoryVisit:
        return _reach(settings.factory.url, now, mask)

    return Prober(
        logs=logs,
        selectors=sorted({_selector(rule) for rule in settings.rules}),
        traffic={rule.name: rule.traffic for rule in settings.rules if rule.traffic},
        visit=reach,
        writable=store.writable,
        clock=store.clock,
        every=every,
    )


def readiness_of(
    settings: Settings, store: Store, memory: Remember, prober: Prober
) -> Callable[[datetime], Readiness | None]:
    """What is so now; None before the first questions are answered."""
    people = people_of(settings)

    def now(at: datetime) -> Readiness | None:
        if (probed := prober.probed) is None:
            return None
        beats = store.deliveries(verdict=Verdict.HEARTBEAT, limit=1)
        known = ReadinessFacts(
            at=at,
            heard=_last_contact(store, at),
            silence=silence(beats, at, settings.heartbeat_within),
            probed=probed,
            memory=memory(),
            people=people,
            rules=settings.rules,
        )
        return judge(known)

    return now


def _last_contact(store: Store, at: datetime) -> LastContact:
    recent = store.deliveries(limit=_RECENT)
    last = next((d for d in recent if d.sender in WEBHOOKS), None)
    signed = next(
        (
            d
            for d in recent
            # What was heard in the future was heard before the clock was mended.
            if d.clock_difference is not None
            and timedelta() <= at - d.received_at < HEARD_WITHIN
        ),
        None,
    )
    return LastContact(
        at=last.received_at if last else None,
        sender=last.sender if last else "",
        difference=signed.clock_difference if signed else None,
        signed_at=signed.received_at if signed else None,
    )


def people_of(settings: Settings) -> tuple[str, ...]:
    """Who would be told of an incident, and how."""
    found = []
    if settings.operators:
        named = ", ".join(sorted(settings.operators))
        found.append(f"operators: {named}")
    found += ["IRM"] if settings.irm else []
    found += ["a webhook to people"] if settings.notify else []
    return tuple(found)


def _reach(url: str, now: datetime, mask: Masker) -> FactoryVisit:
    """One GET of the factory's first page. Its report path is left alone."""
    found = visit(url.rstrip("/") + "/")
    if isinstance(found, Unreached):
        return FactoryVisit(at=now, why=mask(found.why))
    told = found.told_at
    return FactoryVisit(
        at=now,
        expires=found.expires,
        secure=url.startswith("https:"),
        difference=(now - told).total_seconds() if told else None,
    )


def _selector(rule: Rule) -> str:
    """Any line of the service that a rule looks at: its widest stream selector."""
    queries = [*(check.query for check in rule.checks), *filter(None, [rule.traffic])]
    found = (_wide(parse_logql(query).matchers) for query in queries)
    return min(found, key=lambda text: (len(text), text))


def _wide(matchers: Iterable[LabelMatcher]) -> str:
    known = list(matchers)
    wide = [m for m in known if m.label not in _NARROW] or known
    return "{" + ", ".join(f"{m.label}{m.op}{json.dumps(m.value)}" for m in wide) + "}"


# The heartbeat of the process, and retention.

FORGET_EVERY = timedelta(minutes=10).total_seconds()


def heartbeat_of(store: Store, disk: Disk) -> Heartbeat:
    return Heartbeat(store.write, lambda: store.engine, store.clock, disk)


def housekeeper(settings: Settings, store: Store) -> Housekeeper:
    """What is forgotten, and how often somebody looks for it."""
    retention = Retention(store.write, lambda: store.engine, store.clock, settings.keep)
    chore = Chore(name="retention", every=FORGET_EVERY, step=retention.step)
    return Housekeeper([chore], store.clock)


# Metrics, with what the storage remembers from before the start.


def metrics_of(
    settings: Settings, store: Store, heartbeat: Heartbeat, registry: CollectorRegistry
) -> Metrics:
    """They remember across restarts when Grafana was heard last."""
    metrics = Metrics(
        registry,
        rules=settings.rules,
        version=__version__,
        config_sha=settings.sha,
        stored=_readings(store, heartbeat),
    )
    with suppress(StorageUnavailable):
        recent = store.deliveries(limit=_RECENT)
        for delivery in [d for d in recent if d.sender in WEBHOOKS][:1]:
            metrics.heard(delivery.received_at)
        for delivery in store.deliveries(verdict=Verdict.HEARTBEAT, limit=1):
            metrics.heartbeat(delivery.received_at)
    return metrics


def _readings(store: Store, heartbeat: Heartbeat) -> Readings:
    def due_lag() -> timedelta:
        due, now = store.next_due(), store.clock.now()
        return max(now - due, timedelta()) if due else timedelta()

    def open_for() -> Mapping[str, timedelta]:
        now = store.clock.now()
        return {rule: now - at for rule, at in store.opened().items()}

    return Readings(
        counts=store.counts,
        standing=store.controls.standing,
        due_lag=due_lag,
        open_for=open_for,
        memory=heartbeat.memory,
    )


# Drills, and the started service.


def drill_runner(settings: Settings, store: Store, masker: Masker) -> Runner:
    """One for the whole service."""
    ground = Surroundings(
        archive=store,
        controls=store.controls,
        drills=store.drills,
        clock=store.clock,
        rules=settings.rules,
        fixed_link=settings.factory.report_url is not None,
    )
    return Runner(settings, masker, ground)


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """One service, started: storage open, worker running, `web` ready to be served."""

    settings: Settings
    store: Store
    worker: Worker
    housekeeper: Housekeeper
    periodic: tuple[Periodic, ...]
    notifiers: Notifiers
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
        for task in self.periodic:
            task.start()
        self.notifiers.start()

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

        self.notifiers.stop(0)
        self.drilling.stop(0)
        self.intake.stop()
        for task in self.periodic:
            task.stop(0)
        self.housekeeper.stop(left())
        for task in self.periodic:
            task.stop(left())
        if not self.worker.stop(left()):
            return False
        self.notifiers.stop(left())
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
    probe_every: timedelta | None = EVERY,
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
    heartbeat = heartbeat_of(store, disk)
    metrics = metrics_of(settings, store, heartbeat, registry or CollectorRegistry())
    tools = Tools(
        store=store,
        logs=logs,
        factory=supplier,
        fixed_link=client.fixed_link(),
        # Everyone goes by the storage's time: on PostgreSQL the server's.
        clock=store.clock,
        journal=Journal(metrics),
    )
    worker = Worker(tools, rules, pulse=Pulse(heartbeat.beat, store.clock))
    return _assembled(
        settings, worker, tools, store, heartbeat, metrics, masker, every=probe_every
    )


def _assembled(
    settings: Settings,
    worker: Worker,
    tools: Tools,
    store: Store,
    heartbeat: Heartbeat,
    metrics: Metrics,
    masker: Masker,
    *,
    every: timedelta | None,
) -> Responder:
    """The intake and the web around a worker and its tools."""
    taken_in, logs = delivery_observer(worker, metrics), tools.logs
    intake = spooling_intake(settings, store, masker, taken_in)
    metrics.watch_spool(intake.waiting)
    parts = web_parts(settings, intake, store, worker, tools, metrics, masker)
    prober = prober_of(settings, store, logs, every or EVERY)
    ready = readiness_of(settings, store, heartbeat.memory, prober)
    metrics.watch_readiness(lambda: ready(store.clock.now()))
    drill = drill_runner(settings, store, masker)
    parts = replace(parts, memory=heartbeat.memory, readiness=ready, drilling=drill)
    return Responder(
        settings=settings,
        store=store,
        worker=worker,
        housekeeper=housekeeper(settings, store),
        periodic=(
            *watchers_of(settings, store, logs, worker, metrics),
            *([Periodic("readiness", prober, every)] if every else []),
        ),
        notifiers=notifiers_of(settings, store, masker, metrics),
        drilling=drill,
        intake=intake,
        logs=logs,
        metrics=metrics,
        masker=masker,
        web=create_app(parts),
    )
