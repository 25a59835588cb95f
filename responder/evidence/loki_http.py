"""One question to Loki over HTTP, held to one deadline. Never raises."""

import time
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError, ProtocolError

from responder.config.settings import LokiLogs
from responder.deadline import read_beyond
from responder.evidence.deadline import seconds_left, set_deadline
from responder.evidence.loki_answer import Refusal
from responder.evidence.loki_session import base_url, secrets, session
from responder.incident.names import UnreadableReason
from responder.masking import Masker

_LARGEST_ANSWER = 64 * 1024 * 1024

Reply = tuple[int, dict[str, str], bytes]
"""Status, headers and body of an answer."""


class LokiHttp:
    """Connections to one Loki; several threads may ask. `timeout` bounds each question.

    The constructor raises ValueError for an address that is none (`http://[`).
    """

    def __init__(self, settings: LokiLogs) -> None:
        self._base = base_url(settings.url)
        self._timeout = settings.timeout.total_seconds()
        self.mask = Masker(secrets(settings))
        self._session = session(settings)

    def close(self) -> None:
        self._session.close()

    def ask(self, path: str, parameters: dict[str, str]) -> Reply | Refusal:
        """The answer of `/loki/api/v1/<path>`, or why none came."""
        set_deadline(time.monotonic() + self._timeout)
        try:
            try:
                return self._get(path, parameters)
            except requests.ConnectionError as error:
                # A kept-alive connection that Loki just closed: queries may be
                # repeated, so ask once more within the same deadline.
                if not _broken_off(error):
                    raise
                return self._get(path, parameters)
        except _TooLarge:
            return Refusal(
                reason=UnreadableReason.TOO_MUCH,
                detail="the answer is larger than 64 MiB; narrow the query",
            )
        except (OSError, HTTPError, ValueError) as error:
            # Their texts hold the address, the query and the headers.
            return self._unanswered(error)

    def _get(self, path: str, parameters: dict[str, str]) -> Reply:
        response = self._session.get(
            f"{self._base}/loki/api/v1/{path}",
            params=parameters,
            timeout=seconds_left(),
            allow_redirects=False,
            stream=True,
        )
        with response:
            body = read_beyond(response, _LARGEST_ANSWER)
        if len(body) > _LARGEST_ANSWER:
            raise _TooLarge
        return response.status_code, dict(response.headers), body

    def _unanswered(self, error: Exception) -> Refusal:
        if _timed_out(error):
            return Refusal(
                reason=UnreadableReason.TIMEOUT,
                detail=f"Loki gave no complete answer within {self._timeout:g} s; "
                "is it overloaded, or logs.timeout too short?",
            )
        host = urlsplit(self._base).netloc or "the host of logs.url"
        why = "TLS failed" if isinstance(error, requests.exceptions.SSLError) else ""
        return Refusal(
            reason=UnreadableReason.UNREACHABLE,
            detail=self.mask(
                f"Loki cannot be reached at {host} ({why or type(error).__name__}); "
                "is logs.url right and Loki running?"
            )[:300],
        )


class _TooLarge(Exception):
    """The answer does not fit."""


def _broken_off(error: requests.ConnectionError) -> bool:
    return bool(error.args) and isinstance(error.args[0], ProtocolError)


def _timed_out(error: Exception) -> bool:
    if isinstance(error, (TimeoutError, requests.Timeout)):
        return True
    try:
        seconds_left()
    except TimeoutError:
        return True
    return False
