"""The Loki log source against a Loki on a real socket."""

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from responder.config.settings import LokiLogs, Secret
from responder.incident.evidence import (
    Counted,
    Evidence,
    LinkPlace,
    Question,
    Unreadable,
    from_ns,
    to_ns,
)
from responder.incident.names import UnreadableReason
from responder.logs.lines import LineReader
from responder.logs.loki import LokiLogSource
from tests.loki_server import Fault, LokiServer

HOST = "pizza-factory.cs329.click"
URL = f"https://{HOST}/api/support/0123456789abcdef/report/k3x9q2ab"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ERRORS = '{component="jwt-pizza-service", level="error"}'


@pytest.fixture
def loki() -> Iterator[LokiServer]:
    with LokiServer() as server:
        yield server


@pytest.fixture
def source(loki: LokiServer) -> Iterator[LokiLogSource]:
    yield from opened(LokiLogs(url=loki.url, timeout=timedelta(seconds=60)))


@pytest.fixture
def hasty(loki: LokiServer) -> Iterator[LokiLogSource]:
    yield from opened(LokiLogs(url=loki.url, timeout=timedelta(seconds=0.3)))


def opened(settings: LokiLogs) -> Iterator[LokiLogSource]:
    source = LokiLogSource(settings, LineReader(HOST, None))
    yield source
    source.close()


def ask(
    name: str = "error-logs", query: str = ERRORS, count_beyond: int = 0
) -> Question:
    return Question(
        name=name,
        query=query,
        since=NOW - timedelta(minutes=5),
        until=NOW,
        count_beyond=count_beyond,
    )


def log_errors(loki: LokiServer, count: int, first: datetime = NOW) -> None:
    for number in range(count):
        loki.add(
            to_ns(first) - (number + 1) * 1_000_000,
            json.dumps({"resBody": json.dumps({"reportUrl": URL}), "n": number}),
            component="jwt-pizza-service",
            level="error",
            type=f"type-{number % 3}",
        )


def counted(evidence: Evidence) -> Counted:
    assert isinstance(evidence, Counted), evidence
    return evidence


def unreadable(evidence: Evidence) -> Unreadable:
    assert isinstance(evidence, Unreadable), evidence
    return evidence


def test_lines_of_all_streams_are_counted_newest_first(
    loki: LokiServer, source: LokiLogSource
) -> None:
    log_errors(loki, 14)

    (answer,) = source.read([ask()])

    lines = counted(answer).lines
    assert len(lines) == 14
    assert [line.at_ns for line in lines] == sorted(
        (line.at_ns for line in lines), reverse=True
    )
    assert len(lines[0].links) == 1


def test_a_question_is_asked_in_nanoseconds_from_since_to_until(
    loki: LokiServer, source: LokiLogSource
) -> None:
    source.read([ask()])

    (asked,) = loki.requests
    assert asked.path == "/loki/api/v1/query_range"
    assert asked.parameters == {
        "query": ERRORS,
        "start": str(to_ns(NOW - timedelta(minutes=5))),
        "end": str(to_ns(NOW)),
        "limit": "1000",
        "direction": "backward",
    }
    assert len(asked.parameters["start"]) == 19


def test_a_line_at_since_counts_and_a_line_at_until_does_not(
    loki: LokiServer, source: LokiLogSource
) -> None:
    for at in (NOW - timedelta(minutes=5), NOW):
        loki.add(to_ns(at), "x", component="jwt-pizza-service", level="error")

    (answer,) = source.read([ask()])

    assert [line.at for line in counted(answer).lines] == [NOW - timedelta(minutes=5)]


def test_no_lines_are_counted_as_none(source: LokiLogSource) -> None:
    (answer,) = source.read([ask()])

    assert counted(answer).lines == ()
    assert not counted(answer).at_least


def test_an_empty_range_is_not_asked(loki: LokiServer, source: LokiLogSource) -> None:
    question = Question(name="a", query=ERRORS, since=NOW, until=NOW)

    assert counted(source.read([question])[0]).lines == ()
    assert loki.requests == []


def test_exactly_the_limit_means_at_least(
    loki: LokiServer, source: LokiLogSource
) -> None:
    log_errors(loki, 1000)

    (answer,) = source.read([ask()])

    assert len(counted(answer).lines) == 1000
    assert counted(answer).at_least
    assert counted(answer).total is None


