"""Numbers, times and spans as people read them. Times of day are UTC."""

from datetime import UTC, datetime, timedelta


def clock(at: datetime) -> str:
    """The time of day in UTC, to the second: `18:46:02`."""
    return at.astimezone(UTC).strftime("%H:%M:%S")


def clock_and_day(at: datetime, *, beside: datetime) -> str:
    """The time of day in UTC, with its day where that is not the day of `beside`."""
    at, beside = at.astimezone(UTC), beside.astimezone(UTC)
    return clock(at) if at.date() == beside.date() else f"{at:%Y-%m-%d} {clock(at)}"


def span(length: timedelta) -> str:
    """A length in its two largest units: `12 s`, `5 min`, `1 min 58 s`, `2 h 5 min`.

    Below ten seconds one decimal is kept; a negative length reads as `0 s`.
    """
    seconds = max(length.total_seconds(), 0.0)
    if seconds < 10:
        return f"{round(seconds, 1):g} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return _two(whole, 60, "min", "s")
    if whole < 86400:
        return _two(whole // 60, 60, "h", "min")
    return _two(whole // 3600, 24, "d", "h")


def _two(whole: int, per: int, large: str, small: str) -> str:
    many, rest = divmod(whole, per)
    return f"{many} {large} {rest} {small}" if rest else f"{many} {large}"


def ended(words: str) -> str:
    """The words with a full stop, unless they end as a sentence or a question does."""
    return words if words.endswith(("?", ".", "!")) else f"{words}."


def count_of(number: int, noun: str) -> str:
    """A number with its noun: `1 report`, `3 reports`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
