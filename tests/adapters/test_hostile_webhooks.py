"""Whatever is delivered: alerts, or a refusal that names the field and no value."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from responder.incident.alert import Notification
from responder.incident.names import WEBHOOKS, Sender, Status
from responder.incident.rule import Rule
from responder.senders import grafana, irm
from responder.senders.body import DEEPEST, LONGEST_TEXT, BadBody, decode
from tests.hostile import CANARY, Place, blames, corpus, wire, with_something_wrong

ALERT = {
    "status": "firing",
    "labels": {"alertname": "Order errors", "severity": "critical"},
    "annotations": {"summary": "Orders fail"},
    "startsAt": "2026-11-05T16:42:10.25Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "fingerprint": "9f0c2b7de1a45380",
    "generatorURL": "https://pz.example.net/alerting/1",
}
GRAFANA = {
    "receiver": "responder",
    "groupKey": '{}:{alertname="Order errors"}',
    "truncatedAlerts": 0,
    "externalURL": "https://pz.example.net/",
    "alerts": [ALERT, {**ALERT, "status": "resolved"}],
}
GROUP = {
    "id": "I68T24C13IFW1",
    "state": "silenced",
    "created_at": "2026-11-05T16:42:10Z",
    "title": "Order errors",
    "labels": [{"key": {"name": "severity"}, "value": {"name": "critical"}}],
    "permalinks": {"web": "https://irm.example.net/a"},
}
IRM = {
    "event": {"type": "silence", "time": "2026-11-05T16:43:00Z", "until": None},
    "user": {"username": "ana"},
    "alert_group": GROUP,
}


def parsed(raw: bytes, sender: Sender) -> Notification:
    document = decode(raw)
    if sender is Sender.IRM:
        return irm.parse(document)
    return grafana.parse(document, sender)


def outcome(raw: bytes, sender: Sender) -> Notification | str:
    try:
        return parsed(raw, sender)
    except BadBody as refused:
        return str(refused)


def is_sane(found: Notification | str) -> bool:
    """Closed types all through, bounded, and of a text nothing but our own words."""
    if isinstance(found, str):
        return len(found) < 500 and found.isprintable() and CANARY not in found
    texts = [found.receiver, found.group_key, found.external_url, found.alert_group]
    for alert in found.alerts:
        assert isinstance(alert.status, Status)
        assert alert.starts_at.tzinfo is not None
        texts += [alert.fingerprint, *alert.links.values()]
        texts += [t for pair in alert.labels.items() for t in pair]
        texts += [t for pair in alert.annotations.items() for t in pair]
    return all(
        isinstance(text, str)
        and len(text) <= LONGEST_TEXT
        and not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in text)
        for text in texts
    )


@pytest.mark.parametrize("sender", WEBHOOKS)
@pytest.mark.parametrize("path", corpus("webhook"), ids=lambda path: path.name)
def test_a_hostile_body_is_understood_or_refused(path: Path, sender: Sender) -> None:
    assert is_sane(outcome(path.read_bytes(), sender))


@given(with_something_wrong(GRAFANA))
def test_what_is_wrong_in_a_notification_is_named(chosen: tuple[Place, Any]) -> None:
    place, document = chosen
    found = outcome(wire(document), Sender.GRAFANA)

    assert is_sane(found)
    assert not isinstance(found, str) or blames(found, place) or "body: " in found


@given(with_something_wrong(IRM))
def test_what_is_wrong_in_an_outgoing_webhook_is_named(
    chosen: tuple[Place, Any],
) -> None:
    place, document = chosen
    found = outcome(wire(document), Sender.IRM)

    assert is_sane(found)
    assert not isinstance(found, str) or blames(found, place) or "body: " in found


@pytest.mark.parametrize(
    ("levels", "taken"), [(DEEPEST, True), (DEEPEST + 1, False), (200, False)]
)
@pytest.mark.parametrize(("opening", "closing"), ["[]", ('{"a":', "}")])
def test_nesting_has_one_bound_whatever_the_interpreter_bears(
    levels: int, taken: bool, opening: str, closing: str
) -> None:
    # The body itself is one level.
    deep = opening * (levels - 2) + "[]" + closing * (levels - 2)
    found = outcome(f'{{"alerts": [], "x": {deep}}}'.encode(), Sender.GRAFANA)

    assert isinstance(found, Notification) is taken


def test_a_gigantic_label_is_cut_and_still_the_same_alert() -> None:
    labels = {"alertname": "x" * 1_000_000, "y" * 10_000: "z"}
    bare = {k: v for k, v in ALERT.items() if k != "fingerprint"}
    (alert,) = parsed(
        wire({"alerts": [{**bare, "labels": labels}]}), Sender.GRAFANA
    ).alerts

    assert all(len(t) <= LONGEST_TEXT for pair in alert.labels.items() for t in pair)
    assert alert.fingerprint == grafana.fingerprint_of(labels)


@pytest.mark.parametrize(
    ("document", "sender", "named"),
    [
        (
            {"alerts": [{**ALERT, "fingerprint": "f" * 201}]},
            Sender.GRAFANA,
            "alerts[0].fingerprint: found a string of more than 200 characters",
        ),
        (
            {"alert_group": {**GROUP, "id": "I" * 201}},
            Sender.IRM,
            "alert_group.id: found a string of more than 200 characters",
        ),
    ],
)
def test_an_identity_that_no_index_bears_is_refused(
    document: object, sender: Sender, named: str
) -> None:
    assert str(outcome(wire(document), sender)).startswith(named)


def test_a_body_as_grafana_sends_it_is_no_hostile_one() -> None:
    assert isinstance(
        outcome(json.dumps(GRAFANA).encode(), Sender.GRAFANA), Notification
    )
    assert isinstance(outcome(json.dumps(IRM).encode(), Sender.IRM), Notification)


def test_a_gigantic_group_stays_indexable_and_its_own() -> None:
    rule = Rule(name="r", match=(), checks=(), group_by=("region", "host"))
    groups = {
        rule.group_of({"region": "x" * 100_000 + end, "host": "\ud800"}) for end in "ab"
    }

    assert len(groups) == 2
    assert all(len(group.encode("utf-8", "surrogatepass")) < 1000 for group in groups)
    assert rule.group_of({"region": "eu"}) == "region='eu',host=''"
