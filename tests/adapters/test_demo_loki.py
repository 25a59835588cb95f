"""The small Loki answers in the form of a real one."""

import gzip
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from responder.demo.loki import MOST_LINES, SimulatedLoki

NOW = 1_793_897_530_123_000_000
SECOND = 10**9
LABELS = {"component": "jwt-pizza-service", "level": "error"}
ERRORS = '{component="jwt-pizza-service", level="error"}'


@pytest.fixture
def loki() -> Iterator[SimulatedLoki]:
    with SimulatedLoki(now_ns=lambda: NOW) as server:
        yield server


def push(
    loki: SimulatedLoki, *values: object, stream: object = LABELS, **headers: str
) -> requests.Response:
    body = json.dumps({"streams": [{"stream": stream, "values": values}]})
    kind = {"Content-Type": "application/json", **headers}
    return requests.post(loki.push_url, data=body, headers=kind, timeout=60)


def ask(loki: SimulatedLoki, path: str, **asked: object) -> requests.Response:
    url = f"{loki.url}/loki/api/v1/{path}"
    return requests.get(url, params={k: str(v) for k, v in asked.items()}, timeout=60)


def texts(answer: requests.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    found = answer.json()["data"]
    assert found["resultType"] == "streams"
    return [text for stream in found["result"] for _, text in stream["values"]]


def vector(answer: requests.Response) -> list[Any]:
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["resultType"] == "vector"
    result: list[Any] = answer.json()["data"]["result"]
    return result


def test_a_pushed_line_comes_back_with_its_labels_and_nanoseconds_as_text(
    loki: SimulatedLoki,
) -> None:
    pushed = push(loki, [str(NOW - 1), "a line", {"traceID": "abc"}])

    assert (pushed.status_code, pushed.content) == (204, b"")
    answer = ask(loki, "query_range", query=ERRORS).json()
    assert answer["status"] == "success"
    assert answer["data"]["resultType"] == "streams"
    (stream,) = answer["data"]["result"]
    assert stream == {"stream": LABELS, "values": [[str(NOW - 1), "a line"]]}
    assert len(stream["values"][0][0]) == 19


def test_a_gzipped_push_is_taken(loki: SimulatedLoki) -> None:
    body = {"streams": [{"stream": LABELS, "values": [[str(NOW), "packed"]]}]}
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    packed = gzip.compress(json.dumps(body).encode())

    taken = requests.post(loki.push_url, data=packed, headers=headers, timeout=60)

    assert taken.status_code == 204
    assert texts(ask(loki, "query_range", query=ERRORS, end=NOW + 1)) == ["packed"]


def test_a_form_that_is_posted_asks_the_same(loki: SimulatedLoki) -> None:
    push(loki, [str(NOW - 1), "a"])

    url = f"{loki.url}/loki/api/v1/query_range"
    answer = requests.post(url, data={"query": ERRORS}, timeout=60)

    assert texts(answer) == ["a"]


def test_the_range_is_half_open(loki: SimulatedLoki) -> None:
    push(loki, [str(NOW - 2), "first"], [str(NOW - 1), "last"], [str(NOW), "end"])

    between = {"start": NOW - 2, "end": NOW}

    assert texts(ask(loki, "query_range", query=ERRORS, **between)) == ["last", "first"]


def test_direction_and_limit_choose_the_oldest_or_the_newest(
    loki: SimulatedLoki,
) -> None:
    push(loki, *([str(NOW - n), f"{n}"] for n in range(1, 200)))

    def some(**asked: object) -> list[str]:
        return texts(ask(loki, "query_range", query=ERRORS, **asked))

    assert len(some()) == 100, "limit is 100 unless given"
    assert some(limit=2) == ["1", "2"]
    assert some(limit=2, direction="forward") == ["199", "198"]


def test_the_same_line_at_the_same_time_of_one_stream_is_one_line(
    loki: SimulatedLoki,
) -> None:
    push(loki, [str(NOW - 1), "twice"], [str(NOW - 1), "twice"])

    assert texts(ask(loki, "query_range", query=ERRORS)) == ["twice"]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ('|= "menu"', ["menu 1", "menu 2"]),
        ('!= "menu"', ["order 3"]),
        ("|~ `[12]$`", ["menu 1", "menu 2"]),
        ('!~ "menu [0-9]"', ["order 3"]),
        ('|= "menu" != "2"', ["menu 1"]),
    ],
)
def test_line_filters_are_applied(
    loki: SimulatedLoki, condition: str, found: list[str]
) -> None:
    lines = ("menu 1", "menu 2", "order 3")
    push(loki, *([str(NOW - 9 + n), text] for n, text in enumerate(lines)))

    query = f"{ERRORS} {condition}"

    asked = {"query": query, "direction": "forward"}
    assert texts(ask(loki, "query_range", **asked)) == found


