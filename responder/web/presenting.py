"""Incidents and events as JSON values. Times are ISO 8601 in UTC with a Z."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

from responder.incident.events import Event
from responder.incident.listing import IncidentSummary
from responder.incident.model import Incident
from responder.incident.rule import Rule
from responder.incident.words import sentence

_INTERNAL = frozenset(
    {
        "lines",
        "failed_lines",
        "affected_lines",
        "failed_asked",
        "good_lines",
        "digest",
    }
)


def iso(at: datetime | None) -> str | None:
    """A time as `2026-11-05T16:42:10.250Z`."""
    if at is None:
        return None
    local = at.astimezone(UTC).replace(tzinfo=None)
    return f"{local.isoformat(timespec='milliseconds')}Z"


def rule_of(name: str, rules: Sequence[Rule]) -> Rule:
    """The rule of that name; a bare one if the configuration lost it."""
    known = (rule for rule in rules if rule.name == name)
    return next(known, Rule(name=name, match=(), checks=()))


def summary_json(incident: IncidentSummary) -> dict[str, Any]:
    """One incident of a list."""
    reports = [
        _report(r.at, r.method, r.outcome, r.status, r.message, r.seconds)
        for r in incident.reports
    ]
    return {
        **_facts(incident, incident.summary, reports),
        "shared_with": incident.shared_with,
    }


def incident_json(incident: Incident, rules: Sequence[Rule]) -> dict[str, Any]:
    """One incident by itself, in the same fields as in a list."""
    summary = sentence(incident, rule_of(incident.rule, rules))
    reports = [
        _report(r.at, r.method, r.outcome, r.status, r.message, r.seconds)
        for r in incident.answered
    ]
    return {
        **_facts(incident, summary, reports),
        "shared_with": incident.shared.incident if incident.shared else None,
    }


def _facts(
    incident: Incident | IncidentSummary, summary: str, reports: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "id": incident.id,
        "rule": incident.rule,
        "group": incident.group,
        "state": incident.state,
        "reason": incident.reason,
        "proof": incident.proof,
        "summary": summary,
        "opened_at": iso(incident.opened_at),
        "alert_started_at": iso(incident.alert_started_at),
        "first_error_at": iso(incident.first_error_at),
        "reported_at": iso(incident.reported_at),
        "withheld_at": iso(incident.withheld_at),
        "reported_by_hand_at": iso(incident.reported_by_hand_at),
        "ended_at": iso(incident.ended_at),
        "errors": incident.errors,
        "failed_orders": incident.failed_orders,
        "relapse_of": incident.relapse_of,
        "drill": bool(incident.drill),
        "reports": reports,
    }


def _report(
    at: datetime,
    method: str,
    outcome: str | None,
    status: int | None,
    message: str,
    seconds: float,
) -> dict[str, Any]:
    return {
        "at": iso(at),
        "method": method,
        "outcome": outcome,
        "status": status,
        "message": message,
        "seconds": seconds,
    }


def timeline_json(events: Iterable[Event]) -> list[dict[str, Any]]:
    """The events, oldest first, without what serves only our own bookkeeping."""
    timeline = []
    for event in events:
        whole = _plain(event)
        timeline.append({"at": whole["at"], "event": whole["event"], **whole})
    return timeline


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if is_dataclass(value):
        return {
            field.name: _plain(getattr(value, field.name))
            for field in fields(value)
            if field.name not in _INTERNAL
        }
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
