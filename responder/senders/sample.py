"""Valid webhook bodies to try a rule with, and the labels that the rule takes."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from responder.incident.names import Sender, Status
from responder.incident.rule import Rule
from responder.senders.grafana import fingerprint_of

_ADDRESS = "https://grafana.example.net/"
_SAMPLE_NAME = "Responder sample"
_ZERO_TIME = "0001-01-01T00:00:00Z"
# For conditions that only exclude: absent first, since most labels may be.
_ANYTHING = ("", "sample", "other", "a", "1")
# Simplifications of an expression, in order, towards one text that it matches.
_SIMPLER = (
    (re.compile(r"\(\?(?::|i\)|P<\w+>)"), "("),
    (re.compile(r"[\^$]"), ""),
    (re.compile(r"\[([^\]])[^\]]*\]"), r"\1"),
    (re.compile(r"\\d"), "1"),
    (re.compile(r"\\[wS]"), "a"),
    (re.compile(r"\.[*?]"), ""),
    (re.compile(r"\.\+?"), "a"),
    (re.compile(r"(?<=.)[+*?]"), ""),
)
_INNERMOST_GROUP = re.compile(r"\(([^()|]*)(?:\|[^()]*)?\)")
_ESCAPED = re.compile(r"\\([^\w\s])")
_PRIVATE_USE = 0xE000
_SET_ASIDE = re.compile("[\ue000-\ue0ff]")


class Condition(Protocol):
    """One label condition, of a rule or of a log query."""

    @property
    def label(self) -> str: ...

    @property
    def op(self) -> str: ...

    @property
    def value(self) -> str: ...

    def holds(self, labels: Mapping[str, str]) -> bool: ...


def body(
    sender: Sender,
    labels: Mapping[str, str],
    now: datetime,
    status: Status = Status.FIRING,
    starts_at: datetime | None = None,
) -> dict[str, object]:
    """A body as `sender` would send it at `now`, of one alert with these labels.

    Grafana's version 1, Alertmanager's version 4, or IRM's `alert group created`
    (for a resolved status `resolve`) around a Grafana body. `starts_at` is `now`
    unless given.
    """
    start = starts_at or now
    if sender is Sender.ALERTMANAGER:
        return _alertmanager(labels, now, status, start)
    inner = _grafana(labels, now, status, start)
    return inner if sender is Sender.GRAFANA else _irm(inner, now, start)


def labels_for(rule: Rule) -> dict[str, str]:
    """Labels that the rule's first alternative takes, with an `alertname`.

    Raises ValueError naming the label for which no value was found.
    """
    alternative = rule.match[0] if rule.match else ()
    labels: dict[str, str] = {}
    for name in dict.fromkeys(matcher.label for matcher in alternative):
        ours = [m for m in alternative if m.label == name]
        value = value_for(ours, f"rule {rule.name}")
        if value:
            labels[name] = value
    named = {"alertname": _SAMPLE_NAME, **labels}
    return named if rule.takes(named) else labels


def value_for(matchers: Sequence[Condition], whose: str) -> str:
    """A value for which these conditions on one label all hold; "" is none at all.

    Raises ValueError, naming `whose` they are, if none was found.
    """
    label = matchers[0].label
    wanted = [text for m in matchers for text in literals(m.op, m.value)]
    for value in (*wanted, *_ANYTHING):
        if all(matcher.holds({label: value}) for matcher in matchers):
            return value
    conditions = ", ".join(f"{m.op}{m.value}" for m in matchers)
    raise ValueError(
        f"{whose}: no sample value found for the label {label} ({conditions}); "
        "take a recorded body instead, or list plain values such as =~a|b"
    )


def literals(op: str, value: str) -> list[str]:
    """Texts that a condition may take: its value, or the alternatives of it."""
    if op == "=":
        return [value]
    if op != "=~":
        return []
    # Escaped signs are set aside, so that they are not taken for operators.
    simple = _ESCAPED.sub(lambda m: chr(_PRIVATE_USE + ord(m[1]) % 256), value)
    for pattern, replacement in _SIMPLER:
        simple = pattern.sub(replacement, simple)
    parts = simple.split("|")
    while (flat := _INNERMOST_GROUP.sub(r"\1", simple)) != simple:
        simple = flat
    parts += simple.split("|")
    back = [_SET_ASIDE.sub(lambda m: chr(ord(m[0]) - _PRIVATE_USE), p) for p in parts]
    # An absent label is "": what the expression names is the better sample.
    return [text for text in (*value.split("|"), *back) if text]


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _alert(
    labels: Mapping[str, str], now: datetime, status: Status, start: datetime
) -> dict[str, object]:
    return {
        "status": str(status),
        "labels": dict(labels),
        "annotations": {"summary": "A sample made by responder sample"},
        "startsAt": _time(start),
        "endsAt": _ZERO_TIME if status is Status.FIRING else _time(now),
        "generatorURL": f"{_ADDRESS}alerting/grafana/sample/view?orgId=1",
        "fingerprint": fingerprint_of(labels),
    }


def _envelope(labels: Mapping[str, str], status: Status) -> dict[str, object]:
    name = labels.get("alertname", "")
    return {
        "receiver": "responder",
        "status": str(status),
        "groupLabels": {"alertname": name} if name else {},
        "commonLabels": dict(labels),
        "commonAnnotations": {},
        "externalURL": _ADDRESS,
        "groupKey": f'{{}}:{{alertname="{name}"}}',
        "truncatedAlerts": 0,
    }


def _alertmanager(
    labels: Mapping[str, str], now: datetime, status: Status, start: datetime
) -> dict[str, object]:
    return {
        "version": "4",
        **_envelope(labels, status),
        "alerts": [_alert(labels, now, status, start)],
    }


def _grafana(
    labels: Mapping[str, str], now: datetime, status: Status, start: datetime
) -> dict[str, object]:
    firing = status is Status.FIRING
    more = {
        "silenceURL": f"{_ADDRESS}alerting/silence/new?alertmanager=grafana",
        "dashboardURL": "",
        "panelURL": "",
        "values": {"A": 14, "C": 1} if firing else None,
        "valueString": "[ var='A' labels={} value=14 ]" if firing else "",
        "orgId": 1,
    }
    name = labels.get("alertname", "")
    return {
        **_envelope(labels, status),
        "alerts": [{**_alert(labels, now, status, start), **more}],
        "version": "1",
        "orgId": 1,
        "title": f"[{status.upper()}:1] {name}",
        "state": "alerting" if firing else "ok",
        "message": "A sample made by responder sample",
    }


def _irm(inner: dict[str, object], now: datetime, start: datetime) -> dict[str, object]:
    firing = inner["status"] == Status.FIRING
    payload = {**inner, "numFiring": int(firing), "numResolved": int(not firing)}
    group = _alert_group(payload, start + timedelta(seconds=1), None if firing else now)
    kind = "alert group created" if firing else "resolve"
    return {
        "event": {"type": kind, "time": _time(now)},
        "user": None,
        "alert_group": group,
        "alert_group_id": group["id"],
        "alert_payload": payload,
        "integration": {"id": "SAMPLE", "type": "grafana_alerting", "name": "sample"},
        "notified_users": [],
        "users_to_be_notified": [],
    }


def _alert_group(
    payload: dict[str, object], created: datetime, resolved: datetime | None
) -> dict[str, object]:
    labels = payload["commonLabels"]
    assert isinstance(labels, dict)
    group_id = f"SAMPLE{fingerprint_of(labels)[:8].upper()}"
    last = {"id": "A1", "alert_group_id": group_id, "created_at": _time(created)}
    return {
        "id": group_id,
        "integration_id": "SAMPLE",
        "alerts_count": 1,
        "state": "resolved" if resolved else "firing",
        "created_at": _time(created),
        "resolved_at": _time(resolved) if resolved else None,
        "acknowledged_at": None,
        "silenced_at": None,
        "title": labels.get("alertname", ""),
        "permalinks": {"web": f"{_ADDRESS}a/grafana-irm-app/alert-groups/{group_id}"},
        "labels": {},
        "last_alert": {**last, "payload": payload},
    }