def test_beyond_the_limit_loki_counts_the_same_range(
    loki: LokiServer, source: LokiLogSource
) -> None:
    log_errors(loki, 1203)
    for at in (NOW - timedelta(minutes=5), NOW):
        loki.add(to_ns(at), "x", component="jwt-pizza-service", level="error")

    (answer,) = source.read([ask(count_beyond=1500)])

    assert counted(answer).total == 1204
    assert [r.path for r in loki.requests].count("/loki/api/v1/query") == 1


def test_several_questions_are_asked_together_and_answered_in_order(
    loki: LokiServer, source: LokiLogSource
) -> None:
    log_errors(loki, 6)
    questions = [ask(f"q{n}", f'{ERRORS} |= "n\\": {n}"') for n in range(6)]

    answers = source.read(questions)

    assert [answer.name for answer in answers] == [f"q{n}" for n in range(6)]
    assert [len(counted(answer).lines) for answer in answers] == [1] * 6


def test_one_question_s_trouble_is_not_another_s(
    loki: LokiServer, source: LokiLogSource
) -> None:
    loki.faults = [Fault(status=500, body=b"broken")]

    kinds = {type(answer) for answer in source.read([ask("a"), ask("b")])}

    assert kinds == {Counted, Unreadable}


@pytest.mark.parametrize(
    "fault",
    [
        Fault(hang=True),
        Fault(body=b"{" * 1000, trickle=0.05),
        Fault(body=b"{" * 1000, trickle_headers=0.05),
    ],
)
def test_a_slow_loki_is_given_up_at_the_deadline(
    loki: LokiServer, hasty: LokiLogSource, fault: Fault
) -> None:
    loki.fault = fault

    (answer,) = hasty.read([ask()])

    # Waited for to its end it would be something else, a minute later.
    assert unreadable(answer).reason is UnreadableReason.TIMEOUT


def test_a_loki_that_hangs_up_once_is_asked_again(
    loki: LokiServer, source: LokiLogSource
) -> None:
    loki.faults = [Fault(drop=True)]

    assert counted(source.read([ask()])[0]).lines == ()
    assert len(loki.requests) == 2


def test_a_loki_that_always_hangs_up_is_unreachable(
    loki: LokiServer, source: LokiLogSource
) -> None:
    loki.fault = Fault(drop=True)

    assert unreadable(source.read([ask()])[0]).reason is UnreadableReason.UNREACHABLE
    assert len(loki.requests) == 2


def test_a_port_where_nobody_listens_is_unreachable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        for source in opened(LokiLogs(url=f"http://127.0.0.1:{port}")):
            answer = unreadable(source.read([ask()])[0])

    assert answer.reason is UnreadableReason.UNREACHABLE
    assert f"127.0.0.1:{port}" in answer.detail


@pytest.mark.parametrize(
    "url", ["", "nonsense", "http://", "ftp://a", "http://a..b", "http://*"]
)
def test_no_address_whatever_makes_reading_fail(url: str) -> None:
    for source in opened(LokiLogs(url=url, timeout=timedelta(seconds=0.3))):
        unreadable(source.read([ask()])[0])


def test_an_address_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="IPv6"):
        LokiLogSource(LokiLogs(url="http://["), LineReader(HOST, None))


def test_a_redirect_is_not_followed(loki: LokiServer, source: LokiLogSource) -> None:
    loki.fault = Fault(status=302, headers={"Location": f"{loki.url}/elsewhere"})

    assert unreadable(source.read([ask()])[0]).reason is UnreadableReason.NOT_LOKI
    assert len(loki.requests) == 1


@pytest.mark.parametrize(
    ("settings", "header", "value"),
    [
        (
            {"username": "123", "password": Secret("t0ken")},
            "Authorization",
            "Basic MTIzOnQwa2Vu",
        ),
        ({"bearer": Secret("123:t0ken")}, "Authorization", "Bearer 123:t0ken"),
        ({"tenant": "team-a"}, "X-Scope-OrgID", "team-a"),
    ],
)
def test_credentials_go_where_loki_looks_for_them(
    loki: LokiServer, settings: dict[str, object], header: str, value: str
) -> None:
    url = f"{loki.url}/loki/api/v1/push"
    for source in opened(LokiLogs(url=url, **settings)):  # type: ignore[arg-type]
        counted(source.read([ask()])[0])

    assert loki.requests[0].headers[header] == value


