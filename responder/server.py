"""Serving over HTTP: one waitress, started and stopped from outside."""

import errno
import http.client
import os
import socket
import threading
import time
from typing import Any

from flask import Flask
from waitress.server import create_server
from waitress.wasyncore import dispatcher

from responder.config.addresses import reachable, written

THREADS = 16
MOST_DROPPED = 64 * 1024 * 1024
"""So much of a too large body is taken in before it is refused, readably."""
IDLE = 30
"""Seconds that a connection may say nothing: silent ones must not use them all up."""


class BadAddress(Exception):
    """The address cannot be listened on: a sentence that says why."""


class PortInUse(BadAddress):
    """The address is taken. The text says by whom, as far as that can be told."""


class HttpServer:
    """Serves `app` in threads of its own between `start` and `stop`.

    Raises `PortInUse` when made on an address that is taken, `BadAddress` when on one
    that is not this machine's. `port` is the real one.
    """

    def __init__(self, app: Flask, host: str, port: int, idle: int = IDLE) -> None:
        # A socket of our own: of a name with several addresses the library would make
        # several servers without one port, and leave sockets open where it fails.
        self._server: Any = create_server(
            app,
            sockets=[_listening(host, port)],
            threads=THREADS,
            ident="",
            connection_limit=1000,
            channel_timeout=idle,
            cleanup_interval=min(idle, 5),
            max_request_body_size=MOST_DROPPED + 1,
            # The guard must see what a proxy says; nothing here trusts it.
            clear_untrusted_proxy_headers=False,
        )
        self.host = host
        self.port = int(self._server.effective_port)
        self._pulled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    @property
    def url(self) -> str:
        return f"http://{written(reachable(self.host), self.port)}"

    def start(self) -> None:
        self._thread.start()

    def stop(self, within: float = 10.0) -> None:
        """Take no more connections, answer what has come, return within so many s."""
        ends = time.monotonic() + within

        def left() -> float:
            return max(0.05, ends - time.monotonic())

        # In the loop's own thread: closing under its feet leaves answers unsent.
        self._server.trigger.pull_trigger(self._close_door)
        # A request that is on its way in is somebody's only attempt.
        while self._busy() and time.monotonic() < ends:
            self._pulled.wait(0.02)
        tasks = self._server.task_dispatcher
        tasks.shutdown(cancel_pending=False, timeout=left())
        self._server.trigger.pull_trigger(self._hang_up)
        self._pulled.set()
        self._thread.join(left())

    def _busy(self) -> bool:
        """Whether a request is being received or answered."""
        open_ones = list(self._server.active_channels.values())
        return any(one.requests or one.request is not None for one in open_ones)

    def _close_door(self) -> None:
        """Refuse new connections at once: their senders may try another replica."""
        dispatcher.close(self._server)

    def _run(self) -> None:
        self._server.run()

    def _hang_up(self) -> None:
        """Stop listening; each connection ends once its answer is out."""
        # Closing takes away the trigger that called us: not while it is being pulled.
        self._pulled.wait(5)
        for connection in list(self._server.active_channels.values()):
            connection.close_when_flushed = True
        self._server.close()


def _listening(host: str, port: int) -> socket.socket:
    """A socket on the first address of the name, IPv4 before IPv6.

    `::` takes both families. Raises `PortInUse` or `BadAddress`.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found.sort(key=lambda one: one[0] != socket.AF_INET)
        family, _, _, _, address = found[0]
        both = address[0] == "::" and socket.has_dualstack_ipv6()
        return socket.create_server(address[:2], family=family, dualstack_ipv6=both)
    except UnicodeError:
        raise BadAddress(_unusable(host, port, "it is no host's name")) from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(_taken(host, port)) from None
        # A failed look-up has numbers and words of its own.
        found_none = isinstance(error, socket.gaierror) or error.errno is None
        why = error.strerror if found_none else os.strerror(error.errno or 0)
        raise BadAddress(_unusable(host, port, why)) from None


def _unusable(host: str, port: int, why: str | None) -> str:
    return (
        f"cannot listen on {written(host, port)} ({why}); set server.listen to an "
        "address of this machine, as in 127.0.0.1:8080"
    )


def _taken(host: str, port: int) -> str:
    return (
        f"{written(host, port)} is already in use by {_who(host, port)}; "
        "stop it, or set server.listen (or PORT) to a free port"
    )


def _who(host: str, port: int) -> str:
    connection = http.client.HTTPConnection(reachable(host), port, timeout=1)
    try:
        connection.request("GET", "/-/healthy")
        said = connection.getresponse().read(100).decode("ascii", "replace")
    except (OSError, http.client.HTTPException):
        return "another program"
    finally:
        connection.close()
    ours = said.startswith("healthy") or "worker loop" in said
    return "another Responder" if ours else "another program"
