"""The factory's own record of us, asked for one thing: when it was last mended.

`GET /api/vendor` changes nothing. Its answer holds our key and when the next fault
begins as well: of all that nothing is read, kept or shown.
"""

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import requests
from urllib3.exceptions import HTTPError

from responder.config.settings import FactorySettings
from responder.deadline import Call, DirectSession, on_call, read_beyond

PATH = "/api/vendor"
WITHIN = 2.0
"""Seconds at most: an incident waits for the answer."""
LARGEST = 256 * 1024
_READ = frozenset({"chaos", "fixDate"})


def decipher(status: int, body: bytes) -> datetime | None:
    """`chaos.fixDate` of a complete answer, None for whatever says none."""
    if status != 200 or len(body) > LARGEST:
        return None
    try:
        record = json.loads(body, object_pairs_hook=_two_of_all)
        told = record["chaos"]["fixDate"]
        at = datetime.fromisoformat(told)
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def _two_of_all(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """An object without the members that are none of our business."""
    return {name: value for name, value in pairs if name in _READ}


class VendorRecord:
    """Asks as the configured `factory.api_key`; without one never."""

    def __init__(self, settings: FactorySettings) -> None:
        self._settings = settings

    def fixed_at(self) -> datetime | None:
        """When the factory was last mended, by its clock. Never raises."""
        if self._settings.api_key is None:
            return None
        call = Call(time.monotonic() + WITHIN)
        with on_call(call):
            try:
                status, body = self._get(call, self._settings.api_key.reveal())
            except (requests.RequestException, HTTPError, OSError, ValueError):
                # Not raised on: the library's text may hold the key.
                return None
        return None if call.expired else decipher(status, body)

    def _get(self, call: Call, key: str) -> tuple[int, bytes]:
        headers: dict[str, str | bytes] = {
            "User-Agent": "jwt-pizza-responder",
            "Accept": "application/json",
            "Connection": "close",
            "Authorization": b"Bearer " + key.encode(),
        }
        with (
            DirectSession() as session,
            session.get(
                self._settings.url.rstrip("/") + PATH,
                headers=headers,
                timeout=call.left() + 1,
                allow_redirects=False,
                stream=True,
            ) as response,
        ):
            return response.status_code, read_beyond(response, LARGEST)
