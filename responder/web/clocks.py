"""Times of day that say which day's clock they are of."""

import re

_BARE = re.compile(r"\b\d\d:\d\d:\d\d\b(?! UTC)(?! to \d\d:)(?!, (?:last )?reported)")


def utc(words: str) -> str:
    """The sentence with `UTC` behind each time of day that lacks it.

    The words are shared with logs and reports, whose times stand under one heading.
    """
    return _BARE.sub(lambda found: f"{found[0]} UTC", words)
