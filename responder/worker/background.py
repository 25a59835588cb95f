"""Periodic tasks in their own threads: heartbeat, housekeeping, readiness."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from responder.incident.evaluation import AHEAD
from responder.incident.evidence import Counted, Evidence, Question
from responder.incident.ports import Clock, LogSource, StorageUnavailable
from responder.incident.readiness import (
    MOST_DIFFERENCE,
    WINDOW,
    FactoryVisit,
    LineCount,
    Probed,
)
from responder.incident.service import Downtime

# Periodic tasks: a failure is logged, and the task runs again.

log = logging.getLogger("responder.worker")
T = TypeVar("T")


def guarded(work: Callable[[], T], otherwise: T) -> T:
    """What `work` answers; `otherwise` if it failed, which is logged."""
    try:
        return work()
    except StorageUnavailable as error:
        log.warning("storage unavailable", extra={"why": str(error)})
    except Exception:
        log.exception("worker failure")
    return otherwise


class Periodic:
    """Calls `step`, which says when to call it again, until it is stopped.

    A step that fails is logged and called again after `every`.
    """

    def __init__(
        self, name: str, step: Callable[[], timedelta], every: timedelta
    ) -> None:
        self._step = step
        self._every = every
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, within: float | None = None) -> None:
        """End after the step that runs, or wait for it no longer than `within` s."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(within)

    def _run(self) -> None:
        while not self._stopping.is_set():
            again = guarded(self._step, self._every)
            self._stopping.wait(min(again, self._every).total_seconds())


# The worker's heartbeat in the storage.

STAMP_EVERY = 10.0


class Pulse:
    """Calls `beat` every 10 s, and tells of the gap that it ends."""

    def __init__(self, beat: Callable[[], Downtime | None], clock: Clock) -> None:
        self._beat = beat
        self._clock = clock
        self._last: float | None = None

    def __call__(self) -> None:
        """A beat if one is due; what fails is due again at once."""
        now = self._clock.monotonic()
        if self._last is not None and now - self._last < STAMP_EVERY:
            return
        gap = self._beat()
        self._last = now
        if gap is not None:
            log.warning(
                "was not running",
                extra={
                    "since": gap.since.isoformat(),
                    "until": gap.until.isoformat(),
                    "seconds": round((gap.until - gap.since).total_seconds()),
                },
            )


# Housekeeping in a thread of its own, in steps so small that nobody waits.

BREATH = 0.05
"""Seconds between two steps, so that whoever writes comes first."""
LOOK_EVERY = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """`step` does a little and says how many things it did; 0 means all is done.

    It raises `StorageUnavailable` while the storage fails, and is tried again.
    """

    name: str
    every: float
    """Seconds from the end of one round to the next."""
    step: Callable[[], int]


