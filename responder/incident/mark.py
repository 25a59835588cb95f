"""The mark of a drill, on its alert. Pure."""

import re
from collections.abc import Mapping

MARK = "responder_drill"
"""The alert's label that holds a drill's id."""
_ID = re.compile(r"[0-9a-z]{8,32}")


def drill_of(labels: Mapping[str, str]) -> str:
    """The id of the drill that the labels speak of, else ""."""
    found = labels.get(MARK, "")
    return found if _ID.fullmatch(found) else ""
