"""What Loki's answers mean."""

import json

import pytest

from responder.incident.names import UnreadableReason
from responder.logs.loki import QueryFailed, base_url, decipher, decipher_count
from responder.masking import Masker

JSON = {"Content-Type": "application/json"}
TEXT = {"Content-Type": "text/plain"}


def success(kind: str, result: object, **more: object) -> bytes:
    data = {"resultType": kind, "result": result, "stats": {}}
    return json.dumps({"status": "success", "data": data, **more}).encode()


def refused(status: int, body: bytes, headers: dict[str, str] = TEXT) -> QueryFailed:
    answer = decipher(status, headers, body)
    assert isinstance(answer, QueryFailed)
    return answer


def test_streams_are_merged_newest_first() -> None:
    body = success(
        "streams",
        [
            {"stream": {"a": "1"}, "values": [["30", "c"], ["10", "a"]]},
            {"stream": {"a": "2"}, "values": [["20", "b", {"traceID": "x"}]]},
        ],
    )

    assert decipher(200, JSON, body) == ((30, "c"), (20, "b"), (10, "a"))


def test_no_streams_are_no_lines() -> None:
    assert decipher(200, JSON, success("streams", [])) == ()


@pytest.mark.parametrize(
    ("status", "body", "reason", "remedy"),
    [
        (400, b"parse error at line 1, col 9", UnreadableReason.BAD_QUERY, "parse"),
        (400, b"max entries limit per query", UnreadableReason.TOO_MUCH, "narrow"),
        (400, b"the query time range exceeds", UnreadableReason.TOO_MUCH, "narrow"),
        (400, b"no org id", UnreadableReason.UNAUTHORIZED, "logs.tenant"),
        (401, b"no org id", UnreadableReason.UNAUTHORIZED, "logs.tenant"),
        (401, b"invalid token", UnreadableReason.UNAUTHORIZED, "logs:read"),
        (403, b"", UnreadableReason.UNAUTHORIZED, "push token cannot query"),
        (404, b"404 page not found", UnreadableReason.NOT_LOKI, "base URL"),
        (405, b"", UnreadableReason.NOT_LOKI, "405"),
        (413, b"", UnreadableReason.TOO_MUCH, "narrow"),
        (429, b"too many outstanding", UnreadableReason.OVERLOADED, "overloaded"),
        (500, b"oops", UnreadableReason.SERVER_ERROR, "oops"),
        (502, b"", UnreadableReason.SERVER_ERROR, "502"),
        (503, b"not ready", UnreadableReason.SERVER_ERROR, "not ready"),
        (504, b"request timed out", UnreadableReason.TIMEOUT, "narrow"),
        (302, b"", UnreadableReason.NOT_LOKI, "redirect"),
        (204, b"", UnreadableReason.NOT_LOKI, "204"),
        (200, b"<html>sign in</html>", UnreadableReason.NOT_LOKI, "no JSON"),
        (200, b"[" * 100_000, UnreadableReason.NOT_LOKI, "no JSON"),
        (200, b"{}", UnreadableReason.NOT_LOKI, "success"),
        (200, b'{"status":"success"}', UnreadableReason.NOT_LOKI, "streams"),
        (200, success("matrix", []), UnreadableReason.BAD_QUERY, "numbers"),
        (200, success("streams", {}), UnreadableReason.NOT_LOKI, "streams"),
        (200, success("streams", [1]), UnreadableReason.NOT_LOKI, "shape"),
        (200, success("streams", [{}]), UnreadableReason.NOT_LOKI, "shape"),
        (
            200,
            success("streams", [{"values": [[1, "x"]]}]),
            UnreadableReason.NOT_LOKI,
            "shape",
        ),
        (
            200,
            success("streams", [], warnings=["a shard failed"]),
            UnreadableReason.PARTIAL,
            "a shard failed",
        ),
    ],
)
def test_whatever_cannot_be_counted_says_why_and_what_to_do(
    status: int, body: bytes, reason: UnreadableReason, remedy: str
) -> None:
    answer = refused(status, body)

    assert answer.reason is reason
    assert remedy in answer.detail
    assert len(answer.detail) <= 300


def test_a_gateway_s_json_error_is_read_for_its_message() -> None:
    assert "bad scope" in refused(403, b'{"message": "bad scope"}', JSON).detail


def test_a_gateway_s_web_page_is_not_shown() -> None:
    page = b"<html><script>alert(1)</script></html>"

    assert "script" not in refused(502, page, {"content-type": "text/html"}).detail


def test_a_secret_is_masked_before_the_detail_is_cut() -> None:
    mask = Masker(["s3cr3t-token"])
    for padding in range(280):
        answer = decipher(400, TEXT, b"x" * padding + b"s3cr3t-token", mask)
        assert isinstance(answer, QueryFailed)
        assert "s3cr" not in answer.detail


def test_no_detail_holds_a_report_path_in_any_form() -> None:
    body = b"""parse error in {a="b"} |= "/api/support/" |= "/report/", line
    https://pizza-factory.cs329.click/api/support/0123/report/abc"""

    detail = refused(400, body).detail
    assert "/api/support" not in detail
    assert "report/" not in detail
    assert "0123" not in detail


def test_a_count_is_read_from_a_vector() -> None:
    body = success("vector", [{"metric": {}, "value": [1793897530.1, "1400"]}])

    assert decipher_count(200, JSON, body) == 1400


@pytest.mark.parametrize(
    "result", [[{}], [{"value": [1, "many"]}], [{"value": [1, "NaN"]}]]
)
def test_a_count_of_another_shape_is_refused(result: object) -> None:
    assert isinstance(decipher_count(200, JSON, success("vector", result)), QueryFailed)


@pytest.mark.parametrize(
    "pasted",
    [
        "https://logs.example.net",
        "https://logs.example.net/",
        " https://logs.example.net/loki/api/v1/push ",
        "https://logs.example.net/loki/api/v1/push/",
        "https://logs.example.net/loki/api/v1/query_range?query=x",
        "https://logs.example.net/loki/api/v1",
        "https://123:token@logs.example.net/loki/api/v1/push",
    ],
)
def test_a_pasted_address_is_reduced_to_its_base(pasted: str) -> None:
    assert base_url(pasted) == "https://logs.example.net"


def test_a_path_before_the_api_is_kept() -> None:
    assert base_url("http://gw:80/team/loki/api/v1/push") == "http://gw:80/team"
