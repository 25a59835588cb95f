"""Files to replay: recognise cassettes and webhook bodies, and play them."""

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from responder.app import line_reader
from responder.cli.common import Usage
from responder.cli.replay_output import DecidedBody
from responder.config.settings import Settings
from responder.factory import PizzaFactory
from responder.incident.names import WEBHOOKS, Sender
from responder.incident.ports import LogSource
from responder.logs.assumed import AssumedLogs
from responder.logs.loki import LokiLogSource
from responder.masking import Masker
from responder.replay.bodies import Replay, understand
from responder.replay.cassette import (
    MAX_BYTES,
    BadCassette,
    Cassette,
    is_cassette,
    load,
)

# Webhook bodies without a cassette, with assumed or with real logs.

MOST = 1_000_000


def options(parser: argparse.ArgumentParser) -> None:
    """What is supposed of the logs, and who sent the bodies."""
    evidence = parser.add_mutually_exclusive_group()
    evidence.add_argument(
        "--errors",
        type=_supposed,
        action="append",
        metavar="[CHECK=]N",
        help="for bodies: suppose N lines for every check, each with a report link; or "
        "N for the check of that name, and none for the others (may be repeated)",
    )
    evidence.add_argument(
        "--unreadable",
        action="store_true",
        help="for bodies: suppose that no log can be read",
    )
    parser.add_argument(
        "--no-link",
        action="store_true",
        help="with --errors: suppose that no line carries a report link; checks that "
        "look for links then count none",
    )
    parser.add_argument(
        "--sender",
        choices=[str(sender) for sender in WEBHOOKS],
        help="who sent the bodies (default: told by their shape)",
    )


def decide(
    arguments: argparse.Namespace, settings: Settings, bodies: list[tuple[str, bytes]]
) -> DecidedBody:
    """What would be decided for the bodies, in this order, a second apart."""
    logs = _logs(arguments, settings)
    try:
        return _decide(arguments, settings, bodies, logs)
    finally:
        if isinstance(logs, LokiLogSource):
            logs.close()


def _decide(
    arguments: argparse.Namespace,
    settings: Settings,
    bodies: list[tuple[str, bytes]],
    logs: LogSource,
) -> DecidedBody:
    sender = Sender(arguments.sender) if arguments.sender else None
    most = settings.server.max_body
    replay = Replay(
        settings.rules,
        logs,
        fixed_link=PizzaFactory(settings.factory, Masker()).fixed_link(),
        max_reports_per_hour=settings.max_reports_per_hour,
    )
    at, found = datetime.now(UTC), DecidedBody(replay)
    for name, raw in bodies:
        try:
            if len(raw) > most:
                raise ValueError(f"body: larger than {most} bytes (server.max_body).")
            notification = understand(raw, sender)
        except ValueError as problem:
            found.refused.append((name, str(problem)))
            continue
        found.names[name] = [alert.name for alert in notification.alerts]
        at += timedelta(seconds=1)
        found.alerts += [(name, verdict) for verdict in replay.feed(notification, at)]
    return found


def _logs(arguments: argparse.Namespace, settings: Settings) -> LogSource:
    if arguments.no_link and not arguments.errors:
        raise Usage("--no-link: says what --errors N supposes; give both")
    if arguments.unreadable:
        return AssumedLogs(errors=None)
    if arguments.errors:
        return _suppose(arguments.errors, settings, linked=not arguments.no_link)
    if settings.logs is None:
        raise Usage("no logs are configured: say --errors N or --unreadable")
    return LokiLogSource(settings.logs, line_reader(settings))


def _suppose(
    errors: list[tuple[str, int]], settings: Settings, *, linked: bool
) -> AssumedLogs:
    """Raises Usage for a check that no rule has."""
    known = {check.name for rule in settings.rules for check in rule.checks}
    for name, _ in errors:
        if name and name not in known:
            listed = ", ".join(sorted(known))
            raise Usage(f"--errors: there is no check {name!r}; known: {listed}")
    named = dict(errors)
    return AssumedLogs(errors=named.pop("", 0), named=named, linked=linked)


def read(name: str, most: int) -> bytes:
    """At most `most` bytes and one more, so that a larger file is noticed.

    Raises Usage for what cannot be read.
    """
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


KINDS = (".json", ".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Found:
    """What the arguments name, in their order."""

    cassettes: list[tuple[str, Cassette]] = field(default_factory=list)
    bodies: list[tuple[str, bytes]] = field(default_factory=list)


def add_files(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help=what)


def find(names: list[str], most: int) -> Found:
    """Read every file; a directory stands for the .json and .yaml files in it.

    `most` is the size of the largest body. Raises Usage (status 2) for what cannot be
    read, and for a cassette that is none.
    """
    if names.count("-") > 1:
        raise Usage("-: stdin can be read only once")
    found = Found()
    for name in [file for given in names for file in _opened(given)]:
        raw = read(name, max(most, MAX_BYTES))
        text = raw.decode("utf-8", "replace")
        if not is_cassette(text):
            found.bodies.append((name, raw))
            continue
        try:
            found.cassettes.append((name, load(text)))
        except BadCassette as problem:
            raise Usage(f"{name}: {problem}") from None
    return found


def _opened(name: str) -> Iterator[str]:
    folder = Path(name)
    if name == "-" or not folder.is_dir():
        yield name
        return
    inside = sorted(p for p in folder.iterdir() if p.suffix in KINDS and p.is_file())
    if not inside:
        listed = ", ".join(KINDS)
        raise Usage(f"{name}: is a directory without any {listed} file")
    yield from map(str, inside)
