"""Grafana's heartbeat on the first page: that it comes, and that it stays away."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from responder.incident.listing import HeardDelivery
from responder.incident.phrases import clock, span


def silence(beats: Sequence[HeardDelivery], at: datetime, within: timedelta) -> str:
    """Why an outage might not reach us; "" while it beats, or if it never did.

    `beats` is newest first. Without the rule in Grafana there is none to miss.
    """
    if not beats or at - beats[0].received_at <= within:
        return ""
    last = beats[0].received_at
    day = f"{last:%Y-%m-%d} " if at - last > timedelta(hours=20) else ""
    return (
        f"Grafana's heartbeat, due every few minutes, was last heard {span(at - last)} "
        f"ago, at {day}{clock(last)} UTC. Next: look in Grafana at the rule "
        "ResponderHeartbeat and its contact point."
    )
