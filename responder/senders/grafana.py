"""Bodies of Grafana's webhook contact point and of Alertmanager (version 4).

The two share their shape; every rule here was read in the vendors' source code.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from responder.incident.alert import Alert, Notification
from responder.incident.names import Sender, Status
from responder.senders.body import (
    LONGEST_ID,
    address,
    cut,
    kind,
    moment,
    refuse,
    text_map,
    text_of,
)

_LINKS = {
    "generator": "generatorURL",
    "silence": "silenceURL",
    "dashboard": "dashboardURL",
    "panel": "panelURL",
}
_REMEDIES = {
    Sender.GRAFANA: "This is no Grafana notification: remove the custom payload from "
    'the contact point, or use the template "webhook.default.payload".',
    Sender.ALERTMANAGER: "This is no Alertmanager notification: remove `payload` from "
    "the receiver's webhook_config, so that it sends its own version 4.",
    Sender.IRM: "Let the integration keep the whole notification as its payload.",
}
# Go's regexp.QuoteMeta, which receiver names go through on their way out.
_QUOTED = re.compile(r"\\([\\.+*?()|\[\]{}^$])")
_TEST_GROUP = re.compile(r".*-[0-9a-f]{16}-[0-9]+", re.DOTALL)
_FNV_OFFSET = 14695981039346656037
_FNV_PRIME = 1099511628211
_MOST_TRUNCATED = 2**31 - 1
MOST_ALERTS = 10_000
"""Alerts of one body that are read. The others count as truncated by the sender."""


def parse(document: Mapping[str, object], sender: Sender) -> Notification:
    """What a version 1 or version 4 body says, whichever of the two `sender` is.

    Raises BadBody naming the path of the field, such as `alerts[2].startsAt`.
    """
    listed = document.get("alerts")
    if not isinstance(listed, list):
        found = kind(listed) if "alerts" in document else "nothing"
        raise refuse("alerts", found, _REMEDIES[sender])
    alerts = tuple(
        read_alert(item, f"alerts[{index}]")
        for index, item in enumerate(listed[:MOST_ALERTS])
    )
    unread = len(listed) - len(alerts)
    group_key = text_of(document, "groupKey")
    return Notification(
        sender=sender,
        receiver=cut(_QUOTED.sub(r"\1", text_of(document, "receiver"))),
        group_key=cut(group_key),
        truncated_alerts=_truncated(document.get("truncatedAlerts"), unread),
        alerts=alerts,
        test=_is_test(group_key, alerts),
        external_url=address(document, "externalURL"),
    )


def read_alert(item: object, at: str) -> Alert:
    """One element of `alerts`, found at path `at`. Raises BadBody."""
    if not isinstance(item, dict):
        raise refuse(at, kind(item), "Send one object for each alert.")
    labels = text_map(item.get("labels"), f"{at}.labels")
    annotations = item.get("annotations")
    links = {name: address(item, field) for name, field in _LINKS.items()}
    return Alert(
        status=_status(item.get("status"), f"{at}.status"),
        labels=_cut_all(labels),
        annotations=(
            {}
            if annotations is None
            else _cut_all(text_map(annotations, f"{at}.annotations"))
        ),
        starts_at=_start(item.get("startsAt"), f"{at}.startsAt"),
        ends_at=_end(item.get("endsAt"), f"{at}.endsAt"),
        fingerprint=_fingerprint(item.get("fingerprint"), labels, at),
        links={name: link for name, link in links.items() if link},
    )


def fingerprint_of(labels: Mapping[str, str]) -> str:
    """Alertmanager's fingerprint: 64-bit FNV-1a over sorted names and values.

    Each name and each value is followed by the byte 0xFF. Grafana hashes its private
    labels too, so that its own fingerprints cannot be computed from a body.
    """
    digest = _FNV_OFFSET
    for name in sorted(labels, key=str.encode):
        for byte in name.encode() + b"\xff" + labels[name].encode() + b"\xff":
            digest = ((digest ^ byte) * _FNV_PRIME) & 0xFFFFFFFFFFFFFFFF
    return f"{digest:016x}"


def _cut_all(texts: Mapping[str, str]) -> dict[str, str]:
    return {cut(name): cut(value) for name, value in texts.items()}


def _status(value: object, at: str) -> Status:
    if value == "firing":
        return Status.FIRING
    if value == "resolved":
        return Status.RESOLVED
    found = "another string" if isinstance(value, str) else kind(value)
    raise refuse(at, found, 'Send "firing" or "resolved".')


def _start(value: object, at: str) -> datetime:
    start = moment(value, at)
    if start.year == 1:
        raise refuse(at, "the zero time", "Send the time at which the alert began.")
    return start


def _end(value: object, at: str) -> datetime | None:
    # Go's zero time stands for "still firing".
    if value is None or value == "":
        return None
    end = moment(value, at)
    return None if end.year == 1 else end


def _fingerprint(value: object, labels: Mapping[str, str], at: str) -> str:
    if value is None or value == "":
        return fingerprint_of(labels)
    if not isinstance(value, str):
        raise refuse(f"{at}.fingerprint", kind(value), "Send a string or leave it out.")
    if len(value) > LONGEST_ID:
        found = f"a string of more than {LONGEST_ID} characters"
        raise refuse(f"{at}.fingerprint", found, "Send 16 hex digits or leave it out.")
    return value


def _truncated(value: object, unread: int) -> int:
    if value is None:
        return unread
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        found = f"{kind(value)} that is no count"
        raise refuse("truncatedAlerts", found, "Send a whole number, 0 or more.")
    # No store takes more, and no group has as many.
    return min(value + unread, _MOST_TRUNCATED)


def _is_test(group_key: str, alerts: Sequence[Alert]) -> bool:
    """Whether somebody pressed "Test" in Grafana's contact point form.

    A test may carry any labels; its group key then tells, since every real one has
    the form `{...}:{...}`. Real alerts beside a test one keep the body real.
    """
    if ":{" not in group_key and _TEST_GROUP.fullmatch(group_key):
        return True
    return bool(alerts) and all(
        alert.name == "TestAlert" and alert.labels.get("instance") == "Grafana"
        for alert in alerts
    )
