"""The parser of the command line, with examples for each subcommand."""

import argparse
import io
import os
import re
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from typing import Any, NoReturn, TextIO, cast

from responder import __version__
from responder.cli.common import Usage

_EXAMPLES = """examples:
  responder demo                            watch one incident, from alert to recovery
  responder check --example > responder.yaml   a configuration of your own
  responder serve --config responder.yaml   answer alerts
  responder check --config responder.yaml   every problem of a configuration at once
  responder sample grafana --rule pizza-factory | responder replay --errors 14 -
Each command tells more: responder serve --help
"""
_COMMANDS = {
    "serve": "serve",
    "check": "check",
    "connect": "connect",
    "doctor": "doctor",
    "replay": "replay",
    "diff": "diff",
    "record": "record",
    "report": "report",
    "sample": "sample",
    "demo": "demo",
    "pause": "pause",
    "resume": "resume",
    "open": "open_rule",
    "drill": "drill",
    "backup": "backup",
    "restore": "restore",
    "healthcheck": "healthcheck",
}
"""Each command's module. Only the one that is typed is loaded: a container asks for its
health every ten seconds, and all of them together cost a second of processor."""
REMOVED: dict[str, str] = {
    "init": "responder check --example prints a configuration to fill in",
    "cassette": "responder record writes a cassette; or copy one of cassettes/ and "
    "change it",
    "shadow": "the history page (/incidents) lists what would have been reported",
}
"""What to do instead of a command that earlier versions had, by its words: `cassette
new` is one of a command that remains."""
_INTERRUPTED = 130
"""What a shell shows for a program that Ctrl-C ended."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; its exit status. 2 is a usage error.

    Whatever goes wrong by the user's doing is one line on standard error. Raises
    SystemExit for `--help`, `--version` and options that cannot be parsed.
    """
    _write_anything()
    with redirect_stdout(_harmless(sys.stdout)), redirect_stderr(_harmless(sys.stderr)):
        return _status(argv)


def _status(argv: Sequence[str] | None) -> int:
    try:
        try:
            return _run(argv)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output left, as `head` does; nobody is there to be told.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as problem:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        why = problem.strerror or type(problem).__name__
        print(f"responder: cannot go on: {why}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("responder: interrupted", file=sys.stderr)
        return _INTERRUPTED


def _run(argv: Sequence[str] | None) -> int:
    typed = sys.argv[1:] if argv is None else argv
    for words, instead in REMOVED.items():
        if list(typed[: len(words.split())]) == words.split():
            print(f"responder: {words} was removed: {instead}", file=sys.stderr)
            return 2
    one = typed[0] if typed and typed[0] in _COMMANDS else None
    arguments = parser(one).parse_args(typed)
    try:
        status: int = arguments.run(arguments)
    except Usage as problem:
        print(f"responder: {problem}", file=sys.stderr)
        return problem.status
    return status


def _write_anything() -> None:
    """A label in a script that the terminal has no signs for must not end us."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class _Harmless:
    """A stream that writes control characters as `\\u001b` and the like.

    Files, log lines, alerts and servers may hold some that a terminal obeys, or that
    turn words around. JSON and YAML mean the same by the escape.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(_CONTROL.sub(lambda c: f"\\u{ord(c[0]):04x}", text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _harmless(stream: TextIO) -> TextIO:
    return cast(TextIO, _Harmless(stream))


class _Parser(argparse.ArgumentParser):
    """Tells wrong usage in one line, without the usage of the whole command."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def parser(one: str | None = None) -> argparse.ArgumentParser:
    """Every subcommand with its options, or that one alone."""
    top = _Parser(
        prog="responder",
        description="Answers a Grafana alert before a person can.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in [one] if one else _COMMANDS:
        command = import_module(f"responder.cli.{_COMMANDS[name]}")
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
