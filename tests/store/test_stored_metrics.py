"""What is read from storage at a scrape, while the storage does not answer."""

from typing import NoReturn

from prometheus_client import CollectorRegistry, generate_latest

from responder.incident.ports import StorageUnavailable
from responder.metrics import Metrics
from tests.fakes import readings
from tests.web_parts import RULE


def away() -> NoReturn:
    raise StorageUnavailable("the server is gone")


def test_a_storage_that_does_not_answer_leaves_its_samples_out_and_the_others_in() -> (
    None
):
    metrics = Metrics(
        CollectorRegistry(),
        rules=[RULE],
        version="1.0",
        config_sha="cafe",
        stored=readings(away, away, memory=away),
    )
    lines = generate_latest(metrics.registry).decode().splitlines()
    samples = [line for line in lines if not line.startswith("#")]
    assert any(line.startswith("responder_spooled_deliveries 0") for line in samples)
    stored = ("responder_incidents", "responder_paused", "responder_storage_durable")
    assert not [line for line in samples if line.startswith(stored)]
