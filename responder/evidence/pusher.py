"""Where log lines can be written, and as whom: for drills."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from responder.config.settings import EmbeddedLogs, LokiLogs
from responder.evidence.loki_session import authorization, base_url
from responder.evidence.push import PushedLine

PATH = "/loki/api/v1/push"


@dataclass(frozen=True, slots=True, kw_only=True)
class PushTarget:
    """The whole address, and headers that hold credentials."""

    url: str
    headers: dict[str, str | bytes] = field(default_factory=dict, repr=False)


def push_target(logs: LokiLogs | EmbeddedLogs, address: str) -> PushTarget | None:
    """Where lines go: embedded logs at our own `address`; None for a Loki only read."""
    headers: dict[str, str | bytes] = {"Content-Type": "application/json"}
    if isinstance(logs, EmbeddedLogs):
        if logs.push_bearer:
            headers["Authorization"] = f"Bearer {logs.push_bearer.reveal()}".encode()
        return PushTarget(url=f"{address}{PATH}", headers=headers)
    if logs.push is None:
        return None
    if credentials := authorization(logs.push):
        headers["Authorization"] = credentials.encode()
    if logs.tenant:
        headers["X-Scope-OrgID"] = logs.tenant
    return PushTarget(url=f"{base_url(logs.push.url)}{PATH}", headers=headers)


def push_body(lines: Sequence[PushedLine]) -> bytes:
    """The lines in Loki's push form, those of one stream together."""
    streams: dict[str, dict[str, object]] = {}
    values: dict[str, list[list[str]]] = {}
    for line in sorted(lines, key=lambda one: one.at_ns):
        key = json.dumps(dict(line.labels), sort_keys=True)
        told = values.setdefault(key, [])
        streams[key] = {"stream": dict(line.labels), "values": told}
        told.append([str(line.at_ns), line.text])
    return json.dumps({"streams": list(streams.values())}).encode()
