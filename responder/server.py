"""Serving over HTTP: one waitress, started and stopped from outside."""

import errno
import http.client
import threading
from typing import Any

from flask import Flask
from waitress.server import create_server

THREADS = 16
MOST_DROPPED = 64 * 1024 * 1024
"""So much of a too large body is taken in before it is refused, readably."""


class PortInUse(Exception):
    """The address is taken. The text says by whom, as far as that can be told."""


class HttpServer:
    """Serves `app` in threads of its own between `start` and `stop`.

    Raises `PortInUse` when made on an address that is taken. `port` is the real one.
    """

    def __init__(self, app: Flask, host: str, port: int) -> None:
        try:
            self._server: Any = create_server(
                app,
                host=host,
                port=port,
                threads=THREADS,
                ident="",
                connection_limit=1000,
                max_request_body_size=MOST_DROPPED + 1,
                # The guard must see what a proxy says; nothing here trusts it.
                clear_untrusted_proxy_headers=False,
            )
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortInUse(_taken(host, port)) from None
        self.host = host
        self.port = int(self._server.effective_port)
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    @property
    def url(self) -> str:
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Take no more connections, answer what is being worked on, return."""
        self._server.task_dispatcher.shutdown(cancel_pending=False, timeout=5)
        # In the loop's own thread: closing under its feet leaves answers unsent.
        self._server.trigger.pull_trigger(self._hang_up)
        self._thread.join(5)

    def _run(self) -> None:
        self._server.run()

    def _hang_up(self) -> None:
        """Stop listening; each connection ends once its answer is out."""
        for connection in list(self._server.active_channels.values()):
            connection.close_when_flushed = True
        self._server.close()


def _taken(host: str, port: int) -> str:
    return (
        f"{host}:{port} is already in use by {_who(host, port)}; stop it, or set "
        "server.listen (or PORT) to a free port"
    )


def _who(host: str, port: int) -> str:
    reachable = "127.0.0.1" if host in ("0.0.0.0", "") else host
    connection = http.client.HTTPConnection(reachable, port, timeout=1)
    try:
        connection.request("GET", "/-/healthy")
        said = connection.getresponse().read(100).decode("ascii", "replace")
    except (OSError, http.client.HTTPException):
        return "another program"
    finally:
        connection.close()
    ours = said.startswith("healthy") or "worker loop" in said
    return "another Responder" if ours else "another program"
