"""Serving over HTTP: one waitress, started and stopped from outside."""

import errno
import heapq
import http.client
import logging
import os
import resource
import socket
import sys
import threading
import time
from contextlib import suppress
from typing import Any

from flask import Flask
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher
from waitress.wasyncore import dispatcher

from responder.bodies import Request, Room
from responder.config.addresses import reachable, written

_log = logging.getLogger("responder.server")

THREADS = 16
MOST_DROPPED = 64 * 1024 * 1024
"""So much of a too large body is taken in before it is refused, readably."""
KEPT = 16 * 1024 * 1024
"""Bytes kept of a body where the application sets no limit."""
IDLE = 30
"""Seconds that a connection may say nothing: silent ones must not use them all up."""
UNREAD = 5.0
"""Seconds without progress after which a client counts as not reading its answer."""
MOST_DESCRIPTORS = 65_536
MOST_CONNECTIONS = 4096
"""The loop looks at every connection each time round: more would slow down all."""
RESERVED = 256
"""Descriptors kept for the database, outgoing calls, files, and connections that come
in at once."""
AT_ONCE = 64
ACCEPT_AGAIN = 1.0
SAY_EVERY = 60.0


class BadAddress(Exception):
    """The address cannot be listened on: a sentence that says why."""


class PortInUse(BadAddress):
    """The address is taken. The text says by whom, as far as that can be told."""


class HttpServer:
    """Serves `app` in threads of its own between `start` and `stop`.

    Raises `PortInUse` when made on an address that is taken, `BadAddress` when on one
    that is not this machine's. `port` is the real one. Beyond `connections` (by
    default as many as this process's limit of descriptors has room for), the one that
    has waited longest without a complete request is closed for each new one.

    `app.extensions["body_limit"]` (a `BodyLimit`) says what is kept of a body.
    """

    def __init__(
        self,
        app: Flask,
        host: str,
        port: int,
        idle: int = IDLE,
        connections: int | None = None,
    ) -> None:
        # A socket of our own: of a name with several addresses the library would make
        # several servers without one port, and leave sockets open where it fails.
        self._server = _Server(
            app, _listening(host, port), idle, connections or _most_connections()
        )
        self.host = host
        self.port = int(self._server.effective_port)
        self._pulled = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    @property
    def url(self) -> str:
        return f"http://{written(reachable(self.host), self.port)}"

    def start(self) -> None:
        self._thread.start()

    def stop(self, within: float = 10.0) -> None:
        """Take no more connections, answer what has come, return within so many s."""
        self._stopping = True
        ends = time.monotonic() + within

        def left() -> float:
            return max(0.05, ends - time.monotonic())

        # In the loop's own thread: closing under its feet leaves answers unsent.
        self._server.trigger.pull_trigger(self._close_door)
        # A request that is on its way in is somebody's only attempt.
        while self._busy() and time.monotonic() < ends:
            self._pulled.wait(0.02)
        for tasks in (self._server.task_dispatcher, self._server.large):
            tasks.shutdown(cancel_pending=False, timeout=left())
        self._server.trigger.pull_trigger(self._hang_up)
        self._pulled.set()
        self._thread.join(left())

    def _busy(self) -> bool:
        """Whether a request is being received or answered."""
        return any(one.busy for one in list(self._server.active_channels.values()))

    def _close_door(self) -> None:
        """Refuse new connections at once: their senders may try another replica."""
        dispatcher.close(self._server)

    def _run(self) -> None:
        self._server.run()
        if not self._stopping:
            raise RuntimeError("the HTTP server ended by itself")

    def _hang_up(self) -> None:
        """Stop listening; each connection ends once its answer is out."""
        # Closing takes away the trigger that called us: not while it is being pulled.
        self._pulled.wait(5)
        for connection in list(self._server.active_channels.values()):
            connection.close_when_flushed = True
        self._server.close()


