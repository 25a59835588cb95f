"""The checklist of an empty Responder, and the button that ends it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from flask import Blueprint, Response

from responder.incident.first_run import Step, checklist
from responder.incident.listing import Search
from responder.incident.readiness import Readiness
from responder.web.doing import Said, answer
from responder.web.guard import Operators
from responder.web.login import short_form
from responder.web.parts import Parts

_EVER = datetime(1970, 1, 1, tzinfo=UTC)


def first_run(parts: Parts, operators: Operators) -> Blueprint:
    """`/do/first-run`."""
    blueprint = Blueprint("first_run", __name__)
    blueprint.before_request(operators.admit_person)
    blueprint.before_request(short_form)

    @blueprint.post("/do/first-run")
    def dismiss() -> Response:
        if parts.first_run is not None:
            parts.first_run.end()
        return answer(Said(words="The checklist is gone. Readiness stays."))

    return blueprint


def steps_of(parts: Parts, ready: Readiness | None, heard: bool) -> Sequence[Step]:
    """The steps; none once the checklist is over, or a real incident has ended.

    When the last one is ticked it is over for good.
    """
    if parts.first_run is None or parts.first_run.over():
        return ()
    known = parts.archive.search(Search(limit=50, drills=False)).incidents
    if any(incident.ended_at for incident in known):
        return ()
    passed = any(parts.drills.passed(rule.name, _EVER) for rule in parts.rules)
    steps = checklist(
        ready,
        heard=heard,
        incidents=bool(known),
        drill=parts.drills.last(),
        passed=passed,
    )
    if all(step.done for step in steps):
        parts.first_run.end()
        return ()
    return steps
