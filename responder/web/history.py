"""What was: every incident, searched and filtered, and the alerts that were ignored."""

from datetime import datetime
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, render_template, request
from werkzeug.datastructures import MultiDict

from responder.incident.listing import BadCursor, IncidentPage, Search
from responder.incident.names import Outcome, State, Verdict
from responder.incident.words import outcome_words, state_words
from responder.web.api import BadParameter, search_of
from responder.web.guard import Operators
from responder.web.lists import DeliveryRow, IncidentRow, would_have_reported
from responder.web.masked import listed, timeline_of, untwisted
from responder.web.parts import Parts

_IGNORED = 100
_WITHHELD = 20
_FIELDS = ("text", "rule", "state", "outcome", "from", "to")


def history(parts: Parts, operators: Operators) -> Blueprint:
    """`/incidents` and `/ignored`, complete without any script."""
    blueprint = Blueprint("history", __name__)
    blueprint.before_request(operators.admit_person)

    @blueprint.get("/incidents")
    def incidents() -> Response:
        return _incidents(parts)

    @blueprint.get("/ignored")
    def ignored() -> Response:
        now = parts.clock.now()
        found = parts.archive.deliveries(verdict=Verdict.IGNORED, limit=_IGNORED)
        rows = [DeliveryRow.of(delivery, now) for delivery in found]
        return make_response(render_template("ignored.html", rows=rows, most=_IGNORED))

    return blueprint


def _incidents(parts: Parts) -> Response:
    given = MultiDict((n, v.strip()) for n, v in request.args.items() if v.strip())
    wrong = ""
    try:
        page = listed(parts.archive, search_of(given), parts.masker)
    except (BadCursor, BadParameter) as error:
        page, wrong = IncidentPage(incidents=(), cursor=None), _sentence(error)
    shown = render_template(
        "history.html",
        rows=_rows(page, parts.clock.now()),
        given=given,
        wrong=wrong,
        asked=[f"{name}={given[name]}" for name in _FIELDS if name in given],
        older=_older(given, page.cursor),
        rules=[rule.name for rule in parts.rules],
        states=[(state.value, state_words(state)) for state in State],
        withheld=_withheld(parts),
        outcomes=[(outcome.value, outcome_words(outcome)) for outcome in Outcome],
    )
    return make_response(shown, 400 if wrong else 200)


def _withheld(parts: Parts) -> list[tuple[str, str, str]]:
    """The latest that a rule in shadow mode would have reported: id, rule, words."""
    asked = Search(withheld=True, drills=False, limit=_WITHHELD)
    found = []
    for one in parts.archive.search(asked).incidents:
        known = timeline_of(parts.archive, one.id, parts.masker)
        if known is not None:
            words = untwisted(would_have_reported(known[0]))
            found.append((one.id, one.rule, words))
    return found


def _rows(page: IncidentPage, now: datetime) -> list[IncidentRow]:
    return [IncidentRow.of(incident, now) for incident in page.incidents]


def _sentence(error: BadCursor | BadParameter) -> str:
    if isinstance(error, BadCursor):
        return "This page of the list is not one of ours: search anew."
    return f"Not understood: {error}."


def _older(given: "MultiDict[str, str]", cursor: str | None) -> str:
    """The query of the next page, "" at the end of the list."""
    if cursor is None:
        return ""
    kept = {name: value for name, value in given.items() if name != "cursor"}
    return urlencode({**kept, "cursor": cursor})
