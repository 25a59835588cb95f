"""What lies outside the process: the storage and the log source."""

from collections.abc import Mapping

from responder.config.settings import Settings
from responder.evidence.lines import LineReader
from responder.evidence.loki import LokiLogSource
from responder.factory import PizzaFactory
from responder.incident.link import ReportLink
from responder.incident.model import Incident
from responder.incident.ports import Clock, Factory
from responder.incident.rule import Rule
from responder.incident.words import sentence
from responder.masking import Masker
from responder.store.engine import Database
from responder.store.links import Supplier
from responder.store.store import Store


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
