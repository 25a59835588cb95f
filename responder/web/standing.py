"""What holds every report now, in words and as JSON."""

from typing import Any

from responder.incident.controls import Standing
from responder.incident.phrases import clock, count_of
from responder.web.presenting import iso


def standing_words(standing: Standing) -> str:
    """Why no report leaves now, "" if any may."""
    pause = standing.pause
    if pause:
        until = f" (until {clock(pause.until)})" if pause.until else ""
        return f"{pause.by} stopped automatic reports at {clock(pause.at)}{until}."
    if standing.breaker_open:
        many = count_of(standing.max_reports_per_hour, "report")
        frees = standing.hour_frees_at
        when = f"; the next may leave at {clock(frees)}" if frees else ""
        used = f"All {many} allowed within an hour are used"
        if standing.max_reports_per_hour == 1:
            used = "The one report allowed within an hour is used"
        return f"{used}{when}."
    return ""


def standing_json(standing: Standing) -> dict[str, Any]:
    """What holds every report now."""
    pause = standing.pause
    return {
        "paused": pause is not None,
        "by": pause.by if pause else None,
        "at": iso(pause.at) if pause else None,
        "until": iso(pause.until) if pause else None,
        "held": standing.held,
        "breaker": {
            "open": standing.breaker_open,
            "reports_last_hour": standing.reports_last_hour,
            "max_reports_per_hour": standing.max_reports_per_hour,
            "closes_at": iso(standing.hour_frees_at),
        },
    }
