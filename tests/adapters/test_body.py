"""Any bytes end in a notification or in a refusal that the sender can read."""

import json
from datetime import UTC

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from responder.incident.alert import Notification
from responder.incident.names import WEBHOOKS, Sender
from responder.senders import grafana, irm
from responder.senders.body import BadBody, decode


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"plain text",
        b"[]",
        b"null",
        b'"x"',
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a": "\x00"}',
    ],
)
def test_bytes_that_are_no_json_object_are_refused(raw: bytes) -> None:
    with pytest.raises(BadBody):
        decode(raw)


def test_characters_that_no_store_takes_are_replaced_everywhere() -> None:
    raw = rb'{"a\u0000": ["x\ud800", {"\udfff": "\ud83c\udf55 \u0026"}]}'
    assert decode(raw) == {"a\ufffd": ["x\ufffd", {"\ufffd": "🍕 &"}]}


def test_of_duplicate_keys_the_last_wins() -> None:
    assert decode(b'{"a": 1, "a": 2}') == {"a": 2}


TIMES = st.sampled_from(
    [
        "2026-11-05T16:42:10Z",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+10:00",
        "9999-12-31T23:59:59-23:59",
    ]
)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.none() | st.booleans() | NUMBERS | st.text(max_size=8) | TIMES
KEYS = st.sampled_from(["alerts", "labels", "status", "key", "value", "name", "type"])
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(KEYS | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


def mostly(good: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Good values with some of anything among them, so that many bodies get far."""
    return st.integers(0, 19).flatmap(lambda n: TREES if n == 19 else good)


STATUSES = mostly(st.sampled_from(["firing", "resolved"]))
STATES = mostly(st.sampled_from(["firing", "acknowledged", "silenced", "resolved"]))
STARTS = mostly(st.just("2026-11-05T16:42:10.25+01:00"))
LABELS = mostly(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=4))
ALERTS = mostly(
    st.fixed_dictionaries(
        {"status": STATUSES, "labels": LABELS, "startsAt": STARTS},
        optional={"endsAt": mostly(TIMES), "annotations": LABELS},
    )
)
PAYLOADS = mostly(
    st.fixed_dictionaries(
        {"alerts": mostly(st.lists(ALERTS, max_size=3))},
        optional={
            "groupKey": LEAVES,
            "receiver": LEAVES,
            "truncatedAlerts": mostly(st.integers(min_value=0)),
        },
    )
)
GROUPS = mostly(
    st.fixed_dictionaries(
        {"id": mostly(st.text(min_size=1)), "state": STATES, "created_at": STARTS},
        optional={
            "labels": LABELS,
            "title": LEAVES,
            "last_alert": st.fixed_dictionaries({"payload": PAYLOADS | ALERTS}),
        },
    )
)
EVENTS = mostly(
    st.fixed_dictionaries(
        {"type": mostly(st.sampled_from(["silence", "resolve"]))},
        optional={"time": STARTS, "until": mostly(TIMES)},
    )
)
BODIES = st.fixed_dictionaries(
    {"alert_group": GROUPS},
    optional={"event": EVENTS, "user": TREES, "alert_payload": PAYLOADS},
)
RAW = st.binary() | (PAYLOADS | BODIES).map(lambda tree: json.dumps(tree).encode())


def understood(raw: bytes, sender: Sender) -> Notification | str:
    """The notification, or the text of the refusal; anything else is raised."""
    try:
        document = decode(raw)
        if sender is Sender.IRM:
            return irm.parse(document)
        return grafana.parse(document, sender)
    except BadBody as refused:
        return str(refused)


@pytest.mark.parametrize("sender", WEBHOOKS)
@given(raw=RAW)
def test_any_bytes_become_a_notification_or_a_bad_body(
    sender: Sender, raw: bytes
) -> None:
    answer = understood(raw, sender)
    event(type(answer).__name__)
    if isinstance(answer, str):
        assert len(answer) < 500
    else:
        assert answer.sender is sender
        assert all(alert.starts_at.tzinfo is UTC for alert in answer.alerts)
