"""The embedded logs in a real SQLite file."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from responder.evidence.embedded import AT_ONCE, EmbeddedLogs
from responder.evidence.lines import LineReader
from responder.evidence.push import PushedLine
from responder.incident.evidence import Counted, Question, Unreadable, to_ns
from responder.incident.names import UnreadableReason

HOST = "pizza-factory.cs329.click"
URL = f"https://{HOST}/api/support/0123456789abcdef/report/k3x9q2ab"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ERRORS = '{component="jwt-pizza-service", level="error"}'


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'responder.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def logs(engine: sa.Engine) -> EmbeddedLogs:
    return EmbeddedLogs(engine, LineReader(HOST, None))


def line(text: str, seconds_ago: float = 1, level: str = "error") -> PushedLine:
    return PushedLine(
        at_ns=to_ns(NOW - timedelta(seconds=seconds_ago)),
        labels={"component": "jwt-pizza-service", "level": level},
        text=text,
    )


def question(query: str = ERRORS, count_beyond: int = 0) -> Question:
    since = NOW - timedelta(minutes=5)
    return Question(
        name="a", query=query, since=since, until=NOW, count_beyond=count_beyond
    )


def count(logs: EmbeddedLogs, query: str = ERRORS, count_beyond: int = 0) -> Counted:
    (answer,) = logs.read([question(query, count_beyond)])
    assert isinstance(answer, Counted), answer
    return answer


def refusal(logs: EmbeddedLogs, query: str = ERRORS) -> Unreadable:
    (answer,) = logs.read([question(query)])
    assert isinstance(answer, Unreadable)
    return answer


def test_pushed_lines_are_counted_newest_first(logs: EmbeddedLogs) -> None:
    logs.add([line("old", 20), line("new", 2), line("fine", 3, level="info")])

    lines = count(logs).lines

    assert [one.at for one in lines] == [
        NOW - timedelta(seconds=2),
        NOW - timedelta(seconds=20),
    ]


def test_line_filters_and_links_work(logs: EmbeddedLogs) -> None:
    logs.add([line(f'{{"resBody":"{URL}"}}'), line("other")])

    (found,) = count(logs, f'{ERRORS} |= "/api/support/" |= "/report/"').lines

    assert len(found.links) == 1


def test_the_same_line_of_one_stream_counts_once(logs: EmbeddedLogs) -> None:
    logs.add([line("x"), line("x")])
    logs.add([line("x"), line("x", level="info"), line("y")])

    assert len(count(logs).lines) == 2


def test_a_line_at_since_counts_and_a_line_at_until_does_not(
    logs: EmbeddedLogs,
) -> None:
    logs.add([line("first", 300), line("after", 0)])

    assert [one.at for one in count(logs).lines] == [NOW - timedelta(minutes=5)]


def test_the_limit_means_at_least_and_a_total_is_counted_on_request(
    logs: EmbeddedLogs,
) -> None:
    logs.add([line(f"{n}", n / 10 + 1) for n in range(1003)])

    assert count(logs).at_least
    assert len(count(logs).lines) == 1000
    assert count(logs).total is None
    assert count(logs, count_beyond=1500).total == 1003


def forget(
    logs: EmbeddedLogs, engine: sa.Engine, before: datetime, most: int = 10**9
) -> int:
    """One step of forgetting; how many lines went."""

    def write(
        job: Callable[[sa.Connection], tuple[int, int]],
    ) -> tuple[int, int]:
        with engine.begin() as connection:
            gone, freed = job(connection)
        return gone, freed

    return logs.forget(before, most, write)


def test_beyond_the_size_the_oldest_lines_go_however_young(
    engine: sa.Engine, logs: EmbeddedLogs
) -> None:
    logs.add([line(f"{n}" * 100, n) for n in range(1, 6)])
    labels = '{"component": "jwt-pizza-service", "level": "error"}'
    most = 3 * (100 + len(labels))

    while forget(logs, engine, NOW - timedelta(days=1), most):
        """Until nothing is left to forget."""

    assert {one.at for one in count(logs).lines} == {
        NOW - timedelta(seconds=n) for n in (1, 2, 3)
    }


def test_lines_are_forgotten_a_little_at_a_time(
    engine: sa.Engine, logs: EmbeddedLogs
) -> None:
    logs.add([line(f"{n}", 60 + n / 1000) for n in range(AT_ONCE + 3)])

    assert [forget(logs, engine, NOW) for _ in range(3)] == [AT_ONCE, 3, 0]


def test_old_lines_can_be_forgotten(engine: sa.Engine, logs: EmbeddedLogs) -> None:
    logs.add([line("old", 60), line("new", 1)])

    forget(logs, engine, NOW - timedelta(seconds=30))

    assert len(count(logs).lines) == 1


def test_lines_survive_a_restart(engine: sa.Engine, logs: EmbeddedLogs) -> None:
    logs.add([line("x")])

    assert len(count(EmbeddedLogs(engine, LineReader(HOST, None))).lines) == 1


def test_what_only_loki_evaluates_is_refused_by_name(logs: EmbeddedLogs) -> None:
    refused = refusal(logs, f"{ERRORS} | json | statusCode >= 500")

    assert refused.reason is UnreadableReason.BAD_QUERY
    assert "the embedded logs cannot evaluate '| json'" in refused.detail


def test_a_query_that_is_not_valid_is_refused(logs: EmbeddedLogs) -> None:
    assert refusal(logs, '{level!="x"}').reason is UnreadableReason.BAD_QUERY


def test_a_database_in_trouble_is_unreadable_and_not_empty(
    engine: sa.Engine, logs: EmbeddedLogs
) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE log_lines"))

    assert refusal(logs).reason is UnreadableReason.STORAGE


def test_nothing_to_add_is_nothing_to_do(logs: EmbeddedLogs) -> None:
    logs.add([])

    assert count(logs).lines == ()
