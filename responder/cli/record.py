"""`responder record`: one incident as a cassette."""

import argparse
import sys

from responder.cli.common import add_config, settings_or_refuse
from responder.cli.history import fetch_cassette, recorded
from responder.cli.service import operator
from responder.config.checks import Purpose
from responder.replay.cassette import dump

NAME = "record"
HELP = "write an incident of the record as a cassette, to replay it"
EXAMPLES = """examples:
  responder record 01k9a3v7q2m4x8zt --config responder.yaml > cassettes/november.yaml
  responder record 01k9a3v7q2m4x8zt --server https://responder.example.net
With --server the operator is RESPONDER_USER with RESPONDER_PASSWORD, else of ~/.netrc.
No token, code or secret is in a cassette.
Exit status: 0 written, 1 no such incident, or no storage, 2 wrong usage."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("incident", metavar="ID", help="the incident's id")
    parser.add_argument(
        "--server",
        metavar="URL",
        help="ask this running service; else the configured storage is read, or the "
        "service that serves it on this machine is asked",
    )
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the cassette."""
    if arguments.server:
        found = fetch_cassette(arguments.server, arguments.incident, operator())
    else:
        settings = settings_or_refuse(arguments, Purpose.REPLAY, warn=False)
        found = recorded(settings, arguments.incident)
    sys.stdout.write(dump(found))
    return 0
