"""Deliveries on local disk while the database is away."""

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from responder.incident.alert import Delivery, Notification
from responder.incident.names import Sender
from responder.incident.ports import Accepted, Intake, StorageUnavailable, Storing
from responder.masking import Masker
from responder.private import keep_private, make_private_folder

# Deliveries as files: written whole and synced, or not there at all.

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


# An intake that loses nothing while the database is away.
#
# IRM never sends a refused delivery again, and Grafana only after a whole group
# interval: what the database does not take in time goes to the spool, is acknowledged,
# and is brought in as soon as the database is back.

log = logging.getLogger("responder.spool")

PROBE_EVERY = 1.0
"""Seconds for which the answer to where a delivery would be stored is good."""
TRY_EVERY = 0.5
"""Seconds between looks whether the database takes deliveries again."""
MOST_TRIES = 5
"""So often a delivery is refused by a database that can be written, till set aside."""


class DurableIntake(Intake, Protocol):
    """The database's intake, which knows what it has taken in."""

    def has_delivery(self, delivery: str) -> bool:
        """Whether this delivery is stored. Raises `StorageUnavailable`."""

    def writable(self) -> bool:
        """Whether a delivery could be stored now."""


class SpoolingIntake:
    """Takes deliveries into the database, or else into the spool.

    `parse` understands a spooled text again (raises ValueError); `brought_in` is told
    of each delivery that came into the database from the spool.
    """

    def __init__(
        self,
        inner: DurableIntake,
        spool: Spool,
        *,
        parse: Callable[[Spooled], Notification],
        brought_in: Callable[[Delivery, Accepted], None],
        masker: Masker,
    ) -> None:
        self._inner = inner
        self._spool = spool
        self._parse = parse
        self._brought_in = brought_in
        self._masker = masker
        self._away = False
        self._tries: dict[str, int] = {}
        self._probing = threading.Lock()
        self._probed = Storing.NOWHERE
        self._probe_at = float("-inf")
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)

    def accept(self, delivery: Delivery) -> Accepted:
        """Store durably; `spooled` says that triage has yet to come.

        Raises `StorageUnavailable` only if the spool does not take it either.
        """
        if not self._away:
            try:
                return self._inner.accept(delivery)
            except StorageUnavailable:
                self._away = True
                log.warning("database away", extra={"spooled": self._spool.count()})
        try:
            self._spool.keep(delivery)
        except (OSError, SpoolFull) as error:
            log.error("delivery not spooled", extra={"why": self._masker(str(error))})
            self._probed = Storing.NOWHERE
            self._probe_at = time.monotonic() + PROBE_EVERY
            raise StorageUnavailable("neither database nor spool took it") from None
        finally:
            self._wake.set()
        return Accepted(verdicts=(), spooled=True)

    def waiting(self) -> int:
        """How many deliveries wait in the spool."""
        return self._spool.count()

    def storing(self) -> Storing:
        """Where a delivery would be stored now: a write shows it, once a second.

        After one was refused it is NOWHERE until such a write succeeds.
        """
        with self._probing:
            if time.monotonic() >= self._probe_at:
                self._probed = self._probe()
                self._probe_at = time.monotonic() + PROBE_EVERY
            return self._probed

    def _probe(self) -> Storing:
        if self._inner.writable():
            return Storing.DATABASE
        return Storing.SPOOL if self._spool.takes() else Storing.NOWHERE

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """What still waits stays in the spool, for the next start."""
        self._stopping.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            if self._spool.count():
                self._drain()
            elif self._away:
                # Nothing of ours to try it with: the next delivery will tell.
                self._away = False
            if self._away or self._spool.count():
                self._stopping.wait(TRY_EVERY)
            else:
                self._wake.wait()
                self._wake.clear()

    def _drain(self) -> None:
        """Bring in what waits, until the database is away again.

        What is refused by a database that can be written holds up no other: it is
        tried again a few times, then set aside.
        """
        passed = 0
        for path in self._spool.waiting():
            if self._stopping.is_set():
                return
            try:
                self._bring_in(path)
                passed += 1
            except (StorageUnavailable, OSError):
                if not self._inner.writable():
                    self._away = True
                    break
                self._count_try(path)
        else:
            self._away = False
        if passed:
            log.info("spool drained", extra={"taken_in": passed})

    def _count_try(self, path: Path) -> None:
        tries = self._tries.pop(path.name, 0) + 1
        if tries < MOST_TRIES:
            self._tries[path.name] = tries
        else:
            self._refuse(path, "the database can be written, but not with this one")

    def _bring_in(self, path: Path) -> None:
        try:
            delivery = self._revived(self._spool.read(path))
        except ValueError as error:
            self._refuse(path, str(error))
            return
        if not self._inner.has_delivery(delivery.id):
            accepted = self._inner.accept(delivery)
            self._brought_in(delivery, accepted)
        self._spool.drop(path)
        self._tries.pop(path.name, None)

    def _revived(self, spooled: Spooled) -> Delivery:
        return Delivery(
            id=spooled.id,
            received_at=spooled.received_at,
            notification=self._parse(spooled),
            credential=spooled.credential,
            body=spooled.body,
            clock_difference=spooled.clock_difference,
        )

    def _refuse(self, path: Path, why: str) -> None:
        facts = {"file": path.name, "why": self._masker(why)}
        try:
            facts["file"] = self._spool.set_aside(path).name
        except OSError as error:
            facts["stays"] = str(error.strerror)
        log.error("spooled delivery set aside", extra=facts)