def test_credentials_within_the_address_are_used_and_not_shown(
    loki: LokiServer,
) -> None:
    url = loki.url.replace("http://", "http://123:t0ken@")
    loki.faults = [Fault(status=401, body=b"t0ken is wrong")]
    for source in opened(LokiLogs(url=url)):
        refused = unreadable(source.read([ask()])[0])

    assert loki.requests[0].headers["Authorization"] == "Basic MTIzOnQwa2Vu"
    assert "t0ken" not in refused.detail


@pytest.mark.parametrize("echoed", [b"123:t0ken", b"t0ken", b"bearer 123:t0ken?"])
def test_a_secret_that_loki_repeats_is_masked(loki: LokiServer, echoed: bytes) -> None:
    loki.fault = Fault(status=403, body=b"no scope for " + echoed)
    for source in opened(LokiLogs(url=loki.url, bearer=Secret("123:t0ken"))):
        refused = unreadable(source.read([ask()])[0])

    assert refused.reason is UnreadableReason.UNAUTHORIZED
    assert "logs:read" in refused.detail
    assert "t0ken" not in refused.detail


def test_the_environment_s_proxy_is_not_used(
    loki: LokiServer, source: LokiLogSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)

    counted(source.read([ask()])[0])


@pytest.mark.parametrize("questions", [1, 2])
def test_connections_to_loki_are_kept(
    loki: LokiServer, source: LokiLogSource, questions: int
) -> None:
    log_errors(loki, 10)
    asked = [ask(f"q{n}") for n in range(questions)]
    for _ in range(5):
        source.read(asked)

    assert len({request.connection for request in loki.requests}) <= questions


def test_a_time_survives_the_way_to_loki_and_back() -> None:
    at = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)

    assert from_ns(to_ns(at)) == at


def log_noise(loki: LokiServer, count: int) -> None:
    """Error lines without a link, the newest of all."""
    for number in range(count):
        loki.add(
            to_ns(NOW) - (number + 1) * 1_000_000,
            f"cannot reach the factory {number}",
            component="jwt-pizza-service",
            level="error",
        )


def test_a_link_is_found_behind_more_newer_lines_than_one_answer_holds(
    loki: LokiServer, source: LokiLogSource
) -> None:
    log_noise(loki, 1500)
    log_errors(loki, 3, NOW - timedelta(seconds=30))

    (answer,) = source.read([replace(ask(count_beyond=1200), links=True)])

    found = counted(answer)
    assert [len(line.links) for line in found.linked] == [1, 1, 1]
    assert (len(found.lines), found.total, found.at_least) == (1000, 1503, True)
    asked = [r.parameters["query"] for r in loki.requests]
    assert sum("/support" in query for query in asked) == 1


def test_links_beyond_the_limit_are_asked_for_only_where_none_is_at_hand(
    loki: LokiServer, source: LokiLogSource
) -> None:
    log_errors(loki, 1500)

    source.read([replace(ask(), links=True)])

    assert len(loki.requests) == 1


def test_links_that_could_not_be_looked_for_are_not_missing(
    loki: LokiServer, source: LokiLogSource
) -> None:
    log_noise(loki, 1500)
    faults = iter([None])
    broken = Fault(status=500, body=b"out of memory")
    loki.next_fault = lambda: next(faults, broken)  # type: ignore[method-assign]

    (answer,) = source.read([replace(ask(), links=True)])

    assert unreadable(answer).reason is UnreadableReason.SERVER_ERROR


EDGE = timedelta(minutes=5)


@pytest.mark.parametrize(
    ("at", "counts"), [(NOW - EDGE, True), (NOW, False)], ids=["since", "until"]
)
def test_the_exact_count_begins_with_since_and_ends_before_until(
    loki: LokiServer, source: LokiLogSource, at: datetime, *, counts: bool
) -> None:
    log_errors(loki, 1100)
    loki.add(to_ns(at), "x", component="jwt-pizza-service", level="error")

    (answer,) = source.read([ask(count_beyond=1500)])

    assert counted(answer).total == 1100 + counts


def test_the_exact_count_reaches_no_further_back_than_since(
    loki: LokiServer, source: LokiLogSource
) -> None:
    log_errors(loki, 1100)
    since = NOW - EDGE + timedelta(microseconds=400)
    before = to_ns(since) - 200_000
    loki.add(before, "x", component="jwt-pizza-service", level="error")

    (answer,) = source.read([replace(ask(count_beyond=1500), since=since)])

    assert counted(answer).total == 1100


