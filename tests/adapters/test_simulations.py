"""The simulated factory and shop keep to what was seen on the real ones."""

import gzip
import json
import re
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import HTTPServer

import pytest
import requests

from responder.demo.factory import ReportCall, SimulatedFactory
from responder.demo.shop import LogEntry, LokiPush, SimulatedShop
from tests.quiet_server import QuietHandler

LINK = re.compile(r"https://127\.0\.0\.1/api/support/[0-9a-f]{32}/report/[0-9a-z]{8}")


class Log:
    """What a shop pushed, asked as the issue's queries ask."""

    def __init__(self) -> None:
        self.entries: list[LogEntry] = []
        self._more = threading.Condition()

    def __call__(self, entries: Sequence[LogEntry]) -> None:
        with self._more:
            self.entries.extend(entries)
            self._more.notify_all()

    def holds(self, number: int, within: float) -> bool:
        with self._more:
            return self._more.wait_for(lambda: len(self.entries) >= number, within)

    def lines(self, *texts: str, without: str = "\0", **labels: str) -> list[str]:
        return [
            text
            for _, given, text in self.entries
            if labels.items() <= given.items()
            and all(part in text for part in texts)
            and without not in text
        ]

    @property
    def traffic(self) -> list[str]:
        return self.lines(
            '"method":"POST"', "menuId", '"statusCode":200', without="/api/support/"
        )

    @property
    def failed(self) -> list[str]:
        return self.lines('"path":"/api/order"', '"statusCode":500', type="http")


@pytest.fixture
def supplier() -> Iterator[SimulatedFactory]:
    with SimulatedFactory(delay=0.2) as factory:
        yield factory


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def shop(supplier: SimulatedFactory, log: Log) -> SimulatedShop:
    return SimulatedShop(supplier.url, log, vendor_key=supplier.api_key)


def call(supplier: SimulatedFactory, code: str, method: str = "GET") -> tuple[int, str]:
    path = f"/api/support/{supplier.api_key}/report/{code}"
    with requests.Session() as session:
        session.trust_env = False
        answer = session.request(method, supplier.url + path, timeout=60)
    return answer.status_code, answer.json()["message"] if answer.content else ""


def test_a_good_order_is_one_line_of_traffic(shop: SimulatedShop, log: Log) -> None:
    assert shop.order() == 200
    assert len(log.traffic) == 1
    assert log.failed == []
    assert log.lines(level="error") == []


def test_a_failed_order_is_two_error_lines_with_a_link(
    supplier: SimulatedFactory, shop: SimulatedShop, log: Log
) -> None:
    supplier.start_chaos("fail")

    assert shop.order() == 500
    errors = log.lines(level="error", component="jwt-pizza-service")
    assert len(errors) == 2
    assert all(LINK.search(line) for line in errors)
    assert len(log.failed) == 1
    assert log.traffic == []


@pytest.mark.parametrize("kind", ["throttle", "badjwt"])
def test_the_quiet_faults_show_their_link_at_level_info_only(
    kind: str, supplier: SimulatedFactory, shop: SimulatedShop, log: Log
) -> None:
    supplier.start_chaos(kind)

    assert shop.order() == 200
    assert log.lines(level="error") == []
    assert len(log.lines("/api/support/", "followLinkToEndChaos", type="http")) == 1
    assert log.traffic == []


def test_a_throttled_order_takes_the_delay(
    supplier: SimulatedFactory, shop: SimulatedShop
) -> None:
    supplier.start_chaos("throttle")
    began = time.monotonic()
    shop.order()

    assert time.monotonic() - began >= 0.2


def test_a_full_oven_is_two_error_lines_without_a_link(
    shop: SimulatedShop, log: Log
) -> None:
    assert shop.order(21) == 500
    assert len(log.lines(level="error")) == 2
    assert log.lines("/api/support/") == []


def test_a_factory_that_is_down_is_two_error_lines_without_a_link(log: Log) -> None:
    with SimulatedFactory() as gone:
        url = gone.url
    shop = SimulatedShop(url, log, vendor_key="k")

    assert shop.order() == 500
    assert len(log.lines(level="error")) == 2
    assert len(log.failed) == 1
    assert log.lines("/api/support/") == []


