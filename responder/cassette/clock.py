"""A clock that is told the time: hours pass in as long as the work takes."""

from collections.abc import Callable
from datetime import datetime, timedelta

_STEP = timedelta(seconds=1)


class VirtualClock:
    """The port `Clock`, moved by whoever lives through a cassette.

    `passing` is called after each second of a wait and at its end: leases are renewed
    and webhooks come while a call is under way, as they do in a service.
    """

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._now = start
        self.passing: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    def move(self, to: datetime) -> None:
        """It is this late now; time never goes back."""
        self._now = max(self._now, to)

    def wait(self, span: timedelta) -> None:
        """Something takes this long, and meanwhile the world goes on."""
        ends = self._now + span
        while self._now < ends:
            self._now = min(self._now + _STEP, ends)
            self.passing()
