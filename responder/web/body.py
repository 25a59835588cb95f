"""Request bodies: read up to a limit, and politely dropped beyond it."""

from typing import IO

DROPPED = 64 * 1024 * 1024
_PIECE = 64 * 1024


def read_body(stream: IO[bytes], limit: int, dropped: int = DROPPED) -> bytes | None:
    """The whole body, or None if it is longer than `limit` bytes.

    A longer one is read and thrown away up to `dropped` bytes, because a sender
    still writing when we answer would see a reset connection, not our 413.
    """
    pieces: list[bytes] = []
    length = 0
    while length <= max(limit, dropped):
        piece = stream.read(_PIECE)
        if not piece:
            return b"".join(pieces) if length <= limit else None
        length += len(piece)
        if length <= limit:
            pieces.append(piece)
        else:
            pieces.clear()
    return None