class _Connection(HTTPChannel):  # type: ignore[misc]
    """One client: one request at a time, and one answer until the client has read it.

    What a client sends ahead waits unparsed, one read of it at most, so that a
    connection costs a bounded amount of memory, no file and no thread.
    """

    request: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._ahead = b""
        self.waits_since = time.monotonic()
        """When it last had an answer, or came: since then it owes a request."""
        super().__init__(*args, **kwargs)

    @property
    def busy(self) -> bool:
        """Whether a request is being received or answered."""
        return bool(self.requests or self._ahead or self.request is not None)

    def dispensable(self, unread_since: float) -> bool:
        """Whether nobody is kept from an answer if this connection is closed.

        `unread_since` (Unix time): whoever has read nothing since is not waited for.
        """
        stalled: bool = self.last_activity < unread_since
        if self.requests and not self.total_outbufs_len:
            return False  # It is being answered.
        unread = self.requests or self.total_outbufs_len or self._ahead
        return stalled if unread else True

    def readable(self) -> bool:
        return bool(self.connected and not self._ahead and super().readable())

    def writable(self) -> bool:
        ready = self._ahead and not self.requests
        return bool(self.connected and (ready or super().writable()))

    def handle_write(self) -> None:
        super().handle_write()
        if self._ahead and not (self.requests or self.total_outbufs_len):
            data, self._ahead = self._ahead, b""
            self.received(data)

    def handle_expt(self) -> None:
        """Urgent data has no place in HTTP, and would wake the loop for ever."""
        self.handle_close()

    def handle_close(self) -> None:
        self._ahead = b""
        if self.request is not None:
            self.request.close()
        super().handle_close()

    def parser_class(self, adj: Adjustments) -> Request:
        return Request(adj, self.server.body_limit, self.server.room)

    def received(self, data: bytes) -> bool:
        """Take in one request; what lies behind it waits until that is answered."""
        with self.requests_lock:
            if self.will_close or self.close_when_flushed:
                return False
            while data and not self.requests:
                if self.request is None:
                    self.request = self.parser_class(self.adj)
                request = self.request
                data = data[request.received(data) :]
                asks = request.expect_continue and request.headers_finished
                if asks and not self.sent_continue:
                    self.send_continue()
                if request.completed:
                    self._complete(request)
            self._ahead = data
        return True

    def _complete(self, request: Any) -> None:
        self.sent_continue = False
        self.request = None
        if not request.empty:
            self.requests.append(request)
            self.server.add_task(self)

    def write_soon(self, data: Any) -> int:
        # Before the request is taken off the list: else it would look unanswered.
        self.waits_since = time.monotonic()
        if not self.total_outbufs_len:
            self.last_activity = time.time()
        written: int = super().write_soon(data)
        return written


