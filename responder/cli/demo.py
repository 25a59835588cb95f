"""`responder demo`: watch one incident, with nothing to set up."""

import argparse
import logging
import os
import signal
import threading

from responder.cli.common import Usage, add_config, port, settings_or_refuse
from responder.config.checks import Purpose
from responder.demo.play import Demo, Interrupted, keep_shop, serve_factory, stage
from responder.senders.sample import labels_for
from responder.server import BadAddress

NAME = "demo"
HELP = "play one incident from alert to recovery against a simulated factory"
EXAMPLES = """examples:
  responder demo             goes on until Ctrl-C; says how to break the factory again
  responder demo --exit      ends by itself
  responder demo --config responder.yaml    plays its first rule, with shorter waits
  responder demo --factory 0.0.0.0 --port 8081       only the simulated factory
  responder demo --shop http://factory:8081 --push http://loki:3100/loki/api/v1/push
These two are parts of a stand (grafana/compose.yaml); FACTORY_API_KEY is their key.
Exit status: 0 only if the incident was reported once and proven recovered, else 1;
2 wrong usage, 130 if Ctrl-C came before the end. Nothing outside is called."""

NEXT = """How to go on with your own shop and Grafana:
  responder check --example > responder.yaml   every setting, explained, to fill in
  responder serve --config responder.yaml"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--exit", action="store_true", help="end after the incident")
    parser.add_argument(
        "--port",
        type=port,
        default=0,
        help="the status page's port, or the factory's (default: any free)",
    )
    alone = parser.add_mutually_exclusive_group()
    alone.add_argument(
        "--factory", metavar="HOST", help="serve only the simulated factory, there"
    )
    alone.add_argument(
        "--shop", metavar="FACTORY", help="only order at this address, and log"
    )
    parser.add_argument(
        "--push", metavar="URL", help="with --shop: where its log lines go"
    )
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Play; 0 if the incident was reported once and proven recovered, else 1."""
    if arguments.factory or arguments.shop:
        return _stand(arguments)
    settings = settings_or_refuse(arguments, Purpose.REPLAY, warn=False)
    rule = settings.rules[0]
    try:
        labels_for(rule)
    except ValueError as problem:
        raise Usage(str(problem)) from None
    # What goes wrong is in the timeline; log lines would only tear it apart.
    logging.getLogger().addHandler(logging.NullHandler())
    stopped = _until_signal()
    try:
        with stage(rule, arguments.port, _say, stopped=stopped) as demo:
            return _watch(demo, stay=not arguments.exit)
    except Interrupted:
        raise Usage("stopped before the incident ended", 130) from None
    except BadAddress as problem:
        raise Usage(f"--port: {problem}", 1) from None


def _until_signal() -> threading.Event:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    return stopped


def _stand(arguments: argparse.Namespace) -> int:
    """The simulated factory or shop alone, until a signal comes."""
    key = os.environ.get("FACTORY_API_KEY", "")
    if not key:
        raise Usage("FACTORY_API_KEY is not set: the shop's key at the factory")
    if arguments.shop and not arguments.push:
        raise Usage("--shop needs --push, the address of Loki's push endpoint")
    stopped = _until_signal()
    if arguments.shop:
        keep_shop(arguments.shop, arguments.push, key, stopped, _say)
        return 0
    try:
        serve_factory(arguments.factory, arguments.port, key, stopped, _say)
    except OSError as problem:
        raise Usage(f"--port: {problem.strerror or problem}", 1) from None
    return 0


def _watch(demo: Demo, *, stay: bool) -> int:
    _say(f"Status page: {demo.url}/")
    done = demo.play()
    _say("The job was done." if done else "The job was NOT done.")
    _say(NEXT)
    if stay:
        _say("Break the factory again, from another terminal:")
        _say("\n".join(f"  {command}" for command in demo.ways_to_break))
        _say(f"Shop, factory and logs go on, and so does {demo.url}/, until Ctrl-C.")
        demo.go_on()
    return 0 if done else 1


def _say(text: str) -> None:
    print(text, flush=True)
