"""Webhook requests, from their first byte to the answer."""

import hashlib
import hmac
import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest
from waitress import wasyncore
from waitress.server import create_server

from responder.config.settings import Credential, Hmac, Secret, Server
from responder.incident.names import Sender, Verdict
from responder.web.app import create_app
from responder.web.webhooks import read_body
from tests.fakes import ListedIntake
from tests.web_parts import SECRET, Web, alert, notification

SAMPLES = Path(__file__).parent.parent / "samples"
SIGNED = Credential(
    name="grafana",
    senders=frozenset({Sender.GRAFANA}),
    hmac=Hmac(secrets=(Secret(SECRET),), timestamp_header="X-Signed-At"),
)
LINK = "https://factory.example.net/api/support/CANARY-token/report/CANARY-code"


def signed(raw: bytes, web: Web, ago: int = 2) -> dict[str, str]:
    timestamp = str(int(web.clock.now().timestamp()) - ago)
    mac = hmac.new(SECRET.encode(), f"{timestamp}:".encode() + raw, hashlib.sha256)
    return {
        "X-Grafana-Alerting-Signature": mac.hexdigest(),
        "X-Signed-At": timestamp,
        "Content-Type": "application/json",
    }


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_firing_alert_is_stored_and_acknowledged(method: str) -> None:
    web = Web()

    answer = web.client().open(
        "/webhooks/grafana", method=method, json=notification(alert())
    )

    assert answer.status_code == 202
    assert answer.json == {
        "delivery": "delivery-0",
        "alerts": [
            {
                "fingerprint": "57c6d9296de2ad30",
                "verdict": "opened",
                "incident": "inc-1",
            }
        ],
    }
    assert [lease.incident for lease in web.leased] == ["inc-1"]


def test_an_accepted_webhook_moves_its_metrics() -> None:
    web = Web()
    web.client().post("/webhooks/grafana", json=notification())

    assert (
        web.sample(
            "responder_webhooks_total", {"sender": "grafana", "result": "accepted"}
        )
        == 1
    )
    assert (
        web.sample("responder_alerts_total", {"status": "firing", "verdict": "opened"})
        == 1
    )
    assert (
        web.sample("responder_alert_delay_seconds_sum", {"rule": "pizza-factory"}) == 90
    )
    assert web.sample("responder_last_webhook_timestamp_seconds") == (
        web.clock.now().timestamp()
    )


@pytest.mark.parametrize(
    ("path", "sample"),
    [
        ("/webhooks/grafana", "grafana-mixed.json"),
        ("/webhooks/grafana", "alertmanager.json"),
        ("/webhooks/alertmanager", "alertmanager.json"),
        ("/webhooks/irm", "irm-resolve.json"),
    ],
)
def test_every_sender_has_its_path(path: str, sample: str) -> None:
    web = Web()

    answer = web.client().post(path, data=(SAMPLES / sample).read_bytes())

    assert answer.status_code == 202
    assert web.intake.deliveries[0].notification.sender == path.rsplit("/", 1)[1]


def test_a_test_notification_is_stored_and_answered_in_words() -> None:
    web = Web(credentials=(SIGNED,))
    raw = (SAMPLES / "grafana-test-12.json").read_bytes()

    answer = web.client().post("/webhooks/grafana", data=raw, headers=signed(raw, web))

    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["message"] == (
        "signature good, clock difference 2 s; your rule was not tested"
    )
    assert web.intake.deliveries[0].notification.test
    assert not web.leased


def test_a_wrong_signature_says_what_to_compare_and_no_secret() -> None:
    web = Web(credentials=(SIGNED,))
    raw = json.dumps(notification()).encode()
    headers = signed(raw + b" ", web)

    answer = web.client().post("/webhooks/grafana", data=raw, headers=headers)

    assert answer.status_code == 401
    assert answer.mimetype == "text/plain"
    assert len(answer.data) < 1024
    assert SECRET not in answer.text
    assert not web.intake.deliveries
    assert (
        web.sample(
            "responder_webhooks_total", {"sender": "grafana", "result": "unauthorized"}
        )
        == 1
    )


def test_the_path_decides_which_credentials_are_valid() -> None:
    web = Web(credentials=(SIGNED,))
    raw = json.dumps(notification()).encode()

    answer = web.client().post(
        "/webhooks/alertmanager", data=raw, headers=signed(raw, web)
    )

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("raw", "word"),
    [(b"", "body"), (b"{", "body"), (b"[]", "body"), (b"{}", "alerts")],
)
def test_a_shapeless_body_is_refused_naming_the_field(raw: bytes, word: str) -> None:
    web = Web()

    answer = web.client().post("/webhooks/grafana", data=raw)

    assert answer.status_code == 400
    assert word in answer.text
    assert not web.intake.deliveries


def test_storage_trouble_is_never_the_senders_fault() -> None:
    web = Web(intake=ListedIntake(broken=True))

    answer = web.client().post("/webhooks/grafana", json=notification())

    assert answer.status_code == 503
    assert (
        web.sample(
            "responder_webhooks_total", {"sender": "grafana", "result": "unavailable"}
        )
        == 1
    )


def test_a_bug_of_our_own_answers_500_without_details(
    caplog: pytest.LogCaptureFixture,
) -> None:
    web = Web(intake=ListedIntake(bug=RuntimeError("the inner workings")))

    answer = web.client().post("/webhooks/grafana", json=notification())

    assert answer.status_code == 500
    assert "inner" not in answer.text
    assert "request failed" in caplog.messages


