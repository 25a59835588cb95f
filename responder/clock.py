"""The machine's clock."""

import time
from datetime import UTC, datetime


class SystemClock:
    """The port `Clock` on this machine: aware UTC, and seconds that never go back."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()
