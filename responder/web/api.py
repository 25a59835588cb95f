"""Incidents as JSON, and what can be downloaded: cassette, webhook body, report."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any, TypeVar, get_args

import yaml
from flask import Blueprint, Response, jsonify, render_template, request
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markupsafe import Markup, escape
from werkzeug.datastructures import MultiDict

from responder import __version__
from responder.incident.actions import Standing
from responder.incident.events import Event
from responder.incident.incident import Incident
from responder.incident.names import Outcome, Proof, Reason, State, Verdict
from responder.incident.phrases import clock, count_of
from responder.incident.ports import Archive
from responder.incident.report import BLANK, History, blanks, file_name, report
from responder.incident.rule import Rule
from responder.incident.view import BadCursor, IncidentSummary, Search
from responder.incident.words import sentence
from responder.replay.cassette import Hider, dump
from responder.replay.record import cassette_of
from responder.web.auth import Operators, text
from responder.web.lists import listed, timeline_of
from responder.web.parts import Services

# Incidents and events as JSON values. Times are ISO 8601 in UTC with a Z.

_INTERNAL = frozenset(
    {
        "lines",
        "failed_lines",
        "affected_lines",
        "failed_asked",
        "good_lines",
        "digest",
    }
)


def iso(at: datetime | None) -> str | None:
    """A time as `2026-11-05T16:42:10.250Z`."""
    if at is None:
        return None
    local = at.astimezone(UTC).replace(tzinfo=None)
    return f"{local.isoformat(timespec='milliseconds')}Z"


def rule_of(name: str, rules: Sequence[Rule]) -> Rule:
    """The rule of that name; a bare one if the configuration lost it."""
    known = (rule for rule in rules if rule.name == name)
    return next(known, Rule(name=name, match=(), checks=()))


def summary_json(incident: IncidentSummary) -> dict[str, Any]:
    """One incident of a list."""
    reports = [
        _report(r.at, r.method, r.outcome, r.status, r.message, r.seconds)
        for r in incident.reports
    ]
    return {
        **_facts(incident, incident.summary, reports),
        "shared_with": incident.shared_with,
    }


def incident_json(incident: Incident, rules: Sequence[Rule]) -> dict[str, Any]:
    """One incident by itself, in the same fields as in a list."""
    summary = sentence(incident, rule_of(incident.rule, rules))
    reports = [
        _report(r.at, r.method, r.outcome, r.status, r.message, r.seconds)
        for r in incident.answered
    ]
    return {
        **_facts(incident, summary, reports),
        "shared_with": incident.shared.incident if incident.shared else None,
    }


def _facts(
    incident: Incident | IncidentSummary, summary: str, reports: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "id": incident.id,
        "rule": incident.rule,
        "group": incident.group,
        "state": incident.state,
        "reason": incident.reason,
        "proof": incident.proof,
        "summary": summary,
        "opened_at": iso(incident.opened_at),
        "alert_started_at": iso(incident.alert_started_at),
        "first_error_at": iso(incident.first_error_at),
        "reported_at": iso(incident.reported_at),
        "withheld_at": iso(incident.withheld_at),
        "reported_by_hand_at": iso(incident.reported_by_hand_at),
        "ended_at": iso(incident.ended_at),
        "errors": incident.errors,
        "failed_orders": incident.failed_orders,
        "relapse_of": incident.relapse_of,
        "drill": bool(incident.drill),
        "reports": reports,
    }


def _report(
    at: datetime,
    method: str,
    outcome: str | None,
    status: int | None,
    message: str,
    seconds: float,
) -> dict[str, Any]:
    return {
        "at": iso(at),
        "method": method,
        "outcome": outcome,
        "status": status,
        "message": message,
        "seconds": seconds,
    }


def timeline_json(events: Iterable[Event]) -> list[dict[str, Any]]:
    """The events, oldest first, without what serves only our own bookkeeping."""
    timeline = []
    for event in events:
        whole = _plain(event)
        timeline.append({"at": whole["at"], "event": whole["event"], **whole})
    return timeline


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if is_dataclass(value):
        return {
            field.name: _plain(getattr(value, field.name))
            for field in fields(value)
            if field.name not in _INTERNAL
        }
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


# The OpenAPI document of the routes.

UNWRITTEN = frozenset({"HEAD", "OPTIONS"})
"""Methods that Flask adds to every route by itself."""

Document = dict[str, Any]


@cache
def whole_document() -> Document:
    """Every route, with today's words in its enums."""
    text = resources.files(__package__).joinpath("openapi.yaml").read_text("utf-8")
    found: Document = yaml.safe_load(text)
    found["info"]["version"] = __version__
    found["components"]["schemas"] |= _names()
    return found


def template(rule: str) -> str:
    """Flask's `/incidents/<path:name>` as OpenAPI's `/incidents/{name}`."""
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule)


def _names() -> Mapping[str, Document]:
    enums = (State, Reason, Outcome, Proof, Verdict)
    found = {names.__name__: [str(name) for name in names] for names in enums}
    found["EventKind"] = [_kind(event) for event in get_args(Event)]
    return {name: {"type": "string", "enum": words} for name, words in found.items()}


def _kind(event: type[Any]) -> str:
    return next(str(f.default) for f in fields(event) if f.name == "event")


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
_MOST_ROWS = 200

