"""`responder check`: every problem of a configuration at once."""

import argparse
import sys

from responder.cli.configured import add_config, load_configured
from responder.config import checks
from responder.config.load import Purpose

NAME = "check"
HELP = "print every problem of a configuration and what each rule would do"
EXAMPLES = """examples:
  responder check --config responder.yaml
  RESPONDER_CONFIG=responder.yaml responder check
Exit status: 0 without problems, 1 with any. Nothing is called or written."""


def arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument(
        "--allow-literal-secrets",
        action="store_true",
        help="accept secrets written in the file itself (repositories get published)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print problems to standard error and the rules to standard output."""
    loaded = load_configured(
        arguments,
        Purpose.CHECK,
        allow_literal_secrets=arguments.allow_literal_secrets,
    )
    for warning in loaded.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for problem in loaded.problems:
        print(f"problem: {problem}", file=sys.stderr)
    if loaded.settings is None:
        number = len(loaded.problems)
        print(f"{number} problem{'' if number == 1 else 's'}", file=sys.stderr)
        return 1
    print("\n".join(checks.describe(loaded.settings)))
    print(f"no problems; configuration {loaded.settings.sha}")
    return 0
