"""The pages for people: now, one incident, history, readiness and the runbook."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, make_response, render_template, request
from markdown_it import MarkdownIt
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

from responder.incident.names import Mode, Outcome, State, Verdict
from responder.incident.phrases import clock, ended, span
from responder.incident.ports import Archive
from responder.incident.readiness import Aspect, Fact, Readiness
from responder.incident.rule import Rule
from responder.incident.service import Downtime, Uptime
from responder.incident.view import (
    BadCursor,
    IncidentPage,
    IncidentSummary,
    ReceivedDelivery,
    Search,
)
from responder.incident.words import outcome_words, state_words
from responder.web.api import (
    BadParameter,
    iso,
    plain,
    rule_of,
    search_of,
    standing_words,
)
from responder.web.auth import Operators, text
from responder.web.chart import compared
from responder.web.headline import (
    Headline,
    Now,
    ago,
    by_urgency,
    families,
    headline,
    paused,
    worker_dead,
)
from responder.web.lists import (
    DeliveryRow,
    IncidentRow,
    listed,
    timeline_of,
    untwisted,
    would_have_reported,
)
from responder.web.parts import Services
from responder.web.story import Can, Deliveries, Show, Story

# History: every incident, searched and filtered, and the alerts that were ignored.

_IGNORED = 100
_WITHHELD = 20
_FIELDS = ("text", "rule", "state", "outcome", "from", "to")


def history(parts: Services, operators: Operators) -> Blueprint:
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


def _incidents(parts: Services) -> Response:
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


def _withheld(parts: Services) -> list[tuple[str, str, str]]:
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


# Pages that stay true without reload: whole at first, then only what changed.
#
# The script asks a page's own address again with `HX-Request`. What it gets is the
# page's inside, or 304 without a body when nothing that it shows has changed.

BUSY, QUIET = 2, 15
"""Seconds between two looks of the script, while something is open and when not."""
_RELOAD = {BUSY: 5, QUIET: 30}
"""Seconds until a page without script loads itself anew."""


def fingerprint(*facts: object) -> str:
    """A tag that is another one as soon as any of these facts is."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:24]


def served(
    page: str,
    tag: str,
    at: datetime,
    every: int,
    values: Callable[[], Mapping[str, object]],
) -> Response:
    """The page `page`, its inside alone, or 304; `values` is not asked for a 304.

    `every` is the cadence of the next looks in seconds, `at` the server's time.
    """
    again = request.headers.get("HX-Request") == "true"
    if again and request.if_none_match.contains(tag):
        response = Response(status=304)
    else:
        template = f"{page}_live.html" if again else f"{page}.html"
        response = make_response(
            render_template(
                template,
                at=at,
                every=every,
                reload=_RELOAD[every],
                tag=tag,
                **values(),
            )
        )
    response.set_etag(tag)
    response.headers["X-Responder-Now"] = f"{at.timestamp():.3f}"
    return response


# Readiness: for its page, for the API, for the headline.

_YET = "Responder has just started: nobody was asked yet"


def readiness(parts: Services, operators: Operators) -> Blueprint:
    """`/readiness` and `/api/readiness`."""
    blueprint = Blueprint("readiness", __name__)

    @blueprint.get("/api/readiness")
    def facts() -> Response:
        if (refused := operators.admit()) is not None:
            return refused
        ready = parts.readiness(parts.clock.now())
        return jsonify(readiness_json(ready, parts.rules, _held(parts)))

    @blueprint.get("/readiness")
    def page() -> Response:
        if (refused := operators.admit_person()) is not None:
            return refused
        return _page(parts)

    return blueprint


