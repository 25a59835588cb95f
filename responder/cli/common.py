"""What `pause`, `resume` and `open` share: asking a running service as an operator."""

import argparse
import os
from typing import Any

import requests

from responder.cli.configured import (
    Usage,
    add_config,
    document_of,
    seconds,
    settings_or_refuse,
)
from responder.cli.service import refusal
from responder.config import load
from responder.config.addresses import (
    ONLY_PRIVATE,
    in_clear,
    public_url,
    reachable,
    written,
)
from responder.config.load import Purpose
from responder.config.login import NoLogin, configured_login, login_of
from responder.config.problem import Refused
from responder.evidence import selector

WHO = """The operator is RESPONDER_USER with RESPONDER_PASSWORD, else the first of
`operator_auth` in the configuration, or the one that --user names."""


def arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument(
        "--server",
        metavar="URL",
        help="where the service answers (default: the configured port here)",
    )
    parser.add_argument("--user", metavar="NAME", help="the operator to act as")
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=10.0,
        metavar="SECONDS",
        help="how long to wait (default: 10)",
    )


def press(arguments: argparse.Namespace, body: dict[str, Any]) -> None:
    """Ask `/api/pause`. Raises `Usage` with why it was not done."""
    ask(arguments, "/api/pause", body)


def ask(
    arguments: argparse.Namespace, path: str, body: dict[str, Any]
) -> requests.Response:
    """What the service answers to this body. Raises `Usage` if it refuses."""
    return _asked(arguments, "POST", path, body)


def look(arguments: argparse.Namespace, path: str) -> requests.Response:
    """What the service shows there. Raises `Usage` if it refuses."""
    return _asked(arguments, "GET", path, None)


def _asked(
    arguments: argparse.Namespace, method: str, path: str, body: dict[str, Any] | None
) -> requests.Response:
    url = _server(arguments)
    login = _login(arguments)
    if login and in_clear(url):
        told = f"{url} would carry the password in clear; {ONLY_PRIVATE}"
        raise Usage(told)
    with requests.Session() as session:
        # No proxy, no .netrc: the password goes to the server that was named.
        session.trust_env = False
        try:
            answer = session.request(
                method,
                f"{url}{path}",
                json=body,
                auth=login,
                timeout=arguments.timeout,
                allow_redirects=False,
            )
        except requests.exceptions.RequestException as problem:
            why = type(problem).__name__
            raise Usage(f"no answer from {url} ({why})", 1) from None
    if answer.status_code not in (200, 204):
        raise Usage(f"{url} refused, {refusal(answer)}", 1)
    return answer


def _server(arguments: argparse.Namespace) -> str:
    if arguments.server:
        try:
            return public_url(arguments.server)
        except Refused as refused:
            raise Usage(f"--server {refused}: {refused.remedy}") from None
    host, port = load.listening(document_of(arguments), selector.parse)
    return f"http://{written(reachable(host), port)}"


def _login(arguments: argparse.Namespace) -> tuple[str, str] | None:
    try:
        given = login_of(os.environ, arguments.user)
        if given:
            return given
        settings = settings_or_refuse(arguments, Purpose.REPLAY, warn=False)
        return configured_login(settings, arguments.user)
    except NoLogin as unknown:
        raise Usage(str(unknown)) from None
