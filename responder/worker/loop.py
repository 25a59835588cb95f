"""The worker loop: claim what is due, hand it to threads, keep leases alive, drain."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import datetime, timedelta

from responder.incident.events import Finished
from responder.incident.incident import Incident
from responder.incident.names import Reason, State
from responder.incident.ports import Lease
from responder.incident.rule import Rule
from responder.worker.background import guarded
from responder.worker.run import Tools, Turn

log = logging.getLogger("responder.worker")

POLL = timedelta(milliseconds=500)
"""How often to look for what others left: a crash, another replica."""
RENEW_EVERY = 1.0
LEASE_FRESH = 3.0
"""Seconds since the last renewal within which a lease of 4 s is surely ours."""
AFTER_FAILURE = timedelta(seconds=5)
OF_ANOTHER = timedelta(seconds=30)
"""How long an incident is left to a replica that has its rule."""
DEAD_AFTER = 30.0


class Worker:
    """Works on incidents in `threads` threads until it is stopped.

    `pulse` is called whenever the loop comes round: it says that somebody is here.
    `pool` runs the turns in place of threads of its own.
    Stopping drains: steps that run are finished, what is left stays due.
    """

    def __init__(
        self,
        tools: Tools,
        rules: Mapping[str, Rule],
        *,
        threads: int = 8,
        poll: timedelta = POLL,
        pulse: Callable[[], None] = lambda: None,
        pool: Executor | None = None,
    ) -> None:
        self._tools = tools
        self._rules = rules
        self._threads = threads
        self._poll = poll.total_seconds()
        self._pulse = pulse
        self._pool = pool or ThreadPoolExecutor(threads, thread_name_prefix="incident")
        self._held: dict[Lease, float] = {}
        self._working: set[str] = set()
        self._changed = threading.Condition()
        self._news = False
        self._stopping = threading.Event()
        self._beat = tools.clock.monotonic()
        self._began = tools.clock.now()
        self._loop = threading.Thread(target=self._run, name="worker", daemon=True)
        self._renewer = threading.Thread(target=self._renew, name="leases", daemon=True)

    def start(self) -> None:
        self._loop.start()
        self._renewer.start()

    def stop(self, within: float | None = None) -> bool:
        """Finish the steps that run, give everything back, and return.

        False: `within` seconds were not enough for some step. It goes on, and may not
        outlive the process; whoever starts next takes its incident up.
        """
        ends = time.monotonic() + (within or 0)
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        self._join(self._loop, within, ends)
        with self._changed:
            left = None if within is None else max(0.0, ends - time.monotonic())
            drained = self._changed.wait_for(lambda: not self._held, left)
        if drained:
            self._pool.shutdown(wait=True)
            self._join(self._renewer, within, ends)
        return drained and not self._loop.is_alive()

    @staticmethod
    def _join(thread: threading.Thread, within: float | None, ends: float) -> None:
        if thread.ident is not None:
            thread.join(None if within is None else max(0.0, ends - time.monotonic()))

    def alive(self) -> bool:
        """Whether the loop runs and came round lately."""
        recent = self._tools.clock.monotonic() - self._beat < DEAD_AFTER
        return self._loop.is_alive() and recent

    def hand_over(self, leases: Sequence[Lease]) -> None:
        """Work on these at once: they are leased to us already."""
        now = self._tools.clock.monotonic()
        with self._changed:
            if self._stopping.is_set():
                return
            for lease in leases:
                if lease.incident in self._working:
                    # Our own lease seemed to be over: the clock was set forward. What
                    # runs ends first; this one runs out and is taken again.
                    continue
                self._working.add(lease.incident)
                self._held[lease] = now
                # Within the lock: a pool that was shut down meanwhile would refuse.
                self._pool.submit(self._turn, lease)

    def come_round(self) -> datetime | None:
        """One round of the loop: claim what is due. When that was, None if it failed.

        For whoever brings their own clock and `pool` and starts no threads.
        """
        self._beat = self._tools.clock.monotonic()
        self._news = False
        self.survive(self._pulse)
        return self.survive(self._claim)

    def keep_leases(self) -> None:
        """Prolong what is held, as every second's renewal does."""
        self.survive(self._renew_once)

    def _run(self) -> None:
        while not self._stopping.is_set():
            claimed = self.come_round()
            # Storage that cannot be written may still say that something is due.
            pause = self._pause() if claimed else self._poll
            with self._changed:
                self._changed.wait_for(self._awake, pause)

    def _awake(self) -> bool:
        return self._news or self._stopping.is_set()

    def _pause(self) -> float:
        due = self.survive(self._tools.store.next_due)
        if due is None or len(self._held) >= self._threads * 2:
            return self._poll
        until = (due - self._tools.clock.now()).total_seconds()
        return min(max(until, 0.005), self._poll)

    def _claim(self) -> datetime:
        now = self._tools.clock.now()
        room = self._threads * 2 - len(self._held)
        if room > 0:
            self.hand_over(self._tools.store.take(now, room))
        return now

    def _turn(self, lease: Lease) -> None:
        due = self.survive(lambda: self._work(lease), failed=True)
        with self._changed:
            self._working.discard(lease.incident)
        self.survive(lambda: self._tools.store.release(lease, due))
        with self._changed:
            self._held.pop(lease, None)
            self._news = True
            self._changed.notify_all()

    def _work(self, lease: Lease) -> datetime | None:
        incident = self._tools.store.load(lease.incident)
        rule = self._rules.get(incident.rule)
        if rule is None:
            return self._without_rule(lease, incident)
        return Turn(self._tools, rule, lease, self._fresh).run(self._stopping.is_set)

    def _without_rule(self, lease: Lease, incident: Incident) -> datetime | None:
        """End an incident whose rule was renamed or removed; when to look again.

        What opened after this process began is of a replica that has the rule.
        """
        now = self._tools.clock.now()
        if incident.ended_at:
            return None  # Nobody can watch it: it may be forgotten in its time.
        if incident.opened_at > self._began:
            return now + OF_ANOTHER
        ended = Finished(at=now, state=State.CLOSED, reason=Reason.RULE_REMOVED)
        if not self._tools.store.decide(lease, incident, [ended]).accepted:
            return now
        facts = {"incident": incident.id, "rule": incident.rule}
        log.warning("rule no longer configured: incident closed", extra=facts)
        return None

    def survive(
        self, work: Callable[[], datetime | None], *, failed: bool = False
    ) -> datetime | None:
        """Run it; a failure is logged and tried again a little later.

        Overridden where nothing may be survived.
        """
        later = self._tools.clock.now() + AFTER_FAILURE if failed else None
        return guarded(work, later)

    def _fresh(self, lease: Lease) -> bool:
        renewed = self._held.get(lease)
        if renewed is None:
            return False
        return self._tools.clock.monotonic() - renewed < LEASE_FRESH

    def _renew(self) -> None:
        """Keep what is held ours; a lease that could not be renewed grows stale."""
        while not (self._stopping.is_set() and not self._held):
            self.keep_leases()
            if self._stopping.wait(RENEW_EVERY):
                with self._changed:
                    self._changed.wait(0.05 if self._held else 0)

    def _renew_once(self) -> None:
        leases = list(self._held)
        if not leases:
            return
        began = self._tools.clock.monotonic()
        self._tools.store.renew(leases)
        with self._changed:
            self._held.update((lease, began) for lease in leases if lease in self._held)
