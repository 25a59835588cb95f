"""Whatever bytes a factory or a Loki sends: an answer of ours, in time."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from socket import socket

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from responder.config.settings import FactorySettings, LokiLogs
from responder.factory import LONGEST_MESSAGE, PizzaFactory
from responder.incident.evidence import Counted, Question, ReportLink, Unreadable
from responder.incident.names import Outcome, UnreadableReason
from responder.incident.ports import Answer
from responder.logs.lines import LineReader
from responder.logs.loki import LokiLogSource
from responder.masking import Masker
from tests.adapters.test_factory import served

TOKEN, CODE = "c4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc4", "k3x9q2ab"
NOON = datetime(2026, 11, 5, 12, tzinfo=UTC)
QUESTION = Question(
    name="errors", query='{a="b"}', since=NOON, until=NOON + timedelta(minutes=5)
)

HEADS = st.sampled_from(
    [
        b"Content-Length: 5",
        b"Content-Length: -1",
        b"Content-Length: 5, 5",
        b"Content-Length: 99999999999999999999",
        b"Content-Length: x",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: gzip, chunked",
        b"Content-Encoding: gzip",
        b"Content-Encoding: deflate",
        b"Content-Encoding: \xff",
        b"Content-Type: text/html; charset=\xff\x00",
        b"Content-Type: application/json; charset=utf-7",
        b"Location: http://127.0.0.2/",
        b"Location: //[::",
        b"Set-Cookie: a=b; Domain=..; Expires=\xff",
        b"Retry-After: x",
        b"Connection: keep-alive, close",
        b" folded",
        b":",
        b"no colon at all",
        b"X: " + b"y" * 70_000,
        b"\x00: \x00",
        f"X-Echo: /api/support/{TOKEN}/report/{CODE}".encode(),
    ]
)
STATUSES = st.sampled_from(
    [b"200 OK", b"200", b"204 X", b"404 X", b"999 X", b"0 X", b"-1 X", b"20\xb2 X", b""]
)
BODIES = st.binary(max_size=40) | st.sampled_from(
    [
        b"",
        b'{"message":"Problem unresolved"}',
        b"5\r\nhello\r\n0\r\n\r\n",
        b"ffffffffffffffffff\r\nx",
        b"-5\r\nx\r\n0\r\n\r\n",
        b"\x1f\x8b\x08\x00garbage",
        b'{"status":"success","data":{"resultType":"streams","result":[]}}',
        f'{{"message":"no such link /api/support/{TOKEN}/report/{CODE}"}}'.encode(),
    ]
)
ANSWERS = st.binary(max_size=60) | st.builds(
    lambda version, status, heads, body: (
        b"\r\n".join([version + b" " + status, *heads, b"", b""]) + body
    ),
    st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/9.9", b"ICY", b"http/1.1"]),
    STATUSES,
    st.lists(HEADS, max_size=3),
    BODIES,
)


@pytest.fixture(scope="module")
def speaking() -> Iterator[tuple[str, Callable[[bytes], None]]]:
    """A server's address, and what sets the bytes that it answers with."""
    said = [b""]

    def say(answer: bytes) -> None:
        said[0] = answer

    with served(lambda wire, _: wire.sendall(said[0])) as server:
        yield server.url, say


Speaking = tuple[str, Callable[[bytes], None]]
on_sockets = settings(suppress_health_check=list(HealthCheck))
# Longer than a busy machine stands still: what is not answered is another outcome.
LIMIT = timedelta(seconds=30)


@on_sockets
@given(answer=ANSWERS)
@example(answer=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nx\r\n")
def test_any_bytes_of_a_factory_are_an_answer(
    speaking: Speaking, answer: bytes
) -> None:
    url, say = speaking
    say(answer)
    client = PizzaFactory(FactorySettings(url=url, timeout=LIMIT), Masker())

    found = client.report(ReportLink(token=TOKEN, code=CODE))

    assert isinstance(found, Answer)
    assert found.outcome not in (Outcome.RESOLVED, Outcome.UNREACHABLE)
    assert len(found.message) <= LONGEST_MESSAGE
    assert TOKEN not in repr(found)
    assert CODE not in repr(found)


@on_sockets
@given(answer=ANSWERS)
def test_any_bytes_of_a_loki_are_evidence_or_none(
    speaking: Speaking, answer: bytes
) -> None:
    url, say = speaking
    say(answer)
    logs = LokiLogSource(LokiLogs(url=url, timeout=LIMIT), LineReader("h", None))

    (found,) = logs.read([QUESTION])
    logs.close()

    assert isinstance(found, Counted | Unreadable)
    assert not isinstance(found, Counted) or found.lines == ()
    assert TOKEN not in repr(found)


@pytest.mark.parametrize("status", [200, 302, 500])
def test_of_an_endless_answer_no_more_is_read_than_may_be(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("responder.logs.loki._LARGEST_ANSWER", 1_000_000)
    head = f"HTTP/1.0 {status} X\r\nLocation: /elsewhere\r\n\r\n".encode()

    def endless(wire: socket, _: bytes) -> None:
        wire.sendall(head)
        # What is not wanted any more ends it.
        with suppress(OSError):
            while True:
                wire.sendall(b" " * 10_000)

    with served(endless) as server:
        settings = LokiLogs(url=server.url, timeout=timedelta(seconds=5))
        logs = LokiLogSource(settings, LineReader("h", None))
        (found,) = logs.read([QUESTION])
        logs.close()

    assert isinstance(found, Unreadable)
    assert found.reason is UnreadableReason.TOO_MUCH
