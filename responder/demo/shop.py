"""A pizza shop over real HTTP: it orders at the factory and writes its logs.

The lines are those of the course's standard logger: one `http` line for the diner's
`POST /api/order`, one `factory` line for the factory's answer, pushed to Loki after
the answer (fire and forget: a push that fails is dropped).
"""

import gzip
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import requests

LogEntry = tuple[int, Mapping[str, str], str]
"""Unix nanoseconds, stream labels, text of the line."""
Push = Callable[[Sequence[LogEntry]], None]

_FAILED = "Failed to fulfill order at factory"
_PATIENCE = 90.0
"""Seconds for one order: an oversize one under `throttle` takes 64."""


class LokiPush:
    """Pushes lines to Loki's push endpoint at `url`, in its JSON form."""

    def __init__(
        self, url: str, *, bearer: str | None = None, compress: bool = False
    ) -> None:
        self._url = url
        self._headers = {"Content-Type": "application/json"}
        if bearer:
            self._headers["Authorization"] = f"Bearer {bearer}"
        if compress:
            self._headers["Content-Encoding"] = "gzip"
        self._compress = compress

    def __call__(self, entries: Sequence[LogEntry]) -> None:
        """Raises `requests.RequestException` when the lines were not taken."""
        body = push_body(entries)
        if self._compress:
            body = gzip.compress(body)
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                self._url, data=body, headers=self._headers, timeout=10
            )
            answer.raise_for_status()


def push_body(entries: Iterable[LogEntry]) -> bytes:
    """The entries in the JSON form of Loki's push endpoint, a stream for each."""
    streams = [
        {"stream": dict(labels), "values": [[str(at_ns), text]]}
        for at_ns, labels, text in entries
    ]
    return _compact({"streams": streams}).encode()


class SimulatedShop:
    """Places orders at the factory and pushes what its loggers write.

    Give `push`, or `push_url` (with `push_bearer`, `compress`) for a real endpoint.
    Safe to use from several threads.
    """

    def __init__(
        self,
        factory_url: str,
        push: Push | None = None,
        *,
        push_url: str = "",
        push_bearer: str | None = None,
        compress: bool = False,
        vendor_key: str,
        component: str = "jwt-pizza-service",
    ) -> None:
        self._url = f"{factory_url.rstrip('/')}/api/order"
        self._push = push or LokiPush(push_url, bearer=push_bearer, compress=compress)
        self._key = vendor_key
        self._component = component
        self._numbers = itertools.count(1)
        self.pushes_dropped = 0

    def order(self, items: int = 1) -> int:
        """Order `items` pizzas; the status that the diner gets."""
        order = {
            "franchiseId": 1,
            "storeId": 1,
            "items": [{"menuId": 1, "description": "Veggie", "price": 0.0038}] * items,
        }
        placed = {**order, "id": next(self._numbers)}
        diner = {"id": 4, "name": "Kai Chen", "email": "d@jwt.com"}
        request = {"diner": diner, "order": placed}
        status, answer, line = self._ask_factory(request, placed)
        level = "error" if status >= 500 else "info"
        http = {
            "authorized": True,
            "path": "/api/order",
            "method": "POST",
            "statusCode": status,
            "reqBody": _compact(order),
            "resBody": _compact(answer),
        }
        kind = "factory" if "reqBody" in line else "exception"
        self._write([(level, "http", http), (level, kind, line)])
        return status

    def run(self, every: float, stop: threading.Event) -> None:
        """Order every `every` seconds until `stop`; slow orders hold up no others.

        Returns once `stop` is set; orders under way end by themselves.
        """
        while not stop.is_set():
            threading.Thread(target=self.order, daemon=True).start()
            stop.wait(every)

    def _ask_factory(
        self, request: dict[str, Any], placed: dict[str, Any]
    ) -> tuple[int, dict[str, Any], dict[str, Any]]:
        """The status and body for the diner, and the second line of the log."""
        try:
            with requests.Session() as session:
                session.trust_env = False
                reply = session.post(
                    self._url,
                    json=request,
                    headers={"Authorization": f"Bearer {self._key}"},
                    timeout=_PATIENCE,
                )
                said = reply.json()
        except requests.RequestException:
            # As `fetch` fails in the service: its error handler answers the diner.
            broken = {"message": "fetch failed", "stack": "TypeError: fetch failed"}
            return 500, broken, {**broken, "statusCode": 500}
        line = {"reqBody": _compact(request), "resBody": _compact(said)}
        link = (
            {"followLinkToEndChaos": said["reportUrl"]} if said.get("reportUrl") else {}
        )
        if reply.ok:
            return 200, {"order": placed, **link, "jwt": said["jwt"]}, line
        return 500, {"message": _FAILED, **link}, line

    def _write(self, lines: Iterable[tuple[str, str, dict[str, Any]]]) -> None:
        at_ns = time.time_ns()
        entries = [
            (
                at_ns,
                {"component": self._component, "level": level, "type": kind},
                _compact(line),
            )
            for level, kind, line in lines
        ]
        try:
            self._push(entries)
        except requests.RequestException:
            self.pushes_dropped += 1


def _compact(value: Mapping[str, Any]) -> str:
    """JSON as JavaScript writes it: no blanks, so that line filters match."""
    return json.dumps(value, separators=(",", ":"))
