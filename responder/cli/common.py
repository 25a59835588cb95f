"""What subcommands share: finding, loading and refusing a configuration."""

import argparse
import os
import sys
from collections.abc import Sequence

from responder.config import load
from responder.config.checks import Purpose
from responder.config.document import BUILT_IN, Document, read
from responder.config.load import Loaded
from responder.config.problem import Problem
from responder.config.settings import Settings
from responder.logs.query import parse_logql


class Usage(Exception):
    """A command that cannot be done as asked: one line, and the exit status."""

    def __init__(self, text: str, status: int = 2) -> None:
        super().__init__(text)
        self.status = status


def add_config(parser: argparse.ArgumentParser) -> None:
    """The option that every subcommand with a configuration has."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="the YAML file; else RESPONDER_CONFIG_YAML holds the whole document, or "
        "RESPONDER_CONFIG names the file, or built-in defaults are used",
    )


def document_of(arguments: argparse.Namespace) -> Document:
    """The document that the arguments and the environment name."""
    return read(arguments.config, os.environ)


def require_written(arguments: argparse.Namespace) -> None:
    """Raise Usage without a configuration that a person wrote: it contacts nobody."""
    if document_of(arguments).origin == BUILT_IN:
        raise Usage(
            "no configuration: name one by --config, RESPONDER_CONFIG or "
            "RESPONDER_CONFIG_YAML. To watch an incident without one: responder demo. "
            "To write one: responder check --example > responder.yaml"
        )


def settings_or_refuse(
    arguments: argparse.Namespace,
    purpose: Purpose,
    *,
    warn: bool = True,
    status: int = 1,
) -> Settings:
    """The settings; warnings are printed, problems too, and end the command."""
    document = document_of(arguments)
    loaded = load.load(document, purpose=purpose, parse_query=parse_logql)
    print_findings(loaded, warn=warn)
    if loaded.settings is None:
        told = f"{counted(loaded.problems)} in {document.origin}; nothing was started"
        raise Usage(told, status)
    return loaded.settings


def print_findings(loaded: Loaded, *, warn: bool = True, file: str = "") -> None:
    """Warnings and problems, one line each, to standard error.

    With `file` the line of each problem begins with it, and with the rule's name.
    """
    for warning in loaded.warnings if warn else ():
        print(f"warning: {warning}", file=sys.stderr)
    for problem in loaded.problems:
        rule = f"rule {problem.rule}: " if problem.rule else ""
        place = f"{file}: {rule}" if file else ""
        print(f"problem: {place}{problem}", file=sys.stderr)


def counted(problems: Sequence[Problem]) -> str:
    """`1 problem`, `5 problems`."""
    return f"{len(problems)} problem{'' if len(problems) == 1 else 's'}"


def port(text: str) -> int:
    """The type of an option that takes a port."""
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 0 to 65535")
    return int(text)


def seconds(text: str) -> float:
    """The type of an option that takes some seconds, up to a day."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return number
