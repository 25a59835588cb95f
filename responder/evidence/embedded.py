"""Log lines pushed to Responder itself, counted from its own database.

For trying and for tests: it knows label matchers and line filters, nothing more.
"""

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError, ProgrammingError, SQLAlchemyError
from sqlalchemy.schema import CreateTable

from responder.evidence.lines import LineReader
from responder.evidence.push import PushedLine
from responder.evidence.selector import BadQuery, LogQuery, parse
from responder.incident.evidence import (
    Counted,
    Evidence,
    LogLine,
    Question,
    Unreadable,
    to_ns,
)
from responder.incident.names import UnreadableReason
from responder.incident.ports import StorageUnavailable

LIMIT = 1000
"""Lines of one answer, newest first; that many mean "at least"."""

_log_lines = sa.Table(
    "log_lines",
    sa.MetaData(),
    # SQLite numbers rows by itself only under this exact type.
    sa.Column(
        "id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True
    ),
    sa.Column("at_ns", sa.BigInteger, nullable=False),
    sa.Column("labels", sa.Text, nullable=False),
    sa.Column("line", sa.Text, nullable=False),
    sa.Column("stream_digest", sa.String(32), nullable=False),
    sa.Column("line_digest", sa.String(32), nullable=False),
    # Its first column makes this the index for time ranges too.
    sa.UniqueConstraint(
        "at_ns", "stream_digest", "line_digest", name="log_lines_distinct"
    ),
)

_SIZE = sa.func.length(_log_lines.c.line) + sa.func.length(_log_lines.c.labels)
AT_ONCE = 500
"""Lines that are forgotten in one transaction."""

Write = Callable[[Callable[[sa.Connection], tuple[int, int]]], tuple[int, int]]


class EmbeddedLogs:
    """A LogSource over the table `log_lines`, which it creates where it is missing.

    The constructor and `add` raise SQLAlchemyError when the database refuses; `read`
    never raises.
    """

    def __init__(self, engine: sa.Engine, reader: LineReader) -> None:
        self._engine = engine
        self._reader = reader
        self._added = threading.Event()
        self._added.set()
        self._counted = 0
        _create(engine)

    def add(self, entries: Sequence[PushedLine]) -> None:
        """Store the lines in one transaction; lines already known are left alone."""
        if not entries:
            return
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        insert = dialect.insert(_log_lines).on_conflict_do_nothing()
        rows = [_row(entry) for entry in entries]
        with self._engine.begin() as connection:
            connection.execute(insert, rows)
        self._added.set()

    def forget(self, before: datetime, most: int, write: Write) -> int:
        """Delete some of the oldest lines; how many, 0 when all is well.

        Those go that are older than `before`, and those beyond `most` characters of
        lines and labels. Each call is one short transaction of `write`. Raises
        `StorageUnavailable`.
        """
        try:
            held = self._held()
        except SQLAlchemyError as error:
            raise StorageUnavailable(type(error).__name__) from None
        oldest = (
            sa.select(_log_lines.c.id, _log_lines.c.at_ns, _SIZE)
            .order_by(_log_lines.c.at_ns, _log_lines.c.id)
            .limit(AT_ONCE)
        )

        def delete(connection: sa.Connection) -> tuple[int, int]:
            gone, freed = [], 0
            for line, at_ns, size in connection.execute(oldest):
                if at_ns >= to_ns(before) and held - freed <= most:
                    break
                gone.append(line)
                freed += size
            old = sa.delete(_log_lines).where(_log_lines.c.id.in_(gone))
            connection.execute(old)
            return len(gone), freed

        count, freed = write(delete)
        self._counted = held - freed
        return count

    def _held(self) -> int:
        """The size of all lines, counted anew once this process has added some."""
        if self._added.is_set():
            self._added.clear()
            with self._engine.connect() as connection:
                total = connection.execute(sa.select(sa.func.sum(_SIZE))).scalar()
            self._counted = int(total or 0)
        return self._counted

    def read(self, questions: Sequence[Question]) -> tuple[Evidence, ...]:
        """One answer for each question, in order. Never raises."""
        return tuple(self._answer(question) for question in questions)

    def _answer(self, question: Question) -> Evidence:
        try:
            query = parse(question.query)
        except BadQuery as problem:
            return _bad(question, f"the query is not valid {problem}")
        if query.rest:
            return _bad(
                question,
                f"the embedded logs cannot evaluate '{_first_stage(query.rest)}'; "
                "use label conditions and line filters only, or a real Loki",
            )
        try:
            return self._count(question, query)
        except SQLAlchemyError as error:
            return Unreadable(
                name=question.name,
                reason=UnreadableReason.STORAGE,
                detail=f"the embedded logs could not be read ({type(error).__name__}); "
                "check that the database of storage.url is there and readable",
            )

    def _count(self, question: Question, query: LogQuery) -> Counted:
        lines: list[LogLine] = []
        total = 0
        count_all = question.count_beyond > LIMIT
        with self._engine.connect() as connection:
            rows = connection.execution_options(yield_per=500).execute(
                _between(question)
            )
            for at_ns, text in _matching(rows, query):
                total += 1
                if len(lines) < LIMIT:
                    lines.append(self._reader.read(at_ns, text))
                elif not count_all:
                    break
        return Counted(
            name=question.name,
            lines=tuple(lines),
            since=question.since,
            until=question.until,
            at_least=len(lines) == LIMIT,
            total=total if count_all else None,
        )


def _create(engine: sa.Engine) -> None:
    try:
        with engine.begin() as connection:
            connection.execute(CreateTable(_log_lines, if_not_exists=True))
    except (IntegrityError, ProgrammingError):
        # PostgreSQL: another replica made it in the same moment.
        if not sa.inspect(engine).has_table(_log_lines.name):
            raise


def _between(question: Question) -> sa.Select[Any]:
    table = _log_lines.c
    return (
        sa.select(table.at_ns, table.labels, table.line)
        .where(table.at_ns >= to_ns(question.since))
        .where(table.at_ns < to_ns(question.until))
        .order_by(table.at_ns.desc(), table.id.desc())
    )


def _matching(rows: Iterable[Any], query: LogQuery) -> Iterable[tuple[int, str]]:
    # Few streams, many lines: the labels of each stream are looked at once.
    streams: dict[str, bool] = {}
    for at_ns, labels, line in rows:
        if labels not in streams:
            streams[labels] = query.matches_labels(json.loads(labels))
        if streams[labels] and query.matches_line(line):
            yield at_ns, line


def _row(entry: PushedLine) -> dict[str, object]:
    labels = json.dumps(dict(entry.labels), sort_keys=True)
    return {
        "at_ns": entry.at_ns,
        "labels": labels,
        "line": entry.text,
        "stream_digest": _digest(labels),
        "line_digest": _digest(entry.text),
    }


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _bad(question: Question, detail: str) -> Unreadable:
    return Unreadable(
        name=question.name, reason=UnreadableReason.BAD_QUERY, detail=detail[:300]
    )


def _first_stage(rest: str) -> str:
    found = re.match(r"\|?\s*[^\s|(\"`]*", rest)
    return found[0][:40] if found else "|"