def test_label_matchers_choose_streams(loki: SimulatedLoki) -> None:
    for level in ("error", "fatal", "info"):
        push(loki, [str(NOW - 1), level], stream={"component": "x", "level": level})

    query = '{component="x", level=~"error|fatal", level!="fatal", type=""}'

    assert texts(ask(loki, "query_range", query=query)) == ["error"]


def test_a_count_covers_what_is_after_its_start_up_to_its_time(
    loki: SimulatedLoki,
) -> None:
    for at in (NOW - 5 * SECOND, NOW - 5 * SECOND + 1, NOW, NOW + 1):
        push(loki, [str(at), "x"])

    query = f"sum(count_over_time({ERRORS}[5s]))"

    assert vector(ask(loki, "query", query=query, time=NOW)) == [
        {"metric": {}, "value": [NOW / SECOND, "2"]}
    ]


def test_a_count_of_nothing_is_empty_unless_zero_is_asked_for(
    loki: SimulatedLoki,
) -> None:
    query = f"sum(count_over_time({ERRORS}[5m]))"

    assert vector(ask(loki, "query", query=query)) == []
    (zero,) = vector(ask(loki, "query", query=f"{query} or vector(0)"))
    assert zero["value"][1] == "0"


def test_a_count_without_a_sum_is_one_for_each_stream(loki: SimulatedLoki) -> None:
    push(loki, [str(NOW - 1), "x"], [str(NOW - 2), "y"])
    push(loki, [str(NOW - 1), "z"], stream={**LABELS, "type": "http"})

    found = vector(ask(loki, "query", query=f"count_over_time({ERRORS} [1m])"))

    assert {one["metric"].get("type"): one["value"][1] for one in found} == {
        None: "2",
        "http": "1",
    }