class _Server(TcpWSGIServer):  # type: ignore[misc]
    """The listening socket, and the places for connections."""

    channel_class = _Connection

    def __init__(
        self, app: Flask, listening: socket.socket, idle: int, connections: int
    ) -> None:
        self.body_limit = app.extensions.get("body_limit", lambda path, headers: KEPT)
        self.room = Room()
        # One thread: what a large body becomes is in memory once at a time.
        self.large = ThreadedTaskDispatcher()
        self.large.set_thread_count(1)
        self._connections = connections
        self._accept_at = 0.0
        self._failing = _Seldom("connection not accepted")
        self._closing = _Seldom("connections closed to make room for new ones")
        adjustments = Adjustments(
            threads=THREADS,
            ident="",
            # select() cannot take a descriptor beyond 1,023.
            asyncore_use_poll=True,
            connection_limit=sys.maxsize,
            channel_timeout=idle,
            cleanup_interval=min(idle, 5),
            max_request_body_size=MOST_DROPPED + 1,
            # An answer is in memory anyhow: no file, and no thread that waits until
            # a client reads.
            outbuf_overflow=sys.maxsize,
            outbuf_high_watermark=sys.maxsize,
            # The guard must see what a proxy says; nothing here trusts it.
            clear_untrusted_proxy_headers=False,
            sockets=[listening],
        )
        address = listening.getsockname()
        super().__init__(
            app,
            _sock=listening,
            bind_socket=False,
            adj=adjustments,
            sockinfo=(listening.family, listening.type, listening.proto, address),
        )

    def add_task(self, task: _Connection) -> None:
        large = task.requests and task.requests[0].large
        (self.large if large else self.task_dispatcher).add_task(task)

    def readable(self) -> bool:
        maintained = super().readable()
        put_off = time.monotonic() < self._accept_at
        return bool(maintained and not put_off and (self._free() or self._able(1)))

    def maintenance(self, now: float) -> None:
        """Close whoever has been silent, or has read nothing, for the idle time."""
        cutoff = now - self.adj.channel_timeout
        for one in list(self.active_channels.values()):
            if one.last_activity < cutoff and one.dispensable(cutoff):
                one.handle_close()

    def handle_accept(self) -> None:
        # Chosen before the new ones are there, and closed after them: a descriptor
        # that is free again at once would get what the loop has read for the old one.
        able = self._able(AT_ONCE) if self._free() < AT_ONCE else []
        for _ in range(min(AT_ONCE, self._free() + len(able))):
            try:
                accepted = self.accept()
            except OSError as error:
                self._put_off(error)
                break
            if accepted is None:
                break
            self._take_on(*accepted)
        self._close(able[: max(0, -self._free())])

    def handle_error(self) -> None:
        """Without this socket nobody is served: let the loop fail, and be noticed."""
        raise

    def handle_close(self) -> None:
        raise RuntimeError("the listening socket is gone")

    def _take_on(self, wire: socket.socket, address: Any) -> None:
        try:
            self.set_socket_options(wire)
        except OSError:
            wire.close()  # Its client is gone already.
            return
        self.channel_class(self, wire, address, self.adj, map=self._map)

    def _put_off(self, error: OSError) -> None:
        """Accept no more for a moment: trying at once would fail as fast as it can."""
        self._accept_at = time.monotonic() + ACCEPT_AGAIN
        self._failing.happened(why=os.strerror(error.errno or 0))
        # Whatever has used up the descriptors: this gives one back.
        self._close(self._able(1))

    def _free(self) -> int:
        """How many places are free; negative if too many are taken."""
        return self._connections - len(self.active_channels)

    def _able(self, most: int) -> list[_Connection]:
        """Up to so many that may be closed for others, the longest waiting first."""
        unread_since = time.time() - UNREAD
        channels: list[_Connection] = list(self.active_channels.values())
        able = [one for one in channels if one.dispensable(unread_since)]
        return heapq.nsmallest(most, able, key=lambda one: one.waits_since)

    def _close(self, waiting: list[_Connection]) -> None:
        for one in waiting:
            one.handle_close()
        if waiting:
            self._closing.happened(len(waiting))


class _Seldom:
    """Warns of what may happen very often, once a minute with the number of times."""

    def __init__(self, message: str) -> None:
        self._message = message
        self._times = 0
        self._say_at = 0.0

    def happened(self, times: int = 1, **facts: object) -> None:
        self._times += times
        now = time.monotonic()
        if now >= self._say_at:
            _log.warning(self._message, extra={"times": self._times, **facts})
            self._times, self._say_at = 0, now + SAY_EVERY


def raise_descriptor_limit() -> None:
    """Raise this process's limit of open descriptors as far as it may, within bounds.

    The soft limit is often 1,024 only because old programs use select().
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = hard == resource.RLIM_INFINITY
    wanted = MOST_DESCRIPTORS if unlimited else min(hard, MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # macOS has a bound of its own beside the hard one.
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _most_connections() -> int:
    """As many as the limit of descriptors has room for beside everything else."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return min(limit - min(RESERVED, limit // 2), MOST_CONNECTIONS)


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
