"""Open an incident by hand: Grafana is down, look now."""

import logging
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template

from responder.incident.lookout import by_hand
from responder.incident.openings import Began, NoSuchRule
from responder.incident.phrases import clock
from responder.incident.rule import Rule
from responder.web import asked
from responder.web.actions import WrongType, json_body, refused, wrong_type
from responder.web.doing import Said, answer
from responder.web.guard import Operators, text
from responder.web.login import short_form
from responder.web.parts import Parts
from responder.web.presenting import iso

log = logging.getLogger("responder.operators")


def opening_api(parts: Parts, operators: Operators) -> Blueprint:
    """`/api/rules/<rule>/open`."""
    blueprint = Blueprint("opening_api", __name__, url_prefix="/api/rules")
    blueprint.before_request(operators.admit)
    blueprint.register_error_handler(asked.BadField, lambda e: refused(400, str(e)))
    blueprint.register_error_handler(WrongType, wrong_type)
    blueprint.register_error_handler(NoSuchRule, lambda e: refused(404, str(e)))

    @blueprint.post("/<rule>/open")
    def opened(rule: str) -> Response:
        asked.only(json_body())
        return jsonify(began_json(press_open(parts, operators.name(), rule)))

    return blueprint


def opening(parts: Parts, operators: Operators) -> Blueprint:
    """`/do/open/<rule>`, and the question before it."""
    blueprint = Blueprint("opening", __name__)
    blueprint.before_request(operators.admit_person)
    blueprint.before_request(short_form)
    blueprint.register_error_handler(NoSuchRule, lambda e: text(404, f"404: {e}"))

    @blueprint.get("/ask/open/<rule>")
    def ask(rule: str) -> Response:
        page = render_template("ask_open.html", rule=_rule(parts, rule))
        return make_response(page)

    @blueprint.post("/do/open/<rule>")
    def open_now(rule: str) -> Response:
        began = press_open(parts, operators.name(), rule)
        return answer(Said(words=_words(began, operators.name())), began.incident)

    return blueprint


def press_open(parts: Parts, by: str, name: str) -> Began:
    """Open it, tell the log and the worker. Raises `NoSuchRule`."""
    opened = by_hand(_rule(parts, name), by, parts.clock.now())
    began = parts.openings.open(opened)
    assert began is not None, "without a look nothing can be too old"
    facts = {"incident": began.incident, "rule": began.rule, "action": "open"}
    log.info("acted", extra={**facts, "operator": by, "done": began.done})
    if began.lease is not None:
        parts.hand_over([began.lease])
    return began


def began_json(began: Began) -> dict[str, Any]:
    """The incident that is open now. Not `done`: it was open before."""
    return {
        "incident": began.incident,
        "rule": began.rule,
        "done": began.done,
        "at": iso(began.at),
        "words": "done" if began.done else _open_before(began),
    }


def _words(began: Began, by: str) -> str:
    if began.done:
        return f"Opened by {by}: the error logs of {began.rule} are being counted."
    return f"An incident of {began.rule} {_open_before(began)}."


def _open_before(began: Began) -> str:
    return f"is open already, since {clock(began.at)} UTC"


def _rule(parts: Parts, name: str) -> Rule:
    found = next((rule for rule in parts.rules if rule.name == name), None)
    if found is None:
        known = ", ".join(rule.name for rule in parts.rules) or "none"
        raise NoSuchRule(f"no such rule; there are: {known}")
    return found
