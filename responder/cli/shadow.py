"""`responder shadow`: what rules in shadow would have done, against what people did."""

import argparse
import json
from typing import Any

from responder.cli import switch
from responder.cli.configured import Usage

NAME = "shadow"
HELP = "what rules in shadow or veto have shown, and whether they are safe to automate"
EXAMPLES = f"""examples:
  responder shadow
  responder shadow --server https://responder.example.net --json
{switch.WHO}
It suggests; people promote a rule, by its `mode` in the configuration.
Exit status: 0 told, 1 no answer or a refusal."""


def arguments(parser: argparse.ArgumentParser) -> None:
    switch.arguments(parser)
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print one line for each rule that is not automatic yet."""
    rules = _understood(switch.look(arguments, "/api/shadow"))
    if arguments.json:
        print(json.dumps(rules, indent=2))
    elif not rules:
        print("no rule is in shadow or veto")
    else:
        for rule in rules:
            print(f"{rule['rule']}: {rule['sentence']}")
    return 0


def _understood(answer: Any) -> list[dict[str, Any]]:
    try:
        rules: list[dict[str, Any]] = answer.json()["rules"]
        told = all(isinstance(r["rule"] + r["sentence"], str) for r in rules)
    except (ValueError, KeyError, TypeError):
        told = False
    if not told:
        raise Usage("the answer is not of a Responder; is --server right?", 1)
    return rules
