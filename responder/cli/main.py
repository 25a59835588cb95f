"""The parser of the command line, and its subcommands' examples."""

import argparse
import sys
from collections.abc import Sequence

from responder import __version__
from responder.cli import check, demo, healthcheck, replay, sample, serve
from responder.cli.configured import Usage

_EXAMPLES = """examples:
  responder demo                            watch one incident, from alert to recovery
  responder serve --config responder.yaml   answer alerts
  responder check --config responder.yaml   every problem of a configuration at once
  responder sample grafana --rule pizza-factory | responder replay --errors 14 -
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; its exit status. 2 is a usage error."""
    arguments = parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
    except Usage as problem:
        print(f"responder: {problem}", file=sys.stderr)
        return problem.status
    except BrokenPipeError:
        # The reader of our output left, as `head` does.
        sys.stderr.close()
        return 1
    return status


def parser() -> argparse.ArgumentParser:
    """Every subcommand with its options: what the reference is checked against."""
    top = argparse.ArgumentParser(
        prog="responder",
        description="Answers a Grafana alert before a person can.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (serve, check, replay, sample, demo, healthcheck):
        added = commands.add_parser(
            command.NAME,
            help=command.HELP,
            description=command.HELP,
            epilog=command.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.arguments(added)
        added.set_defaults(run=command.run)
    return top
