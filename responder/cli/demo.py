"""`responder demo`: watch one incident, with nothing to set up."""

import argparse
import logging
import signal
import threading

from responder.cli.configured import Usage, add_config, port, settings_or_refuse
from responder.config.load import Purpose
from responder.demo.play import Demo, Interrupted, stage
from responder.senders import samples
from responder.server import BadAddress

NAME = "demo"
HELP = "play one incident from alert to recovery against a simulated factory"
EXAMPLES = """examples:
  responder demo             leaves the status page open until Ctrl-C
  responder demo --exit      ends by itself
  responder demo --config responder.yaml    plays its first rule, with shorter waits
Exit status: 0 only if the incident was reported once and proven recovered, else 1;
2 wrong usage, 130 if Ctrl-C came before the end. Nothing outside is called."""

NEXT = """How to go on:
  responder serve                  answers on this machine; prints a curl to try
  responder check --config FILE    judges a configuration of yours
  grafana/README.md                connects your own Grafana"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--exit", action="store_true", help="end after the incident")
    parser.add_argument(
        "--port",
        type=port,
        default=0,
        help="the status page's port (default: any free)",
    )
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Play; 0 if the incident was reported once and proven recovered, else 1."""
    settings = settings_or_refuse(arguments, Purpose.REPLAY, warn=False)
    rule = settings.rules[0]
    try:
        samples.labels_for(rule)
    except ValueError as problem:
        raise Usage(str(problem)) from None
    # What goes wrong is in the timeline; log lines would only tear it apart.
    logging.getLogger().addHandler(logging.NullHandler())
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        with stage(rule, arguments.port, _say, stopped=stopped) as demo:
            return _watch(demo, stopped, stay=not arguments.exit)
    except Interrupted:
        raise Usage("stopped before the incident ended", 130) from None
    except BadAddress as problem:
        raise Usage(f"--port: {problem}", 1) from None


def _watch(demo: Demo, stopped: threading.Event, *, stay: bool) -> int:
    _say(f"Status page: {demo.url}/")
    done = demo.play()
    _say("The job was done." if done else "The job was NOT done.")
    _say(NEXT)
    if stay:
        _say(f"Look around: {demo.url}/ stays open until Ctrl-C.")
        stopped.wait()
    return 0 if done else 1


def _say(text: str) -> None:
    print(text, flush=True)
