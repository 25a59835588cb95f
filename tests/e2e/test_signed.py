"""Signed webhooks sent again: an old one is refused, the same does nothing twice."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from responder.config.settings import Credential, Hmac, Secret
from responder.incident.names import Sender, Status
from responder.senders import sample as samples
from responder.senders.auth import sign
from tests.e2e.service import STARTED, Service, service

SECRET = "secret-of-the-contact-point"
SKEW = timedelta(minutes=5)
SIGNED = Credential(
    name="grafana",
    senders=frozenset({Sender.GRAFANA}),
    hmac=Hmac(secrets=(Secret(SECRET),), timestamp_header="X-At", max_skew=SKEW),
)
LABELS = {"alertname": "Order errors", "responder": "jwt-pizza"}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path, webhook_auth=(SIGNED,)) as found:
        yield found


def body(found: Service) -> bytes:
    now = found.clock.now()
    alert = samples.body(Sender.GRAFANA, LABELS, now, Status.FIRING, STARTED)
    return json.dumps(alert).encode()


def proof(found: Service, raw: bytes, ahead: float = 0) -> dict[str, str]:
    at = str(int(found.clock.now().timestamp() + ahead))
    return {"X-At": at, "X-Grafana-Alerting-Signature": sign(SECRET, raw, at)}


def deliver(
    found: Service, raw: bytes, headers: Mapping[str, str], path: str = "grafana"
) -> requests.Response:
    url = f"{found.url}/webhooks/{path}"
    return requests.post(url, data=raw, headers=headers, timeout=60)


@pytest.mark.parametrize(
    ("ahead", "status"), [(-290, 202), (-302, 401), (290, 202), (310, 401), (-1e9, 401)]
)
def test_a_signed_body_holds_for_max_skew_either_way(
    running: Service, ahead: float, status: int
) -> None:
    raw = body(running)

    assert deliver(running, raw, proof(running, raw, ahead)).status_code == status
    assert len(running.incidents()) == (status == 202)


def test_a_recorded_request_is_refused_once_it_is_old(running: Service) -> None:
    raw = body(running)
    headers = proof(running, raw)
    first = deliver(running, raw, headers)
    running.clock.skip(SKEW + timedelta(seconds=2))
    again = deliver(running, raw, headers)

    assert (first.status_code, again.status_code) == (202, 401)
    assert "sent again" in again.text


@pytest.mark.parametrize("forged", ["X-At", "X-Grafana-Alerting-Signature", "body"])
def test_nothing_that_is_signed_can_be_changed(running: Service, forged: str) -> None:
    raw = body(running)
    headers = proof(running, raw)
    if forged == "body":
        raw += b" "
    elif forged == "X-At":
        headers["X-At"] = str(int(headers["X-At"]) + 1)
    else:
        headers[forged] = headers[forged][:-1] + (
            "0" if headers[forged][-1] != "0" else "1"
        )

    assert deliver(running, raw, headers).status_code == 401
    assert not running.incidents()


def test_a_stripped_timestamp_is_refused(running: Service) -> None:
    raw = body(running)
    headers = {"X-Grafana-Alerting-Signature": sign(SECRET, raw)}

    assert deliver(running, raw, headers).status_code == 401


@pytest.mark.parametrize("path", ["alertmanager", "irm"])
def test_a_signature_for_grafana_opens_no_other_path(
    running: Service, path: str
) -> None:
    raw = body(running)

    assert deliver(running, raw, proof(running, raw), path).status_code == 401


def test_the_same_signed_body_again_is_a_duplicate_and_no_second_action(
    running: Service,
) -> None:
    code = running.factory.start_chaos("fail")
    assert code
    with running.ordering():
        raw = body(running)
        headers = proof(running, raw)
        verdicts = []
        for _ in range(20):
            answer = deliver(running, raw, headers)
            assert answer.status_code == 202
            (said,) = answer.json()["alerts"]
            verdicts.append(said["verdict"])
        ended = running.in_state("recovered")
        late = deliver(running, raw, headers).json()["alerts"][0]

    # Whether the last ones come before or after its end is a matter of luck.
    assert verdicts[0] == "opened"
    assert set(verdicts[1:]) <= {"repeated", "echo"}
    assert (late["verdict"], late["incident"]) == ("echo", ended["id"])
    assert len(running.incidents()) == 1
    assert len(running.factory.effective_calls) == 1
