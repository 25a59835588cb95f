"""`responder demo`: watch one incident, with nothing to set up."""

import argparse
import signal
import threading

from responder.cli.configured import Usage, add_config, settings_or_refuse
from responder.config.load import Purpose
from responder.demo.play import stage
from responder.server import BadAddress

NAME = "demo"
HELP = "play one incident from alert to recovery against a simulated factory"
EXAMPLES = """examples:
  responder demo             leaves the status page open until Ctrl-C
  responder demo --exit      ends by itself; exit status 0 only if the job was done"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--exit", action="store_true", help="end after the incident")
    parser.add_argument(
        "--port", type=int, default=0, help="the status page's port (default: any free)"
    )
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Play; 0 if the incident was reported once and proven recovered, else 1."""
    rules = settings_or_refuse(arguments, Purpose.REPLAY).rules
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        with stage(rules[0], arguments.port, _say) as demo:
            _say(f"Status page: {demo.url}/")
            done = demo.play()
            _say("The job was done." if done else "The job was NOT done.")
            if not arguments.exit:
                _say(f"Look around: {demo.url}/ stays open until Ctrl-C.")
                _say("Next: grafana/README.md connects your own Grafana.")
                while not stopped.wait(1):
                    pass
    except BadAddress as problem:
        raise Usage(str(problem), 1) from None
    return 0 if done else 1


def _say(text: str) -> None:
    print(text, flush=True)
