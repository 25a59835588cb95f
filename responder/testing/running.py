"""A Responder on a socket, for as long as a test lasts."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any

import requests

from responder.app import build
from responder.config.settings import (
    FactorySettings,
    LokiLogs,
    Server,
    Settings,
)
from responder.server import HttpServer

_PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class Running:
    """A service that answers at `url`; only this machine reaches it."""

    url: str
    settings: Settings

    def deliver(
        self, body: Mapping[str, Any], sender: str = "grafana"
    ) -> dict[str, Any]:
        """Post a webhook; what was made of it. Raises AssertionError if refused."""
        answer = _session().post(f"{self.url}/webhooks/{sender}", json=body, timeout=10)
        if answer.status_code not in (200, 202):
            raise AssertionError(f"refused: {answer.status_code} {answer.text}")
        found: dict[str, Any] = answer.json()
        return found

    def incidents(self) -> list[dict[str, Any]]:
        """Every incident, the newest first, as the API shows it."""
        found = _session().get(f"{self.url}/api/incidents", timeout=10).json()
        listed: list[dict[str, Any]] = found["incidents"]
        return listed

    def wait_for(self, state: str, within: float = 30.0) -> dict[str, Any]:
        """The newest incident, once it is in this state.

        Raises AssertionError with what it came to after `within` seconds.
        """
        ends, pause = time.monotonic() + within, Event()
        while True:
            known = self.incidents()
            if known and known[0]["state"] == state:
                return known[0]
            if time.monotonic() >= ends:
                came = (
                    f"{known[0]['state']}: {known[0]['summary']}" if known else "none"
                )
                raise AssertionError(f"no incident is {state} in time; it is {came}")
            pause.wait(_PAUSE)


@contextmanager
def running(
    folder: Path,
    settings: Settings,
    *,
    factory_url: str | None = None,
    loki_url: str | None = None,
) -> Iterator[Running]:
    """Serve these settings on a free port, with its storage in `folder`.

    Rules and bounds are the settings'. Credentials are left out: the service listens
    on this machine alone. `factory_url` and `loki_url` stand in for the configured
    ones.
    """
    factory = settings.factory
    if factory_url is not None:
        factory = FactorySettings(url=factory_url, timeout=factory.timeout)
    logs = LokiLogs(url=loki_url) if loki_url else settings.logs
    served = replace(
        settings,
        server=Server(port=0, max_body=settings.server.max_body),
        storage_url=f"sqlite:///{folder / 'responder.db'}",
        webhook_auth=(),
        operators={},
        factory=factory,
        logs=logs,
    )
    responder = build(served)
    http = HttpServer(responder.web, "127.0.0.1", 0)
    http.start()
    responder.start()
    try:
        yield Running(http.url, served)
    finally:
        http.stop()
        responder.close()


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # A proxy does not know this machine's own port.
    return session
