"""The pages for people: what is going on now, and one incident's story."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from responder.incident.listing import HeardDelivery, IncidentSummary, Search
from responder.incident.memory import Memory
from responder.incident.names import Verdict
from responder.incident.ports import Archive
from responder.web.api import plain
from responder.web.can import Can
from responder.web.delay import compared
from responder.web.families import by_urgency, families
from responder.web.guard import Operators, text
from responder.web.headline import Now, headline, worker_dead
from responder.web.heartbeat import silence
from responder.web.lists import DeliveryRow, IncidentRow
from responder.web.live import BUSY, QUIET, fingerprint, served
from responder.web.masked import listed, timeline_of
from responder.web.parts import Parts
from responder.web.presenting import rule_of
from responder.web.readiness import acts, missed, shown, would_act
from responder.web.remembered import warnings
from responder.web.standing import standing_words
from responder.web.story import Deliveries, Story
from responder.web.telling import Show

_RECENT = 5
_DRAWN = 3
"""Open incidents that are drawn on the first page; the others are a line each."""
_RESENDS = 50
_TOLD: Mapping[str, tuple[Verdict | None, int]] = {
    "heard": (None, 1),
    "ignored": (Verdict.IGNORED, 3),
    "tests": (Verdict.TEST, 1),
    "beats": (Verdict.HEARTBEAT, 1),
}
"""Deliveries that the first page tells of: with which verdict, and how many."""
_SETTLING = timedelta(minutes=1)


def pages(parts: Parts, operators: Operators) -> Blueprint:
    """`/` and `/incidents/<id>`, complete without any script."""
    blueprint = Blueprint("pages", __name__)
    blueprint.before_request(operators.admit_person)

    @blueprint.get("/")
    def now() -> Response:
        return _now(parts)

    @blueprint.get("/incidents/<incident_id>")
    def incident(incident_id: str) -> Response:
        return _incident(parts, incident_id)

    return blueprint


def _now(parts: Parts) -> Response:
    at, archive = parts.clock.now(), parts.archive
    asked = Search(open_only=True, drills=False)
    open_ones = listed(archive, asked, parts.masker).incidents
    recent = _recent(parts, beside=len(open_ones))
    told = _told(archive)
    alive, standing = parts.worker_alive(), parts.controls.standing()
    memory, ready = parts.memory(), parts.readiness(at)
    quiet = silence(told["beats"], at, parts.heartbeat_within)

    def values() -> Mapping[str, object]:
        now = Now(
            at=at,
            open=open_ones,
            recent=recent,
            heard_at=next((d.received_at for d in told["heard"]), None),
            worker_alive=alive,
            spooled=parts.spooled(),
            paused=standing_words(standing),
            held=standing.held,
            not_ready=quiet or missed(ready),
            would_act=would_act(ready),
            acts=acts(parts.rules),
        )
        return {
            "head": headline(now),
            "open": _open(parts, open_ones, at),
            "recent": [IncidentRow.together(f, at) for f in families(recent)],
            **{n: [DeliveryRow.of(d, at) for d in found] for n, found in told.items()},
            **_lasting(parts, memory, at),
            "standing": standing,
            "ready": ready,
        }

    held = (standing, parts.spooled())
    known = (open_ones, recent, told, alive, held, memory, shown(ready))
    tag = fingerprint(known, parts.config_sha, _minute(at))
    return served("now", tag, at, BUSY if open_ones else QUIET, values)


def _told(archive: Archive) -> dict[str, tuple[HeardDelivery, ...]]:
    return {
        name: archive.deliveries(verdict=v, limit=n) for name, (v, n) in _TOLD.items()
    }


def _lasting(parts: Parts, memory: Memory, at: datetime) -> Mapping[str, object]:
    """What seldom changes: the configuration, and the record."""
    return {
        "rules": parts.rules,
        "config_sha": parts.config_sha,
        "warnings": warnings(memory, at),
        "since": memory.since,
    }


def _recent(parts: Parts, beside: int) -> list[IncidentSummary]:
    """The latest that ended; so many others are open."""
    search = Search(limit=_RECENT + beside, drills=False)
    latest = listed(parts.archive, search, parts.masker).incidents
    return [i for i in latest if i.state.ended or i.ended_at][:_RECENT]


def _open(
    parts: Parts, incidents: Sequence[IncidentSummary], at: datetime
) -> list[tuple[IncidentRow, Story | None]]:
    """Rows of what is open, who waits for a person first; the first few are drawn."""
    return [
        (
            IncidentRow.together(one, at),
            _story(parts, one.first.id, at) if n < _DRAWN else None,
        )
        for n, one in enumerate(by_urgency(families(incidents)))
    ]


def _story(
    parts: Parts, incident_id: str, at: datetime, show: Show = Show.ALL
) -> Story | None:
    if not plain(incident_id):
        return None
    found = timeline_of(parts.archive, incident_id, parts.masker)
    if found is None:
        return None
    incident, events = found
    rule = rule_of(incident.rule, parts.rules)
    can = Can.of(incident, rule, parts.controls.standing(), parts.fixed_link)
    return Story.of(incident, events, rule, can=can, show=show)


def _incident(parts: Parts, incident_id: str) -> Response:
    at, show = parts.clock.now(), _show()
    archive, alive = parts.archive, parts.worker_alive()
    stamp = archive.stamp(incident_id) if plain(incident_id) else None
    if stamp is None:
        return text(404, "404: no such incident. The latest are on the first page.")
    settled = stamp.ended_at is not None and at - stamp.ended_at > _SETTLING

    def values() -> Mapping[str, object]:
        story = _story(parts, incident_id, at, show)
        if story is None:
            raise NotFound
        working = alive or story.incident.ended_at is not None
        heard = archive.deliveries(incident=incident_id, limit=_RESENDS)
        return {
            "head": story.head if working else worker_dead(),
            "story": story,
            "compared": compared(story.incident, archive.delays(story.incident.rule)),
            "deliveries": Deliveries.of(heard, stamp.deliveries, at),
            "fixed_link": parts.fixed_link,
        }

    # What holds every report holds this one's buttons, without a word on its timeline.
    brakes = parts.controls.standing() if stamp.ended_at is None else None
    tag = fingerprint(stamp, show, alive, brakes, parts.config_sha)
    return served("incident", tag, at, QUIET if settled else BUSY, values)


def _show() -> Show:
    try:
        return Show(request.args.get("show", Show.ALL))
    except ValueError:
        return Show.ALL


def _minute(at: datetime) -> int:
    """Spans such as "4 min ago" are told in minutes and grow old by the minute."""
    return int(at.timestamp() // 60)
