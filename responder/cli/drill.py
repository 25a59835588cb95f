"""`responder drill`: send a drill through a running service and follow it."""

import argparse
import json
import threading
import time
from typing import Any
from urllib.parse import quote

from responder.cli import service
from responder.cli.common import Usage

NAME = "drill"
HELP = "prove the whole way of an alert in a running service, without reporting"
EXAMPLES = f"""examples:
  responder drill
  responder drill --rule pizza-factory --server https://responder.example.net
  responder drill --json
{service.WHO}
A marked alert goes the real way and is decided on the real logs. Nothing is reported
and nobody is called.
Exit status: 0 ready, 1 a step is broken or not proven, 2 wrong usage."""
_EVERY = 0.3
_PATIENCE = 90.0


def arguments(parser: argparse.ArgumentParser) -> None:
    service.arguments(parser)
    which = "which rule (default: the first)"
    parser.add_argument("--rule", metavar="NAME", help=which)
    parser.add_argument("--json", action="store_true", help="print the drill as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Start one and follow it, step by step; 0 if it passed."""
    body = {"rule": arguments.rule} if arguments.rule else {}
    drill = _understood(service.post(arguments, "/api/drill", body))
    path, seen = f"/api/drill/{quote(str(drill['id']), safe='')}", 0
    ends, pause = time.monotonic() + _PATIENCE, threading.Event()
    while True:
        if not arguments.json:
            seen = _tell(drill, seen)
        if drill["ended_at"] is not None:
            break
        if time.monotonic() > ends:
            lost = f"the drill {drill['id']} does not end; is its replica gone?"
            raise Usage(lost, 1)
        pause.wait(_EVERY)
        drill = _understood(service.look(arguments, path))
    print(json.dumps(drill, indent=2) if arguments.json else drill["sentence"])
    return 0 if drill["result"] == "passed" else 1


def _tell(drill: dict[str, Any], told: int) -> int:
    """Print the steps that were not told yet; how many are told then."""
    for step in drill["steps"][told:]:
        name = str(step["step"]).replace("_", " ")
        print(f"{step['came']:>8}  {name}: {step['words']}", flush=True)
    return len(drill["steps"])


def _understood(answer: Any) -> dict[str, Any]:
    try:
        said: dict[str, Any] = answer.json()
        steps = [(step["came"], step["step"], step["words"]) for step in said["steps"]]
        known = {"id", "ended_at", "result", "sentence"} <= set(said)
    except (ValueError, KeyError, TypeError):
        known, steps = False, []
    if not known or not all(isinstance(part, str) for step in steps for part in step):
        raise Usage("the answer is not of a Responder; is --server right?", 1)
    return said
