"""Samples are bodies like any other: they parse back, and rules take them."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from responder.incident.alert import Notification
from responder.incident.names import WEBHOOKS, Sender, Status
from responder.incident.rule import Check, Matcher, Rule
from responder.senders import grafana, irm
from responder.senders import sample as samples
from responder.senders.body import decode

NOW = datetime(2026, 11, 5, 16, 42, 10, 250000, tzinfo=UTC)
LABELS = {"alertname": "Order errors", "severity": "critical"}


def read(sender: Sender, status: Status = Status.FIRING) -> Notification:
    start = NOW - timedelta(minutes=2)
    made = samples.body(sender, LABELS, NOW, status=status, starts_at=start)
    document = decode(json.dumps(made).encode())
    if sender is Sender.IRM:
        return irm.parse(document)
    return grafana.parse(document, sender)


def rule(*matchers: str) -> Rule:
    parts = (matcher.split(" ", 2) for matcher in matchers)
    alternative = tuple(Matcher(label=a, op=b, value=c) for a, b, c in parts)
    check = Check(name="c", query="{a=~'b'}", window=timedelta(minutes=5), threshold=1)
    match = (alternative,) if alternative else ()
    return Rule(name="pizza-factory", match=match, checks=(check,))


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("sender", WEBHOOKS)
def test_a_sample_parses_back(sender: Sender, status: Status) -> None:
    notification = read(sender, status)
    (alert,) = notification.alerts
    assert notification.sender is sender
    assert not notification.test
    assert alert.status is status
    assert alert.labels == LABELS
    assert alert.starts_at == NOW - timedelta(minutes=2)
    assert alert.ends_at == (None if status is Status.FIRING else NOW)


def test_the_same_alert_has_one_fingerprint_from_every_sender() -> None:
    assert len({read(sender).alerts[0].fingerprint for sender in WEBHOOKS}) == 1


def test_a_sample_begins_now_unless_told() -> None:
    made = samples.body(Sender.GRAFANA, LABELS, NOW)
    assert grafana.parse(made, Sender.GRAFANA).alerts[0].starts_at == NOW


@pytest.mark.parametrize(
    ("matchers", "expected"),
    [
        (["responder = jwt-pizza"], {"responder": "jwt-pizza"}),
        (["severity =~ critical|high"], {"severity": "critical"}),
        (["severity =~ critical|high", "severity != critical"], {"severity": "high"}),
        (["a =~ (order|pizza) errors"], {"a": "order errors"}),
        (["a =~ x(?:b|c(d|e))y"], None),
        (["a =~ order\\.errors.*"], {"a": "order.errors"}),
        (["a =~ .+"], None),
        (["a =~ [a-z]+-\\d+"], None),
        (["a != "], None),
        (["a != x", "b !~ y.*"], {}),
        (["a !~ |sample"], None),
    ],
)
def test_a_rule_takes_the_labels_made_for_it(
    matchers: list[str], expected: dict[str, str] | None
) -> None:
    wanted = rule(*matchers)
    labels = samples.labels_for(wanted)
    assert wanted.takes(labels)
    assert labels.pop("alertname")
    assert expected is None or labels == expected


def test_a_rule_that_takes_every_alert_has_a_sample() -> None:
    assert samples.labels_for(rule()) == {"alertname": "Responder sample"}


def test_a_rule_that_wants_no_alertname_gets_none() -> None:
    assert samples.labels_for(rule("alertname = ", "a = b")) == {"a": "b"}


def test_a_rule_that_nothing_can_match_says_which_label() -> None:
    with pytest.raises(
        ValueError, match=r"pizza-factory: .* label severity \(=a, =b\)"
    ):
        samples.labels_for(rule("severity = a", "severity = b"))
