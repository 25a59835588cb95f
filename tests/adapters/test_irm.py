"""IRM's outgoing webhooks: the group's state decides (policy rule 18)."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from responder.incident.alert import Notification, PersonAction
from responder.incident.names import Sender, Status
from responder.senders import irm
from responder.senders.body import BadBody, decode

SAMPLES = Path(__file__).parent.parent / "samples"
NOW = datetime(2026, 11, 5, 16, 43, 2, 500000, tzinfo=UTC)


def recorded(name: str) -> Notification:
    return irm.parse(decode((SAMPLES / f"{name}.json").read_bytes()))


def alert(status: str = "firing", **fields: object) -> dict[str, object]:
    return {
        "status": status,
        "labels": {"alertname": "Order errors"},
        "startsAt": "2026-11-05T16:42:10Z",
        "fingerprint": "9f0c2b7de1a45380",
        **fields,
    }


def inner(*alerts: object) -> dict[str, object]:
    return {"alerts": list(alerts), "groupKey": "{}:{}", "truncatedAlerts": 2}


def webhook(
    state: str = "firing",
    *,
    newest: object = None,
    first: object = "",
    event: object = None,
    user: object = None,
    **group: object,
) -> Notification:
    return irm.parse(
        {
            "event": event or {"type": "alert group created", "time": None},
            "user": user,
            "alert_group": {
                "id": "IQ7",
                "state": state,
                "created_at": "2026-11-05T16:43:02.5Z",
                "title": "Order errors",
                "last_alert": {"payload": newest},
                **group,
            },
            "alert_payload": first,
        }
    )


def statuses(notification: Notification) -> list[Status]:
    return [alert.status for alert in notification.alerts]


def test_a_resolve_resolves_although_the_first_payload_says_firing() -> None:
    notification = webhook("resolved", first=inner(alert()))
    assert statuses(notification) == [Status.RESOLVED]


def test_the_vendors_resolve_ends_with_the_group() -> None:
    notification = recorded("irm-resolve")
    (made,) = notification.alerts
    assert made.status is Status.RESOLVED
    assert made.fingerprint == "irm-IQ7WZ2X9"
    assert made.ends_at == datetime(2026, 11, 5, 16, 58, 1, 120000, tzinfo=UTC)
    assert notification.alert_group == "IQ7WZ2X9"


def test_an_action_without_a_user_has_no_name() -> None:
    person = recorded("irm-resolve").person
    assert person is not None
    assert person.action is PersonAction.RESOLVED
    assert person.name == ""


def test_a_silence_names_the_person_and_its_end() -> None:
    notification = recorded("irm-silence")
    assert notification.person is not None
    assert notification.person.action is PersonAction.SILENCED
    assert notification.person.name == "ada"
    assert notification.person.at == datetime(2026, 11, 5, 16, 50, tzinfo=UTC)
    assert notification.person.until == datetime(2026, 11, 5, 17, 50, tzinfo=UTC)


def test_labels_as_an_array_are_read() -> None:
    (made,) = recorded("irm-silence").alerts
    assert made.labels == {"team": "pizza", "alertname": "Order errors"}


def test_labels_as_an_object_keep_their_own_alertname() -> None:
    (made,) = webhook(labels={"alertname": "X", "team": "pizza"}).alerts
    assert made.labels == {"alertname": "X", "team": "pizza"}
    assert made.starts_at == NOW


def test_the_newest_payload_wins_over_the_first() -> None:
    notification = webhook(
        newest=inner(alert(fingerprint="new")), first=inner(alert(fingerprint="old"))
    )
    assert [a.fingerprint for a in notification.alerts] == ["new"]
    assert notification.group_key == "{}:{}"
    assert notification.truncated_alerts == 2
    assert notification.sender is Sender.IRM


def test_a_single_alert_object_is_an_alert_payload_too() -> None:
    (only,) = webhook(newest=alert()).alerts
    assert only.fingerprint == "9f0c2b7de1a45380"


@pytest.mark.parametrize("payload", ["", "text", [], {}, {"alerts": []}, {"labels": 1}])
def test_an_alert_is_made_from_the_group_where_no_payload_is_one(
    payload: object,
) -> None:
    (made,) = webhook(newest=payload, first=payload).alerts
    assert made.fingerprint == "irm-IQ7"


def test_a_payload_that_cannot_be_read_does_not_lose_the_alert() -> None:
    notification = webhook(newest=inner(alert(startsAt="soon")), first=inner(alert()))
    assert [a.fingerprint for a in notification.alerts] == ["9f0c2b7de1a45380"]


@pytest.mark.parametrize(
    ("state", "may_open"),
    [("firing", True), ("acknowledged", False), ("silenced", False)],
)
def test_only_a_firing_group_may_open_an_incident(state: str, may_open: bool) -> None:
    notification = webhook(state, newest=inner(alert()))
    assert notification.may_open is may_open
    assert statuses(notification) == [Status.FIRING]


@pytest.mark.parametrize("state", ["firing", "acknowledged", "silenced"])
def test_a_mixed_payload_keeps_its_own_statuses(state: str) -> None:
    notification = webhook(state, newest=inner(alert(), alert("resolved")))
    assert statuses(notification) == [Status.FIRING, Status.RESOLVED]


def test_a_firing_group_fires_although_its_newest_payload_is_resolved() -> None:
    ended = alert("resolved", endsAt="2026-11-05T16:50:00Z")
    (only,) = webhook("firing", newest=inner(ended)).alerts
    assert only.status is Status.FIRING
    assert only.ends_at is None


@pytest.mark.parametrize(
    ("event", "action"),
    [
        ("acknowledge", PersonAction.ACKNOWLEDGED),
        ("unacknowledge", PersonAction.UNACKNOWLEDGED),
        ("resolve", PersonAction.RESOLVED),
        ("unresolve", PersonAction.UNRESOLVED),
        ("silence", PersonAction.SILENCED),
        ("unsilence", PersonAction.UNSILENCED),
    ],
)
def test_every_action_of_a_person_is_known(event: str, action: PersonAction) -> None:
    # The reverse actions come without a time.
    person = webhook(event={"type": event}, user={"username": "ada"}).person
    assert person is not None
    assert (person.action, person.name, person.at) == (action, "ada", None)


@pytest.mark.parametrize(
    "event", ["alert group created", "escalation", "personal notification"]
)
def test_other_events_are_no_persons_action(event: str) -> None:
    assert webhook(event={"type": event, "user": {"username": "ada"}}).person is None


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({}, "alert_group"),
        ({"alert_group": "x"}, "alert_group"),
        ({"alert_group": {"id": "I", "state": "new"}}, "alert_group.state"),
        ({"alert_group": {"id": "I"}}, "alert_group.state"),
        ({"alert_group": {"state": "firing"}}, "alert_group.id"),
        (
            {"alert_group": {"id": "I", "state": "firing"}},
            "alert_group.created_at",
        ),
        (
            {
                "alert_group": {
                    "id": "I",
                    "state": "firing",
                    "labels": [{"key": {"name": 1}, "value": {"name": "v"}}],
                }
            },
            r"alert_group.labels\[0\].key.name",
        ),
    ],
)
def test_a_body_that_is_no_outgoing_webhook_is_refused_by_name(
    document: dict[str, object], path: str
) -> None:
    with pytest.raises(BadBody, match=f"^{path}: "):
        irm.parse(document)


def test_an_undecodable_end_of_a_silence_is_refused() -> None:
    # None would mean a silence for ever.
    with pytest.raises(BadBody, match=r"^event\.until: "):
        webhook("silenced", event={"type": "silence", "until": "later"})
