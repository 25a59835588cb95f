"""What storage knows, read when scraped: every replica shows the same rows."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from responder.incident.controls import Standing
from responder.incident.memory import Memory
from responder.incident.names import State
from responder.incident.ports import StorageUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """How storage is asked. Each may raise `StorageUnavailable`."""

    counts: Callable[[], Mapping[tuple[str, State], int]]
    standing: Callable[[], Standing]
    due_lag: Callable[[], timedelta]
    """How long the longest waiting incident is overdue that nobody works on."""
    open_for: Callable[[], Mapping[str, timedelta]]
    """By rule, how long its oldest open incident is open."""
    memory: Callable[[], Memory] = Memory


class Stored(Collector):
    """The series that storage is asked for at each scrape.

    While it cannot be read they are absent, never zero, and
    `responder_storage_readable` is 0; all other series are shown as ever.
    """

    def __init__(self, readings: Readings, rules: Sequence[str]) -> None:
        self._readings = readings
        self._rules = rules

    def describe(self) -> Iterator[GaugeMetricFamily]:
        return _families({}, readable=False, seconds=0.0)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        started = time.monotonic()
        try:
            samples, readable = self._read(), True
        except StorageUnavailable:
            samples, readable = {}, False
        seconds = time.monotonic() - started
        return _families(samples, readable=readable, seconds=seconds)

    def _read(self) -> dict[str, "_Samples"]:
        ask, rules = self._readings, self._rules
        counts = {(rule, state): 0 for rule in rules for state in State}
        open_for = dict.fromkeys(rules, timedelta())
        standing = ask.standing()
        return {
            "responder_incidents": list({**counts, **ask.counts()}.items()),
            "responder_open_incident_seconds": [
                ((rule,), age.total_seconds())
                for rule, age in {**open_for, **ask.open_for()}.items()
            ],
            "responder_due_lag_seconds": [((), ask.due_lag().total_seconds())],
            "responder_paused": [((), standing.pause is not None)],
            "responder_breaker_open": [((), standing.breaker_open)],
            "responder_reports_last_hour": [((), standing.reports_last_hour)],
            **_remembered(ask.memory()),
        }


def _remembered(memory: Memory) -> dict[str, "_Samples"]:
    """What the storage remembers of Responder itself."""
    gap = memory.gaps[0] if memory.gaps else None
    values = {
        "responder_storage_durable": memory.durable,
        "responder_storage_since_timestamp_seconds": (
            memory.since.timestamp() if memory.since else 0.0
        ),
        "responder_storage_history_lost": memory.history_lost,
        "responder_gap_seconds": (
            (gap.until - gap.since).total_seconds() if gap else 0.0
        ),
        "responder_gap_end_timestamp_seconds": gap.until.timestamp() if gap else 0.0,
    }
    return {name: [((), value)] for name, value in values.items()}


_Samples = Iterable[tuple[tuple[str, ...], float]]

_FAMILIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "responder_incidents": (
        "Incidents that storage holds, by state.",
        ("rule", "state"),
    ),
    "responder_open_incident_seconds": (
        "How long the oldest open incident of a rule is open; 0 without one.",
        ("rule",),
    ),
    "responder_due_lag_seconds": (
        "How long the longest waiting incident is overdue that nobody works on.",
        (),
    ),
    "responder_paused": ("1 while automatic reports are paused.", ()),
    "responder_breaker_open": (
        "1 while max_reports_per_hour holds every report.",
        (),
    ),
    "responder_reports_last_hour": (
        "Calls of the last hour that this limit counts.",
        (),
    ),
    "responder_storage_durable": (
        "0 while the storage lies where it may be lost.",
        (),
    ),
    "responder_storage_since_timestamp_seconds": (
        "When the first start wrote into this storage, in Unix seconds.",
        (),
    ),
    "responder_storage_history_lost": (
        "1 if the storage was made anew where an older one was expected.",
        (),
    ),
    "responder_gap_seconds": ("How long nobody ran the last time; 0 if never.", ()),
    "responder_gap_end_timestamp_seconds": (
        "When that ended, in Unix seconds; 0 if never.",
        (),
    ),
}


def _families(
    samples: Mapping[str, _Samples], *, readable: bool, seconds: float
) -> Iterator[GaugeMetricFamily]:
    for name, (text, labels) in _FAMILIES.items():
        family = GaugeMetricFamily(name, text, labels=labels)
        for values, number in samples.get(name, ()):
            family.add_metric(values, number)
        yield family
    yield GaugeMetricFamily(
        "responder_storage_readable",
        "1 if storage could be read for this scrape.",
        value=readable,
    )
    yield GaugeMetricFamily(
        "responder_storage_read_seconds",
        "Time that this scrape waited for storage.",
        value=seconds,
    )
