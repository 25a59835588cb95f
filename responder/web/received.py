"""What is told of a delivery once it is stored: metrics, and one log line."""

import logging
from collections import Counter

from responder.incident.alert import Delivery
from responder.incident.names import Verdict
from responder.incident.ports import Accepted
from responder.web.parts import WebhookCounting

_log = logging.getLogger("responder.webhooks")


def tell(metrics: WebhookCounting, delivery: Delivery, accepted: Accepted) -> None:
    """Count a stored delivery and its alerts, and write its line."""
    notification = delivery.notification
    if not notification.drill:
        metrics.heard(delivery.received_at)
    for alert, said in zip(notification.alerts, accepted.verdicts, strict=False):
        if said.verdict is Verdict.DRILL:
            continue
        metrics.alert(alert.status, said.verdict)
        if said.verdict is Verdict.HEARTBEAT:
            metrics.heartbeat(delivery.received_at)
        if said.rule and said.verdict in (Verdict.OPENED, Verdict.JOINED):
            delay = delivery.received_at - alert.starts_at
            metrics.alert_delay(said.rule, delay.total_seconds())
    _log.info(
        "delivery accepted",
        extra={
            "delivery": delivery.id,
            "sender": notification.sender.value,
            "credential": delivery.credential,
            "verdicts": dict(Counter(v.verdict.value for v in accepted.verdicts)),
            "incidents": sorted({v.incident for v in accepted.verdicts if v.incident}),
        },
    )
