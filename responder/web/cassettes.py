"""An incident as a cassette, and what a webhook said: to download, masked."""

import json

from flask import Blueprint, Response

from responder.cassette.archived import cassette_of
from responder.cassette.files import dump
from responder.cassette.masked import Hider
from responder.web.api import plain
from responder.web.guard import Operators
from responder.web.parts import Parts


def cassettes(parts: Parts, operators: Operators) -> Blueprint:
    """`/api/incidents/<id>/cassette` and `/api/deliveries/<id>/body`."""
    blueprint = Blueprint("cassettes", __name__, url_prefix="/api")
    blueprint.before_request(operators.admit)
    rules = {rule.name: rule for rule in parts.rules}

    @blueprint.get("/incidents/<incident_id>/cassette")
    def cassette(incident_id: str) -> Response:
        found = None
        if plain(incident_id):
            found = cassette_of(parts.archive, incident_id, rules, parts.masker)
        if found is None:
            return _missing("no such incident; list them with /api/incidents")
        return _file(dump(found), "application/yaml", f"{found.name}.yaml")

    @blueprint.get("/deliveries/<delivery_id>/body")
    def body(delivery_id: str) -> Response:
        found = parts.archive.body(delivery_id) if plain(delivery_id) else None
        if found is None:
            return _missing("no such delivery; an incident's page names its own")
        hider = Hider(mask=parts.masker)
        hider.see(found.text)
        text = hider.text(found.text)
        return _file(text, "application/json", f"{found.sender}-{found.id}.json")

    return blueprint


def _file(text: str, kind: str, name: str) -> Response:
    response = Response(text, content_type=f"{kind}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _missing(words: str) -> Response:
    body = json.dumps({"error": words})
    return Response(body, status=404, content_type="application/json")
