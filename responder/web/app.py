"""The Flask application: routes, static files, headers and errors."""

import gzip
import hashlib
import json
import logging
import mimetypes
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from flask import Flask, Response, abort, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wsgi import wrap_file

from responder.incident.attempt import link_at_hand
from responder.incident.names import WEBHOOKS
from responder.incident.phrases import clock, ended, span
from responder.incident.ports import StorageUnavailable
from responder.web.api import api, cassettes, reports
from responder.web.auth import Operators, cross_site, login, text
from responder.web.forms import (
    actions,
    doing,
    drilling,
    drilling_api,
    opening,
    opening_api,
)
from responder.web.ops import ops
from responder.web.pages import history, pages, readiness, runbook
from responder.web.parts import Services
from responder.web.story import last_counted, which_report
from responder.web.webhooks import body_limit, webhooks

# Static files: compressed, and cached by browsers until they change.

_FOLDER = Path(__file__).parent / "static"
_PRESSED = frozenset({"text/css", "text/javascript", "image/svg+xml"})
_KEPT = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asset:
    """One file in memory; `pressed` is its content in gzip, where that is worth it."""

    content: bytes
    pressed: bytes | None
    mimetype: str
    digest: str
    modified: datetime


def serve_assets(app: Flask) -> None:
    """Serve the static files, read once, and give templates `asset(name)`.

    No answer opens a file, so that clients cannot use up the descriptors. Pages
    themselves are not compressed: they hold what a stranger may have written beside
    what is secret, and the length would tell of both.
    """
    files = [path for path in _FOLDER.rglob("*") if path.is_file()]
    assets = {path.relative_to(_FOLDER).as_posix(): _read(path) for path in files}
    app.jinja_env.globals["asset"] = lambda name: url_for(
        "static", filename=name, v=assets[name].digest[:10]
    )

    @app.get("/static/<path:filename>", endpoint="static")
    def static(filename: str) -> Response:
        return _answer(assets[filename]) if filename in assets else abort(404)


def _read(path: Path) -> _Asset:
    content = path.read_bytes()
    mimetype = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    small = gzip.compress(content, 9, mtime=0) if mimetype in _PRESSED else None
    return _Asset(
        content=content,
        pressed=small,
        mimetype=mimetype,
        digest=hashlib.sha256(content).hexdigest(),
        modified=datetime.fromtimestamp(int(path.stat().st_mtime), UTC),
    )


def _answer(asset: _Asset) -> Response:
    wanted = request.accept_encodings["gzip"] > 0 and "Range" not in request.headers
    pressed = asset.pressed if wanted else None
    content = asset.content if pressed is None else pressed
    response = Response(
        # Answers that wait for their clients share these bytes.
        wrap_file(request.environ, BytesIO(content)),
        mimetype=asset.mimetype,
        direct_passthrough=True,
    )
    response.content_length = len(content)
    response.last_modified = asset.modified
    response.cache_control.no_cache = True
    response.vary.add("Accept-Encoding")
    if "v" in request.args:
        response.headers["Cache-Control"] = _KEPT
    if pressed is not None:
        response.headers["Content-Encoding"] = "gzip"
    # Weak where compressed: the same content, not the same bytes.
    response.set_etag(asset.digest, weak=pressed is not None)
    response.make_conditional(
        request.environ, accept_ranges=pressed is None, complete_length=len(content)
    )
    return response


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


def create_app(parts: Services) -> Flask:
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


def _register(app: Flask, parts: Services, operators: Operators) -> None:
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
