"""Grafana's and Alertmanager's bodies, understood or refused by name."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from responder.incident.alert import Notification
from responder.incident.names import Sender, Status
from responder.senders import grafana
from responder.senders.body import BadBody, decode

SAMPLES = Path(__file__).parent.parent / "samples"


def recorded(name: str, sender: Sender = Sender.GRAFANA) -> Notification:
    return grafana.parse(decode((SAMPLES / f"{name}.json").read_bytes()), sender)


def alert_with(**fields: object) -> dict[str, object]:
    return {
        "status": "firing",
        "labels": {"alertname": "Order errors"},
        "startsAt": "2026-11-05T16:42:10Z",
        **fields,
    }


def body_with(*alerts: object, **fields: object) -> Notification:
    raw = json.dumps({"alerts": list(alerts), **fields}).encode()
    return grafana.parse(decode(raw), Sender.GRAFANA)


def test_a_mixed_batch_keeps_each_alert_its_own_status() -> None:
    firing, resolved = recorded("grafana-mixed").alerts
    assert firing.status is Status.FIRING
    assert firing.name == "Order errors"
    assert firing.starts_at == datetime(2026, 11, 5, 16, 42, 10, 250000, tzinfo=UTC)
    assert resolved.status is Status.RESOLVED
    assert resolved.ends_at == datetime(2026, 11, 5, 16, 44, tzinfo=UTC)


def test_the_zero_end_of_a_firing_alert_is_no_end() -> None:
    assert recorded("grafana-mixed").alerts[0].ends_at is None


def test_the_receiver_loses_its_regex_quoting() -> None:
    assert recorded("grafana-mixed").receiver == "pizza.responder (prod)"


def test_dropped_alerts_are_counted() -> None:
    assert recorded("grafana-mixed").truncated_alerts == 3


def test_only_web_addresses_become_links() -> None:
    links = recorded("grafana-mixed").alerts[0].links
    assert set(links) == {"generator", "silence"}
    hostile = alert_with(generatorURL="javascript:alert(1)", panelURL="https://a b")
    assert body_with(hostile).alerts[0].links == {}


def test_an_alertmanager_body_is_understood() -> None:
    notification = recorded("alertmanager", Sender.ALERTMANAGER)
    (alert,) = notification.alerts
    assert notification.sender is Sender.ALERTMANAGER
    assert notification.group_key == '{}:{alertname="OrderErrors"}'
    assert alert.starts_at == datetime(2026, 11, 5, 16, 42, 10, 250000, tzinfo=UTC)


@pytest.mark.parametrize("version", ["9", "12", "13"])
def test_a_test_from_grafanas_form_is_known_as_one(version: str) -> None:
    assert recorded(f"grafana-test-{version}").test


def test_a_test_with_labels_of_production_is_known_by_its_group_key() -> None:
    key = "webhook-9f0c2b7de1a45380-1793897530"
    assert body_with(alert_with(), groupKey=key).test


@pytest.mark.parametrize(
    "key",
    [
        "",
        "{}:{}",
        '{}/{team="pizza"}:{alertname="X"}',
        '{}:{alertname="a-9f0c2b7de1a45380-1"}',
        '{}:{a="b"}-9f0c2b7de1a45380-17',
        "webhook-9f0c-17",
    ],
)
def test_any_other_group_key_is_no_test(key: str) -> None:
    assert not body_with(alert_with(), groupKey=key).test


def test_a_real_alert_beside_a_test_one_keeps_the_body_real() -> None:
    fake = alert_with(labels={"alertname": "TestAlert", "instance": "Grafana"})
    assert not body_with(fake, alert_with()).test


def test_a_body_without_any_optional_field_is_understood() -> None:
    notification = body_with(alert_with())
    assert notification.receiver == ""
    assert notification.truncated_alerts == 0
    assert notification.alerts[0].annotations == {}


def test_a_missing_fingerprint_is_computed_as_alertmanager_does() -> None:
    # Grafana's own test alert has no private labels, so its fingerprint is a vector.
    labels = {"instance": "Grafana", "alertname": "TestAlert"}
    assert (
        body_with(alert_with(labels=labels)).alerts[0].fingerprint == "57c6d9296de2ad39"
    )
    assert grafana.fingerprint_of({}) == "cbf29ce484222325"


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2026-11-05T16:42:10Z", 0),
        ("2026-11-05T16:42:10.2Z", 200000),
        ("2026-11-05T16:42:10.123456789Z", 123456),
        ("2026-11-05T18:12:10.5+01:30", 500000),
        ("2026-11-05T11:42:10.000001-05:00", 1),
    ],
)
def test_every_form_of_time_that_go_writes_is_read(text: str, microsecond: int) -> None:
    expected = datetime(2026, 11, 5, 16, 42, 10, microsecond, tzinfo=UTC)
    assert body_with(alert_with(startsAt=text)).alerts[0].starts_at == expected


@pytest.mark.parametrize(
    "value",
    [
        "soon",
        "",
        None,
        1793897530,
        "2026-11-05T16:42:10",
        "2026-02-30T00:00:00Z",
        "2026-11-05T16:42:10.1234567890Z",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+10:00",
        "2026-11-05T16:42:10+99:99",
        "２０２６-11-05T16:42:10Z",
    ],
)
def test_a_start_that_is_no_time_is_refused_by_its_path(value: object) -> None:
    with pytest.raises(BadBody, match=r"^alerts\[1\]\.startsAt: "):
        body_with(alert_with(), alert_with(startsAt=value))


@pytest.mark.parametrize(
    ("alert", "path"),
    [
        ("text", r"alerts\[0\]"),
        (alert_with(labels=None), r"alerts\[0\]\.labels"),
        (alert_with(labels=["a"]), r"alerts\[0\]\.labels"),
        (alert_with(labels={"a": 1}), r"alerts\[0\]\.labels\.a"),
        (alert_with(labels={"a": True}), r"alerts\[0\]\.labels\.a"),
        (alert_with(labels={"a secret/": {}}), r"alerts\[0\]\.labels\.\?"),
        (alert_with(annotations={"a": 1}), r"alerts\[0\]\.annotations\.a"),
        (alert_with(status="FIRING"), r"alerts\[0\]\.status"),
        (alert_with(status=["firing"]), r"alerts\[0\]\.status"),
        (alert_with(endsAt="never"), r"alerts\[0\]\.endsAt"),
        (alert_with(fingerprint=7), r"alerts\[0\]\.fingerprint"),
    ],
)
def test_a_malformed_alert_is_refused_by_its_path(alert: object, path: str) -> None:
    with pytest.raises(BadBody, match=f"^{path}: found "):
        body_with(alert)


def test_an_alert_without_labels_is_refused() -> None:
    alert = alert_with()
    del alert["labels"]
    with pytest.raises(BadBody, match=r"^alerts\[0\]\.labels: "):
        body_with(alert)


@pytest.mark.parametrize("count", [-1, 1.5, True, "3", [], 1e999])
def test_a_truncation_that_is_no_count_is_refused(count: object) -> None:
    document = {"alerts": [alert_with()], "truncatedAlerts": count}
    with pytest.raises(BadBody, match=r"^truncatedAlerts: "):
        grafana.parse(document, Sender.GRAFANA)


@pytest.mark.parametrize(
    ("document", "sender", "remedy"),
    [
        ({"text": "hi"}, Sender.GRAFANA, "webhook.default.payload"),
        ({"alerts": {}}, Sender.GRAFANA, "webhook.default.payload"),
        ({"alerts": None}, Sender.ALERTMANAGER, "webhook_config"),
    ],
)
def test_a_custom_payload_is_told_what_to_send_instead(
    document: dict[str, object], sender: Sender, remedy: str
) -> None:
    with pytest.raises(BadBody, match=f"^alerts: .*{remedy}"):
        grafana.parse(document, sender)


def test_a_refusal_never_repeats_what_was_sent() -> None:
    secret = "a-canary-value"
    for raw in (f"{secret}", f'"{secret}"', f'{{"alerts": "{secret}"}}'):
        with pytest.raises(BadBody) as caught:
            grafana.parse(decode(raw.encode()), Sender.GRAFANA)
        assert secret not in str(caught.value)
    with pytest.raises(BadBody) as caught:
        body_with(alert_with(status=secret))
    assert secret not in str(caught.value)
