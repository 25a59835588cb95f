"""What operators do: the same actions by form and by API."""

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any

from flask import (
    Blueprint,
    Response,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from responder.config.addresses import reachable, written
from responder.incident.actions import (
    Action,
    AddNote,
    Close,
    NoSuchIncident,
    Pressed,
    RecordReport,
    ReportNow,
    TooLate,
    Veto,
)
from responder.incident.drills import Drill, DrillStep, part_words
from responder.incident.incident import Incident
from responder.incident.lookout import by_hand
from responder.incident.names import Decision, Reason
from responder.incident.openings import Began, NoSuchRule
from responder.incident.phrases import clock
from responder.incident.rule import Rule
from responder.incident.words import capital
from responder.web.api import iso, plain, rule_of, standing_json
from responder.web.auth import Operators, own_path, short_form, text
from responder.web.headline import incident_headline
from responder.web.pages import BUSY, QUIET, fingerprint, served
from responder.web.parts import Services
from responder.web.webhooks import read_body

# JSON bodies of operators' requests; each bad field is refused by name.

ACTIONS = ("veto", "report", "close", "note", "reported-by-hand")
LONGEST_TEXT = 2000
LONGEST_PAUSE = timedelta(days=30)
AHEAD = timedelta(minutes=1)
"""How far a person's clock may be ahead of ours."""
OLDEST = timedelta(days=7)
REASONS: Mapping[str, str] = {
    "fixed_by_hand": "fixed by hand",
    "not_real": "not real",
    "other": "other",
}
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_FOR = re.compile(r"(?:[0-9]{1,6}[dhms])+")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class BadField(ValueError):
    """A field that cannot be understood: names it, and the remedy."""


def decode(raw: bytes) -> dict[str, Any]:
    """The body as a mapping; an empty one is an empty mapping. Raises `BadField`."""
    if not raw.strip():
        return {}
    try:
        found = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        raise BadField("body: not JSON; send an object such as {}") from None
    if not isinstance(found, dict):
        raise BadField("body: not an object; send {...}")
    return found


def only(body: Mapping[str, Any], *known: str) -> None:
    """Raises `BadField` for any other key."""
    for name in body:
        if name not in known:
            can = f"use {', '.join(known)}" if known else "send {}"
            raise BadField(f"{_shown(name)}: unknown; {can}")


def pause_until(body: Mapping[str, Any], now: datetime) -> tuple[bool, datetime | None]:
    """Whether to pause, and the end of the pause (None: until resumed)."""
    only(body, "paused", "for")
    paused = body.get("paused")
    if not isinstance(paused, bool):
        raise BadField("paused: give true or false")
    length = body.get("for")
    if length is None:
        return paused, None
    if not paused:
        raise BadField("for: only together with paused: true")
    return paused, now + span_of(length)


def span_of(value: object) -> timedelta:
    """A length such as `2h` or `1h30m`. Raises `BadField`."""
    remedy = "for: give a length such as 30m or 2h, at most 30d"
    if not isinstance(value, str) or not _FOR.fullmatch(value):
        raise BadField(remedy)
    parts = re.findall(r"([0-9]+)([dhms])", value)
    length = timedelta(seconds=sum(int(n) * _UNITS[unit] for n, unit in parts))
    if not timedelta() < length <= LONGEST_PAUSE:
        raise BadField(remedy)
    return length


def read_action(
    name: str,
    body: Mapping[str, Any],
    by: str,
    now: datetime,
    mask: Callable[[str], str],
) -> Action:
    """The action of this name. Raises `BadField`, and `KeyError` for another name."""
    match name:
        case "veto":
            only(body)
            return Veto(by=by)
        case "report":
            _no_link(body)
            return ReportNow(by=by)
        case "close":
            only(body, "reason", "text")
            return Close(by=by, why=mask(_why(body)))
        case "note":
            only(body, "text")
            words = _text(body, "text")
            if not words:
                raise BadField("text: give the words of the note")
            return AddNote(by=by, text=mask(words))
        case "reported-by-hand":
            only(body, "at")
            return RecordReport(by=by, reported_at=_time_in_json(body.get("at"), now))
    raise KeyError(name)


def _no_link(body: Mapping[str, Any]) -> None:
    """Refuses any field. No refusal repeats its name: a link may be in it."""
    if "link" in body:
        raise BadField(
            "link: pasting links was removed: open the link yourself, then use I "
            "reported it myself (reported-by-hand)"
        )
    if body:
        raise BadField("body: an unknown field; send {}")


def _why(body: Mapping[str, Any]) -> str:
    reason = body.get("reason", "other")
    if not isinstance(reason, str) or reason not in REASONS:
        raise BadField(f"reason: use one of {', '.join(REASONS)}")
    words = _text(body, "text")
    said = "" if reason == "other" else REASONS[reason]
    return ": ".join(part for part in (said, words) if part)


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise BadField(f"{name}: give a text")
    if len(value) > LONGEST_TEXT:
        raise BadField(f"{name}: give at most {LONGEST_TEXT} characters")
    return _UNPRINTABLE.sub("�", value).strip()


def _time_in_json(value: object, now: datetime) -> datetime:
    remedy = "at: give a time with its zone, such as 2026-11-05T18:48:00Z"
    if not isinstance(value, str) or len(value) > 40:
        raise BadField(remedy)
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            raise BadField(remedy)
        at = at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadField(remedy) from None
    if at > now + AHEAD:
        raise BadField("at: is in the future; give when it was reported")
    if at < now - OLDEST:
        raise BadField("at: is more than 7 days ago; give when it was reported")
    return at


def _shown(name: object) -> str:
    return _UNPRINTABLE.sub("�", str(name)[:40])


# The API: the pause, and actions on one incident.
#
# The forms of the pages use `press` and `press_pause` too.

log = logging.getLogger("responder.operators")
MOST = 64 * 1024


class WrongType(Exception):
    """The body says that it is something other than JSON."""


def actions(parts: Services, operators: Operators) -> Blueprint:
    """`/api/pause` and `/api/incidents/<id>/<action>`."""
    blueprint = Blueprint("actions", __name__, url_prefix="/api")
    blueprint.before_request(operators.admit)
    blueprint.register_error_handler(BadField, lambda e: refused(400, str(e)))
    blueprint.register_error_handler(WrongType, wrong_type)
    blueprint.register_error_handler(NoSuchIncident, _nothing_there)
    blueprint.register_error_handler(TooLate, _too_late)

    @blueprint.get("/pause")
    def paused() -> Response:
        return jsonify(standing_json(parts.controls.standing()))

    @blueprint.post("/pause")
    def pause() -> Response:
        on, until = pause_until(json_body(), parts.clock.now())
        press_pause(parts, operators.name(), on=on, until=until)
        return Response(status=204)

    @blueprint.post("/incidents/<incident_id>/undo-veto")
    def undo_veto(incident_id: str) -> Response:
        return refused(410, "undo-veto was removed: report takes a veto back")

    for name in ACTIONS:
        blueprint.add_url_rule(
            f"/incidents/<incident_id>/{name}",
            name,
            partial(_act, parts, operators, name),
            methods=["POST"],
        )
    return blueprint


def _act(
    parts: Services, operators: Operators, name: str, incident_id: str
) -> Response:
    by, now = operators.name(), parts.clock.now()
    action = asked_for(parts, name, json_body(), by, now)
    return jsonify(pressed_json(press(parts, incident_id, name, action)))


def asked_for(
    parts: Services, name: str, body: Mapping[str, Any], by: str, now: datetime
) -> Action:
    """The action of that name with these fields. Raises `BadField`."""
    return read_action(name, body, by, now, parts.masker)


def press(parts: Services, incident_id: str, name: str, action: Action) -> Pressed:
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


def press_pause(parts: Services, by: str, *, on: bool, until: datetime | None) -> None:
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
        raise BadField(f"body: longer than {most} bytes; send less")
    if raw.strip() and not request.is_json:
        raise WrongType
    return decode(raw)


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


PAUSE_FOR = timedelta(hours=2)
_QUESTIONS = ("report", "close", "note", "reported-by-hand")


@dataclass(frozen=True, slots=True, kw_only=True)
class PressResult:
    """What a press came to. `undo` is the address that takes it back."""

    words: str
    done: bool = True
    undo: str = ""
    longer: bool = False
    """Offers to pause until somebody resumes."""


def doing(parts: Services, operators: Operators) -> Blueprint:
    """`/do/…`, `/incidents/<id>/do/…` and the questions before them, `…/ask/…`."""
    blueprint = Blueprint("doing", __name__)
    blueprint.before_request(operators.admit_person)
    blueprint.before_request(short_form)
    blueprint.register_error_handler(
        NoSuchIncident, lambda e: text(404, "404: no such incident.")
    )

    @blueprint.post("/do/<any(pause, resume):name>")
    def brake(name: str) -> Response:
        return answer(_braked(parts, operators.name(), name))

    @blueprint.get("/ask/resume")
    def ask_resume() -> Response:
        standing = parts.controls.standing()
        return make_response(render_template("ask_resume.html", standing=standing))

    @blueprint.post(f"/incidents/<incident_id>/do/<any({_names()}):name>")
    def act(incident_id: str, name: str) -> Response:
        return answer(_acted(parts, operators.name(), incident_id, name), incident_id)

    @blueprint.get(f"/incidents/<incident_id>/ask/<any({_quoted()}):name>")
    def ask(incident_id: str, name: str) -> Response:
        return _ask(parts, incident_id, name)

    return blueprint


def _names() -> str:
    return ", ".join(f'"{name}"' for name in ACTIONS)


def _quoted() -> str:
    return ", ".join(f'"{name}"' for name in _QUESTIONS)


def _ask(parts: Services, incident_id: str, name: str) -> Response:
    incident = _found(parts, incident_id)
    rule = rule_of(incident.rule, parts.rules)
    page = render_template(
        "ask.html",
        name=name,
        incident=incident,
        rule=rule,
        head=incident_headline(incident, rule),
        fixed_link=parts.fixed_link,
        at=parts.clock.now(),
    )
    return make_response(page)


def _found(parts: Services, incident_id: str) -> Incident:
    found = parts.archive.timeline(incident_id) if plain(incident_id) else None
    if found is None:
        raise NoSuchIncident(incident_id)
    return found[0]


def _braked(parts: Services, by: str, name: str) -> PressResult:
    now = parts.clock.now()
    if name == "resume":
        press_pause(parts, by, on=False, until=None)
        return PressResult(words=f"Automatic reports resumed by {by}.")
    longer = request.form.get("for") == "ever"
    until = None if longer else now + PAUSE_FOR
    press_pause(parts, by, on=True, until=until)
    when = f"until {clock(until)} UTC" if until else "until somebody resumes"
    words = f"No reports will be sent {when}. Alerts are still received."
    undo = url_for("doing.brake", name="resume")
    return PressResult(words=words, undo=undo, longer=not longer)


def _acted(parts: Services, by: str, incident_id: str, name: str) -> PressResult:
    now = parts.clock.now()
    try:
        action = asked_for(parts, name, _fields(name, now), by, now)
        pressed = press(parts, incident_id, name, action)
    except BadField as error:
        return PressResult(words=f"{capital(str(error))}.", done=False)
    except TooLate as late:
        return PressResult(words=f"{capital(late.words)}.", done=False)
    if not pressed.done:
        words = f"{pressed.by} already did this at {clock(pressed.at)} UTC."
        return PressResult(words=words, done=False)
    return _done(name, by, pressed)


def _done(name: str, by: str, pressed: Pressed) -> PressResult:
    words = {
        "veto": f"Stopped by {by}. Responder will not report {pressed.rule}; "
        "Report now takes this back.",
        "report": f"Report asked for by {by}: it is sent at once.",
        "close": f"Closed by {by}.",
        "note": f"Noted by {by}.",
        "reported-by-hand": f"Recorded for {by}. Nothing was sent.",
    }[name]
    return PressResult(words=words)


def _fields(name: str, now: datetime) -> dict[str, str]:
    """The form as the JSON body that the API takes."""
    form = request.form
    match name:
        case "close":
            reason = form.get("reason", "other")
            return {"reason": reason, "text": form.get("text", "")}
        case "note":
            return {"text": form.get("text", "")}
        case "report":
            return {"link": ""} if "link" in form else {}
        case "reported-by-hand":
            return {"at": _time_in_form(form.get("at", ""), now)}
    return {}


def _time_in_form(given: str, now: datetime) -> str:
    """A time of day in UTC as the latest such moment: nobody reports tomorrow."""
    try:
        of_day = time.fromisoformat(given)
    except ValueError:
        raise BadField("time: give hours and minutes, such as 18:48") from None
    at = datetime.combine(now.astimezone(UTC).date(), of_day, UTC)
    if at > now + AHEAD:
        at -= timedelta(days=1)
    return at.isoformat()


def answer(said: PressResult, incident_id: str = "") -> Response:
    """A notice for the script; without one the page again, or why not."""
    if request.headers.get("HX-Request") == "true":
        return make_response(render_template("notice.html", said=said))
    here = url_for("pages.incident", incident_id=incident_id) if incident_id else "/"
    back = request.form.get("back", "")
    back = back if own_path(back) else here
    if said.done:
        return make_response(redirect(back, 303))
    return make_response(render_template("said.html", said=said, back=back), 409)


# Open an incident without an alert, for when Grafana is down.


def opening_api(parts: Services, operators: Operators) -> Blueprint:
    """`/api/rules/<rule>/open`."""
    blueprint = Blueprint("opening_api", __name__, url_prefix="/api/rules")
    blueprint.before_request(operators.admit)
    blueprint.register_error_handler(BadField, lambda e: refused(400, str(e)))
    blueprint.register_error_handler(WrongType, wrong_type)
    blueprint.register_error_handler(NoSuchRule, lambda e: refused(404, str(e)))

    @blueprint.post("/<rule>/open")
    def opened(rule: str) -> Response:
        only(json_body())
        return jsonify(began_json(press_open(parts, operators.name(), rule)))

    return blueprint


def opening(parts: Services, operators: Operators) -> Blueprint:
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
        return answer(
            PressResult(words=_words(began, operators.name())), began.incident
        )

    return blueprint


def press_open(parts: Services, by: str, name: str) -> Began:
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


def _rule(parts: Services, name: str) -> Rule:
    found = next((rule for rule in parts.rules if rule.name == name), None)
    if found is None:
        known = ", ".join(rule.name for rule in parts.rules) or "none"
        raise NoSuchRule(f"no such rule; there are: {known}")
    return found


# Drills: started by API or button, followed on a page that updates itself.


def drilling_api(parts: Services, operators: Operators) -> Blueprint:
    """`/api/drill`."""
    blueprint = Blueprint("drilling_api", __name__, url_prefix="/api/drill")
    blueprint.before_request(operators.admit)
    blueprint.register_error_handler(BadField, lambda e: refused(400, str(e)))
    blueprint.register_error_handler(WrongType, wrong_type)
    blueprint.register_error_handler(NoSuchRule, lambda e: refused(404, str(e)))

    @blueprint.post("")
    def drill() -> Response:
        body = json_body()
        only(body, "rule")
        rule = body.get("rule")
        if rule is not None and not isinstance(rule, str):
            raise BadField("rule: give the name of a rule, or leave it out")
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


def drilling(parts: Services, operators: Operators) -> Blueprint:
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
        return answer(PressResult(words=f"The drill of {drill.rule} is under way."))

    return blueprint


def press_drill(parts: Services, by: str, rule: str | None) -> Drill:
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
        for part in DrillStep
    ]
