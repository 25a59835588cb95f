"""Links back to Grafana, built from what the alert carried."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs, quote, urlsplit

from responder.incident.events import AlertFired, Event
from responder.incident.evidence import to_ns
from responder.incident.model import Incident
from responder.incident.rule import Rule

_NAMES = {
    "generator": "Alert rule",
    "dashboard": "Dashboard",
    "panel": "Panel",
    "silence": "Silence this alert",
    "image": "Picture",
}
_AROUND = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One place to look. Only ever http or https: senders write what they like."""

    name: str
    url: str


def addresses_of(
    incident: Incident, events: Sequence[Event], rule: Rule
) -> tuple[Address, ...]:
    """Where in Grafana to see for yourself, the failing orders' logs first."""
    fired = [e for e in events if isinstance(e, AlertFired) and e.links]
    links: Mapping[str, str] = fired[-1].links if fired else {}
    known = [
        Address(name=name, url=links[key])
        for key, name in _NAMES.items()
        if safe(links.get(key, ""))
    ]
    generator = links.get("generator", "")
    explore = _explore(generator, incident, rule) if safe(generator) else None
    return (explore, *known) if explore else tuple(known)


def safe(address: str) -> bool:
    """Whether an address from outside may become a link at all."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _explore(generator: str, incident: Incident, rule: Rule) -> Address | None:
    """Grafana's Explore with the rule's query, from before the alert until its end.

    Only where the alert came from Grafana itself: its rule's address has `/alerting/`.
    The pane names no data source, so Explore opens the default one.
    """
    parts = urlsplit(generator)
    base, found, _ = parts.path.partition("/alerting/")
    query = rule.failed or (rule.checks[-1].query if rule.checks else "")
    if not found or not query:
        return None
    since = (incident.first_error_at or incident.opened_at) - _AROUND
    until = str(_ms(incident.ended_at + _AROUND)) if incident.ended_at else "now"
    pane = {
        "queries": [{"refId": "A", "expr": query}],
        "range": {"from": str(_ms(since)), "to": until},
    }
    org = parse_qs(parts.query).get("orgId", ["1"])[0]
    panes = quote(json.dumps({"logs": pane}, separators=(",", ":")), safe="")
    url = (
        f"{parts.scheme}://{parts.netloc}{base}/explore?schemaVersion=1"
        f"&orgId={quote(org, safe='')}&panes={panes}"
    )
    return Address(name="Failing orders in Grafana", url=url)


def _ms(at: datetime) -> int:
    return to_ns(at) // 1_000_000