def test_a_time_of_ten_digits_is_seconds_and_a_longer_one_nanoseconds(
    loki: SimulatedLoki,
) -> None:
    push(loki, [str(NOW), "x"])
    query = f"sum(count_over_time({ERRORS}[5s])) or vector(0)"

    def counted(time: object) -> str:
        value: str = vector(ask(loki, "query", query=query, time=time))[0]["value"][1]
        return value

    assert counted(NOW // SECOND + 1) == "1"
    assert counted(f"{NOW / SECOND + 1:.3f}") == "1"
    assert counted("2026-11-05T16:52:11Z") == counted(NOW + SECOND)
    assert counted(NOW // 10**6) == "0", "milliseconds are nanoseconds of 1970"


@pytest.mark.parametrize(
    ("path", "asked", "words"),
    [
        ("query_range", {"query": "{level=}"}, "parse error at line 1, col 8"),
        ("query_range", {"query": '{level!="info"}'}, "parse error"),
        ("query_range", {"query": ERRORS + " | json"}, "line filters"),
        ("query_range", {"query": ERRORS, "limit": 0}, "limit must be"),
        ("query_range", {"query": ERRORS, "limit": 5001}, "max entries limit"),
        ("query_range", {"query": ERRORS, "start": 2, "end": 1}, "end timestamp"),
        ("query", {"query": ERRORS}, "log queries are not supported as an instant"),
        ("query", {"query": f"rate({ERRORS}[5m])"}, "count_over_time"),
    ],
)
def test_what_loki_refuses_is_refused_in_plain_text(
    loki: SimulatedLoki, path: str, asked: dict[str, object], words: str
) -> None:
    answer = ask(loki, path, **asked)

    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert words in answer.text


@pytest.mark.parametrize(
    "values",
    [
        [int(NOW), "a number for a time"],
        ["soon", "no time"],
        [str(NOW)],
        [str(NOW), 1],
        [str(NOW), "x" * (256 * 1024 + 1)],
        [str(NOW // 10**6), "milliseconds"],
        [str(NOW + 601 * SECOND), "too new"],
        [str(NOW - 8 * 86_400 * SECOND), "too old"],
    ],
)
def test_a_push_that_loki_refuses_is_refused_whole(
    loki: SimulatedLoki, values: object
) -> None:
    answer = push(loki, [str(NOW), "well"], values)

    assert answer.status_code == 400
    assert texts(ask(loki, "query_range", query=ERRORS, end=NOW + 1)) == []


@pytest.mark.parametrize("labels", [{}, {"level": ""}, {"1a": "b"}, None])
def test_a_stream_without_proper_labels_is_refused(
    loki: SimulatedLoki, labels: object
) -> None:
    assert push(loki, [str(NOW), "x"], stream=labels).status_code == 400


def test_protobuf_is_refused(loki: SimulatedLoki) -> None:
    answer = push(loki, **{"Content-Type": "application/x-protobuf"})

    assert answer.status_code == 400


def test_labels_and_their_values_are_listed(loki: SimulatedLoki) -> None:
    push(loki, [str(NOW), "x"])
    push(loki, [str(NOW), "x"], stream={"component": "other"})

    labels = ask(loki, "labels").json()
    values = ask(loki, "label/component/values").json()

    assert labels == {"status": "success", "data": ["component", "level"]}
    assert values["data"] == ["jwt-pizza-service", "other"]


def test_a_query_is_judged_by_format_query(loki: SimulatedLoki) -> None:
    good = ask(loki, "format_query", query=f"{ERRORS} | json")
    bad = ask(loki, "format_query", query="{level=}")

    assert good.json() == {"status": "success", "data": f"{ERRORS} | json"}
    assert bad.status_code == 400
    assert bad.json()["status"] == "invalid-query"
    assert "parse error" in bad.json()["error"]


def test_the_size_of_a_selector_is_told(loki: SimulatedLoki) -> None:
    push(loki, [str(NOW - 1), "four"], [str(NOW - 2), "ü"])

    stats = ask(loki, "index/stats", query=ERRORS).json()

    assert stats == {"streams": 1, "chunks": 1, "entries": 2, "bytes": 6}


def test_it_says_that_it_is_ready_and_knows_no_other_page(loki: SimulatedLoki) -> None:
    assert requests.get(f"{loki.url}/ready", timeout=60).text == "ready\n"
    assert ask(loki, "tail").status_code == 404


def test_only_so_many_pushed_lines_are_kept(loki: SimulatedLoki) -> None:
    push(loki, [str(NOW - 9), "the first"])
    push(loki, *([str(NOW - 1), f"{n}"] for n in range(MOST_LINES)))

    query = f"sum(count_over_time({ERRORS}[1m]))"

    assert vector(ask(loki, "query", query=query))[0]["value"][1] == str(MOST_LINES)
    assert texts(ask(loki, "query_range", query=f'{ERRORS} |= "the first"')) == []


def test_it_goes_by_the_machine_s_clock_if_not_told(loki: SimulatedLoki) -> None:
    with SimulatedLoki() as own:
        assert push(own, [str(time.time_ns()), "now"]).status_code == 204
        assert push(own, [str(NOW - 9 * 86_400 * SECOND), "then"]).status_code == 400
