"""`responder serve` with a knife at seven places: python -m tools.torture.victim.

Everything is the product's own; what can be handed in is wrapped, so that the
process kills itself with SIGKILL at the place that a file names. The file is
consumed: one arming, one death.
"""

import io
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from responder.app import build, log_source
from responder.config import load
from responder.config.checks import Purpose
from responder.config.document import read
from responder.factory import PizzaFactory
from responder.incident.evidence import Evidence, Question, ReportLink
from responder.incident.ports import Answer, Factory, LogSource
from responder.logging import configure
from responder.logs import query as selector
from responder.masking import Masker
from responder.server import HttpServer
from tools.torture.points import CrashPoint


@dataclass(frozen=True)
class Knife:
    """Kills this process at the place that the file names, once."""

    armed: Path

    def at(self, point: CrashPoint) -> None:
        if self.armed.exists() and self.armed.read_text() == point:
            self.armed.unlink()
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class MortalLogs:
    """Dies with the evidence in hand."""

    inner: LogSource
    knife: Knife

    def read(self, questions: Sequence[Question]) -> tuple[Evidence, ...]:
        found = self.inner.read(questions)
        self.knife.at(CrashPoint.AFTER_LOG_QUERY)
        return found


@dataclass(frozen=True)
class MortalFactory:
    """Dies between the intent and the call, or with the answer in hand."""

    inner: Factory
    knife: Knife

    @property
    def name(self) -> str:
        return self.inner.name

    def probe(self) -> str:
        return self.inner.probe()

    def report(self, link: ReportLink, late: float = 0.0, first: str = "") -> Answer:
        self.knife.at(CrashPoint.AFTER_INTENT)
        answer = self.inner.report(link, late, first)
        self.knife.at(CrashPoint.AFTER_ANSWER)
        return answer


Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


@dataclass(frozen=True)
class MortalWeb:
    """Dies with a body read and nothing stored, or stored and nothing answered."""

    inner: Wsgi
    knife: Knife

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        delivered = environ["PATH_INFO"].startswith("/webhooks/")
        if delivered:
            body = environ["wsgi.input"].read()
            environ["wsgi.input"] = io.BytesIO(body)
            self.knife.at(CrashPoint.AFTER_BODY_READ)
        answer = self.inner(environ, start)
        if delivered:
            self.knife.at(CrashPoint.AFTER_COMMIT)
        return answer


class MortalLog(logging.Handler):
    """Dies as soon as the end of an incident is stored and told."""

    def __init__(self, knife: Knife) -> None:
        super().__init__()
        self._knife = knife

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "verdict", "") == "finish":
            self._knife.at(CrashPoint.AFTER_VERIFICATION)


def main(config: str, armed: str) -> None:
    """Serve until SIGTERM; `armed` is the path of the file that names a place."""
    document = read(config, os.environ)
    loaded = load.load(
        document, purpose=Purpose.SERVE, parse_query=selector.parse_logql
    )
    settings = loaded.settings
    assert settings, loaded.problems
    masker = Masker(settings.secrets())
    configure(sys.stdout, masker, "INFO")
    knife = Knife(Path(armed))
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    factory = MortalFactory(PizzaFactory(settings.factory, masker), knife)
    logs = MortalLogs(log_source(settings), knife)
    responder = build(settings, logs=logs, factory=factory)
    responder.web.wsgi_app = MortalWeb(  # type: ignore[method-assign, assignment]
        responder.web.wsgi_app, knife
    )
    logging.getLogger("responder.worker").addHandler(MortalLog(knife))
    http = HttpServer(responder.web, settings.server.host, settings.server.port)
    http.start()
    responder.start()
    while not stopped.wait(1):
        pass
    http.stop()
    responder.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