def _page(parts: Services) -> Response:
    at = parts.clock.now()
    ready, held = parts.readiness(at), _held(parts)

    def values() -> Mapping[str, object]:
        return {"head": held or _head(ready, parts.rules), "ready": ready, "ago": ago}

    tag = fingerprint(shown(ready), held, int(at.timestamp() // 15))
    return served("readiness", tag, at, QUIET, values)


def _held(parts: Services) -> Headline | None:
    """What keeps reports from leaving, however ready all else is; None if nothing."""
    if not parts.worker_alive():
        return worker_dead()
    words = standing_words(parts.controls.standing())
    return paused(words) if words else None


def acts(rules: Sequence[Rule]) -> str:
    """What Responder would do: `act`, or where a rule is in shadow, what instead."""
    watching = [rule.name for rule in rules if rule.mode is Mode.SHADOW]
    if not watching:
        return "act"
    if len(watching) == len(rules):
        return "only note what it would have done (mode: shadow)"
    return f"act (but for {', '.join(watching)}, in mode: shadow)"


def _head(ready: Readiness | None, rules: Sequence[Rule]) -> Headline:
    if ready and ready.ready:
        does = acts(rules)
        seen = f"An outage would be seen. Responder would {does}"
        answered = "An outage would be answered" if does == "act" else seen
        words = f"{answered}: {would_act(ready)}."
        return Headline(word="READY", icon="✓", tone="quiet", sentence=words)
    words = "Nothing is known to be wrong, but an outage would be missed: "
    missing = ready.missing if ready else None
    words = f"{words}{ended(missing.words)}" if missing else f"{_YET}."
    return Headline(
        word="NOT READY",
        icon="◇",
        tone="not-ready",
        sentence=words,
        ask=f"Next: {ended(missing.mend)}" if missing else "",
    )


def missed(ready: Readiness | None) -> str:
    """Why an outage would be missed, "" if it would not be or nothing is known."""
    fact = ready.missing if ready else None
    return f"{ended(fact.words)} Next: {ended(fact.mend)}" if fact else ""


def would_act(ready: Readiness | None) -> str:
    """`alert path heard 40 s ago, 12 orders in 10 min`; "" unless all is ready."""
    if ready is None or not ready.ready:
        return ""
    path, traffic = ready.fact(Aspect.ALERT_PATH), ready.fact(Aspect.TRAFFIC)
    heard = f" {ago(ready.at - path.at)}" if path.at else ""
    return f"{path.words}{heard}, {traffic.words}"


def shown(ready: Readiness | None) -> object:
    """What of it a page shows, without ages that grow by themselves."""
    return ready and [(f.aspect, f.ok, f.mend) for f in ready.facts]


def readiness_json(
    ready: Readiness | None,
    rules: Sequence[Rule] = (),
    held: Headline | None = None,
) -> dict[str, Any]:
    """The facts as JSON; none before the first questions are answered.

    `held` keeps reports from leaving, however ready all else is.
    """
    if ready is None:
        return {"ready": False, "at": None, "sentence": f"{_YET}.", "facts": []}
    missing, does = ready.missing, acts(rules)
    sentence = ended(missing.words) if missing else f"{would_act(ready)}."
    if not missing and does != "act":
        sentence = f"Responder would {does}: {sentence}"
    if held:
        sentence = f"{held.sentence} {held.ask}".strip()
    return {
        "ready": ready.ready and held is None,
        "at": iso(ready.at),
        "sentence": f"{sentence[:1].upper()}{sentence[1:]}",
        "facts": [_fact(fact, ready) for fact in ready.facts],
    }


def _fact(fact: Fact, ready: Readiness) -> dict[str, Any]:
    age = (ready.at - fact.at).total_seconds() if fact.at else None
    return {
        "aspect": fact.aspect,
        "ok": fact.ok,
        "words": fact.words,
        "at": iso(fact.at),
        "age": None if age is None else round(max(age, 0.0), 1),
        "mend": fact.mend or None,
    }


# What the storage remembers of Responder itself, in sentences for the first page.

_SHOWN_FOR = timedelta(days=7)
"""Gaps and losses are news for so long."""


def warnings(memory: Uptime, at: datetime) -> tuple[str, ...]:
    """What people should know: history that is missing, or will be."""
    return tuple(_warnings(memory, at))


def _warnings(memory: Uptime, at: datetime) -> Iterator[str]:
    for gap in memory.gaps:
        if at - gap.until < _SHOWN_FOR:
            yield f"Responder was not running {_span(gap, at)}."
    since = memory.since
    if memory.history_lost and since and at - since < _SHOWN_FOR:
        yield (
            f"The history before {_moment(since, at)} UTC is lost: the database was "
            "made anew where an older one was expected."
        )
    if memory.forgets:
        yield (
            f"The record may be lost: storage.url is on {memory.forgets}. Put it on a "
            "local disk that stays, or use PostgreSQL."
        )


def _span(gap: Downtime, at: datetime) -> str:
    """`02:11-08:03 UTC`, with the day where it is not today's."""
    end = f"{gap.until:%H:%M}"
    if gap.until.date() != gap.since.date():
        end = _moment(gap.until, at, whole=True)
    whole = gap.since.date() != at.date()
    return f"{_moment(gap.since, at, whole=whole)}-{end} UTC"


def _moment(at: datetime, now: datetime, *, whole: bool = False) -> str:
    day = f"{at:%Y-%m-%d} " if whole or at.date() != now.date() else ""
    return f"{day}{at:%H:%M}"


# Grafana's heartbeat: a warning on the first page when it stays away.


def silence(beats: Sequence[ReceivedDelivery], at: datetime, within: timedelta) -> str:
    """Why an outage might not reach us; "" while it beats, or if it never did.

    `beats` is newest first. Without the rule in Grafana there is none to miss.
    """
    if not beats or at - beats[0].received_at <= within:
        return ""
    last = beats[0].received_at
    day = f"{last:%Y-%m-%d} " if at - last > timedelta(hours=20) else ""
    return (
        f"Grafana's heartbeat, due every few minutes, was last heard {span(at - last)} "
        f"ago, at {day}{clock(last)} UTC. Next: look in Grafana at the rule "
        "ResponderHeartbeat and its contact point."
    )


_RECENT = 5
_DRAWN = 3
"""Open incidents that are drawn on the first page; the others are a line each."""
_RESENDS = 50
_DELIVERY_LISTS: Mapping[str, tuple[Verdict | None, int]] = {
    "heard": (None, 1),
    "ignored": (Verdict.IGNORED, 3),
    "tests": (Verdict.TEST, 1),
    "beats": (Verdict.HEARTBEAT, 1),
}
"""Deliveries that the first page tells of: with which verdict, and how many."""
_SETTLING = timedelta(minutes=1)


def pages(parts: Services, operators: Operators) -> Blueprint:
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


def _now(parts: Services) -> Response:
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


def _told(archive: Archive) -> dict[str, tuple[ReceivedDelivery, ...]]:
    return {
        name: archive.deliveries(verdict=v, limit=n)
        for name, (v, n) in _DELIVERY_LISTS.items()
    }


def _lasting(parts: Services, memory: Uptime, at: datetime) -> Mapping[str, object]:
    """What seldom changes: the configuration, and the record."""
    return {
        "rules": parts.rules,
        "config_sha": parts.config_sha,
        "warnings": warnings(memory, at),
        "since": memory.since,
    }


def _recent(parts: Services, beside: int) -> list[IncidentSummary]:
    """The latest that ended; so many others are open."""
    search = Search(limit=_RECENT + beside, drills=False)
    latest = listed(parts.archive, search, parts.masker).incidents
    return [i for i in latest if i.state.ended or i.ended_at][:_RECENT]


def _open(
    parts: Services, incidents: Sequence[IncidentSummary], at: datetime
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
    parts: Services, incident_id: str, at: datetime, show: Show = Show.ALL
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


def _incident(parts: Services, incident_id: str) -> Response:
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


# The runbook, served by the service that it is about: a link to it works anywhere.


def runbook(operators: Operators) -> Blueprint:
    """`/runbook`; each entry is found by its name in lower case."""
    blueprint = Blueprint("runbook", __name__)
    blueprint.before_request(operators.admit_person)

    @blueprint.get("/runbook")
    def read() -> Response:
        return Response(render_template("runbook.html", body=_written()))

    return blueprint


@cache
def _written() -> Markup:
    """The runbook as HTML, its headings named so that links can lead to them."""
    text = resources.files(__package__).joinpath("runbook.md").read_text("utf-8")
    parser = MarkdownIt("commonmark", {"html": False})
    tokens = parser.parse(text)
    for token, inside in pairwise(tokens):
        if token.type == "heading_open":
            token.attrSet("id", inside.content.lower())
    return Markup(parser.renderer.render(tokens, parser.options, {}))