Name = TypeVar("Name", bound=StrEnum)
Value = TypeVar("Value")


class BadParameter(ValueError):
    """A query parameter that cannot be understood; names it and the remedy."""


def api(parts: Services, operators: Operators) -> Blueprint:
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
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _MOST_ROWS):
        raise ValueError(f"give a number from 1 to {_MOST_ROWS}")
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


# An incident as a cassette, and what a webhook said: to download, masked.


def cassettes(parts: Services, operators: Operators) -> Blueprint:
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


# The incident report: to download, and as a page to read.

_MOST_NUMBER = 9999
_HISTORY = 50
"""So many earlier incidents are counted; beyond them it says `at least`."""


def reports(parts: Services, operators: Operators) -> Blueprint:
    """`/incidents/<id>/report.md` and `/incidents/<id>/report`, `?number=1`."""
    blueprint = Blueprint("reports", __name__)
    blueprint.before_request(operators.admit_person)

    @blueprint.get("/incidents/<incident_id>/report.md")
    def download(incident_id: str) -> Response:
        number, written = _asked(parts, incident_id)
        if isinstance(written, Response):
            return written
        response = Response(written, content_type="text/markdown; charset=utf-8")
        named = f'attachment; filename="{file_name(number)}"'
        response.headers["Content-Disposition"] = named
        return response

    @blueprint.get("/incidents/<incident_id>/report")
    def read(incident_id: str) -> Response:
        number, written = _asked(parts, incident_id)
        if isinstance(written, Response):
            return written
        page = render_template(
            "report.html",
            incident_id=incident_id,
            number=number,
            file=file_name(number),
            left=len(blanks(written)),
            body=as_html(written),
        )
        return Response(page)

    return blueprint


def write_report(
    archive: Archive, incident_id: str, number: int, mask: Callable[[str], str]
) -> str | None:
    """The report of a stored incident; None if there is no such incident.

    Masked before it is written: escapes would tear a secret apart.
    """
    found = timeline_of(archive, incident_id, mask) if plain(incident_id) else None
    if found is None:
        return None
    incident, events = found
    before = Search(until=incident.opened_at, limit=1, drills=False)
    earlier = archive.search(replace(before, rule=incident.rule, limit=_HISTORY))
    history = History(
        earlier=earlier.incidents,
        more=earlier.cursor is not None,
        first=not archive.search(before).incidents,
    )
    return report(incident, events, number=number, history=history)


def as_html(markdown: str) -> Markup:
    """Markdown as safe HTML: raw HTML is text, and every blank is a `<mark>`."""
    parser = MarkdownIt("commonmark", {"html": False})
    # Before links, after escapes: a bracket that was escaped is not a blank.
    parser.inline.ruler.before("link", "blank", _blank)
    parser.add_render_rule("blank", _mark)
    return Markup(parser.render(markdown))


def _blank(state: StateInline, silent: bool) -> bool:
    found = BLANK.match(state.src, state.pos)
    end = state.src.find("]", state.pos)
    if found is None or end < 0:
        return False
    if not silent:
        token = state.push("blank", "mark", 0)
        token.content = state.src[state.pos : end + 1]
    state.pos = end + 1
    return True


def _mark(
    _renderer: RendererHTML,
    tokens: list[Token],
    index: int,
    _options: object,
    _env: object,
) -> str:
    return f"<mark>{escape(tokens[index].content)}</mark>"


def _asked(parts: Services, incident_id: str) -> tuple[int, str | Response]:
    given = request.args.get("number", "1")
    # Only few digits are made a number at all: a long row of them costs seconds.
    digits = (
        given.isascii() and given.isdigit() and len(given) <= len(str(_MOST_NUMBER))
    )
    number = int(given) if digits else 0
    if not 1 <= number <= _MOST_NUMBER:
        refusal = f"400: number: give a whole number from 1 to {_MOST_NUMBER}"
        return 0, text(400, refusal)
    written = write_report(parts.archive, incident_id, number, parts.masker)
    if written is None:
        return 0, text(404, "404: no such incident. The latest are on the first page.")
    return number, written


# What holds every report now, in words and as JSON.


def standing_words(standing: Standing) -> str:
    """Why no report leaves now, "" if any may."""
    pause = standing.pause
    if pause:
        until = f" (until {clock(pause.until)})" if pause.until else ""
        return f"{pause.by} stopped automatic reports at {clock(pause.at)}{until}."
    if standing.breaker_open:
        many = count_of(standing.max_reports_per_hour, "report")
        frees = standing.hour_frees_at
        when = f"; the next may leave at {clock(frees)}" if frees else ""
        used = f"All {many} allowed within an hour are used"
        if standing.max_reports_per_hour == 1:
            used = "The one report allowed within an hour is used"
        return f"{used}{when}."
    return ""


def standing_json(standing: Standing) -> dict[str, Any]:
    """What holds every report now."""
    pause = standing.pause
    return {
        "paused": pause is not None,
        "by": pause.by if pause else None,
        "at": iso(pause.at) if pause else None,
        "until": iso(pause.until) if pause else None,
        "held": standing.held,
        "breaker": {
            "open": standing.breaker_open,
            "reports_last_hour": standing.reports_last_hour,
            "max_reports_per_hour": standing.max_reports_per_hour,
            "closes_at": iso(standing.hour_frees_at),
        },
    }
