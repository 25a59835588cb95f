"""`responder check`: every problem of a configuration at once."""

import argparse
import dataclasses
import json
import sys
from importlib.resources import files

from responder.cli.common import (
    add_config,
    counted,
    document_of,
    print_findings,
    require_written,
)
from responder.config import load
from responder.config.checks import Purpose
from responder.config.describe import describe
from responder.config.document import Document
from responder.config.load import Loaded
from responder.logs.query import parse_logql

NAME = "check"
HELP = "print every problem of a configuration and what each rule would do"
EXAMPLES = """examples:
  responder check --config responder.yaml
  RESPONDER_CONFIG=responder.yaml responder check
  responder check --example > responder.yaml    every setting, explained, to fill in
  responder check --config responder.yaml --json
Exit status: 0 without problems, 1 with any. Nothing is called or written."""


def arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument(
        "--example",
        action="store_true",
        help="print a configuration with every setting explained, and do nothing else",
    )
    parser.add_argument(
        "--allow-literal-secrets",
        action="store_true",
        help="accept secrets written in the file itself (repositories get published)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print problems to standard error and the rules to standard output."""
    if arguments.example:
        print(
            files("responder.config").joinpath("example.yaml").read_text("utf-8"),
            end="",
        )
        return 0
    require_written(arguments)
    document = document_of(arguments)
    loaded = load.load(
        document,
        purpose=Purpose.CHECK,
        parse_query=parse_logql,
        allow_literal_secrets=arguments.allow_literal_secrets,
    )
    if arguments.json:
        return _print_json(document, loaded)
    print_findings(loaded, file=document.origin)
    if loaded.settings is None:
        told = f"{counted(loaded.problems)} in {document.origin}"
        print(f"responder: {told}", file=sys.stderr)
        return 1
    print("\n".join(describe(loaded.settings)))
    print(f"no problems in {document.origin}; configuration {loaded.settings.sha}")
    return 0


def _print_json(document: Document, loaded: Loaded) -> int:
    settings = loaded.settings
    found = {
        "file": document.origin,
        "config_sha": settings.sha if settings else None,
        "problems": [dataclasses.asdict(problem) for problem in loaded.problems],
        "warnings": [dataclasses.asdict(warning) for warning in loaded.warnings],
        "rules": list(describe(settings)) if settings else [],
    }
    print(json.dumps(found, indent=2))
    return 0 if settings else 1
