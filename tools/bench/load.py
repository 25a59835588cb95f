"""A load generator on kept-alive connections, and what it saw."""

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Seen:
    """Requests a second, and percentiles of the time to answer in milliseconds."""

    rate: float
    p50: float
    p99: float
    failed: int

    def row(self) -> str:
        return f"{self.rate:8.0f}/s  p50 {self.p50:6.1f} ms  p99 {self.p99:6.1f} ms"


@dataclass
class _Tally:
    times: list[float] = field(default_factory=list)
    failed: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def percentile(times: list[float], share: float) -> float:
    """The value below which `share` of the times lie; nan of nothing."""
    if not times:
        return float("nan")
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def as_fast_as_possible(
    url: str,
    body: Callable[[int], bytes],
    headers: dict[str, str],
    *,
    connections: int,
    seconds: float,
) -> Seen:
    """Post over so many connections, each as soon as the last answer is in."""
    tally, ends = _Tally(), time.perf_counter() + seconds
    began = time.perf_counter()

    def post(number: int) -> None:
        with _Caller(url, headers, tally) as caller:
            while time.perf_counter() < ends:
                caller.post(body(number))
                number += connections

    _in_threads(post, connections)
    return _seen(tally, time.perf_counter() - began)


def at_a_rate(
    url: str,
    body: Callable[[int], bytes],
    headers: dict[str, str],
    *,
    rate: float,
    connections: int,
    seconds: float,
) -> Seen:
    """Post evenly; the wait for an answer counts from when its request was due."""
    tally, began = _Tally(), time.perf_counter()
    total = int(rate * seconds)

    def post(number: int) -> None:
        with _Caller(url, headers, tally) as caller:
            while number < total:
                due = began + number / rate
                wait = threading.Event()
                if (early := due - time.perf_counter()) > 0:
                    wait.wait(early)
                caller.post(body(number), since=due)
                number += connections

    _in_threads(post, connections)
    return _seen(tally, time.perf_counter() - began)


class _Caller:
    """One connection, opened again when it breaks."""

    def __init__(self, url: str, headers: dict[str, str], tally: _Tally) -> None:
        self._parts = urlsplit(url)
        self._headers = headers
        self._tally = tally
        self._connection = self._connected()
        self._times: list[float] = []
        self._failed = 0

    def __enter__(self) -> "_Caller":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        with self._tally.lock:
            self._tally.times += self._times
            self._tally.failed += self._failed

    def post(self, body: bytes, since: float | None = None) -> None:
        began = since or time.perf_counter()
        try:
            self._connection.request("POST", self._parts.path, body, self._headers)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self._failed += 1
            self._connection.close()
            self._connection = self._connected()
            return
        self._failed += answer.status >= 300
        self._times.append((time.perf_counter() - began) * 1000)

    def _connected(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        return http.client.HTTPConnection(host, port, timeout=30)


def _in_threads(work: Callable[[int], None], number: int) -> None:
    threads = [threading.Thread(target=work, args=(n,)) for n in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _seen(tally: _Tally, seconds: float) -> Seen:
    return Seen(
        rate=len(tally.times) / seconds,
        p50=percentile(tally.times, 0.5),
        p99=percentile(tally.times, 0.99),
        failed=tally.failed,
    )
