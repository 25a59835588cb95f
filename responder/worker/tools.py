"""What a turn of work needs: ports, handed in by the composition root."""

from dataclasses import dataclass

from responder.incident.link import ReportLink
from responder.incident.ports import Clock, Factory, IncidentStore, LogSource
from responder.worker.journal import Journal


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The worker's ports. `fixed_link` replaces the search for links."""

    store: IncidentStore
    logs: LogSource
    factory: Factory
    fixed_link: ReportLink | None
    clock: Clock
    journal: Journal
