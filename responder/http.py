"""One deadline over a whole HTTP exchange, and how far the exchange came."""

import contextlib
import logging
import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError

_LOGGERS = ("urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry")


class TimeBudget:
    """A budget for some exchanges, one after the other: until `ends` (monotonic).

    `sent` says whether a byte of the present request may have left; `stage` says
    how far a request came that did not leave.
    """

    def __init__(self, ends: float) -> None:
        self._ends = ends
        self._lock = threading.Lock()
        self._wires: list[socket.socket] = []
        self._cut = False
        self.begin()

    def begin(self) -> None:
        """A new request begins: nothing of it was sent."""
        self.sent = False
        self.stage = "its address is not valid"

    def left(self) -> float:
        """Seconds left, 0.0 when there are none."""
        return max(self._ends - time.monotonic(), 0.0)

    @property
    def expired(self) -> bool:
        return self._cut or not self.left()

    def connect(self, host: str, port: int) -> socket.socket:
        """A connection to the first address of `host` that takes one.

        Raises OSError. Each address gets its share of what is left.
        """
        self.stage = "its name is not known"
        addresses = _resolve(host, port, self.left())
        for index, (family, kind, protocol, _, address) in enumerate(addresses):
            self.stage = "it takes no connection"
            wire = socket.socket(family, kind, protocol)
            try:
                wire.settimeout(max(self.left() / (len(addresses) - index), 0.001))
                wire.connect(address)
            except OSError:
                wire.close()
                continue
            self._watch(wire)
            self.stage = "no secure connection (certificate or handshake)"
            return wire
        raise OSError(self.stage)

    def _watch(self, wire: socket.socket) -> None:
        wire.settimeout(max(self.left(), 0.001))
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            # TLS takes the socket's descriptor over; a second one outlives that.
            self._wires.append(wire.dup())

    def cut(self) -> None:
        """Time is up: end the connection, so that any read on it returns."""
        with self._lock:
            self._cut = True
            for wire in self._wires:
                with contextlib.suppress(OSError):
                    wire.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        with self._lock:
            while self._wires:
                self._wires.pop().close()


_current: ContextVar[TimeBudget | None] = ContextVar("call", default=None)


@contextlib.contextmanager
def on_call(call: TimeBudget) -> Iterator[None]:
    """Hold the calling thread's exchanges to `call`, and keep their library silent.

    urllib3 logs the address at DEBUG and, for bad headers, at WARNING.
    """
    for name in _LOGGERS:
        # Adding the same filter again changes nothing.
        logging.getLogger(name).addFilter(_not_on_call)
    timer = threading.Timer(call.left(), call.cut)
    timer.daemon = True
    token = _current.set(call)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        _current.reset(token)
        call.release()


def _not_on_call(record: logging.LogRecord) -> bool:
    return _current.get() is None


def _resolve(host: str, port: int, seconds: float) -> list[Any]:
    """The addresses of `host`, [] when there are none in time.

    In a thread of its own, because a name lookup cannot be interrupted.
    """
    found: queue.SimpleQueue[list[Any]] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except (OSError, UnicodeError):
            found.put([])

    threading.Thread(target=look_up, daemon=True).start()
    try:
        return found.get(timeout=seconds)
    except queue.Empty:
        return []


class _TimedConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        call = _current.get()
        if call is None:
            return super()._new_conn()
        try:
            return call.connect(self.host, self.port or self.default_port)
        except OSError:
            raise NewConnectionError(self, "no connection") from None

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        call = _current.get()
        if call is not None:
            call.sent = True
        super().send(data)


class _TimedTlsConnection(_TimedConnection, HTTPSConnection):
    pass


class _TimedPool(HTTPConnectionPool):
    ConnectionCls = _TimedConnection


class _TimedTlsPool(HTTPSConnectionPool):
    ConnectionCls = _TimedTlsConnection


class TimedAdapter(HTTPAdapter):
    """The transport for exchanges under `on_call`: no retries."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _TimedPool,
            "https": _TimedTlsPool,
        }


class StraightSession(requests.Session):
    """A session that cannot be redirected, and takes nothing from its surroundings."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False  # No proxies, .netrc or certificates.

    def get_redirect_target(self, resp: requests.Response) -> None:
        # `allow_redirects=False` alone still reads the whole body of a 3xx.
        return None


class DirectSession(StraightSession):
    """For exchanges under `on_call`."""

    def __init__(self) -> None:
        super().__init__()
        for scheme in ("http://", "https://"):
            self.mount(scheme, TimedAdapter())


def read_beyond(response: requests.Response, most: int) -> bytes:
    """The body of a streamed answer; of a longer one somewhat more than `most`."""
    body = bytearray()
    for chunk in response.iter_content(65536):
        body += chunk
        if len(body) > most:
            break
    return bytes(body)
