"""`responder resume`: end the pause; incidents that it held are evaluated at once."""

import argparse

from responder.cli import service

NAME = "resume"
HELP = "let automatic reports of a running service go on"
EXAMPLES = f"""examples:
  responder resume
  responder resume --server https://responder.example.net --user oncall
{service.WHO}
Exit status: 0 resumed (or not paused), 1 no answer or a refusal."""


def arguments(parser: argparse.ArgumentParser) -> None:
    service.arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Press the switch."""
    service.press(arguments, {"paused": False})
    print("resumed: held incidents are checked now and may be reported")
    return 0
