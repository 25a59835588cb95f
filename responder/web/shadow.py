"""What rules in shadow or veto have shown: for a page and for `responder shadow`."""

from typing import Any

from flask import Blueprint, Response, jsonify

from responder.incident.listing import Search
from responder.incident.names import Mode
from responder.incident.trust import LOOKED_BACK, Trust, trust
from responder.web.guard import Operators
from responder.web.parts import Parts

_MOST = 500


def shadow_api(parts: Parts, operators: Operators) -> Blueprint:
    """`/api/shadow`."""
    blueprint = Blueprint("shadow_api", __name__, url_prefix="/api")
    blueprint.before_request(operators.admit)

    @blueprint.get("/shadow")
    def shadow() -> Response:
        return jsonify({"rules": [_json(found) for found in trusts(parts)]})

    return blueprint


def trusts(parts: Parts) -> list[Trust]:
    """Each rule that is not automatic yet, by the latest incidents of 90 days."""
    since = parts.clock.now() - LOOKED_BACK
    found = []
    for rule in parts.rules:
        if rule.mode is Mode.AUTO:
            continue
        asked = Search(rule=rule.name, since=since, drills=False, limit=_MOST)
        known = parts.archive.search(asked).incidents
        drills = parts.drills.passed(rule.name, since)
        found.append(trust(rule, known, drills))
    return found


def _json(found: Trust) -> dict[str, Any]:
    return {
        "rule": found.rule,
        "mode": found.mode,
        "right": found.right,
        "wrong": found.wrong,
        "missed": found.missed,
        "unsaid": found.unsaid,
        "saved_seconds": sum(one.total_seconds() for one in found.saved),
        "drills": found.drills,
        "ready_for": found.ready_for,
        "sentence": found.sentence,
    }
