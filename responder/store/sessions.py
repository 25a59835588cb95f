"""Which sessions of operators were ended before their time."""

from datetime import datetime

from sqlalchemy import Column, Connection, Integer, String, Table, Text, select

from responder.store.drills import Base
from responder.store.engine import reading
from responder.store.tables import Moment, metadata
from responder.store.upsert import upsert

ended_sessions = Table(
    "ended_sessions",
    metadata,
    Column("id", String(32), primary_key=True),
    # When its cookie is void by itself, so that this row says nothing any more.
    Column("ends_at", Moment, nullable=False),
)
operators = Table(
    "operators",
    metadata,
    Column("name", Text, primary_key=True),
    # How often all sessions were ended: those of an earlier number are over.
    Column("epoch", Integer, nullable=False),
)


class StoredSessions:
    """What operators' cookies are looked up in, on the store's database."""

    def __init__(self, base: Base) -> None:
        self._base = base

    def epoch(self, user: str) -> int:
        with reading(self._base.engine) as conn:
            return _epoch(conn, user)

    def is_open(self, user: str, session: str, epoch: int) -> bool:
        ended = select(ended_sessions.c.id).where(ended_sessions.c.id == session)
        with reading(self._base.engine) as conn:
            return _epoch(conn, user) == epoch and conn.execute(ended).first() is None

    def end(self, session: str, ends_at: datetime) -> None:
        def job(conn: Connection) -> None:
            row = upsert(conn, ended_sessions).values(id=session, ends_at=ends_at)
            conn.execute(row.on_conflict_do_nothing())

        self._base.write(job)

    def end_all(self, user: str) -> None:
        def job(conn: Connection) -> None:
            row = upsert(conn, operators).values(name=user, epoch=1)
            more = {"epoch": operators.c.epoch + 1}
            conn.execute(
                row.on_conflict_do_update(index_elements=[operators.c.name], set_=more)
            )

        self._base.write(job)


def _epoch(conn: Connection, user: str) -> int:
    query = select(operators.c.epoch).where(operators.c.name == user)
    return int(conn.execute(query).scalar() or 0)
