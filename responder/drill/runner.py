"""Runs drills, one at a time, each in a thread of its own."""

import logging
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from responder.config.settings import Settings
from responder.drill.outward import Outward
from responder.drill.walk import Walk
from responder.incident.controls import Controls
from responder.incident.drills import Drill, Drills
from responder.incident.openings import NoSuchRule
from responder.incident.ports import Archive, Clock, StorageUnavailable
from responder.incident.rule import Rule
from responder.masking import Masker

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
