"""What a scrape says of readiness, also while nobody knows."""

from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from responder.incident.ports import StorageUnavailable
from responder.incident.readiness import Aspect, Fact, Readiness
from responder.metrics import Metrics
from tests.fakes import NOON, readings
from tests.web_parts import RULE


def judged() -> Readiness:
    """Nobody has ordered; all else is well."""
    facts = (Fact(aspect=a, ok=a is not Aspect.TRAFFIC, words="") for a in Aspect)
    return Readiness(at=NOON, facts=tuple(facts))


def unknown() -> None:
    """Nothing was asked yet."""


def away() -> Readiness:
    raise StorageUnavailable("the server is gone")


@pytest.mark.parametrize(
    ("ask", "ready", "traffic"), [(judged, "1.0", "0.0"), (unknown, "NaN", "NaN")]
)
def test_each_aspect_is_said_to_be_so_or_not_or_unknown(
    ask: Callable[[], Readiness | None], ready: str, traffic: str
) -> None:
    said = scraped(ask)
    assert said.pop("traffic") == traffic
    assert said == {a: ready for a in Aspect if a is not Aspect.TRAFFIC}


def test_while_storage_is_away_no_aspect_is_said_to_be_missing() -> None:
    assert scraped(away) == {}


def scraped(ask: Callable[[], Readiness | None]) -> dict[str, str]:
    metrics = Metrics(
        CollectorRegistry(),
        rules=[RULE],
        version="1.0",
        config_sha="cafe",
        stored=readings(),
    )
    metrics.watch_readiness(ask)
    lines = generate_latest(metrics.registry).decode().splitlines()
    samples = [line for line in lines if line.startswith("responder_ready{")]
    return {line.split('"')[1]: line.split()[-1] for line in samples}
