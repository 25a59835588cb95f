"""One time for all replicas: the database's."""

from datetime import UTC, datetime, timedelta

from responder.incident.ports import Clock


class SharedClock:
    """The database's time, carried from look to look by this machine's monotonic one.

    The machine's own time of day is used until the first look and never again: it
    may be wrong, differ between replicas, or jump.
    """

    def __init__(self, machine: Clock) -> None:
        self._machine = machine
        self._zero = machine.now() - _span(machine.monotonic())

    def now(self) -> datetime:
        return self._zero + _span(self._machine.monotonic())

    def monotonic(self) -> float:
        return self._machine.monotonic()

    def agree(self, told: datetime, before: float, after: float) -> None:
        """The database said `told` between these two monotonic times.

        What lies within the doubt of that is left as it is, so that the time does
        not waver with every answer's way.
        """
        earliest = told.astimezone(UTC) - _span(after)
        latest = told.astimezone(UTC) - _span(before)
        self._zero = min(max(self._zero, earliest), latest)


def _span(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)
