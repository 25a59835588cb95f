"""Health, readiness and metrics, for machines."""

import secrets

from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from responder.config.settings import is_loopback
from responder.incident.ports import Storing
from responder.web.auth import Operators, stranger, text
from responder.web.parts import Services

INSTANCE = "X-Responder-Instance"
"""The process that answered, on every answer of `/-/healthy`, refusals too."""


def ops(parts: Services, operators: Operators) -> Blueprint:
    """`/-/healthy`, `/-/ready` and `/metrics`, to whom `server` says."""
    blueprint = _named_process()

    def refused_health() -> Response | None:
        probe = is_loopback(request.remote_addr or "")
        if probe and not stranger(parts.server, Operators.remedy):
            return None  # `responder healthcheck`, on this machine
        return operators.admit_machine(parts.server.health_auth)

    @blueprint.get("/-/healthy")
    def healthy() -> Response:
        refusal = refused_health()
        if refusal:
            return refusal
        if parts.worker_alive():
            return text(200, "healthy")
        return text(503, "503: the worker loop does not run.")

    @blueprint.get("/-/ready")
    def ready() -> Response:
        refusal = refused_health()
        if refusal:
            return refusal
        return _ready(parts)

    @blueprint.get("/metrics")
    def metrics() -> Response:
        refusal = operators.admit_machine(parts.server.metrics_auth)
        if refusal:
            return refusal
        exposition = generate_latest(parts.metrics.registry)
        return Response(exposition, content_type=CONTENT_TYPE_LATEST)

    return blueprint


def _ready(parts: Services) -> Response:
    # Nothing but storage: a dead log source must never turn alerts away.
    storing, away = parts.storing(), parts.storage_lost() or "the database is away"
    if storing is Storing.DATABASE:
        return text(200, "ready")
    if storing is Storing.SPOOL:
        return text(200, f"ready: {away}, deliveries are spooled")
    return text(503, f"503: a webhook could not be stored now: {away}.")


def _named_process() -> Blueprint:
    """Named anew in every process: by it `doctor` knows where an address leads."""
    blueprint = Blueprint("ops", __name__)
    instance = secrets.token_hex(6)

    @blueprint.after_request
    def named(response: Response) -> Response:
        if request.path == "/-/healthy":
            response.headers[INSTANCE] = instance
        return response

    return blueprint
