"""`Trials` as rows: of each rule the cassettes that it was tried on last."""

from pydantic import TypeAdapter
from sqlalchemy import Column, Connection, Table, Text, select

from responder.incident.trial import Trial
from responder.store.drills import Base
from responder.store.engine import reading
from responder.store.tables import Moment, metadata
from responder.store.upsert import upsert

trials = Table(
    "trials",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("at", Moment, nullable=False),
    # The trial as JSON: who, of which configuration, and the cassettes by name.
    Column("body", Text, nullable=False),
)
_TRIAL: TypeAdapter[Trial] = TypeAdapter(Trial)


class StoredTrials:
    """`Trials` on the store's database."""

    def __init__(self, base: Base) -> None:
        self._base = base

    def save(self, trial: Trial) -> None:
        self._base.write(lambda conn: _save(conn, trial))

    def last(self, rule: str) -> Trial | None:
        query = select(trials.c.body).where(trials.c.rule == rule)
        with reading(self._base.engine) as conn:
            body = conn.execute(query).scalar()
        return None if body is None else _TRIAL.validate_json(body)


def _save(conn: Connection, trial: Trial) -> None:
    values = {"at": trial.at, "body": _TRIAL.dump_json(trial).decode()}
    statement = upsert(conn, trials).values(rule=trial.rule, **values)
    conn.execute(
        statement.on_conflict_do_update(index_elements=[trials.c.rule], set_=values)
    )
