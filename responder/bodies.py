"""Request bodies in memory, limited one by one and in total.

waitress would put them into temporary files, before anybody knows who sends them, and
a full disk would then refuse alerts.
"""

import io
import threading
from collections.abc import Callable, Mapping
from typing import Any

from waitress.parser import HTTPRequestParser
from waitress.utilities import BadRequest, Error

BodyLimit = Callable[[str, Mapping[str, str]], int]
"""Bytes of a body that are worth keeping, by the request's path and headers. What is
longer is taken in and dropped. 0: it is refused whatever the body holds."""
LARGE = 512 * 1024
"""Bytes from which on a body is understood alone: it may take twenty times as many."""
MOST_TOGETHER = 128 * 1024 * 1024
_MOST_BESIDE = 64 * 1024
"""Bytes of a chunk's first line or of a trailer."""


class Crowded(Error):  # type: ignore[misc]
    """The answer to a body that had to make room for others: senders try again."""

    code = 503
    reason = "Service Unavailable"


class Room:
    """The bytes that all bodies together may hold. Safe for several threads.

    When they are used up, the oldest body that is not complete is given up: a client
    that sends slowly must not block other senders.
    """

    def __init__(self, most: int = MOST_TOGETHER) -> None:
        self._most = most
        self._together = 0
        self._held: dict[Body, int] = {}
        self._lock = threading.Lock()

    def take(self, body: "Body", size: int) -> None:
        with self._lock:
            self._together += size
            self._held[body] = self._held.get(body, 0) + size
            crowded = self._together > self._most
            oldest = next((b for b in self._held if not b.complete), body)
        if crowded:
            oldest.give_up()

    def leave(self, body: "Body") -> None:
        with self._lock:
            self._together -= self._held.pop(body, 0)


class Body:
    """What has come of one body, or only its length once it is longer than `most`.

    The methods are those that waitress expects of a buffer.
    """

    def __init__(self, most: int, room: Room) -> None:
        self.complete = False
        self.given_up = False
        self.kept = 0
        self._most = most
        self._room = room
        self._length = 0
        self._file = io.BytesIO()

    def append(self, data: bytes) -> None:
        self._length += len(data)
        if self._length > self._most or self.given_up:
            self.close()
            return
        self._file.write(data)
        self.kept = self._length
        self._room.take(self, len(data))

    def give_up(self) -> None:
        self.given_up = True
        self.close()

    def getfile(self) -> io.IOBase:
        if self.kept < self._length:
            return _Dropped(self._length)
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        self.kept = 0
        self._file = io.BytesIO()
        self._room.leave(self)

    def __len__(self) -> int:
        return self._length


class _Dropped(io.RawIOBase):
    """As many bytes as a dropped body had, for whoever counts them."""

    def __init__(self, length: int) -> None:
        self._left = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = min(len(buffer), self._left)
        buffer[:size] = bytes(size)
        self._left -= size
        return size


class Request(HTTPRequestParser):  # type: ignore[misc]
    """One request on its way in, whose headers decide what of its body is kept."""

    body_rcv: Any = None
    body: Body | None = None

    def __init__(self, adj: Any, limit: BodyLimit, room: Room) -> None:
        super().__init__(adj)
        self._limit = limit
        self._room = room

    @property
    def large(self) -> bool:
        return self.body is not None and self.body.kept > LARGE

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if self.body_rcv is None:
            return
        headers = {key.replace("_", "-"): text for key, text in self.headers.items()}
        most = self._limit(self.path, headers)
        if self.expect_continue and not most:
            self._refuse()
        else:
            self.body = Body(most, self._room)
            self.body_rcv.buf = self.body

    def _refuse(self) -> None:
        """Answer in place of "100 Continue": the client has not sent the body yet."""
        self.expect_continue = self.chunked = False
        self.body_rcv, self.content_length = None, 0
        self.headers |= {"CONTENT_LENGTH": "0", "CONNECTION": "close"}

    def received(self, data: bytes) -> int:
        consumed: int = super().received(data)
        if self.body is None:
            return consumed
        if self.chunked:
            beside = len(self.body_rcv.trailer) + len(self.body_rcv.control_line)
            if beside > _MOST_BESIDE:
                self.error = BadRequest("too much between the chunks")
                self.completed = True
        self.body.complete = self.completed
        if self.completed and self.body.given_up and self.error is None:
            self.error = Crowded("Too many large bodies at once. Try again.")
        return consumed
