"""Asking a running service, as an operator, for what its storage holds."""

import os
from urllib.parse import SplitResult, urlsplit

import requests
from requests.utils import get_netrc_auth

from responder.cli.configured import Usage
from responder.config.addresses import ONLY_PRIVATE, in_clear, reachable, written
from responder.config.login import NoLogin, login_of
from responder.config.settings import Settings

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
