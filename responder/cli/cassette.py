"""`responder cassette`: new ones from a description, or from what others kept."""

import argparse
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from responder.cassette.bodies import LABELS
from responder.cassette.files import dump
from responder.cassette.imported import BadExport, Entry, Heard, entries_of, import_all
from responder.cassette.made import Alerted, Description, make
from responder.cassette.schema import Cassette, Kind
from responder.cli.bare import read
from responder.cli.configured import Usage, add_config, settings_or_refuse
from responder.config.durations import duration
from responder.config.load import Purpose
from responder.config.problem import Refused
from responder.factory import PizzaFactory
from responder.incident.names import Sender, Status
from responder.masking import Masker
from responder.replay import understand
from responder.senders import body

NAME = "cassette"
HELP = (
    "write a cassette from a description, or from recorded webhooks and a Loki export"
)
EXAMPLES = """examples:
  responder cassette new --name night --start 2026-11-03T02:00:00Z --minutes 10 \\
    --errors-per-minute 12 --failed-orders 40 --alert 2m --resolved 12m
  responder cassette import --name november firing.json resolved.json --loki lines.json
A Loki export is the answer of /loki/api/v1/query_range. Links become names, and
whatever stood in them is masked.
Exit status: 0 written, 2 wrong usage, or a file that cannot be read or used."""
MOST = 256 * 1024 * 1024


_NUMBERS = (
    ("--minutes", "MINUTES", "how long the fault lasts"),
    ("--errors-per-minute", "N", "error lines of each minute"),
    ("--failed-orders", "N", "orders that fail, in all"),
)

_NOTICES = (
    ("--alert", "a firing alert so long after the start, as 2m or irm@2m30s"),
    ("--resolved", "its resolved notice"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(dest="what", metavar="new|import", required=True)
    _new_arguments(what.add_parser("new", help="from a description"))
    _import_arguments(what.add_parser("import", help="from recorded files"))


def _new_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", required=True, help="the cassette's name")
    begins = "when the fault begins, as 2026-11-03T02:00:00Z"
    parser.add_argument(
        "--start", required=True, type=_moment, metavar="TIME", help=begins
    )
    for option, metavar, told in _NUMBERS:
        parser.add_argument(
            option, required=True, type=_number, metavar=metavar, help=told
        )
    parser.add_argument(
        "--kind",
        choices=[str(kind) for kind in Kind],
        default=str(Kind.FAIL),
        help="other: no line has a link (default: fail)",
    )
    for option, told in _NOTICES:
        parser.add_argument(
            option,
            action="append",
            default=[],
            type=_alert,
            metavar="[SENDER@]OFFSET",
            help=told,
        )
    parser.add_argument(
        "--by-hand", type=_offset, metavar="OFFSET", help="a person's report then"
    )
    parser.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a label of the alert (default: what the built-in rule takes)",
    )


def _import_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "bodies",
        nargs="*",
        metavar="BODY[@TIME]",
        help="a recorded webhook body, and when it came; else as its alert says",
    )
    parser.add_argument("--name", required=True, help="the cassette's name")
    parser.add_argument(
        "--loki", action="append", default=[], metavar="FILE", help="a Loki export"
    )
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the cassette."""
    _check(arguments.name)
    try:
        made = _made(arguments) if arguments.what == "new" else _imported(arguments)
    except ValueError as problem:
        raise Usage(str(problem)) from None
    sys.stdout.write(dump(made))
    return 0


def _made(arguments: argparse.Namespace) -> Cassette:
    alerts = [Alerted(at=at, sender=sender) for sender, at in arguments.alert]
    alerts += [
        Alerted(at=at, sender=sender, status=Status.RESOLVED)
        for sender, at in arguments.resolved
    ]
    told = Description(
        name=arguments.name,
        start=arguments.start,
        lasts=timedelta(minutes=arguments.minutes),
        errors_per_minute=arguments.errors_per_minute,
        failed_orders=arguments.failed_orders,
        kind=Kind(arguments.kind),
        alerts=sorted(alerts, key=lambda alert: alert.at),
        reported_by_hand=arguments.by_hand,
        labels=_labels(arguments.label),
    )
    return make(told)


def _labels(given: list[str]) -> Mapping[str, str]:
    pairs = [text.partition("=") for text in given]
    if any(not (name and sign) for name, sign, _ in pairs):
        raise Usage("--label: write NAME=VALUE")
    return {name: value for name, _, value in pairs} or LABELS


def _imported(arguments: argparse.Namespace) -> Cassette:
    settings = settings_or_refuse(arguments, Purpose.REPLAY, warn=False, status=2)
    heard = [_heard(given, settings.server.max_body) for given in arguments.bodies]
    entries: list[Entry] = []
    for name in arguments.loki:
        try:
            entries += entries_of(read(name, MOST))
        except BadExport as problem:
            raise Usage(f"{name}: {problem}") from None
    host = PizzaFactory(settings.factory, Masker()).name
    mask = Masker(settings.secrets())
    return import_all(arguments.name, heard, entries, host=host, mask=mask)


def _heard(given: str, most: int) -> Heard:
    name, sign, time = given.rpartition("@")
    at = None
    if sign and not Path(given).exists():
        at = _time(time)
    else:
        name = given
    raw = read(name, most)
    try:
        return Heard(body=body.decode(raw), notification=understand(raw), at=at)
    except ValueError as problem:
        raise Usage(f"{name}: refused: {problem}") from None


def _check(name: str) -> None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,80}", name):
        raise Usage("--name: use small letters, digits, . - and _")


def _time(text: str) -> datetime:
    try:
        return _moment(text)
    except argparse.ArgumentTypeError as problem:
        raise Usage(str(problem)) from None


def _moment(text: str) -> datetime:
    told = f"{text!r} is no time such as 2026-11-05T16:42:10Z"
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(told) from None
    if at.tzinfo is None:
        raise argparse.ArgumentTypeError(told)
    return at.astimezone(UTC)


def _offset(text: str) -> timedelta:
    try:
        return duration(text)
    except Refused as problem:
        raise argparse.ArgumentTypeError(f"{text!r} {problem}") from None


def _alert(text: str) -> tuple[Sender, timedelta]:
    sender, sign, offset = text.rpartition("@")
    if sign and sender not in set(Sender):
        known = ", ".join(Sender)
        raise argparse.ArgumentTypeError(f"{sender!r} is none of {known}")
    return Sender(sender) if sign else Sender.GRAFANA, _offset(offset)


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number up to 999999")
    return int(text)
