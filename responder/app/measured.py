"""The metrics of a service on its storage, as they are when it starts."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

from prometheus_client import CollectorRegistry

from responder import __version__
from responder.config.settings import Settings
from responder.incident.names import WEBHOOKS, Verdict
from responder.incident.ports import StorageUnavailable
from responder.metrics import Metrics
from responder.metrics.stored import Readings
from responder.store.life import Life
from responder.store.store import Store

_RECENT = 100
"""Among so many a webhook is looked for: earlier versions stored other deliveries."""


def metrics_of(
    settings: Settings, store: Store, life: Life, registry: CollectorRegistry
) -> Metrics:
    """They remember across restarts when Grafana was heard last."""
    metrics = Metrics(
        registry,
        rules=settings.rules,
        version=__version__,
        config_sha=settings.sha,
        stored=_readings(store, life),
    )
    with suppress(StorageUnavailable):
        recent = store.deliveries(limit=_RECENT)
        for delivery in [d for d in recent if d.sender in WEBHOOKS][:1]:
            metrics.heard(delivery.received_at)
        for delivery in store.deliveries(verdict=Verdict.HEARTBEAT, limit=1):
            metrics.heartbeat(delivery.received_at)
    return metrics


def _readings(store: Store, life: Life) -> Readings:
    def due_lag() -> timedelta:
        due, now = store.next_due(), store.clock.now()
        return max(now - due, timedelta()) if due else timedelta()

    def open_for() -> Mapping[str, timedelta]:
        now = store.clock.now()
        return {rule: now - at for rule, at in store.opened().items()}

    return Readings(
        counts=store.counts,
        standing=store.controls.standing,
        due_lag=due_lag,
        open_for=open_for,
        memory=life.memory,
    )