class Housekeeper:
    """Does each chore when it is due, until it is stopped."""

    def __init__(
        self,
        chores: Sequence[Chore],
        clock: Clock,
        *,
        breath: float = BREATH,
        look_every: float = LOOK_EVERY,
    ) -> None:
        self._clock = clock
        self._breath = breath
        self._look_every = look_every
        self._due = {chore: clock.monotonic() for chore in chores}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="house", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, within: float | None = None) -> None:
        """End after the step that runs, or wait for it no longer than `within` s."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(within)

    def _run(self) -> None:
        while not self._stopping.wait(self._look_every):
            for chore, due in list(self._due.items()):
                if self._clock.monotonic() >= due:
                    self._round(chore)
                    self._due[chore] = self._clock.monotonic() + chore.every

    def _round(self, chore: Chore) -> None:
        done = 0
        try:
            while step := chore.step():
                done += step
                if self._stopping.wait(self._breath):
                    break
        except StorageUnavailable as away:
            log.warning("chore put off", extra={"chore": chore.name, "why": str(away)})
        if done:
            log.info("chore done", extra={"chore": chore.name, "things": done})


# The questions behind readiness: are lines and orders there, is the factory?
#
# Asked every so often, so that no page waits for an answer and each knows its age.

FARTHEST = timedelta(hours=6)
"""How far back the last order is looked for when none came lately."""
VISIT_EVERY = timedelta(minutes=5)
SOONER = timedelta(seconds=10)
"""After a look that found something missing, so that what was mended is soon
seen to be; twice as long after every further one, for queries cost."""


class Prober:
    """Asks once for each call, and keeps the answers. `visit` asks the factory.

    `selectors` find any line of the service; `traffic` are good orders by rule.
    """

    def __init__(
        self,
        *,
        logs: LogSource,
        selectors: Sequence[str],
        traffic: Mapping[str, str],
        visit: Callable[[datetime], FactoryVisit],
        writable: Callable[[], bool],
        clock: Clock,
        every: timedelta,
    ) -> None:
        self._logs = logs
        self._selectors = selectors
        self._traffic = traffic
        self._visit = visit
        self._writable = writable
        self._clock = clock
        self._every = every
        self._probed: Probed | None = None
        self._soon = SOONER

    @property
    def probed(self) -> Probed | None:
        """What was learned last; None before the first time."""
        return self._probed

    def __call__(self) -> timedelta:
        """Ask everything; when to come again."""
        now, before = self._clock.now(), self._probed
        asked = [(text, text) for text in self._selectors]
        asked += list(self._traffic.items())
        found = self._ask(asked, now, WINDOW)
        lines = _together(found[: len(self._selectors)])
        orders = dict(zip(self._traffic, found[len(self._selectors) :], strict=True))
        self._probed = Probed(
            at=now,
            lines=lines,
            orders=self._with_last(orders, now),
            factory=self._factory(before, now),
            writable=self._writable(),
        )
        if self._well():
            self._soon = SOONER
            return self._every
        again, self._soon = min(self._every, self._soon), self._soon * 2
        return again

    def _well(self) -> bool:
        """Whether lines, orders, factory, its time and storage were all found."""
        found = self._probed
        if found is None or not found.writable or not _sound(found.factory):
            return False
        return all(one.count for one in (found.lines, *found.orders.values()))

    def _ask(
        self, asked: Sequence[tuple[str, str]], now: datetime, span: timedelta
    ) -> list[LineCount]:
        until = now + AHEAD
        questions = [
            Question(name=name, query=query, since=now - span, until=until)
            for name, query in asked
        ]
        return [_reading(answer) for answer in self._logs.read(questions)]

    def _with_last(
        self, orders: Mapping[str, LineCount], now: datetime
    ) -> dict[str, LineCount]:
        """Where no order came lately, with the time of the last one before."""
        silent = [rule for rule, found in orders.items() if found.count == 0]
        asked = [(rule, self._traffic[rule]) for rule in silent]
        last = self._ask(asked, now, FARTHEST) if asked else []
        older = {
            rule: LineCount(count=0, newest=found.newest)
            for rule, found in zip(silent, last, strict=True)
        }
        return {**orders, **older}

    def _factory(self, before: Probed | None, now: datetime) -> FactoryVisit:
        known = before.factory if before else None
        if known and _sound(known) and abs(now - known.at) < VISIT_EVERY:
            return known
        return self._visit(now)


def _sound(known: FactoryVisit) -> bool:
    """Whether it answered, and its clock agreed with ours."""
    return not known.why and abs(known.difference or 0) <= MOST_DIFFERENCE


def _reading(answer: Evidence) -> LineCount:
    if not isinstance(answer, Counted):
        return LineCount(why=answer.detail or answer.reason.replace("_", " "))
    return LineCount(
        count=len(answer.lines),
        at_least=answer.at_least,
        newest=max((line.at for line in answer.lines), default=None),
    )


def _together(found: Sequence[LineCount]) -> LineCount:
    """All selectors as one: what one of them could not count, nobody counted."""
    blind = next((one for one in found if one.count is None), None)
    if blind:
        return blind
    times = [one.newest for one in found if one.newest]
    return LineCount(
        count=sum(one.count or 0 for one in found),
        at_least=any(one.at_least for one in found),
        newest=max(times, default=None),
    )
