"""What pages are drawn with: small on the wire, kept by browsers until it changes."""

import gzip
import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, request, url_for

_PRESSED = frozenset({"text/css", "text/javascript", "image/svg+xml"})
_KEPT = "public, max-age=31536000, immutable"


def serve_assets(app: Flask) -> None:
    """Give templates `asset(name)`, and compress what they refer to.

    Pages themselves are not compressed: they hold what a stranger may have written
    beside what is secret, and the length would tell of both.
    """
    app.jinja_env.globals["asset"] = lambda name: _address(app, name)
    app.after_request(_pressed)


def _address(app: Flask, name: str) -> str:
    file = Path(app.static_folder or "") / name
    return url_for("static", filename=name, v=_digest(file))


@cache
def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:10]


def _pressed(response: Response) -> Response:
    if request.endpoint != "static":
        return response
    response.vary.add("Accept-Encoding")
    if "v" in request.args:
        response.headers["Cache-Control"] = _KEPT
    wanted = request.accept_encodings["gzip"] > 0 and "Range" not in request.headers
    if response.status_code == 200 and response.mimetype in _PRESSED and wanted:
        response.direct_passthrough = False
        response.set_data(_gzip(response.get_data()))
        response.headers["Content-Encoding"] = "gzip"
        etag, _ = response.get_etag()
        if etag:
            # Weak: the same content, not the same bytes.
            response.set_etag(etag, weak=True)
    return response


@cache
def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, 9, mtime=0)
