"""Deliver notifications to one channel, in a thread of its own."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from responder.incident.attempt import backoff
from responder.incident.events import Reception, Told, Where
from responder.incident.incident import Incident
from responder.incident.notify import (
    Channel,
    DeliveryResult,
    Outbox,
    PageOf,
    PendingNotice,
    Telling,
    known,
    tellings,
)
from responder.incident.ports import Clock
from responder.incident.rule import Rule
from responder.worker.background import guarded

log = logging.getLogger("responder.worker")

POLL = 0.5
BEGIN_WITHIN = 10.0
"""Seconds of a lease of 15 within which a telling of 4 may begin."""
REFUSED_AGAIN = timedelta(seconds=30)
REFUSED_MOST = timedelta(minutes=10)
_MOST_DOUBLED = 10


class NotificationMeter(Protocol):
    """The metric that telling moves."""

    def told(self, where: Where, result: Reception) -> None: ...


class Notifier:
    """Delivers the notifications of one channel, one by one, until it is stopped."""

    def __init__(
        self,
        where: Where,
        channel: Channel,
        outbox: Outbox,
        *,
        rules: Mapping[str, Rule],
        clock: Clock,
        page: PageOf,
        meter: NotificationMeter,
        poll: float = POLL,
    ) -> None:
        self._where = where
        self._channel = channel
        self._outbox = outbox
        self._rules = rules
        self._clock = clock
        self._page = page
        self._meter = meter
        self._poll = poll
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"tell {where}", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self, within: float | None = None) -> bool:
        """End after the telling that runs; False if that took longer than `within` s.

        What is left is told at the next start, or by another replica.
        """
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(within)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.wait(self._poll):
            guarded(self._round, None)

    def _round(self) -> None:
        self._outbox.sweep()
        while not self._stopping.is_set():
            errand = self._outbox.take(self._where)
            if errand is None:
                return
            self._outbox.release(errand, self._run_errand(errand))

    def _run_errand(self, errand: PendingNotice) -> timedelta | None:
        """Tell what is to be told; when to come again, None if all was received."""
        began = self._clock.monotonic()
        found = self._outbox.scene(errand)
        if found is None:
            return None
        incident, scene = found
        scene = replace(scene, page=self._page(incident.id))
        bare = Rule(name=incident.rule, match=(), checks=())
        rule = self._rules.get(incident.rule, bare)
        due = tellings(self._where, incident, rule, scene, self._clock.now())
        refused = False
        for telling in due:
            spent = self._clock.monotonic() - began
            if self._stopping.is_set() or spent > BEGIN_WITHIN:
                return timedelta()
            heard = self._channel.tell(telling, again=errand.tries > 0)
            incident = self._note(incident, telling, heard)
            if heard.reception in (Reception.FAILED, Reception.LIMITED):
                pause = backoff(incident.id, errand.tries + 1)
                return max(pause, heard.after or pause)
            refused = refused or heard.reception is Reception.REFUSED
        return _refused_again(errand.tries) if refused else None

    def _note(
        self, incident: Incident, telling: Telling, heard: DeliveryResult
    ) -> Incident:
        """On the timeline once it is received, and the first time it is refused."""
        self._meter.told(self._where, heard.reception)
        facts = {
            "incident": incident.id,
            "where": str(self._where),
            "what": str(telling.what),
        }
        if heard.reception is Reception.TOLD:
            log.info("told", extra=facts)
        else:
            why = {"result": str(heard.reception), "why": heard.detail}
            log.warning("not told", extra=facts | why)
        refused = heard.detail if heard.reception is Reception.REFUSED else ""
        if heard.reception not in (Reception.TOLD, Reception.REFUSED):
            return incident
        if refused and known(telling, self._where, incident):
            return incident
        event = Told(
            at=self._clock.now(),
            where=self._where,
            what=telling.what,
            ref=heard.ref,
            group=telling.group,
            mark=telling.mark,
            refused=refused,
        )
        return self._outbox.record(incident, event)


def _refused_again(tries: int) -> timedelta:
    """Somebody must fix the connection first: 30 s doubling to 10 min."""
    doubled: int = 1 << min(tries, _MOST_DOUBLED)
    return min(REFUSED_AGAIN * doubled, REFUSED_MOST)
