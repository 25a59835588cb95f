"""The buttons of the pages: what the API does, asked by forms.

The safe direction (stop it, pause all) acts at once; the other asks first, in a dialog
of the page or, without script, on a page of its own.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from flask import (
    Blueprint,
    Response,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from responder.incident.controls import NoSuchIncident, Pressed, TooLate
from responder.incident.model import Incident
from responder.incident.phrases import clock
from responder.incident.words_facts import capital
from responder.web import asked
from responder.web.actions import asked_for, press, press_pause
from responder.web.api import plain
from responder.web.guard import Operators, text
from responder.web.headline import incident_headline
from responder.web.login import own_path, short_form
from responder.web.parts import Parts
from responder.web.presenting import rule_of

PAUSE_FOR = timedelta(hours=2)
_QUESTIONS = ("report", "close", "note", "reported-by-hand")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a press came to. `undo` is the address that takes it back."""

    words: str
    done: bool = True
    undo: str = ""
    longer: bool = False
    """Offers to pause until somebody resumes."""


def doing(parts: Parts, operators: Operators) -> Blueprint:
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
    return ", ".join(f'"{name}"' for name in asked.ACTIONS)


def _quoted() -> str:
    return ", ".join(f'"{name}"' for name in _QUESTIONS)


def _ask(parts: Parts, incident_id: str, name: str) -> Response:
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


def _found(parts: Parts, incident_id: str) -> Incident:
    found = parts.archive.timeline(incident_id) if plain(incident_id) else None
    if found is None:
        raise NoSuchIncident(incident_id)
    return found[0]


def _braked(parts: Parts, by: str, name: str) -> Said:
    now = parts.clock.now()
    if name == "resume":
        press_pause(parts, by, on=False, until=None)
        return Said(words=f"Automatic reports resumed by {by}.")
    longer = request.form.get("for") == "ever"
    until = None if longer else now + PAUSE_FOR
    press_pause(parts, by, on=True, until=until)
    when = f"until {clock(until)} UTC" if until else "until somebody resumes"
    words = f"No reports will be sent {when}. Alerts are still received."
    undo = url_for("doing.brake", name="resume")
    return Said(words=words, undo=undo, longer=not longer)


def _acted(parts: Parts, by: str, incident_id: str, name: str) -> Said:
    now = parts.clock.now()
    try:
        action = asked_for(parts, name, _fields(name, now), by, now)
        pressed = press(parts, incident_id, name, action)
    except asked.BadField as error:
        return Said(words=f"{capital(str(error))}.", done=False)
    except TooLate as late:
        return Said(words=f"{capital(late.words)}.", done=False)
    if not pressed.done:
        words = f"{pressed.by} already did this at {clock(pressed.at)} UTC."
        return Said(words=words, done=False)
    return _done(name, by, pressed)


def _done(name: str, by: str, pressed: Pressed) -> Said:
    words = {
        "veto": f"Stopped by {by}. Responder will not report {pressed.rule}; "
        "Report now takes this back.",
        "report": f"Report asked for by {by}: it is sent at once.",
        "close": f"Closed by {by}.",
        "note": f"Noted by {by}.",
        "reported-by-hand": f"Recorded for {by}. Nothing was sent.",
    }[name]
    return Said(words=words)


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
            return {"at": _moment(form.get("at", ""), now)}
    return {}


def _moment(given: str, now: datetime) -> str:
    """A time of day in UTC as the latest such moment: nobody reports tomorrow."""
    try:
        of_day = time.fromisoformat(given)
    except ValueError:
        raise asked.BadField("time: give hours and minutes, such as 18:48") from None
    at = datetime.combine(now.astimezone(UTC).date(), of_day, UTC)
    if at > now + asked.AHEAD:
        at -= timedelta(days=1)
    return at.isoformat()


def answer(said: Said, incident_id: str = "") -> Response:
    """A notice for the script; without one the page again, or why not."""
    if request.headers.get("HX-Request") == "true":
        return make_response(render_template("notice.html", said=said))
    here = url_for("pages.incident", incident_id=incident_id) if incident_id else "/"
    back = request.form.get("back", "")
    back = back if own_path(back) else here
    if said.done:
        return make_response(redirect(back, 303))
    return make_response(render_template("said.html", said=said, back=back), 409)
