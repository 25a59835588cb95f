"""Drills: started by API or button, followed on a page that ticks by itself."""

import logging
from typing import Any

from flask import Blueprint, Response, jsonify, request

from responder.config.addresses import reachable, written
from responder.incident.drills import Drill, Part, part_words
from responder.incident.openings import NoSuchRule
from responder.web import asked
from responder.web.actions import WrongType, json_body, refused, wrong_type
from responder.web.api import plain
from responder.web.doing import Said, answer
from responder.web.guard import Operators, text
from responder.web.live import BUSY, QUIET, fingerprint, served
from responder.web.login import short_form
from responder.web.parts import Parts
from responder.web.presenting import iso

log = logging.getLogger("responder.operators")


def drilling_api(parts: Parts, operators: Operators) -> Blueprint:
    """`/api/drill`."""
    blueprint = Blueprint("drilling_api", __name__, url_prefix="/api/drill")
    blueprint.before_request(operators.admit)
    blueprint.register_error_handler(asked.BadField, lambda e: refused(400, str(e)))
    blueprint.register_error_handler(WrongType, wrong_type)
    blueprint.register_error_handler(NoSuchRule, lambda e: refused(404, str(e)))

    @blueprint.post("")
    def drill() -> Response:
        body = json_body()
        asked.only(body, "rule")
        rule = body.get("rule")
        if rule is not None and not isinstance(rule, str):
            raise asked.BadField("rule: give the name of a rule, or leave it out")
        return jsonify(drill_json(press_drill(parts, operators.name(), rule)))

    @blueprint.get("")
    def last() -> Response:
        found = parts.drills.last()
        return jsonify({"drill": drill_json(found) if found else None})

    @blueprint.get("/<drill_id>")
    def one(drill_id: str) -> Response:
        found = parts.drills.find(drill_id) if plain(drill_id) else None
        if found is None:
            return refused(404, "no such drill; the last is at /api/drill")
        return jsonify(drill_json(found))

    return blueprint


def drilling(parts: Parts, operators: Operators) -> Blueprint:
    """`/drill`, and the button `/do/drill`."""
    blueprint = Blueprint("drilling", __name__)
    blueprint.before_request(operators.admit_person)
    blueprint.before_request(short_form)
    blueprint.register_error_handler(NoSuchRule, lambda e: text(404, f"404: {e}"))

    @blueprint.get("/drill")
    def page() -> Response:
        at, drill = parts.clock.now(), parts.drills.last()
        busy = drill is not None and drill.result == "running"

        def values() -> dict[str, object]:
            return {
                "drill": drill,
                "steps": steps(drill),
                "rules": parts.rules,
                "head": None,
            }

        every = BUSY if busy else QUIET
        return served("drill", fingerprint(drill), at, every, values)

    @blueprint.post("/do/drill")
    def drill_now() -> Response:
        rule = request.form.get("rule") or None
        drill = press_drill(parts, operators.name(), rule)
        return answer(Said(words=f"The drill of {drill.rule} is under way."))

    return blueprint


def press_drill(parts: Parts, by: str, rule: str | None) -> Drill:
    """Start one, or find the one that runs. Raises `NoSuchRule`."""
    if parts.drilling is None:
        raise NoSuchRule("nobody runs drills here")
    port = int(request.environ.get("SERVER_PORT") or parts.server.port)
    listening = f"http://{written(reachable(parts.server.host), port)}"
    drill = parts.drilling.start(rule, by, listening)
    facts = {"drill": drill.id, "rule": drill.rule, "action": "drill"}
    log.info("acted", extra={**facts, "operator": by, "done": drill.by == by})
    return drill


def drill_json(drill: Drill) -> dict[str, Any]:
    """A drill with its steps, as far as it has come."""
    return {
        "id": drill.id,
        "rule": drill.rule,
        "by": drill.by,
        "at": iso(drill.at),
        "ended_at": iso(drill.ended_at),
        "incident": drill.incident,
        "result": drill.result,
        "seconds": drill.seconds,
        "sentence": drill.sentence,
        "steps": [
            {"step": t.part, "came": t.came, "words": t.words, "mend": t.mend}
            for t in drill.taken
        ],
    }


_SIGNS = {"done": "\u2713", "broken": "\u2717", "unproven": "?"}


def steps(drill: Drill | None) -> list[dict[str, str]]:
    """Every step in its order, those not taken yet too."""
    taken = {t.part: t for t in drill.taken} if drill else {}
    return [
        {
            "sign": _SIGNS[taken[part].came] if part in taken else "\u00b7",
            "name": part_words(part),
            "came": taken[part].came.value if part in taken else "not taken",
            "words": taken[part].words if part in taken else "",
            "mend": taken[part].mend if part in taken else "",
        }
        for part in Part
    ]
