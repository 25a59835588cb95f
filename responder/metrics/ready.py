"""Whether an outage would be answered, judged anew at each scrape."""

from collections.abc import Callable, Iterator
from math import nan

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from responder.incident.ports import StorageUnavailable
from responder.incident.readiness import Aspect, Readiness


class Ready(Collector):
    """1 for each aspect that is as it must be, 0 for one that is not.

    NaN before the first answers; no series at all while storage cannot be read.
    """

    def __init__(self) -> None:
        self.judged: Callable[[], Readiness | None] = lambda: None

    def describe(self) -> Iterator[GaugeMetricFamily]:
        yield _family()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = _family()
        try:
            ready = self.judged()
        except StorageUnavailable:
            yield found
            return
        for aspect in Aspect:
            found.add_metric([aspect], ready.fact(aspect).ok if ready else nan)
        yield found


def _family() -> GaugeMetricFamily:
    return GaugeMetricFamily(
        "responder_ready",
        "1 if an outage would be answered as far as this aspect goes.",
        labels=["aspect"],
    )
