"""What pages are drawn with: small on the wire, kept by browsers until it changes."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from flask import Flask, Response, abort, request, url_for
from werkzeug.wsgi import wrap_file

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
