"""`responder healthcheck`: is the service on this machine alive? For containers."""

import argparse
import http.client
import sys

from responder.cli.configured import add_config, settings_or_refuse
from responder.config.load import Purpose

NAME = "healthcheck"
HELP = "ask the service on this machine whether it is alive (exit status 0 or 1)"
EXAMPLES = """examples:
  responder healthcheck
  responder healthcheck --config responder.yaml"""


def arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument(
        "--timeout", type=float, default=3.0, help="seconds to wait (default: 3)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Ask `/-/healthy` on the configured port."""
    settings = settings_or_refuse(arguments, Purpose.REPLAY)
    host = settings.server.host
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
    connection = http.client.HTTPConnection(
        host, settings.server.port, timeout=arguments.timeout
    )
    try:
        connection.request("GET", "/-/healthy")
        answer = connection.getresponse()
        words = answer.read(200).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException) as problem:
        address = f"{host}:{settings.server.port}"
        print(f"unhealthy: no answer from {address}: {problem}", file=sys.stderr)
        return 1
    finally:
        connection.close()
    print(words)
    return 0 if answer.status == 200 else 1
