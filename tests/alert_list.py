"""Grafana's Alertmanager API on a real socket: lists the alerts that it is given."""

import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self, cast

from tests.quiet_server import QuietHandler, QuietServer

TOKEN = "glsa_of-the-tests"
PATH = "/api/alertmanager/grafana/api/v2/alerts"


def listed(
    name: str = "Order errors",
    *,
    started: datetime,
    state: str = "active",
    fingerprint: str = "57c6d9296de2ad30",
    **labels: str,
) -> dict[str, Any]:
    """One alert as Grafana lists it: times to the millisecond, private labels."""
    at = started.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return {
        "annotations": {"__orgId__": "1", "summary": "Orders fail"},
        "endsAt": "2099-01-01T00:00:00.000Z",
        "fingerprint": fingerprint,
        "receivers": [{"name": "responder"}],
        "startsAt": f"{at}Z",
        "status": {"inhibitedBy": [], "silencedBy": [], "state": state},
        "updatedAt": f"{at}Z",
        "generatorURL": "https://pz.example.net/alerting/grafana/ord_err/view",
        "labels": {
            "__alert_rule_uid__": "ord_err",
            "alertname": name,
            "responder": "jwt-pizza",
            **labels,
        },
    }


@dataclass
class ListingGrafana:
    """Use as a context manager. `body` is answered in place of the list."""

    alerts: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    body: bytes | None = None
    hang: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Path and `Authorization` of each request."""
    released: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._server = _Server(_Handler)
        self._server.grafana = self
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.stop()

    @property
    def url(self) -> str:
        return self._server.url


class _Server(QuietServer):
    grafana: ListingGrafana


class _Handler(QuietHandler):
    def do_GET(self) -> None:
        grafana = cast(_Server, self.server).grafana
        grafana.asked.append((self.path, self.headers.get("Authorization", "")))
        if grafana.hang:
            grafana.released.wait()
        status, body = grafana.status, grafana.body
        if body is None:
            body = json.dumps(grafana.alerts).encode()
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            status, body = 401, b'{"message":"Invalid API key"}'
        elsewhere = {"Location": "/login"} if 300 <= status < 400 else {}
        self.send(status, body, headers=elsewhere)
