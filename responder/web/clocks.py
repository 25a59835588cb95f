"""Times of day that say which day's clock they are of."""

import re
from datetime import timedelta

from responder.incident.phrases import span

_BARE = re.compile(r"\b\d\d:\d\d:\d\d\b(?! UTC)(?! to \d\d:)(?!, (?:last )?reported)")


def utc(words: str) -> str:
    """The sentence with `UTC` behind each time of day that lacks it.

    The words are shared with logs and reports, whose times stand under one heading.
    """
    return _BARE.sub(lambda found: f"{found[0]} UTC", words)


def ago(length: timedelta) -> str:
    """How long ago, in full minutes: the page is not asked anew every second."""
    if length < timedelta(minutes=1):
        return "less than a minute ago"
    if length < timedelta(hours=1):
        return f"{length // timedelta(minutes=1)} min ago"
    return f"{span(length)} ago"
