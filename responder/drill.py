"""One drill, step by step. Each step is kept as soon as it is known."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from responder.drill.outward import Outward, Said
from responder.incident.controls import Controls
from responder.incident.drills import (
    Came,
    Drill,
    Drills,
    Part,
    Taken,
    followed,
    settled,
)
from responder.incident.mark import MARK
from responder.incident.model import Incident
from responder.incident.names import Status, Verdict
from responder.incident.nearest import why_ignored
from responder.incident.ports import Archive, Clock
from responder.incident.rule import Rule
from responder.senders import samples

_BREATH = 0.05
_ADDRESS = "set server.public_url to the address under which senders reach this service"


class Ground(Protocol):
    """What a drill walks on."""

    @property
    def archive(self) -> Archive: ...

    @property
    def controls(self) -> Controls: ...

    @property
    def drills(self) -> Drills: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def fixed_link(self) -> bool: ...

    @property
    def rules(self) -> tuple[Rule, ...]: ...


class Walk:
    """One drill of one rule. `pause` waits so many seconds; True: stop now."""

    def __init__(
        self,
        drill: Drill,
        rule: Rule,
        ground: Ground,
        outward: Outward,
        pause: Callable[[float], bool],
    ) -> None:
        self._drill = drill
        self._rule = rule
        self._ground = ground
        self._outward = outward
        self._pause = pause
        self._labels: dict[str, str] = {}

    def run(self) -> Drill:
        """Walk until the end or the first broken step."""
        try:
            self._alert()
        finally:
            # Whatever happened: nobody waits for a drill that nobody walks.
            self._drill = replace(self._drill, ended_at=self._ground.clock.now())
            self._ground.drills.save(self._drill)
        return self._drill

    def _took(self, *taken: Taken) -> None:
        self._drill = replace(self._drill, taken=(*self._drill.taken, *taken))
        self._ground.drills.save(self._drill)

    def _took_step(self, part: Part, came: Came, words: str, mend: str = "") -> bool:
        self._took(Taken(part=part, came=came, words=words, mend=mend))
        return came is Came.DONE

    @property
    def _patience(self) -> float:
        return min(2 * self._rule.recheck.total_seconds() + 2, 15.0)

    def _alert(self) -> None:
        try:
            labels = samples.labels_for(self._rule)
        except ValueError as why:
            self._took_step(Part.DELIVERED, Came.UNPROVEN, str(why))
            return
        self._labels = {**labels, MARK: self._drill.id}
        started = self._ground.clock.now()
        said = self._send(started, Status.FIRING)
        if not said.good:
            self._took_step(Part.DELIVERED, Came.BROKEN, self._refused(said), _ADDRESS)
            return
        way = f"{self._outward.address}, as {self._outward.sender}"
        self._took_step(Part.DELIVERED, Came.DONE, way)
        if not self._stored(said):
            return
        if self._matched(_incident_of(said)):
            self._follow(started)
        self._send(started, Status.RESOLVED)

    def _send(self, started: datetime, status: Status) -> Said:
        now = self._ground.clock.now()
        return self._outward.deliver(self._labels, started, now, status)

    def _refused(self, said: Said) -> str:
        return f"{self._outward.address}: {said.words}"

    def _stored(self, said: Said) -> bool:
        """Whether the answer is of this Responder and its database."""
        part = Part.STORED
        document = said.document if isinstance(said.document, dict) else {}
        told = str(document.get("delivery", ""))
        if told and _alert_of(said).get("verdict") == "spooled":
            words = "the database did not take it in time: it waits in the spool"
            mend = "look at the database of storage.url"
            return self._took_step(part, Came.BROKEN, words, mend)
        kept = self._ground.archive.deliveries(verdict=Verdict.DRILL, limit=50)
        if told in {delivery.id for delivery in kept}:
            return self._took_step(part, Came.DONE, f"as delivery {told}")
        words = f"what answered at {self._outward.address} is not this Responder"
        return self._took_step(part, Came.BROKEN, words, _ADDRESS)

    def _matched(self, incident: str) -> bool:
        part, wanted = Part.MATCHED, self._rule.name
        found = self._ground.archive.timeline(incident) if incident else None
        if found is None:
            words = why_ignored(self._labels, self._ground.rules)
            mend = f"compare rules[].match of {wanted} with the alert's labels"
            return self._took_step(part, Came.BROKEN, words, mend)
        self._drill = replace(self._drill, incident=incident)
        took = found[0].rule
        if took != wanted:
            words = f"rule {took} comes first and took the alert"
            mend = f"put {wanted} before it, or narrow the match of {took}"
            return self._took_step(part, Came.BROKEN, words, mend)
        return self._took_step(part, Came.DONE, wanted)

    def _follow(self, started: datetime) -> None:
        """Watch the drill's own incident until it is settled, or patience is over."""
        clock = self._ground.clock
        ends = clock.monotonic() + self._patience + 5
        incident = self._incident()
        while not settled(incident) and clock.monotonic() < ends:
            if self._pause(_BREATH):
                break
            incident = self._incident()
        look = incident.look
        decided = incident.withheld_at or (look.at if look else None)
        if decided is not None:
            seconds = (decided - started).total_seconds()
            self._drill = replace(self._drill, seconds=max(seconds, 0.0))
        self._took(
            *followed(
                incident,
                self._rule,
                self._ground.controls.standing(),
                fixed_link=self._ground.fixed_link,
            )
        )

    def _incident(self) -> Incident:
        found = self._ground.archive.timeline(self._drill.incident or "")
        assert found is not None, "its verdict names it"
        return found[0]


def _alert_of(said: Said) -> dict[str, object]:
    """What the answer says of the one alert."""
    document = said.document if isinstance(said.document, dict) else {}
    alerts = document.get("alerts")
    first = alerts[0] if isinstance(alerts, list) and alerts else {}
    return first if isinstance(first, dict) else {}


def _incident_of(said: Said) -> str:
    return str(_alert_of(said).get("incident") or "")