def test_a_body_beyond_the_limit_is_413_in_words() -> None:
    web = Web(server=Server(max_body=100))

    answer = web.client().post("/webhooks/grafana", data=b"x" * 101)

    assert answer.status_code == 413
    assert "server.max_body" in answer.text


def test_a_body_at_the_limit_is_read() -> None:
    assert read_body(BytesIO(b"x" * 100), 100) == b"x" * 100
    assert read_body(BytesIO(b"x" * 101), 100) is None


def test_no_more_is_dropped_than_promised() -> None:
    stream = BytesIO(b"x" * 400_000)

    assert read_body(stream, 100, dropped=200_000) is None
    assert stream.tell() < 300_000


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.9"},
        {"X-Forwarded-Host": "responder.example.net"},
        {"Forwarded": "for=203.0.113.9"},
        {"Via": "1.1 proxy"},
        {"Host": "responder.example.net"},
        {"Host": "127.0.0.1.example.net"},
        {"Origin": "https://evil.example.net"},
    ],
)
def test_without_credentials_a_stranger_gets_403_with_the_remedy(
    headers: dict[str, str],
) -> None:
    web = Web()

    answer = web.client().post(
        "/webhooks/grafana", json=notification(), headers=headers
    )

    assert answer.status_code == 403
    assert "webhook_auth" in answer.text
    assert not web.intake.deliveries


@pytest.mark.parametrize("host", ["localhost:8080", "127.9.9.9", "[::1]:8080"])
def test_names_of_this_machine_are_served(host: str) -> None:
    answer = (
        Web()
        .client()
        .post("/webhooks/grafana", json=notification(), headers={"Host": host})
    )

    assert answer.status_code == 202


def test_with_credentials_a_proxy_is_welcome() -> None:
    web = Web(credentials=(SIGNED,))
    raw = json.dumps(notification()).encode()
    headers = {**signed(raw, web), "X-Forwarded-For": "203.0.113.9"}

    answer = web.client().post("/webhooks/grafana", data=raw, headers=headers)

    assert answer.status_code == 202


@pytest.mark.parametrize("escape", [False, True], ids=["plain", "escaped"])
def test_a_report_link_is_masked_before_it_is_stored(escape: bool) -> None:
    web = Web()
    raw = json.dumps(notification(alert(annotations={"log": LINK})))
    raw = raw.replace("/", "\\u002f") if escape else raw

    answer = web.client().post("/webhooks/grafana", data=raw)

    assert answer.status_code == 202
    assert "CANARY" not in repr(web.intake.deliveries)


def test_an_escaped_link_is_found_among_thousands_of_texts() -> None:
    web = Web()
    many = {f"n{number}": 'a "quoted" text' for number in range(3000)}
    one = json.dumps(LINK).replace("/", "\\u002f")
    raw = json.dumps(notification(alert(annotations={**many, "log": "@"})))

    answer = web.client().post("/webhooks/grafana", data=raw.replace('"@"', one))

    assert answer.status_code == 202
    assert "CANARY" not in repr(web.intake.deliveries)


def test_a_text_without_secrets_is_stored_as_it_was_received() -> None:
    web = Web()
    summary = 'an "unusual" \N{SLICE OF PIZZA} \n text'
    raw = json.dumps(notification(alert(annotations={"s": summary})), indent=3)

    web.client().post("/webhooks/grafana", data=raw)

    assert "\\" in raw
    assert web.intake.deliveries[0].body == raw


def test_of_a_gigantic_delivery_the_first_alerts_are_taken() -> None:
    web = Web()
    body = {**notification(), "alerts": [alert()] * 10_003, "truncatedAlerts": 2}

    answer = web.client().post("/webhooks/grafana", json=body)

    assert answer.status_code == 202
    taken = web.intake.deliveries[0].notification
    assert (len(taken.alerts), taken.truncated_alerts) == (10_000, 5)


def test_a_delivery_is_one_log_line_of_facts(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    web = Web(intake=ListedIntake(verdict=Verdict.JOINED))
    web.client().post("/webhooks/grafana", json=notification())

    (record,) = [r for r in caplog.records if r.name.startswith("responder")]
    assert record.getMessage() == "delivery accepted"
    assert vars(record)["verdicts"] == {"joined": 1}
    assert vars(record)["incidents"] == ["inc-1"]


def exchange(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


@contextmanager
def served(web: Web) -> Iterator[int]:
    """The application behind waitress on a port of its own."""
    connections: dict[int, object] = {}
    server = create_server(
        create_app(web.parts()),
        map=connections,
        host="127.0.0.1",
        port=0,
        max_request_body_size=128 * 1024 * 1024,
    )
    over = threading.Event()

    def run() -> None:
        while not over.is_set():
            wasyncore.loop(timeout=0.05, map=connections, count=1)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield server.effective_port
    finally:
        over.set()
        thread.join()
        server.task_dispatcher.shutdown()
        wasyncore.close_all(connections)


def test_over_a_real_socket_chunks_are_understood_and_413_can_be_read() -> None:
    web = Web(server=Server(max_body=200_000))
    head = (
        b"POST /webhooks/grafana HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    )
    body = json.dumps(notification()).encode()
    chunked = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
    large = b"Content-Length: 3000000\r\n\r\n" + b"x" * 3_000_000

    with served(web) as port:
        taken = exchange(port, head + chunked % (len(body), body))
        refused = exchange(port, head + large)

    assert taken.startswith(b"HTTP/1.1 202 ")
    assert refused.startswith(b"HTTP/1.1 413 ")
    assert b"server.max_body" in refused
