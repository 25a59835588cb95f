"""The worker's stamp in the storage: somebody runs."""

import logging
from collections.abc import Callable

from responder.incident.memory import Gap
from responder.incident.ports import Clock

log = logging.getLogger("responder.worker")

STAMP_EVERY = 10.0


class Pulse:
    """Calls `beat` every 10 s, and tells of the gap that it ends."""

    def __init__(self, beat: Callable[[], Gap | None], clock: Clock) -> None:
        self._beat = beat
        self._clock = clock
        self._last: float | None = None

    def __call__(self) -> None:
        """A beat if one is due; what fails is due again at once."""
        now = self._clock.monotonic()
        if self._last is not None and now - self._last < STAMP_EVERY:
            return
        gap = self._beat()
        self._last = now
        if gap is not None:
            log.warning(
                "was not running",
                extra={
                    "since": gap.since.isoformat(),
                    "until": gap.until.isoformat(),
                    "seconds": round((gap.until - gap.since).total_seconds()),
                },
            )
