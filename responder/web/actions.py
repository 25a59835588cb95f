"""What operators do by API: the pause, and actions on one incident.

`press` and `press_pause` are the same for a page with buttons.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from flask import Blueprint, Response, jsonify, request

from responder.incident.actions import Action, Close
from responder.incident.controls import NoSuchIncident, Pressed, TooLate
from responder.incident.names import Decision, Reason
from responder.incident.phrases import clock
from responder.web import asked
from responder.web.api import plain
from responder.web.body import read_body
from responder.web.guard import Operators
from responder.web.parts import Parts
from responder.web.presenting import iso
from responder.web.standing import standing_json

log = logging.getLogger("responder.operators")
MOST = 64 * 1024


class WrongType(Exception):
    """The body says that it is something other than JSON."""


def actions(parts: Parts, operators: Operators) -> Blueprint:
    """`/api/pause` and `/api/incidents/<id>/<action>`."""
    blueprint = Blueprint("actions", __name__, url_prefix="/api")
    blueprint.before_request(operators.admit)
    blueprint.register_error_handler(asked.BadField, lambda e: refused(400, str(e)))
    blueprint.register_error_handler(WrongType, wrong_type)
    blueprint.register_error_handler(NoSuchIncident, _nothing_there)
    blueprint.register_error_handler(TooLate, _too_late)

    @blueprint.get("/pause")
    def paused() -> Response:
        return jsonify(standing_json(parts.controls.standing()))

    @blueprint.post("/pause")
    def pause() -> Response:
        on, until = asked.pause_until(json_body(), parts.clock.now())
        press_pause(parts, operators.name(), on=on, until=until)
        return Response(status=204)

    @blueprint.post("/incidents/<incident_id>/undo-veto")
    def undo_veto(incident_id: str) -> Response:
        return refused(410, "undo-veto was removed: report takes a veto back")

    for name in asked.ACTIONS:
        blueprint.add_url_rule(
            f"/incidents/<incident_id>/{name}",
            name,
            partial(_act, parts, operators, name),
            methods=["POST"],
        )
    return blueprint


def _act(parts: Parts, operators: Operators, name: str, incident_id: str) -> Response:
    by, now = operators.name(), parts.clock.now()
    action = asked_for(parts, name, json_body(), by, now)
    return jsonify(pressed_json(press(parts, incident_id, name, action)))


def asked_for(
    parts: Parts, name: str, body: Mapping[str, Any], by: str, now: datetime
) -> Action:
    """The action of that name with these fields. Raises `asked.BadField`."""
    return asked.action(name, body, by, now, parts.masker)


def press(parts: Parts, incident_id: str, name: str, action: Action) -> Pressed:
    """Do it, tell the log and the worker. Raises `NoSuchIncident`, `TooLate`."""
    if not plain(incident_id):
        raise NoSuchIncident(incident_id)
    pressed = parts.controls.act(incident_id, action)
    if pressed.lease is not None:
        parts.hand_over([pressed.lease])
    facts = {"incident": pressed.incident, "rule": pressed.rule, "action": name}
    log.info("acted", extra={**facts, "operator": action.by, "done": pressed.done})
    if isinstance(action, Close) and pressed.done:
        reason = Reason.CLOSED_BY_PERSON
        parts.metrics.decided(pressed.rule, Decision.FINISH, reason)
    return pressed


def press_pause(parts: Parts, by: str, *, on: bool, until: datetime | None) -> None:
    """Pause until then (None: until resumed), or resume."""
    if on:
        parts.controls.pause(by, until)
    else:
        parts.controls.resume(by)
    facts = {"operator": by, "paused": on, "until": iso(until)}
    log.warning("pause pressed", extra=facts)


def pressed_json(pressed: Pressed) -> dict[str, Any]:
    """What an action came to. Not `done`: `words` say who was first."""
    words = "done"
    if not pressed.done:
        words = f"{pressed.by} already did this at {clock(pressed.at)}"
    return {
        "incident": pressed.incident,
        "state": pressed.state,
        "done": pressed.done,
        "by": pressed.by,
        "at": iso(pressed.at),
        "words": words,
    }


def json_body(most: int = MOST) -> dict[str, Any]:
    """The JSON body. A page of another site cannot send that type unasked."""
    if request.content_type is not None and not request.is_json:
        raise WrongType
    raw = read_body(request.stream, most, most)
    if raw is None:
        raise asked.BadField(f"body: longer than {most} bytes; send less")
    if raw.strip() and not request.is_json:
        raise WrongType
    return asked.decode(raw)


def refused(status: int, words: str, **more: object) -> Response:
    response = jsonify({"error": words, **more})
    response.status_code = status
    return response


def wrong_type(_error_: WrongType) -> Response:
    return refused(415, "Content-Type: send application/json")


def _nothing_there(_error_: NoSuchIncident) -> Response:
    return refused(404, "no such incident; list them with /api/incidents")


def _too_late(late: TooLate) -> Response:
    return refused(409, late.words, by=late.by or None, at=iso(late.at))
