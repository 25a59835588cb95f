"""`responder serve`: the service itself, until SIGTERM or Ctrl-C."""

import argparse
import json
import logging
import os
import shlex
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from typing import NoReturn

from responder.app import Responder, build
from responder.cli.common import Usage, add_config, require_written, settings_or_refuse
from responder.config.checks import Purpose
from responder.config.settings import Settings
from responder.logging import configure
from responder.masking import Masker
from responder.senders.sample import labels_for
from responder.server import BadAddress, HttpServer, raise_descriptor_limit
from responder.store.database import BadStorage, DatabaseInUse

log = logging.getLogger("responder")

NAME = "serve"
HELP = "receive alerts, report to the factory, show what was done"
EXAMPLES = """examples:
  responder serve --config responder.yaml
  PORT=9000 responder serve --config responder.yaml
SIGTERM, SIGHUP or Ctrl-C drains: running steps are finished, everything else stays due.
Exit status: 0 after a drain; 1 if it could not start, or if a step did not end within
server.grace (it is taken up again at the next start); 70 if it cannot go on and must be
started again."""
_BROKEN = os.EX_SOFTWARE
_END_WITHIN = 5.0
"""Seconds for the main thread to end the process after another one died."""


def arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument(
        "--log-level",
        default="info",
        choices=("debug", "info", "warning", "error"),
        help="the finest level that is written to standard output (default: info)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until stopped; 0 after a drain, 1 if it could not start, 70 if it broke."""
    require_written(arguments)
    settings = settings_or_refuse(arguments, Purpose.SERVE)
    configure(sys.stdout, Masker(settings.secrets()), arguments.log_level.upper())
    stopped, deaths = _stop_signals(), _Deaths()
    threading.excepthook = deaths.note
    raise_descriptor_limit()
    try:
        responder = build(settings)
    except (BadStorage, DatabaseInUse) as problem:
        raise Usage(str(problem), 1) from None
    try:
        http = HttpServer(responder.web, settings.server.host, settings.server.port)
    except BadAddress as problem:
        responder.close()
        raise Usage(str(problem), 1) from None
    http.start()
    responder.start()
    _announce(settings, http)
    while not (broken := deaths.why or responder.broken()) and not stopped.wait(1):
        pass
    if broken:
        _end(broken, http)
    if not _drained(responder, http) or responder.broken():
        sys.stdout.flush()
        # A thread that hangs would keep an orderly end waiting for it.
        os._exit(_BROKEN if responder.broken() else 1)
    return 0


def _stop_signals() -> threading.Event:
    """Set once this process is asked to stop."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # nohup ignores a hang-up, and so do we then.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda *_: stopped.set())
    return stopped


class _Deaths:
    """Threads that have failed. Without one that lives as long as the process, it ends.

    Nobody else would notice: the process would live on and, say, serve nothing.
    """

    def __init__(self) -> None:
        self.why = ""

    def note(self, failed: threading.ExceptHookArgs) -> None:
        """Log it, and keep why the process must end. The hook of `threading`."""
        name = failed.thread.name if failed.thread else ""
        # Threads without a name of their own live for one call.
        vital = name != "drill" and not name.startswith("Thread-")
        try:
            error = failed.exc_value or failed.exc_type()
            log.critical("thread died", exc_info=error, extra={"thread_name": name})
        finally:
            if vital:
                self.why = f"the thread {name!r} died"
                # The main thread may be waiting for what this one was to do.
                threading.Event().wait(_END_WITHIN)
                os._exit(_BROKEN)


def _end(broken: str, http: HttpServer) -> NoReturn:
    """Answer what has come and end at once: parts may be dead, and files gone."""
    log.critical("process ends", extra={"why": broken, "status": _BROKEN})
    try:
        http.stop(2)
    finally:
        sys.stdout.flush()
        os._exit(_BROKEN)


def _drained(responder: Responder, http: HttpServer) -> bool:
    """Stop taking requests and finish running steps; whether that ended in time."""
    print("responder: stopping; running steps are finished first", file=sys.stderr)
    grace = responder.settings.server.grace.total_seconds()
    ends = time.monotonic() + grace
    # Half of it at most for senders: what they are not answered they send again.
    http.stop(grace / 2)
    if responder.close(max(0.0, ends - time.monotonic())):
        return True
    print("responder: not all steps ended within server.grace", file=sys.stderr)
    return False


def _announce(settings: Settings, http: HttpServer) -> None:
    """Addresses and one thing to try, for a person: logs go to standard output."""
    lines = [
        f"Responder answers at {http.url}",
        f"  status page    {http.url}/",
        f"  Grafana        {_public(settings, http)}/webhooks/grafana",
        f"  Alertmanager   {_public(settings, http)}/webhooks/alertmanager",
        f"  IRM            {_public(settings, http)}/webhooks/irm",
        f"  metrics        {http.url}/metrics",
    ]
    lines += _try_it(settings, http)
    print("\n".join(lines), file=sys.stderr, flush=True)


def _public(settings: Settings, http: HttpServer) -> str:
    return (settings.server.public_url or http.url).rstrip("/")


def _try_it(settings: Settings, http: HttpServer) -> list[str]:
    """One command for a shell, whole in itself; none where credentials are needed."""
    if not settings.server.loopback or settings.webhook_auth:
        return []
    for rule in settings.rules:
        try:
            labels = labels_for(rule)
        except ValueError:
            continue  # Its expressions are too odd to guess a label for.
        alert = {"status": "firing", "labels": labels, "startsAt": _now()}
        body = shlex.quote(json.dumps({"status": "firing", "alerts": [alert]}))
        url = f"{http.url}/webhooks/grafana"
        # A proxy from the environment would be told apart as a stranger, or be lost.
        command = "curl -sS --noproxy '*' -H 'Content-Type: application/json'"
        return ["Try it:", f"  {command} -d {body} '{url}'"]
    return []


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
