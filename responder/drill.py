"""Drills: a marked alert through our own public address, followed to its end."""

import json
import logging
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from responder.config.settings import Credential, Settings
from responder.incident.actions import Controls
from responder.incident.alert import MARK
from responder.incident.drills import (
    Came,
    Drill,
    Drills,
    DrillStep,
    Taken,
    followed,
    settled,
)
from responder.incident.incident import Incident
from responder.incident.names import Sender, Status, Verdict
from responder.incident.openings import NoSuchRule
from responder.incident.ports import Archive, Clock, StorageUnavailable
from responder.incident.rule import Rule, why_ignored
from responder.masking import Masker
from responder.notify.channels import Reply, exchange
from responder.senders import sample
from responder.senders.auth import proof
from responder.senders.sample import labels_for

# What a drill sends: its alert, to our own public address.

TIMEOUT = 5.0
"""Seconds for one request."""
_SENDERS = (Sender.GRAFANA, Sender.ALERTMANAGER, Sender.IRM)
_LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicAnswer:
    """An answer, or none (`status` is None and `words` says why)."""

    status: int | None
    words: str
    document: object = None

    @property
    def good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Outward:
    """Delivers as the configuration says that others do."""

    def __init__(self, settings: Settings, masker: Masker, address: str) -> None:
        self._mask = masker
        self.address = (settings.server.public_url or address).rstrip("/")
        self.sender, self._credential = _who(settings.webhook_auth)

    def deliver(
        self, labels: dict[str, str], starts_at: datetime, now: datetime, status: Status
    ) -> PublicAnswer:
        """The alert, with everything that its credential demands."""
        body = sample.body(self.sender, labels, now, status, starts_at)
        raw = json.dumps(body).encode()
        headers: dict[str, str | bytes] = {"Content-Type": "application/json"}
        if self._credential:
            shown = proof(self._credential, raw, now)
            headers |= {name: text.encode() for name, text in shown.items()}
        return self._post(f"{self.address}/webhooks/{self.sender}", raw, headers)

    def _post(
        self, url: str, raw: bytes, headers: dict[str, str | bytes]
    ) -> PublicAnswer:
        with exchange(headers, TIMEOUT) as made:
            reply = made.ask("POST", url, body=raw)
        if reply is None:
            late = f"no complete answer within {TIMEOUT:g} s"
            why = late if made.call.expired or made.call.sent else made.call.stage
            return PublicAnswer(status=None, words=why)
        words = f"HTTP {reply.status}{self._first_line(reply)}"
        return PublicAnswer(status=reply.status, words=words, document=reply.document())

    def _first_line(self, reply: Reply) -> str:
        text = " ".join(reply.body.decode("utf-8", "replace").split())
        shown = "".join(c for c in self._mask(text) if c.isprintable())[:_LONGEST]
        return f": {shown}" if shown and not shown.startswith("<") else ""


def _who(
    credentials: Sequence[Credential],
) -> tuple[Sender, Credential | None]:
    """As whom the alert is sent: Grafana before all others."""
    for sender in _SENDERS:
        for credential in credentials:
            if sender in credential.senders:
                return sender, credential
    return Sender.GRAFANA, None


# One drill, step by step. Each step is kept as soon as it is known.

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

    def _took_step(
        self, part: DrillStep, came: Came, words: str, mend: str = ""
    ) -> bool:
        self._took(Taken(part=part, came=came, words=words, mend=mend))
        return came is Came.DONE

    @property
    def _patience(self) -> float:
        return min(2 * self._rule.recheck.total_seconds() + 2, 15.0)

    def _alert(self) -> None:
        try:
            labels = labels_for(self._rule)
        except ValueError as why:
            self._took_step(DrillStep.DELIVERED, Came.UNPROVEN, str(why))
            return
        self._labels = {**labels, MARK: self._drill.id}
        started = self._ground.clock.now()
        said = self._send(started, Status.FIRING)
        if not said.good:
            self._took_step(
                DrillStep.DELIVERED, Came.BROKEN, self._refused(said), _ADDRESS
            )
            return
        way = f"{self._outward.address}, as {self._outward.sender}"
        self._took_step(DrillStep.DELIVERED, Came.DONE, way)
        if not self._stored(said):
            return
        if self._matched(_incident_of(said)):
            self._follow(started)
        self._send(started, Status.RESOLVED)

    def _send(self, started: datetime, status: Status) -> PublicAnswer:
        now = self._ground.clock.now()
        return self._outward.deliver(self._labels, started, now, status)

    def _refused(self, said: PublicAnswer) -> str:
        return f"{self._outward.address}: {said.words}"

    def _stored(self, said: PublicAnswer) -> bool:
        """Whether the answer is of this Responder and its database."""
        part = DrillStep.STORED
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
        part, wanted = DrillStep.MATCHED, self._rule.name
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


def _alert_of(said: PublicAnswer) -> dict[str, object]:
    """What the answer says of the one alert."""
    document = said.document if isinstance(said.document, dict) else {}
    alerts = document.get("alerts")
    first = alerts[0] if isinstance(alerts, list) and alerts else {}
    return first if isinstance(first, dict) else {}


def _incident_of(said: PublicAnswer) -> str:
    return str(_alert_of(said).get("incident") or "")


# Runs drills, one at a time, each in a thread of its own.

log = logging.getLogger("responder.drill")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Everything that a drill walks on."""

    archive: Archive
    controls: Controls
    drills: Drills
    clock: Clock
    fixed_link: bool
    rules: tuple[Rule, ...]


class Runner:
    """`Drilling`. `stop` ends what runs; its incident ends by itself."""

    def __init__(
        self, settings: Settings, masker: Masker, ground: Surroundings
    ) -> None:
        self._settings = settings
        self._masker = masker
        self._ground = ground
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._running: Drill | None = None
        self._thread: threading.Thread | None = None

    def start(self, rule: str | None, by: str, listening: str) -> Drill:
        chosen = self._rule(rule)
        with self._lock:
            if self._running is not None:
                return self._running
            drill = Drill(
                id=secrets.token_hex(6),
                rule=chosen.name,
                by=by,
                at=self._ground.clock.now(),
            )
            self._ground.drills.save(drill)
            self._running = drill
            outward = Outward(self._settings, self._masker, listening)
            walk = Walk(drill, chosen, self._ground, outward, self._stopping.wait)
            self._thread = threading.Thread(
                target=self._run, args=(walk, drill), name="drill", daemon=True
            )
            self._thread.start()
        return drill

    def stop(self, within: float | None = None) -> None:
        self._stopping.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(within)

    def _run(self, walk: Walk, drill: Drill) -> None:
        log.info("drill begun", extra={"drill": drill.id, "rule": drill.rule})
        try:
            drill = walk.run()
        except StorageUnavailable as error:
            why = type(error).__name__
            log.warning("drill broken off", extra={"drill": drill.id, "why": why})
        finally:
            with self._lock:
                self._running = None
        facts: Mapping[str, object] = {
            "drill": drill.id,
            "rule": drill.rule,
            "result": drill.result,
            "why": drill.sentence,
        }
        log.info("drill ended", extra=facts)

    def _rule(self, name: str | None) -> Rule:
        rules = {rule.name: rule for rule in self._settings.rules}
        found = rules.get(name) if name else next(iter(rules.values()), None)
        if found is None:
            known = ", ".join(rules) or "none"
            raise NoSuchRule(f"no such rule; there are: {known}")
        return found
