"""Pages that stay true without reload: whole at first, then only what changed.

The script asks a page's own address again with `HX-Request`. What it gets is the
page's inside, or 304 without a body when nothing that it shows has changed.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime

from flask import Response, make_response, render_template, request

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
