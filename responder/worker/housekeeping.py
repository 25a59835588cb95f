"""Chores in a thread of their own, in steps so small that nobody waits for them."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from responder.incident.ports import Clock, StorageUnavailable

log = logging.getLogger("responder.worker")

BREATH = 0.05
"""Seconds between two steps, so that whoever writes comes first."""
LOOK_EVERY = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """`step` does a little and says how many things it did; 0 means all is done.

    It raises `StorageUnavailable` while the storage fails, and is tried again.
    """

    name: str
    every: float
    """Seconds from the end of one round to the next."""
    step: Callable[[], int]


class Housekeeper:
    """Does each chore when it is due, until it is stopped."""

    def __init__(
        self,
        chores: Sequence[Chore],
        clock: Clock,
        *,
        breath: float = BREATH,
        look_every: float = LOOK_EVERY,
    ) -> None:
        self._clock = clock
        self._breath = breath
        self._look_every = look_every
        self._due = {chore: clock.monotonic() for chore in chores}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="house", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, within: float | None = None) -> None:
        """End after the step that runs, or wait for it no longer than `within` s."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(within)

    def _run(self) -> None:
        while not self._stopping.wait(self._look_every):
            for chore, due in list(self._due.items()):
                if self._clock.monotonic() >= due:
                    self._round(chore)
                    self._due[chore] = self._clock.monotonic() + chore.every

    def _round(self, chore: Chore) -> None:
        done = 0
        try:
            while step := chore.step():
                done += step
                if self._stopping.wait(self._breath):
                    break
        except StorageUnavailable as away:
            log.warning("chore put off", extra={"chore": chore.name, "why": str(away)})
        if done:
            log.info("chore done", extra={"chore": chore.name, "things": done})
