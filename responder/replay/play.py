"""Play a cassette: the real parts on a virtual clock."""

import json
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from responder.app import open_store
from responder.config.settings import Settings
from responder.factory import PizzaFactory
from responder.incident.alert import AlertVerdict, Delivery
from responder.incident.events import (
    Decided,
    Event,
    FirstErrorFound,
    Looked,
    ReportAnswered,
)
from responder.incident.evidence import ReportLink
from responder.incident.incident import Incident
from responder.incident.names import Decision, Reason
from responder.incident.rule import Rule
from responder.incident.view import Search
from responder.logs.lines import LineReader
from responder.masking import Masker
from responder.replay.bodies import understand
from responder.replay.cassette import Cassette
from responder.replay.world import (
    RecordedFactory,
    RecordedLogs,
    VirtualClock,
    World,
    code_of,
)
from responder.store.sqlite import MemoryDatabase
from responder.store.store import Store
from responder.worker.loop import Worker
from responder.worker.run import Journal, Tools

# The result of a replay, and the small parts that only a replay needs.


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedIncident:
    """One incident of a replay, with its timeline. `rule` is the configured one."""

    incident: Incident
    events: tuple[Event, ...]
    rule: Rule


@dataclass(slots=True, kw_only=True)
class Played:
    """What became of a cassette under a configuration."""

    cassette: Cassette
    incidents: list[PlayedIncident] = field(default_factory=list)
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


_BREATH = timedelta(milliseconds=1)
"""From a webhook to the first step on it."""
_MOST_ROUNDS = 200_000
_MOST_INCIDENTS = 10_000
Progress = Callable[[timedelta, timedelta], None]
"""Told how far a replay is, and how far it goes."""


def play(
    cassette: Cassette, settings: Settings, progress: Progress | None = None
) -> Played:
    """Play it under these settings. Deterministic; opens no socket."""
    stage = Stage(cassette, settings)
    try:
        return stage.play(progress)
    finally:
        stage.close()


class Stage:
    """Everything that one replay needs, on one virtual clock."""

    def __init__(self, cassette: Cassette, settings: Settings) -> None:
        # Somebody resumes a service that starts paused; here nobody would.
        settings = replace(
            settings, server=replace(settings.server, start_paused=False)
        )
        self._cassette = cassette
        self._settings = settings
        self._world = World(cassette)
        self._clock = VirtualClock(cassette.start)
        self._clock.passing = self._meanwhile
        self._client = PizzaFactory(settings.factory, Masker())
        self._rules = {rule.name: rule for rule in settings.rules}
        self._turns = Turns()
        self._links = self._known_links()
        self._logs = self._recorded_logs()
        self._store = self._opened()
        self._worker = StrictWorker(self._tools(), self._rules, pool=self._turns)
        self._due = deque(sorted(cassette.deliveries, key=lambda d: d.at))
        self._played = Played(cassette=cassette, ended_at=cassette.start)

    def close(self) -> None:
        self._store.close()

    def play(self, progress: Progress | None = None) -> Played:
        end = self._world.end
        for number in range(_MOST_ROUNDS):
            moment = self._next()
            if moment is None or moment > self._world.at(end):
                break
            self._clock.move(max(moment, self._clock.now()))
            self._deliver()
            self._clock.move(self._clock.now() + _BREATH)
            self._worker.come_round()
            self._turns.drain()
            if progress and number % 100 == 0:
                progress(self._clock.now() - self._cassette.start, end)
        return self._told()

    def _known_links(self) -> dict[str, str]:
        """The cassette's names of links, by the digests that they have here."""
        fixed = self._client.fixed_link()
        if fixed is not None:
            faults = [f.link for f in self._cassette.faults if f.link]
            return {fixed.digest: faults[0] if faults else "fixed"}
        token = self._token()
        named = sorted(self._cassette.links())
        return {ReportLink(token=token, code=code_of(n)).digest: n for n in named}

    def _token(self) -> str:
        key = self._settings.factory.api_key
        return key.reveal() if key else "cassette"

    def _recorded_logs(self) -> RecordedLogs:
        key = self._settings.factory.api_key
        reader = LineReader(self._client.name, key.reveal() if key else None)
        return RecordedLogs(
            self._world, self._clock, reader, self._client.name, self._token()
        )

    def _opened(self) -> Store:
        return open_store(
            self._settings,
            self._clock,
            Masker(self._settings.secrets()),
            self._client,
            self._client.fixed_link(),
            self._rules,
            MemoryDatabase(self._clock),
        )

    def _tools(self) -> Tools:
        factory = RecordedFactory(
            self._world,
            self._clock,
            self._client.name,
            self._settings.factory.timeout,
            lambda link: self._links.get(link.digest, "unknown"),
        )
        return Tools(
            store=self._store,
            logs=self._logs,
            factory=factory,
            fixed_link=self._client.fixed_link(),
            clock=self._clock,
            journal=Silent(),
        )

    def _next(self) -> datetime | None:
        times = [self._world.at(self._due[0].at)] if self._due else []
        due = self._store.next_due()
        return min([*times, *([due] if due else [])], default=None)

    def _meanwhile(self) -> None:
        """A call is under way: webhooks come, leases are renewed."""
        self._deliver()
        self._worker.keep_leases()

    def _deliver(self) -> None:
        while self._due and self._world.at(self._due[0].at) <= self._clock.now():
            recorded = self._due.popleft()
            raw = json.dumps(recorded.body).encode()
            most = self._settings.server.max_body
            try:
                if len(raw) > most:
                    raise ValueError(f"body: larger than {most} bytes")
                notification = understand(raw, recorded.sender)
            except ValueError as problem:
                self._played.refused.append(str(problem))
                continue
            self._played.alerts += [alert.name for alert in notification.alerts]
            delivery = Delivery(
                id=self._store.new_id(),
                received_at=self._clock.now(),
                notification=notification,
            )
            accepted = self._store.accept(delivery)
            self._played.verdicts += accepted.verdicts
            self._worker.hand_over(accepted.leases)

    def _told(self) -> Played:
        played = self._played
        played.ended_at = self._clock.now()
        found = self._store.search(Search(limit=_MOST_INCIDENTS)).incidents
        for number, summary in enumerate(reversed(found), start=1):
            timeline = self._store.timeline(summary.id)
            assert timeline is not None, "it was listed"
            incident, events = timeline
            played.names[incident.id] = f"incident {number}"
            rule = self._rules[incident.rule]
            played.incidents.append(
                PlayedIncident(incident=incident, events=events, rule=rule)
            )
        for digest, name in self._links.items():
            played.names[f"link {digest[:4]}"] = f"link {name}"
        played.calls = [made.link for made in self._world.made]
        played.healed = [made.healed for made in self._world.made if made.healed]
        played.differs = self._world.differs()
        played.unknown = sorted(self._logs.unknown)
        return played
