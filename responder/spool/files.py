"""Deliveries as files: written whole and synced, or not there at all."""

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from responder.incident.alert import Delivery
from responder.incident.names import Sender
from responder.private import keep_private, make_private_folder

_KEPT = ".json"
_REFUSED = ".refused"


class SpoolFull(Exception):
    """The spool holds as much as it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spooled:
    """A delivery as it lies in the spool: its masked text, to be parsed again."""

    id: str
    received_at: datetime
    sender: Sender
    credential: str
    clock_difference: float | None
    body: str


class Spool:
    """A folder of deliveries, oldest first by name. Safe for several threads.

    `most` bounds the bytes of all files together. The folder is made with the first
    delivery, readable by its owner alone.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self._folder = folder
        self._most = most
        self._lock = threading.Lock()
        if folder.is_dir():
            keep_private(folder, 0o700)
            for path in folder.iterdir():
                keep_private(path)
        self._held = sum(path.stat().st_size for path in self._files())

    def keep(self, delivery: Delivery) -> None:
        """Return once the delivery would survive a power cut.

        Raises `SpoolFull`, or `OSError` when the disk does not take it.
        """
        written = _encode(delivery)
        with self._lock:
            if self._held + len(written) > self._most:
                raise SpoolFull(f"the spool holds {self._held} of {self._most} bytes")
            self._held += len(written)
        try:
            self._write(self._folder / f"{delivery.id}{_KEPT}", written)
        except OSError:
            with self._lock:
                self._held -= len(written)
            raise

    def waiting(self) -> Iterator[Path]:
        """The files that wait, oldest first. They may vanish meanwhile."""
        yield from sorted(self._files())

    def count(self) -> int:
        return sum(1 for _ in self._files())

    def takes(self, size: int = 65536) -> bool:
        """Whether a delivery of so many bytes would be kept: a file shows it."""
        with self._lock:
            if self._held + size > self._most:
                return False
        probe = self._folder / "probe"
        try:
            self._write(probe, b" " * size)
            probe.unlink(missing_ok=True)
        except OSError:
            return False
        return True

    def read(self, path: Path) -> Spooled:
        """What a file holds. Raises ValueError when it is damaged."""
        try:
            found = json.loads(path.read_bytes())
            return Spooled(
                id=found["id"],
                received_at=datetime.fromisoformat(found["received_at"]),
                sender=Sender(found["sender"]),
                credential=found["credential"],
                clock_difference=found["clock_difference"],
                body=found["body"],
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path.name} lacks {error}") from None

    def drop(self, path: Path) -> None:
        """It is in the database now."""
        self._leave(path)
        path.unlink(missing_ok=True)

    def set_aside(self, path: Path) -> Path:
        """It cannot be taken in: kept for a person, under another name."""
        self._leave(path)
        aside = path.with_suffix(_REFUSED)
        path.rename(aside)
        return aside

    def _leave(self, path: Path) -> None:
        with self._lock:
            self._held -= path.stat().st_size

    def _files(self) -> Iterator[Path]:
        return self._folder.glob(f"*{_KEPT}") if self._folder.is_dir() else iter(())

    def _write(self, path: Path, written: bytes) -> None:
        make_private_folder(self._folder)
        unfinished = path.with_suffix(".writing")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        try:
            with os.fdopen(os.open(unfinished, flags, 0o600), "wb") as file:
                file.write(written)
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(path)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise
        self._sync_folder()

    def _sync_folder(self) -> None:
        """A new name is durable only once its folder is."""
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _encode(delivery: Delivery) -> bytes:
    document = {
        "id": delivery.id,
        "received_at": delivery.received_at.isoformat(),
        "sender": delivery.notification.sender.value,
        "credential": delivery.credential,
        "clock_difference": delivery.clock_difference,
        "body": delivery.body,
    }
    return json.dumps(document, ensure_ascii=True).encode("ascii")
