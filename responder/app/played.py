"""What becomes of a cassette, and the small parts that only a replay needs."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from responder.cassette.schema import Cassette
from responder.incident.alert import AlertVerdict
from responder.incident.events import (
    Decided,
    Event,
    FirstErrorFound,
    Looked,
    ReportAnswered,
)
from responder.incident.model import Incident
from responder.incident.names import Decision, Reason
from responder.incident.rule import Rule
from responder.worker.journal import Journal
from responder.worker.loop import Worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """One incident of a replay, with its timeline. `rule` is the configured one."""

    incident: Incident
    events: tuple[Event, ...]
    rule: Rule


@dataclass(slots=True, kw_only=True)
class Played:
    """What became of a cassette under a configuration."""

    cassette: Cassette
    incidents: list[Lived] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    """The names of the delivered alerts, in order."""
    verdicts: list[AlertVerdict] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Bodies that the live service would refuse, and why."""
    calls: list[str] = field(default_factory=list)
    """The links that were called, in order, by their names in the cassette."""
    healed: list[str] = field(default_factory=list)
    """The faults that a report ended."""
    differs: list[str] = field(default_factory=list)
    """Where the world was continued by the model."""
    unknown: list[str] = field(default_factory=list)
    """Checks that the cassette could not answer: it recorded another query."""
    names: dict[str, str] = field(default_factory=dict)
    """What stands in words for random ids and digests."""
    ended_at: datetime

    def plain(self, text: str) -> str:
        """The text with the names that a reader of the cassette knows."""
        for found, name in self.names.items():
            text = text.replace(found, name)
        return text


class Turns(Executor):
    """Turns wait until the stage is free for them: one after the other."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], Any]] = deque()

    def submit(
        self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Future[Any]:
        self._waiting.append(lambda: fn(*args, **kwargs))
        return Future()

    def drain(self) -> None:
        """Run what waits, and what comes to wait meanwhile."""
        while self._waiting:
            self._waiting.popleft()()


class StrictWorker(Worker):
    """What a service survives and tells, a replay must not hide: it is raised."""

    def survive(
        self, work: Callable[[], datetime | None], *, failed: bool = False
    ) -> datetime | None:
        return work()


class Silent(Journal):
    """Neither counts nor logs: what is replayed does not happen."""

    def __init__(self) -> None:
        """Without metrics."""

    def decided(
        self,
        incident: Incident,
        decision: Decision,
        reason: Reason,
        decided: Decided | None = None,
    ) -> None: ...

    def reported(self, incident: Incident, answer: ReportAnswered) -> None: ...

    def looked(self, incident: Incident, looked: Looked, seconds: float) -> None: ...

    def traced(self, incident: Incident, found: FirstErrorFound) -> None: ...

    def relapsed(self, incident: Incident, new: str | None, at: datetime) -> None: ...
