"""An intake that loses nothing while the database is away.

IRM never sends a refused delivery again, and Grafana only after a whole group
interval: what the database does not take in time goes to the spool, is acknowledged,
and is brought in as soon as the database is back.
"""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from responder.incident.alert import Delivery, Notification
from responder.incident.ports import Accepted, Intake, StorageUnavailable, Storing
from responder.masking import Masker
from responder.spool.files import Spool, Spooled, SpoolFull

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