def test_throttled_orders_do_not_hold_up_the_next_ones(
    supplier: SimulatedFactory, shop: SimulatedShop, log: Log
) -> None:
    supplier.delay = 2
    supplier.start_chaos("throttle")
    stop = threading.Event()
    runs = threading.Thread(target=shop.run, args=(0.01, stop))
    runs.start()

    assert log.holds(20, within=19)  # Ten orders: one after the other they take 20 s.
    stop.set()
    runs.join(60)
    assert not runs.is_alive()


def test_the_right_code_ends_the_chaos_once(supplier: SimulatedFactory) -> None:
    code = supplier.start_chaos("fail")

    assert call(supplier, code) == (
        200,
        "Problem resolved. Pizza is back on the menu!",
    )
    assert call(supplier, code) == (200, "No chaos currently executing")
    assert len(supplier.effective_calls) == 1


def test_a_wrong_code_changes_nothing(supplier: SimulatedFactory) -> None:
    supplier.start_chaos("fail")

    assert call(supplier, "0") == (400, "Problem unresolved")
    assert supplier.effective_calls == []


def test_post_is_an_unknown_endpoint(supplier: SimulatedFactory) -> None:
    code = supplier.start_chaos("fail")

    assert call(supplier, code, "POST") == (404, "unknown endpoint")
    assert [made.outcome for made in supplier.calls] == ["unknown_endpoint"]


def test_head_ends_the_chaos_all_the_same(supplier: SimulatedFactory) -> None:
    code = supplier.start_chaos("fail")

    assert call(supplier, code, "HEAD") == (200, "")
    assert len(supplier.effective_calls) == 1


def test_every_chaos_has_a_new_code(supplier: SimulatedFactory) -> None:
    codes = {supplier.start_chaos("fail") for _ in range(5)}

    assert len(codes) == 5
    assert all(re.fullmatch("[0-9a-z]{8}", code) for code in codes)


def test_a_scripted_answer_is_given_once_and_has_no_effect(
    supplier: SimulatedFactory,
) -> None:
    code = supplier.start_chaos("fail")
    supplier.answer_with(500, '{"message":"database gone"}')

    assert call(supplier, code) == (500, "database gone")
    assert call(supplier, code)[0] == 200
    assert [made.outcome for made in supplier.calls] == ["scripted", "resolved"]


def test_a_hung_report_takes_effect_before_its_answer(
    supplier: SimulatedFactory,
) -> None:
    heard: list[ReportCall] = []
    supplier.on_report = heard.append
    code = supplier.start_chaos("fail")
    supplier.hang(0.2)
    began = time.monotonic()
    call(supplier, code)

    assert supplier.await_calls(1, within=60)
    assert heard == supplier.effective_calls
    assert time.monotonic() - began >= 0.2


class _Loki(QuietHandler):
    def do_POST(self) -> None:
        body = self.body()
        packed = self.headers.get("Content-Encoding") == "gzip"
        text = gzip.decompress(body) if packed else body
        self.server.taken = (self.path, self.headers["Authorization"], text)  # type: ignore[attr-defined]
        self.send(204)


@pytest.mark.parametrize("compress", [False, True])
def test_lines_are_pushed_in_lokis_json_form(compress: bool) -> None:
    with HTTPServer(("127.0.0.1", 0), _Loki) as loki:
        once = threading.Thread(target=loki.handle_request)
        once.start()
        url = f"http://127.0.0.1:{loki.server_port}/loki/api/v1/push"
        LokiPush(url, bearer="t", compress=compress)([(17, {"level": "info"}, "a")])
        once.join(60)
        path, authorization, text = loki.taken  # type: ignore[attr-defined]

    stream = {"stream": {"level": "info"}, "values": [["17", "a"]]}
    assert (path, authorization) == ("/loki/api/v1/push", "Bearer t")
    assert json.loads(text) == {"streams": [stream]}


def test_a_push_that_fails_is_dropped(supplier: SimulatedFactory) -> None:
    push_url = f"{supplier.url}/nowhere"
    shop = SimulatedShop(supplier.url, push_url=push_url, vendor_key=supplier.api_key)

    assert shop.order() == 200
    assert shop.pushes_dropped == 1
