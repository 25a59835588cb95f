"""A duty done again and again in a thread of its own."""

import threading
from collections.abc import Callable
from datetime import timedelta

from responder.worker.guarded import guarded


class Rounds:
    """Calls `step`, which says when to call it again, until it is stopped.

    A step that fails is logged and called again after `every`.
    """

    def __init__(
        self, name: str, step: Callable[[], timedelta], every: timedelta
    ) -> None:
        self._step = step
        self._every = every
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, within: float | None = None) -> None:
        """End after the step that runs, or wait for it no longer than `within` s."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(within)

    def _run(self) -> None:
        while not self._stopping.is_set():
            again = guarded(self._step, self._every)
            self._stopping.wait(min(again, self._every).total_seconds())
