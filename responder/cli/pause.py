"""`responder pause`: stop all reports, in every replica, until a time or `resume`."""

import argparse
from datetime import timedelta

from responder.cli import service
from responder.config.problem import ConfigError
from responder.config.settings import duration, said

NAME = "pause"
HELP = "stop automatic reports of a running service, in all of its replicas"
EXAMPLES = f"""examples:
  responder pause                           until `responder resume`
  responder pause --for 2h                  ends by itself
  responder pause --server https://responder.example.net --user oncall
{service.WHO}
Alerts are still received, a call under way is finished, recovery is still proven.
Exit status: 0 paused, 1 no answer or a refusal."""

LONGEST = timedelta(days=30)
"""What the service takes as well."""


def arguments(parser: argparse.ArgumentParser) -> None:
    service.arguments(parser)
    parser.add_argument(
        "--for",
        dest="length",
        type=_length,
        metavar="DURATION",
        help="end by itself after this long, as in 30m or 2h (default: never)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Press the switch."""
    length: str | None = arguments.length
    service.press(arguments, {"paused": True, **({"for": length} if length else {})})
    print(f"paused for {length}" if length else "paused until you resume")
    return 0


def _length(text: str) -> str:
    try:
        length = duration(text)
    except ConfigError as refused:
        why = f"{text!r} {refused}; {refused.remedy}"
        raise argparse.ArgumentTypeError(why) from None
    if not length:
        raise argparse.ArgumentTypeError(f"{text!r} is no time at all")
    if length > LONGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is longer than {LONGEST.days} days")
    return said(length)
