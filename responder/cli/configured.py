"""What subcommands share: finding, loading and refusing a configuration."""

import argparse
import os
import sys

from responder.config import load
from responder.config.load import Loaded, Purpose
from responder.config.settings import Settings
from responder.evidence import selector


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
        help="the YAML file; else RESPONDER_CONFIG names it, RESPONDER_CONFIG_YAML "
        "holds the whole document, or embedded defaults are used",
    )


def load_configured(
    arguments: argparse.Namespace,
    purpose: Purpose,
    *,
    allow_literal_secrets: bool = False,
) -> Loaded:
    """The configuration that the arguments and the environment name."""
    document = load.read(arguments.config, os.environ)
    return load.load(
        document,
        purpose=purpose,
        allow_literal_secrets=allow_literal_secrets,
        parse_query=selector.parse,
    )


def settings_or_refuse(arguments: argparse.Namespace, purpose: Purpose) -> Settings:
    """The settings; warnings are printed, problems too, and end the command."""
    loaded = load_configured(arguments, purpose)
    for warning in loaded.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if loaded.settings is None:
        for problem in loaded.problems:
            print(f"problem: {problem}", file=sys.stderr)
        number = len(loaded.problems)
        what = "1 problem" if number == 1 else f"{number} problems"
        raise Usage(f"the configuration has {what}; nothing was started", 1)
    return loaded.settings
