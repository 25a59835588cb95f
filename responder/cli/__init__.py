"""The command `responder`: parse, call, print. Each subcommand is a module here."""

from responder.cli.main import main

__all__ = ["main"]
