"""`responder replay`: what would be decided for recorded webhook bodies."""

import argparse
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from responder.app import line_reader
from responder.cli.configured import Usage, add_config, settings_or_refuse
from responder.config.load import Purpose
from responder.config.settings import LokiLogs, Settings
from responder.evidence.loki import LokiLogSource
from responder.factory import PizzaFactory
from responder.incident.alert import AlertVerdict, Notification
from responder.incident.names import Sender, Verdict
from responder.incident.ports import LogSource
from responder.masking import Masker
from responder.replay import Replay, SupposedLogs, understand

NAME = "replay"
HELP = "feed recorded webhook bodies through the policy; never calls the factory"
EXAMPLES = """examples:
  responder replay --config responder.yaml --errors 14 firing.json
  responder replay --unreadable firing.json resolved.json
  responder sample grafana --rule pizza-factory | responder replay --errors 4 -
Exit status: 0 decided, 1 a body was refused, 2 a file cannot be read."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a webhook body; - reads one from stdin",
    )
    evidence = parser.add_mutually_exclusive_group()
    evidence.add_argument(
        "--errors", type=_number, metavar="N", help="suppose N lines for every check"
    )
    evidence.add_argument(
        "--unreadable", action="store_true", help="suppose that no log can be read"
    )
    parser.add_argument(
        "--no-link",
        action="store_true",
        help="with --errors: suppose that no line carries a report link",
    )
    parser.add_argument(
        "--sender",
        choices=[str(sender) for sender in Sender],
        help="who sent the bodies (default: told by their shape)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Decide, print, and say by the exit status whether every body was taken."""
    settings = settings_or_refuse(arguments, Purpose.REPLAY)
    masker = Masker(settings.secrets())
    sender = Sender(arguments.sender) if arguments.sender else None
    bodies = [(name, _read(name)) for name in arguments.files]
    replay = Replay(
        settings.rules,
        _logs(arguments, settings),
        fixed_link=PizzaFactory(settings.factory, masker).fixed_link(),
        max_reports_per_hour=settings.max_reports_per_hour,
    )
    at, refused = datetime.now(UTC), []
    verdicts: list[tuple[str, AlertVerdict]] = []
    for name, raw in bodies:
        try:
            notification: Notification = understand(raw, sender)
        except ValueError as problem:
            refused.append((name, masker(str(problem))))
            continue
        at += timedelta(seconds=1)
        verdicts += [(name, verdict) for verdict in replay.feed(notification, at)]
    show = _as_json if arguments.json else _as_text
    print(masker(show(replay, verdicts, refused)))
    return 1 if refused else 0


def _as_json(
    replay: Replay,
    verdicts: list[tuple[str, AlertVerdict]],
    refused: list[tuple[str, str]],
) -> str:
    return json.dumps(
        {
            "incidents": [found.as_json() for found in replay.incidents.values()],
            "alerts": [
                {
                    "file": name,
                    "fingerprint": verdict.fingerprint,
                    "verdict": str(verdict.verdict),
                    "incident": verdict.incident,
                    "why": verdict.why,
                }
                for name, verdict in verdicts
            ],
            "refused": [{"file": name, "why": why} for name, why in refused],
        },
        indent=2,
    )


def _as_text(
    replay: Replay,
    verdicts: list[tuple[str, AlertVerdict]],
    refused: list[tuple[str, str]],
) -> str:
    lines = []
    for found in replay.incidents.values():
        group = f" ({found.incident.group})" if found.incident.group else ""
        lines.append(f"{found.rule.name}{group}: {found.decision}")
        lines += [f"  {reason}" for reason in found.reasons]
    for name, verdict in verdicts:
        if verdict.verdict in (Verdict.IGNORED, Verdict.TEST, Verdict.NO_DATA):
            why = f": {verdict.why}" if verdict.why else ""
            lines.append(f"{name}: alert {verdict.fingerprint} {verdict.verdict}{why}")
    lines += [f"{name}: refused: {why}" for name, why in refused]
    return "\n".join(lines or ["no alert in these bodies leads to an incident"])


def _logs(arguments: argparse.Namespace, settings: Settings) -> LogSource:
    if arguments.unreadable:
        return SupposedLogs(errors=None)
    if arguments.errors is not None:
        return SupposedLogs(errors=arguments.errors, linked=not arguments.no_link)
    if isinstance(settings.logs, LokiLogs):
        return LokiLogSource(settings.logs, line_reader(settings))
    raise Usage(
        "embedded logs live in a running service: say --errors N or --unreadable, "
        "or configure `logs` with type loki"
    )


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as problem:
        raise Usage(f"{name}: cannot be read: {problem.strerror}") from None


def _number(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number
