"""The stamp of whoever runs, and the gaps in which nobody did."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, insert, or_, select, update

from responder.incident.memory import Gap, Memory
from responder.incident.ports import Clock
from responder.store.claims import unleased
from responder.store.disk import Disk
from responder.store.engine import reading
from responder.store.errands import errands
from responder.store.tables import calls, factories, gaps, incidents, life, links
from responder.store.upsert import upsert

GAP = timedelta(seconds=60)
"""Without a stamp for longer, nobody was there."""
_TOLD = 10
_DOUBT = timedelta(seconds=2)
"""Replicas' times differ by less, although all are the database's."""

Write = Callable[[Callable[[Connection], Any]], Any]


class Life:
    """Stamps for this process; `disk` is what its storage lies on.

    All raise `StorageUnavailable` while the database fails.
    """

    def __init__(
        self, write: Write, engine: Callable[[], Engine], clock: Clock, disk: Disk
    ) -> None:
        self._write = write
        self._engine = engine
        self._clock = clock
        self._disk = disk
        self._began = False
        self._tried_at = 0.0
        self._now = clock.now()

    def beat(self) -> Gap | None:
        """Say that we run; the gap that this ends, if nobody ran for a while.

        The first one of a process also makes everything due that is open or watched:
        whatever happened meanwhile is looked at once. So does one that finds the
        clock set back, as what is due would wait for the old time to come again.
        While the database is away, beats fail, but somebody runs: that is no gap.
        """
        passed = self._clock.monotonic() - self._tried_at
        away = self._began and passed < GAP.total_seconds()
        try:
            found: Gap | None = self._write(lambda conn: self._stamp(conn, away))
        finally:
            self._tried_at = self._clock.monotonic()
        self._now = self._clock.now()
        self._began = True
        return found

    def memory(self) -> Memory:
        """What is remembered now."""
        newest = select(gaps).order_by(gaps.c.since.desc()).limit(_TOLD)
        with reading(self._engine()) as conn:
            row = conn.execute(select(life)).first()
            told = [Gap(since=g.since, until=g.until) for g in conn.execute(newest)]
        return Memory(
            since=row.since if row else None,
            gaps=tuple(told),
            history_lost=bool(row and row.history_lost),
            forgets=self._disk.forgets,
        )

    def _stamp(self, conn: Connection, away: bool) -> Gap | None:
        now = self._clock.now()
        row = conn.execute(select(life).with_for_update()).first()
        # Also while nobody ran.
        back = now < self._now or (row is not None and now < row.stamped_at - _DOUBT)
        if back:
            _let_nothing_be_later(conn, now)
        if back or not self._began:
            _look_at_everything(conn, now)
        if row is None:
            first = upsert(conn, life).values(
                id=1,
                since=now,
                stamped_at=now,
                history_lost=self._disk.history_expected,
            )
            conn.execute(first.on_conflict_do_nothing(index_elements=[life.c.id]))
            return None
        conn.execute(update(life).values(stamped_at=now))
        if away or now - row.stamped_at <= GAP:
            return None
        conn.execute(insert(gaps).values(since=row.stamped_at, until=now))
        return Gap(since=row.stamped_at, until=now)


def _look_at_everything(conn: Connection, now: datetime) -> None:
    """What is open, and what ended and is watched, is due at once."""
    row = incidents.c
    conn.execute(
        update(incidents)
        .where(or_(row.ended_at.is_(None), row.due_at > now))
        .where(unleased(now))
        .values(due_at=now)
    )


_NOT_LATER = (
    errands.c.due_at,
    factories.c.floor_at,
    links.c.answered_at,
    links.c.effective_at,
    links.c.in_flight_since,
    calls.c.at,
)


def _let_nothing_be_later(conn: Connection, now: datetime) -> None:
    """The clock was set back: what happened counts as done by now, not in the future.

    Else lines would be counted from a floor that is yet to come: none for an hour. And
    what failed to be told would wait as long.
    """
    for column in _NOT_LATER:
        later = update(column.table).where(column > now)
        conn.execute(later.values({column.name: now}))
    # Whoever keeps links in memory reads them anew.
    conn.execute(update(factories).values(changes=factories.c.changes + 1))
