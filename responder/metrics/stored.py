"""What the storage knows, read when scraped.

While it does not answer there are no samples: what could not be read is no zero.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from responder.incident.controls import Standing
from responder.incident.memory import Memory
from responder.incident.names import State
from responder.incident.ports import StorageUnavailable

Counts = Callable[[], Mapping[tuple[str, State], int]]
StandingNow = Callable[[], Standing]
MemoryNow = Callable[[], Memory]


class Incidents(Collector):
    """`responder_incidents`."""

    def __init__(self, counts: Counts, rules: Sequence[str]) -> None:
        self._counts = counts
        self._rules = rules

    def describe(self) -> Iterator[GaugeMetricFamily]:
        yield self._family()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = self._family()
        try:
            counts = self._counts()
        except StorageUnavailable:
            yield family
            return
        known = {(rule, state): 0 for rule in self._rules for state in State}
        for (rule, state), number in {**known, **counts}.items():
            family.add_metric([rule, state], number)
        yield family

    @staticmethod
    def _family() -> GaugeMetricFamily:
        return GaugeMetricFamily(
            "responder_incidents",
            "Incidents that storage holds, by state.",
            labels=["rule", "state"],
        )


class _Gauges(Collector):
    """Gauges without labels; `_values` come in the order of `NAMES`."""

    NAMES: ClassVar[Mapping[str, str]]

    def _values(self) -> Sequence[float]:
        raise NotImplementedError

    def describe(self) -> Iterator[GaugeMetricFamily]:
        yield from (GaugeMetricFamily(name, text) for name, text in self.NAMES.items())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        families = list(self.describe())
        try:
            for family, value in zip(families, self._values(), strict=True):
                family.add_metric([], value)
        except StorageUnavailable:
            families = list(self.describe())
        yield from families


class Brakes(_Gauges):
    """What holds every report."""

    NAMES: ClassVar = {
        "responder_paused": "1 while automatic reports are paused.",
        "responder_breaker_open": "1 while max_reports_per_hour holds every report.",
        "responder_reports_last_hour": "Calls of the last hour that this limit counts.",
    }

    def __init__(self, standing: StandingNow) -> None:
        self._standing = standing

    def _values(self) -> Sequence[float]:
        now = self._standing()
        return now.pause is not None, now.breaker_open, now.reports_last_hour


class Remembered(_Gauges):
    """What the storage remembers of Responder itself."""

    NAMES: ClassVar = {
        "responder_storage_durable": "0 while the storage lies where it may be lost.",
        "responder_storage_since_timestamp_seconds": (
            "When the first start wrote into this storage, in Unix seconds."
        ),
        "responder_storage_history_lost": (
            "1 if the storage was made anew where an older one was expected."
        ),
        "responder_gap_seconds": "How long nobody ran the last time; 0 if never.",
        "responder_gap_end_timestamp_seconds": (
            "When that ended, in Unix seconds; 0 if never."
        ),
    }

    def __init__(self, memory: MemoryNow) -> None:
        self._memory = memory

    def _values(self) -> Sequence[float]:
        memory = self._memory()
        gap = memory.gaps[0] if memory.gaps else None
        return (
            memory.durable,
            memory.since.timestamp() if memory.since else 0.0,
            memory.history_lost,
            (gap.until - gap.since).total_seconds() if gap else 0.0,
            gap.until.timestamp() if gap else 0.0,
        )
