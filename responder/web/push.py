"""Loki's push form for embedded logs. What comes in here is evidence."""

from flask import Blueprint, Response, request

from responder.incident.bounds import TooLarge
from responder.incident.ports import StorageUnavailable
from responder.web.body import read_body
from responder.web.guard import shows, stranger, text
from responder.web.parts import Parts, PushEndpoint

_REMEDY = "Configure `logs.push_auth` to take lines from other machines."


def push(parts: Parts, endpoint: PushEndpoint) -> Blueprint:
    """`POST /loki/api/v1/push`, JSON, gzip too."""
    blueprint = Blueprint("push", __name__)

    @blueprint.post("/loki/api/v1/push")
    def take() -> Response:
        raw = read_body(request.stream, parts.server.max_body)
        refusal = _refused(parts, endpoint)
        if refusal:
            return refusal
        if raw is None:
            return text(413, "413: the batch is too large, push smaller ones.")
        encoding = request.headers.get("Content-Encoding", "")
        try:
            endpoint.add(endpoint.parse(raw, encoding, parts.clock.now()))
        except TooLarge as error:
            return text(413, parts.masker(f"413: {error}"))
        except ValueError as error:
            return text(400, parts.masker(f"400: {error}"))
        except StorageUnavailable:
            return text(503, "503: the lines could not be stored, push them again.")
        return Response(status=204)

    return blueprint


def _refused(parts: Parts, endpoint: PushEndpoint) -> Response | None:
    if endpoint.bearer:
        if not shows(endpoint.bearer):
            return text(401, "401: send `Authorization: Bearer` and logs.push_auth's.")
    elif not parts.server.loopback:
        return text(401, f"401: no token is configured. {_REMEDY}")
    elif why := stranger(parts.server, _REMEDY):
        return text(403, why)
    if request.mimetype == "application/x-protobuf":
        return text(
            415, "415: only Loki's JSON form is understood; push application/json."
        )
    return None
