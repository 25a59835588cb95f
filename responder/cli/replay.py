"""`responder replay`: what would be decided for recorded webhook bodies."""

import argparse
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from responder.app import line_reader
from responder.cli import decided
from responder.cli.configured import Usage, add_config, settings_or_refuse
from responder.cli.decided import Decided
from responder.config.load import Purpose
from responder.config.settings import LokiLogs, Settings
from responder.evidence.loki import LokiLogSource
from responder.evidence.supposed import SupposedLogs
from responder.factory import PizzaFactory
from responder.incident.names import Sender
from responder.incident.ports import LogSource
from responder.masking import Masker
from responder.replay import Replay, understand

NAME = "replay"
HELP = "feed recorded webhook bodies through the policy; never calls the factory"
EXAMPLES = """examples:
  responder replay --config responder.yaml --errors 14 firing.json
  responder replay --unreadable --json firing.json resolved.json
  responder sample grafana --rule pizza-factory | responder replay --errors 0 -
  responder sample irm --rule pizza-factory | responder replay --errors error-logs=4 -
Exit status: 0 decided, 1 a body was refused or the configuration has a problem,
2 wrong usage or a file that cannot be read."""
MOST = 1_000_000


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a webhook body; - reads one from stdin",
    )
    evidence = parser.add_mutually_exclusive_group()
    evidence.add_argument(
        "--errors",
        type=_supposed,
        action="append",
        metavar="[CHECK=]N",
        help="suppose N lines for every check, each with a report link; or N for the "
        "check of that name, and none for the others (may be repeated)",
    )
    evidence.add_argument(
        "--unreadable", action="store_true", help="suppose that no log can be read"
    )
    parser.add_argument(
        "--no-link",
        action="store_true",
        help="with --errors: suppose that no line carries a report link; checks that "
        "look for links then count none",
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
    logs = _logs(arguments, settings)
    try:
        return _run(arguments, settings, logs)
    finally:
        if isinstance(logs, LokiLogSource):
            logs.close()


def _run(arguments: argparse.Namespace, settings: Settings, logs: LogSource) -> int:
    if arguments.files.count("-") > 1:
        raise Usage("-: stdin can be read only once")
    sender = Sender(arguments.sender) if arguments.sender else None
    most = settings.server.max_body
    bodies = [(name, _read(name, most)) for name in arguments.files]
    replay = Replay(
        settings.rules,
        logs,
        fixed_link=PizzaFactory(settings.factory, Masker()).fixed_link(),
        max_reports_per_hour=settings.max_reports_per_hour,
    )
    at, found = datetime.now(UTC), Decided(replay)
    for name, raw in bodies:
        try:
            if len(raw) > most:
                raise ValueError(f"body: larger than {most} bytes (server.max_body).")
            notification = understand(raw, sender)
        except ValueError as problem:
            found.refused.append((name, str(problem)))
            continue
        at += timedelta(seconds=1)
        found.alerts += [(name, verdict) for verdict in replay.feed(notification, at)]
    show = decided.as_json if arguments.json else decided.as_text
    print(show(found, Masker(settings.secrets())))
    return 1 if found.refused else 0


def _logs(arguments: argparse.Namespace, settings: Settings) -> LogSource:
    if arguments.no_link and not arguments.errors:
        raise Usage("--no-link: says what --errors N supposes; give both")
    if arguments.unreadable:
        return SupposedLogs(errors=None)
    if arguments.errors:
        return _suppose(arguments.errors, settings, linked=not arguments.no_link)
    if isinstance(settings.logs, LokiLogs):
        return LokiLogSource(settings.logs, line_reader(settings))
    raise Usage(
        "embedded logs live in a running service: say --errors N or --unreadable, "
        "or configure `logs` with type loki"
    )


def _suppose(
    errors: list[tuple[str, int]], settings: Settings, *, linked: bool
) -> SupposedLogs:
    """Raises Usage for a check that no rule has."""
    known = {check.name for rule in settings.rules for check in rule.checks}
    for name, _ in errors:
        if name and name not in known:
            listed = ", ".join(sorted(known))
            raise Usage(f"--errors: there is no check {name!r}; known: {listed}")
    named = dict(errors)
    return SupposedLogs(errors=named.pop("", 0), named=named, linked=linked)


def _read(name: str, most: int) -> bytes:
    """One byte more than a body may have, so that a larger one is noticed."""
    try:
        if name == "-":
            return sys.stdin.buffer.read(most + 1)
        with Path(name).open("rb") as file:
            return file.read(most + 1)
    except OSError as problem:
        raise Usage(f"{name}: cannot be read: {problem.strerror}") from None
    except ValueError:
        raise Usage(f"{name!r}: is no file's name") from None


def _supposed(text: str) -> tuple[str, int]:
    name, _, number = text.rpartition("=")
    if not re.fullmatch(r"[0-9]{1,7}", number) or int(number) > MOST:
        told = f"{text!r} is no number from 0 to {MOST}, nor CHECK=N"
        raise argparse.ArgumentTypeError(told)
    return name, int(number)
