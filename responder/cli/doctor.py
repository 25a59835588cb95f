"""`responder doctor`: what is wrong with a deployment, why, and what mends it."""

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

from responder.cli import examined
from responder.cli.configured import (
    Usage,
    add_config,
    document_of,
    require_written,
    seconds,
)
from responder.cli.told import as_json, as_text
from responder.config import load
from responder.config.addresses import public_url, reachable, written
from responder.config.load import Loaded, Purpose
from responder.config.problem import Problem, Refused
from responder.config.settings import Settings
from responder.evidence import selector
from responder.findings import Finding, Level, ok, problem, warning
from responder.masking import Masker

NAME = "doctor"
HELP = "say what is wrong with a deployment, and the line that mends it"
EXAMPLES = """examples:
  responder doctor --config responder.yaml
  responder doctor --config responder.yaml --json     for your CI
  responder doctor --server http://10.0.0.7:8080      asks the one that runs there
It asks the public address, the logs, the factory's first page and, with `grafana:`,
Grafana's provisioning API. It changes nothing and calls no report link.
Exit status: 0 no problem (warnings and notes are no problems), 1 any problem."""


def arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument(
        "--server",
        metavar="URL",
        help="where the service answers directly (default: the configured port here)",
    )
    parser.add_argument(
        "--watch",
        type=seconds,
        default=15.0,
        metavar="SECONDS",
        help="how long to wait for a new log line, to see how late it is (default: 15)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="wait for no new log line at all"
    )


def run(arguments: argparse.Namespace) -> int:
    """Examine everything; 1 if there is any problem."""
    require_written(arguments)
    document = document_of(arguments)
    loaded = load.load(document, purpose=Purpose.SERVE, parse_query=selector.parse)
    host, port = load.listening(document, selector.parse)
    server = _server(arguments.server) or f"http://{written(reachable(host), port)}"
    findings = [*_configuration(loaded)]
    if loaded.settings:
        watch = 0.0 if arguments.quick else arguments.watch
        findings += _examined(loaded.settings, server, watch)
    told = as_json(findings) if arguments.json else as_text(findings)
    print(told)
    return int(any(one.level is Level.PROBLEM for one in findings))


def _server(given: str | None) -> str:
    if not given:
        return ""
    try:
        return public_url(given)
    except Refused as refused:
        raise Usage(f"--server {refused}: {refused.remedy}") from None


def _examined(settings: Settings, server: str, watch: float) -> Iterator[Finding]:
    """Ask one after the other, saying so; no secret is in what comes out."""
    mask = Masker(settings.secrets())
    examiner = examined.Examiner(settings, mask, lambda: datetime.now(UTC))
    asking: tuple[tuple[str, Iterator[Finding]], ...] = (
        (f"the public address, and {server}", examiner.public(server)),
        ("Grafana", examiner.grafana()),
        ("the logs", examiner.logs(watch)),
        ("the factory", examiner.factory()),
    )
    for what, found in asking:  # each asks only when it is taken from
        print(f"asking {what} …", file=sys.stderr, flush=True)
        for one in found:
            yield Finding(
                check=one.check,
                level=one.level,
                says=mask(one.says),
                why=mask(one.why),
                mend=mask(one.mend),
            )


def _configuration(loaded: Loaded) -> Iterator[Finding]:
    for one in loaded.problems:
        yield problem("configuration", _said(one), "serve refuses to start", _mend(one))
    for one in loaded.warnings:
        yield warning(
            "configuration", _said(one), "serve starts all the same", _mend(one)
        )
    if loaded.settings and not loaded.warnings:
        yield ok("configuration", f"configuration {loaded.settings.sha} is valid")


def _said(one: Problem) -> str:
    got = f" (got {one.value})" if one.value else ""
    return f"{one.path} {one.message}{got}"


def _mend(one: Problem) -> str:
    return f"{one.path}: {one.remedy}"
