"""Incidents as JSON."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from flask import Blueprint, Response, jsonify, request
from werkzeug.datastructures import MultiDict

from responder.incident.listing import BadCursor, Search
from responder.incident.names import Outcome, State
from responder.web.guard import Operators
from responder.web.masked import listed, timeline_of
from responder.web.openapi import whole_document
from responder.web.parts import Parts
from responder.web.presenting import incident_json, summary_json, timeline_json

_PARAMETERS = (
    "rule",
    "state",
    "outcome",
    "text",
    "from",
    "to",
    "limit",
    "cursor",
)
_LONGEST = 200
_MOST = 200

Name = TypeVar("Name", bound=StrEnum)
Value = TypeVar("Value")


class BadParameter(ValueError):
    """A query parameter that cannot be understood; names it and the remedy."""


def api(parts: Parts, operators: Operators) -> Blueprint:
    """`/api/incidents` and one of them."""
    blueprint = Blueprint("api", __name__, url_prefix="/api")
    blueprint.before_request(operators.admit)

    @blueprint.get("/openapi.json")
    def openapi() -> Response:
        return jsonify(whole_document())

    @blueprint.get("/incidents")
    def incidents() -> Response:
        try:
            page = listed(parts.archive, search_of(request.args), parts.masker)
        except BadCursor:
            return _error(400, "cursor: not one of ours; leave it out to start anew")
        except BadParameter as error:
            return _error(400, str(error))
        found = [summary_json(incident) for incident in page.incidents]
        return jsonify({"incidents": found, "cursor": page.cursor})

    @blueprint.get("/incidents/<incident_id>")
    def incident(incident_id: str) -> Response:
        found = None
        if plain(incident_id):
            found = timeline_of(parts.archive, incident_id, parts.masker)
        if found is None:
            return _error(404, "no such incident; list them with /api/incidents")
        known, events = found
        whole = incident_json(known, parts.rules)
        return jsonify({**whole, "timeline": timeline_json(events)})

    return blueprint


def plain(identifier: str) -> bool:
    """Whether a path's part could be an id at all, and not a trick on storage."""
    return identifier.isprintable() and len(identifier) <= _LONGEST


def search_of(given: MultiDict[str, str]) -> Search:
    """The search that the query asks for. Raises BadParameter."""
    values = _values(given)
    return Search(
        rule=values.get("rule"),
        state=_taken(values, "state", lambda text: _name(text, State)),
        outcome=_taken(values, "outcome", lambda text: _name(text, Outcome)),
        text=values.get("text"),
        since=_taken(values, "from", _moment),
        until=_taken(values, "to", _moment),
        limit=_taken(values, "limit", _limit) or 50,
        cursor=values.get("cursor"),
    )


def _values(given: MultiDict[str, str]) -> dict[str, str]:
    for name in given:
        if name not in _PARAMETERS:
            raise BadParameter(
                f"{name[:40]}: unknown; use one of {', '.join(_PARAMETERS)}"
            )
        if len(given.getlist(name)) > 1:
            raise BadParameter(f"{name}: given twice; give it once")
        if len(given[name]) > _LONGEST or "\0" in given[name]:
            raise BadParameter(f"{name}: give at most {_LONGEST} characters of text")
    return {name: value for name, value in given.items() if value}


def _taken(
    values: Mapping[str, str], name: str, read: Callable[[str], Value]
) -> Value | None:
    if name not in values:
        return None
    try:
        return read(values[name])
    except (ValueError, OverflowError) as error:
        raise BadParameter(f"{name}: {error}") from None


def _name(text: str, names: type[Name]) -> Name:
    try:
        return names(text)
    except ValueError:
        raise ValueError(f"unknown; use one of {', '.join(names)}") from None


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _MOST):
        raise ValueError(f"give a number from 1 to {_MOST}")
    return int(text)


def _moment(text: str) -> datetime:
    remedy = "give a time such as 2026-11-05T16:42:10Z or a day such as 2026-11-05"
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None and len(text) > len("2026-11-05"):
            raise ValueError(remedy)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(remedy) from None


def _error(status: int, words: str) -> Response:
    response = jsonify({"error": words})
    response.status_code = status
    return response
