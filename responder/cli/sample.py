"""`responder sample`: a valid webhook body for a rule."""

import argparse
import json
from datetime import UTC, datetime

from responder.cli.common import Usage, add_config, settings_or_refuse
from responder.config.checks import Purpose
from responder.incident.names import WEBHOOKS, Sender, Status
from responder.senders import sample

NAME = "sample"
HELP = "print a valid webhook body for a rule, to try or to replay"
EXAMPLES = """examples:
  responder sample grafana --rule pizza-factory
  responder sample irm --rule pizza-factory --resolved > resolved.json
  responder sample alertmanager --rule pizza-factory | responder replay --errors 9 -
Exit status: 0 printed, 1 the configuration has a problem, 2 there is no such rule."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "sender",
        choices=[str(sender) for sender in WEBHOOKS],
        help="in whose form the alert comes",
    )
    parser.add_argument(
        "--rule",
        required=True,
        metavar="NAME",
        help="the rule that takes the alert (built in: pizza-factory)",
    )
    parser.add_argument(
        "--resolved", action="store_true", help="the alert resolves instead of firing"
    )
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the body as JSON; 2 if there is no such rule or no labels fit it."""
    settings = settings_or_refuse(arguments, Purpose.REPLAY, warn=False)
    rules = {rule.name: rule for rule in settings.rules}
    if arguments.rule not in rules:
        known = ", ".join(sorted(rules)) or "none"
        raise Usage(f"--rule: there is no rule {arguments.rule!r}; known: {known}")
    try:
        labels = sample.labels_for(rules[arguments.rule])
    except ValueError as problem:
        raise Usage(str(problem)) from None
    status = Status.RESOLVED if arguments.resolved else Status.FIRING
    now = datetime.now(UTC)
    body = sample.body(Sender(arguments.sender), labels, now, status)
    print(json.dumps(body, indent=2))
    return 0
