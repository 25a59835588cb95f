"""How those who are told receive it."""

from prometheus_client import CollectorRegistry, Counter

from responder.incident.told import Reception, Where


class Tellings:
    """Attempts to tell, every series there from the first scrape."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._told = Counter(
            "responder_told",
            "Attempts to tell others what was done, by how they were received.",
            ["where", "result"],
            registry=registry,
        )
        for where in Where:
            for result in Reception:
                self._told.labels(where, result)

    def told(self, where: Where, result: Reception) -> None:
        self._told.labels(where, result).inc()
