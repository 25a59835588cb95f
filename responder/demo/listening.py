"""The simulators' socket: requests in, answers out, and nothing logged."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, Self, cast


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request is answered."""

    status: int
    body: bytes = b""
    kind: str = "application/json"

    @classmethod
    def document(cls, status: int, document: object) -> Self:
        return cls(status, json.dumps(document).encode())

    @classmethod
    def text(cls, status: int, text: str) -> Self:
        return cls(status, text.encode(), "text/plain; charset=utf-8")


Answer = Callable[[str, str, Mapping[str, str], bytes], Reply]
"""From method, path with its query, headers and body."""


class Handler(BaseHTTPRequestHandler):
    """Reads whole bodies and sends whole answers."""

    protocol_version = "HTTP/1.1"
    server_version = "Simulator"
    # Without this the small second packet of an answer waits for an acknowledgement.
    disable_nagle_algorithm = True

    def answer(self) -> None:
        answer = cast(Listener, self.server).answer
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send(answer(self.command, self.path, dict(self.headers), body))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def send(self, reply: Reply) -> None:
        try:
            self.send_response(reply.status)
            if reply.status != 204:
                self.send_header("Content-Type", reply.kind)
                self.send_header("Content-Length", str(len(reply.body)))
            if not cast(Listener, self.server).keep_alive:
                self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.body)
        except ConnectionError:
            self.close_connection = True  # The caller did not wait.

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the path of a report is a credential."""


class Listener(ThreadingHTTPServer):
    """Answers every request by one function. Raises OSError for a taken port."""

    request_queue_size = 128

    def __init__(
        self,
        listen: str,
        port: int,
        answer: Answer,
        *,
        handler: type[Handler] = Handler,
        keep_alive: bool = False,
    ) -> None:
        self.answer = answer
        self.keep_alive = keep_alive
        super().__init__((listen, port), handler)

    def server_bind(self) -> None:
        # The inherited one asks for this machine's name, which may take seconds.
        TCPServer.server_bind(self)
        self.server_name = str(self.server_address[0])
        self.server_port = int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is nothing to report."""
