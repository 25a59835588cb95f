"""Requests to a running service as an operator, and its refusals in words."""

import argparse
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

import requests
from requests.utils import get_netrc_auth

from responder.cli.common import (
    Usage,
    add_config,
    document_of,
    seconds,
    settings_or_refuse,
)
from responder.config import load
from responder.config.addresses import (
    ONLY_PRIVATE,
    in_clear,
    public_url,
    reachable,
    written,
)
from responder.config.checks import Purpose
from responder.config.problem import ConfigError
from responder.config.settings import Settings
from responder.logs.query import parse_logql

USER, PASSWORD = "RESPONDER_USER", "RESPONDER_PASSWORD"


class NoLogin(Exception):
    """No password is known for the operator that was asked for; says the remedy."""


def login_of(environ: Mapping[str, str], user: str | None) -> tuple[str, str] | None:
    """Name and password from the environment, None if it has no password."""
    password = environ.get(PASSWORD)
    if not password:
        return None
    name = user or environ.get(USER)
    if not name:
        raise NoLogin(f"{PASSWORD} is set, but whose? Set {USER} too")
    return name, password


def configured_login(settings: Settings, user: str | None) -> tuple[str, str] | None:
    """Name and password from `operator_auth`: of `user`, else the first.

    None if nobody is configured: then only this machine is served, without a name.
    """
    users = settings.operators
    if not users and user is None:
        return None
    name = user or next(iter(users))
    if name not in users:
        raise NoLogin(
            f"operator_auth has no password for {name}: "
            f"set {USER} and {PASSWORD}, or name another with --user"
        )
    return name, users[name].reveal()


_TIMEOUT = 10.0


def here(settings: Settings) -> str:
    """The address of this configuration's own service on this machine."""
    host = reachable(settings.server.host)
    return f"http://{written(host, settings.server.port)}"


def operator() -> tuple[str, str] | None:
    """The operator of RESPONDER_USER and RESPONDER_PASSWORD, None for ~/.netrc's."""
    try:
        return login_of(os.environ, None)
    except NoLogin as unknown:
        raise Usage(str(unknown)) from None


def ask(
    server: str,
    path: str,
    known: tuple[str, str] | None,
    **parameters: str | int,
) -> str:
    """The text of an answer. The address is not repeated: it may hold names.

    Raises Usage (status 1) with what the service says if it refuses.
    """
    parts = _parts(server)
    login = known or get_netrc_auth(server)
    if (login or parts.password) and in_clear(server):
        told = "would carry the password in clear"
        raise Usage(f"--server: {parts.hostname} {told}; {ONLY_PRIVATE}")
    with requests.Session() as session:
        # No proxy: the password goes to the server that was named.
        session.trust_env = False
        try:
            answer = session.get(
                server.rstrip("/") + path,
                params=parameters,
                auth=login,
                timeout=_TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as problem:
            kind = type(problem).__name__
            raise Usage(f"{parts.hostname} does not answer ({kind})", 1) from None
    if answer.status_code != 200:
        raise Usage(f"{parts.hostname} refused, {refusal(answer)}", 1)
    answer.encoding = "utf-8"
    return answer.text


def refusal(answer: requests.Response) -> str:
    """A refusal's status, the service's own words, and where the login comes from."""
    status, words = answer.status_code, answer.text
    try:
        # The API says it as JSON, the pages and webhooks plainly.
        words = str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        words = words.strip().removeprefix(f"{status}: ")
    told = " ".join(words[:300].split())
    if status == 401:
        told += " Set RESPONDER_USER and RESPONDER_PASSWORD."
    return f"HTTP {status}: {told}".rstrip(" :")


def _parts(server: str) -> SplitResult:
    """The address, which nothing but a host of the web can be. Raises Usage."""
    try:
        parts = urlsplit(server)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        usable = usable and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise Usage("--server: give an address such as http://127.0.0.1:8080")
    return parts


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
    post(arguments, "/api/pause", body)


def post(
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
        except ConfigError as refused:
            raise Usage(f"--server {refused}: {refused.remedy}") from None
    host, port = load.listening(document_of(arguments), parse_logql)
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
