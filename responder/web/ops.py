"""What machines ask: are you alive, can you store, what did you count."""

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from responder.web.guard import Operators, text
from responder.web.parts import Parts


def ops(parts: Parts, operators: Operators) -> Blueprint:
    """`/-/healthy` and `/-/ready` are open to all; `/metrics` is not."""
    blueprint = Blueprint("ops", __name__)

    @blueprint.get("/-/healthy")
    def healthy() -> Response:
        if parts.worker_alive():
            return text(200, "healthy")
        return text(503, "503: the worker loop does not run.")

    @blueprint.get("/-/ready")
    def ready() -> Response:
        # Nothing but storage: a dead log source must never turn alerts away.
        if parts.archive.writable():
            return text(200, "ready")
        return text(503, "503: a webhook could not be stored now.")

    @blueprint.get("/metrics")
    def metrics() -> Response:
        refusal = operators.admit_scraper()
        if refusal:
            return refusal
        exposition = generate_latest(parts.metrics.registry)
        return Response(exposition, content_type=CONTENT_TYPE_LATEST)

    return blueprint
