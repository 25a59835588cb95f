"""The simulated factory's socket: requests in, JSON out, and nothing logged."""

import json
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, cast

Reply = tuple[int, dict[str, Any]]
"""The status, and the JSON; under the key `raw` the very bytes instead."""
Answer = Callable[[str, str, Mapping[str, str], bytes], Reply]
"""From method, path, headers and body."""


class Listener(ThreadingHTTPServer):
    """Answers every request by one function. Raises OSError for a taken port."""

    request_queue_size = 128

    def __init__(self, listen: str, port: int, answer: Answer) -> None:
        self.answer = answer
        super().__init__((listen, port), _Handler)

    def server_bind(self) -> None:
        # The inherited one asks for this machine's name, which may take seconds.
        TCPServer.server_bind(self)
        self.server_name = str(self.server_address[0])
        self.server_port = int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "SimulatedFactory"
    disable_nagle_algorithm = True

    def answer(self) -> None:
        answer = cast(Listener, self.server).answer
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._send(*answer(self.command, self.path, dict(self.headers), body))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        raw = answer["raw"] if "raw" in answer else json.dumps(answer).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(raw)
        except ConnectionError:
            self.close_connection = True  # The caller did not wait.

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the path of a report is a credential."""
