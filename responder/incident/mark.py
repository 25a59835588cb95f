"""The mark of a drill, on alerts and on log lines alike. Pure."""

import re
from collections.abc import Mapping

MARK = "responder_drill"
"""The alert's label and the log line's field that hold a drill's id."""
TOKEN = "responder-drill"
"""The token in a drill's links: no vendor's, and nothing but a drill may use it."""
_ID = re.compile(r"[0-9a-z]{8,32}")


def drill_of(marked: Mapping[str, object]) -> str:
    """The id of the drill that these labels, or a line's fields, speak of, else ""."""
    found = marked.get(MARK, "")
    return found if isinstance(found, str) and _ID.fullmatch(found) else ""