def test_a_comment_at_a_query_s_end_does_not_swallow_the_range(
    loki: LokiServer, source: LokiLogSource
) -> None:
    query = f"{ERRORS} # all of them"

    source.read([ask(query=query, count_beyond=1500)])

    totals = [r for r in loki.requests if r.path == "/loki/api/v1/query"]
    assert [r.parameters["query"] for r in totals] == [
        f"sum(count_over_time({query}\n[300s])) or vector(0)"
    ]


def says(loki: LokiServer, kind: str, result: object, **more: object) -> None:
    """Let Loki answer the next question so."""
    data = {"resultType": kind, "result": result, "stats": {}}
    body = json.dumps({"status": "success", "data": data, **more}).encode()
    loki.faults = [Fault(body=body, headers={"X-From": "a proxy"})]


def test_lines_outside_what_was_asked_for_never_count(
    loki: LokiServer, source: LokiLogSource
) -> None:
    since, until = to_ns(NOW - EDGE), to_ns(NOW)
    times = [since - 1, since, until - 1, until]
    values = [[str(at), f"at {at}"] for at in times]
    says(loki, "streams", [{"stream": {}, "values": values}])

    (answer,) = source.read([ask()])

    assert [line.at_ns for line in counted(answer).lines] == [until - 1, since]


def test_an_answer_with_a_warning_is_no_count(
    loki: LokiServer, source: LokiLogSource
) -> None:
    says(loki, "streams", [], warnings=["a shard failed"])

    refused = unreadable(source.read([ask()])[0])

    assert refused.reason is UnreadableReason.PARTIAL
    assert "a shard failed" in refused.detail


@pytest.mark.parametrize("kind", ["matrix", "vector", "scalar"])
def test_a_query_that_yields_numbers_is_a_bad_query(
    loki: LokiServer, source: LokiLogSource, kind: str
) -> None:
    says(loki, kind, [])

    refused = unreadable(source.read([ask()])[0])

    assert refused.reason is UnreadableReason.BAD_QUERY


@pytest.mark.parametrize("before", range(200, 300, 3))
def test_a_secret_that_loki_repeats_is_masked_wherever_the_text_is_cut(
    loki: LokiServer, before: int
) -> None:
    loki.faults = [Fault(status=500, body=f"{'x' * before} 123:t0ken".encode())]
    for source in opened(LokiLogs(url=loki.url, bearer=Secret("123:t0ken"))):
        refused = unreadable(source.read([ask()])[0])

    assert "123" not in refused.detail


def wrapped(**fields: object) -> str:
    """A line that was written as JSON within JSON within JSON."""
    text = json.dumps(fields)
    for _ in range(5):
        text = json.dumps(text)
    return text


DEEP = json.dumps({"resBody": URL, "deep": 0}).replace("0}", "[" * 9000 + "]" * 9000)
OF_THE_ANSWER, OF_UNKNOWN = (LinkPlace.RESPONSE,), (LinkPlace.UNKNOWN,)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (json.dumps({"resBody": {"reportUrl": URL}}), OF_THE_ANSWER),
        (wrapped(resBody=URL), OF_THE_ANSWER),
        (wrapped(reqBody=URL), ()),
        (f"see {URL}", OF_UNKNOWN),
        (f"see {URL}X", ()),
        (f"see {URL}-more", ()),
        (f"see {URL}/../../order", ()),
        (f"see {URL}%2f", ()),
        (f"see {URL}?x=1", ()),
        (json.dumps({"reqBody": {"reportUrl": URL}}), ()),
        (json.dumps({"reqBody": {"response": {"reportUrl": URL}}}), ()),
        (json.dumps({"reqBody": json.dumps({"resBody": {"reportUrl": URL}})}), ()),
        (json.dumps({"resBody": {"order": {"items": [{"reportUrl": URL}]}}}), ()),
        (DEEP, ()),
    ],
)
def test_a_link_counts_by_the_field_that_holds_it(
    loki: LokiServer, source: LokiLogSource, text: str, places: tuple[LinkPlace, ...]
) -> None:
    loki.add(to_ns(NOW) - 1, text, component="jwt-pizza-service", level="error")

    (answer,) = source.read([ask()])

    (line,) = counted(answer).lines
    assert tuple(found.place for found in line.links) == places
