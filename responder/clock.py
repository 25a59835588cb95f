"""The machine's clock."""

import time
from datetime import UTC, datetime


def _running() -> float:
    """Counts on while the machine sleeps, where its kernel can: a lease grows old."""
    boot: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class SystemClock:
    """The port `Clock` on this machine: aware UTC, and seconds that never go back."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return _running()
