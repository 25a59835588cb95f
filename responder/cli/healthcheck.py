"""`responder healthcheck`: is the service on this machine alive? For containers."""

import argparse
import http.client
import sys

from responder.cli.common import add_config, document_of, seconds
from responder.config import load
from responder.config.addresses import reachable, written
from responder.logs.query import parse_logql

NAME = "healthcheck"
HELP = "ask the service on this machine whether it is alive (exit status 0 or 1)"
EXAMPLES = """examples:
  responder healthcheck
  responder healthcheck --config responder.yaml
Exit status: 0 healthy, 1 no answer or an unhealthy one."""


def arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=3.0,
        metavar="SECONDS",
        help="how long to wait (default: 3)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Ask `/-/healthy` on the configured port.

    A configuration that was broken since the service started makes it no sicker.
    """
    host, port = load.listening(document_of(arguments), parse_logql)
    host = reachable(host)
    connection = http.client.HTTPConnection(host, port, timeout=arguments.timeout)
    try:
        connection.request("GET", "/-/healthy")
        answer = connection.getresponse()
        words = answer.read(200).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException) as problem:
        why = getattr(problem, "strerror", None) or type(problem).__name__
        asked = written(host, port)
        print(f"unhealthy: no answer from {asked}: {why}", file=sys.stderr)
        return 1
    finally:
        connection.close()
    if answer.status != 200:
        print(f"unhealthy: {words}", file=sys.stderr)
        return 1
    print(words)
    return 0
