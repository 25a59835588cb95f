"""The Flask application: every route, and what holds for all of them."""

import json
import logging

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException

from responder.incident.attempt import link_at_hand
from responder.incident.names import WEBHOOKS
from responder.incident.phrases import clock, ended, span
from responder.incident.ports import StorageUnavailable
from responder.web.actions import actions
from responder.web.answers import last_counted, which_report
from responder.web.api import api
from responder.web.assets import serve_assets
from responder.web.cassettes import cassettes
from responder.web.doing import doing
from responder.web.drilling import drilling, drilling_api
from responder.web.guard import Operators, cross_site, text
from responder.web.history import history
from responder.web.login import login
from responder.web.opening import opening, opening_api
from responder.web.ops import ops
from responder.web.pages import pages
from responder.web.parts import Parts
from responder.web.readiness import readiness
from responder.web.reports import reports
from responder.web.runbook import runbook
from responder.web.webhooks import body_limit, webhooks

_log = logging.getLogger("responder.web")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Nothing to other sites. To our own, for without it a form's Origin is "null".
    "Referrer-Policy": "same-origin",
    # The same once more for browsers and readers that know only the older words.
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_WEBHOOKS = tuple(f"/webhooks/{sender}" for sender in WEBHOOKS)
_ROOMS = (
    api,
    cassettes,
    actions,
    ops,
    login,
    pages,
    doing,
    readiness,
    opening_api,
    opening,
    drilling_api,
    drilling,
    history,
    reports,
)
"""What operators see and do, each at its addresses."""


def create_app(parts: Parts) -> Flask:
    """The application over the parts that it is handed; knows no adapter by name."""
    app = Flask(__name__, static_folder=None)
    app.add_template_filter(span)
    app.add_template_filter(clock)
    app.add_template_filter(ended)
    app.add_template_filter(link_at_hand)
    app.add_template_filter(which_report)
    app.add_template_filter(last_counted)
    serve_assets(app)
    operators = Operators(parts)

    @app.context_processor
    def asker() -> dict[str, object]:
        return {"operator": operators.known()}

    @app.before_request
    def ours() -> Response | None:
        # Senders are no browsers, and their own gate counts what it refuses.
        if request.blueprint == "webhooks":
            return None
        public_url = parts.server.public_url
        why = cross_site(request.method, request.headers, public_url)
        return text(403, why) if why else None

    _register(app, parts, operators)
    app.extensions["body_limit"] = body_limit(parts)
    app.after_request(_for_people)
    app.after_request(_for_programs)
    app.after_request(_guarded)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(StorageUnavailable, _unavailable)
    app.register_error_handler(Exception, _failed)
    return app


def _register(app: Flask, parts: Parts, operators: Operators) -> None:
    """Every route."""
    app.register_blueprint(webhooks(parts))
    for room in _ROOMS:
        app.register_blueprint(room(parts, operators))
    app.register_blueprint(runbook(operators))


def _guarded(response: Response) -> Response:
    response.headers.update(_HEADERS)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response


def _for_people(response: Response) -> Response:
    """The same words as a page, where a browser shows them to somebody.

    A script that asks anew is told in plain words, and so is every program.
    """
    plain = response.status_code >= 400 and response.mimetype == "text/plain"
    browser = "text/html" in request.headers.get("Accept", "")
    if plain and browser and request.headers.get("HX-Request") != "true":
        words = response.get_data(as_text=True).strip()
        told = words.removeprefix(f"{response.status_code}: ")
        page = render_template("refused.html", words=told, status=response.status_code)
        response.set_data(page)
        response.mimetype = "text/html"
    return response


def _for_programs(response: Response) -> Response:
    """Whoever refuses in plain words, the API says it as `{"error": ...}`."""
    plain = response.status_code >= 400 and response.mimetype == "text/plain"
    if plain and request.path.startswith("/api/"):
        words = response.get_data(as_text=True).strip()
        told = words.removeprefix(f"{response.status_code}: ")
        response.set_data(json.dumps({"error": told}) + "\n")
        response.mimetype = "application/json"
    return response


def _refused(error: HTTPException) -> Response:
    words = f"{error.code}: {error.name}"
    allowed = sorted(getattr(error, "valid_methods", None) or ())
    if request.path.startswith("/webhooks") and error.code == 404:
        words = f"404: no webhook is taken here. The paths are {', '.join(_WEBHOOKS)}."
    elif allowed:
        words = f"405: this address takes {', '.join(allowed)} only."
    response = text(error.code or 500, words)
    if allowed:
        response.headers["Allow"] = ", ".join(allowed)
    return response


def _unavailable(_error: StorageUnavailable) -> Response:
    return text(503, "503: storage does not answer. Our own trouble, try again.")


def _failed(error: Exception) -> Response:
    # The route's pattern, not the path asked for: that may be anything.
    rule = request.url_rule.rule if request.url_rule else ""
    _log.error("request failed", exc_info=error, extra={"route": rule})
    return text(500, "500: something of our own failed; the log says what.")
