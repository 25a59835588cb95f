"""`responder open`: open an incident without an alert; the logs are read at once."""

import argparse
from typing import Any
from urllib.parse import quote

from responder.cli import service
from responder.cli.common import Usage

NAME = "open"
HELP = "open an incident by hand in a running service: look at the logs now"
EXAMPLES = f"""examples:
  responder open pizza-factory
  responder open pizza-factory --server https://responder.example.net --user oncall
{service.WHO}
It goes the way of every incident: reported if the logs confirm, with the same brakes.
Exit status: 0 open, 1 no answer or a refusal."""


def arguments(parser: argparse.ArgumentParser) -> None:
    service.arguments(parser)
    parser.add_argument("rule", metavar="RULE", help="a rule of the service, by name")


def run(arguments: argparse.Namespace) -> int:
    """Ask for it, and say which incident is open now."""
    path = f"/api/rules/{quote(arguments.rule, safe='')}/open"
    incident, done = _understood(service.post(arguments, path, {}))
    print(f"opened {incident}" if done else f"{incident} is open already")
    return 0


def _understood(answer: Any) -> tuple[str, bool]:
    try:
        said = answer.json()
        return str(said["incident"]), bool(said["done"])
    except (ValueError, KeyError, TypeError):
        raise Usage("the answer is not of a Responder; is --server right?", 1) from None
