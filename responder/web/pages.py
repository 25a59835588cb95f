"""The pages for people: what is going on now, and one incident's story."""

from datetime import timedelta

from flask import Blueprint, Response, make_response, render_template

from responder.incident.names import State, Verdict
from responder.incident.ports import Search
from responder.web.api import plain
from responder.web.guard import Operators, text
from responder.web.headline import Now, headline, incident_headline
from responder.web.parts import Parts
from responder.web.presenting import rule_of
from responder.web.story import DeliveryRow, IncidentRow, Story

_RECENT = 8
_BUSY, _QUIET = 5, 30
"""Seconds until the page loads itself anew."""


def pages(parts: Parts, operators: Operators) -> Blueprint:
    """`/` and `/incidents/<id>`, complete without any script."""
    blueprint = Blueprint("pages", __name__)
    blueprint.before_request(operators.admit)

    @blueprint.get("/")
    def now() -> Response:
        return _now(parts)

    @blueprint.get("/incidents/<incident_id>")
    def incident(incident_id: str) -> Response:
        return _incident(parts, incident_id)

    return blueprint


def _now(parts: Parts) -> Response:
    at, archive = parts.clock.now(), parts.archive
    open_ones = archive.search(Search(open_only=True)).incidents
    latest = archive.search(Search(limit=_RECENT + len(open_ones))).incidents
    recent = [i for i in latest if i.state.ended or i.ended_at][:_RECENT]
    heard = archive.deliveries(limit=1)
    ignored = archive.deliveries(verdict=Verdict.IGNORED, limit=3)
    tests = archive.deliveries(verdict=Verdict.TEST, limit=1)
    head = headline(
        Now(
            at=at,
            open=open_ones,
            recent=recent,
            heard_at=heard[0].received_at if heard else None,
            worker_alive=parts.worker_alive(),
        )
    )
    return _page(
        "now.html",
        at=at,
        head=head,
        refresh=_BUSY if open_ones else _QUIET,
        open=[IncidentRow.of(incident, at) for incident in open_ones],
        recent=[IncidentRow.of(incident, at) for incident in recent],
        heard=[DeliveryRow.of(delivery, at) for delivery in heard],
        ignored=[DeliveryRow.of(delivery, at) for delivery in ignored],
        tests=[DeliveryRow.of(delivery, at) for delivery in tests],
        rules=parts.rules,
        config_sha=parts.config_sha,
    )


def _incident(parts: Parts, incident_id: str) -> Response:
    found = parts.archive.timeline(incident_id) if plain(incident_id) else None
    if found is None:
        return text(404, "404: no such incident. The latest are on the first page.")
    at, (incident, events) = parts.clock.now(), found
    deliveries = parts.archive.deliveries(incident=incident_id, limit=20)
    over = incident.state.ended and (
        incident.ended_at is None or at - incident.ended_at > timedelta(minutes=1)
    )
    return _page(
        "incident.html",
        at=at,
        head=incident_headline(incident, rule_of(incident.rule, parts.rules)),
        refresh=_QUIET if over or incident.state is State.CLOSED else _BUSY,
        story=Story.of(incident, events),
        deliveries=[DeliveryRow.of(delivery, at) for delivery in deliveries],
    )


def _page(template: str, **values: object) -> Response:
    return make_response(render_template(template, **values))
