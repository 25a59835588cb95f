"""Bodies of Grafana IRM's (and OnCall's) outgoing webhooks, full payload form."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from responder.incident.alert import Alert, Notification, Person, PersonAction
from responder.incident.names import Sender, Status
from responder.senders import grafana
from responder.senders.body import (
    LONGEST_ID,
    BadBody,
    address,
    cut,
    kind,
    moment,
    refuse,
    text_map,
    text_of,
)

_STATES = ("firing", "acknowledged", "silenced", "resolved")
_ACTIONS = {
    "acknowledge": PersonAction.ACKNOWLEDGED,
    "unacknowledge": PersonAction.UNACKNOWLEDGED,
    "resolve": PersonAction.RESOLVED,
    "unresolve": PersonAction.UNRESOLVED,
    "silence": PersonAction.SILENCED,
    "unsilence": PersonAction.UNSILENCED,
}
_REMEDY = (
    "This is no IRM outgoing webhook: let it forward the whole payload "
    "instead of a body template."
)


def parse(document: Mapping[str, object]) -> Notification:
    """What IRM says of one alert group (policy rule 18).

    The group's state decides, since `alert_payload` says firing even on a resolve.
    The alerts are those of the newest payload that can be read, else one alert made
    from the group itself: IRM never sends again, so that a payload which cannot be
    read must not lose the alert. Raises BadBody naming the field.
    """
    group = document.get("alert_group")
    if not isinstance(group, dict):
        found = kind(group) if "alert_group" in document else "nothing"
        raise refuse("alert_group", found, _REMEDY)
    state = _state(group.get("state"))
    group_id = text_of(group, "id") or text_of(document, "alert_group_id")
    if not group_id:
        raise refuse("alert_group.id", "no identity", _REMEDY)
    if len(group_id) > LONGEST_ID:
        found = f"a string of more than {LONGEST_ID} characters"
        raise refuse("alert_group.id", found, _REMEDY)
    inner = _inner(document, group) or Notification(
        sender=Sender.IRM, alerts=(_alert_of(group, group_id),)
    )
    permalinks = group.get("permalinks")
    web = address(permalinks, "web") if isinstance(permalinks, dict) else ""
    return replace(
        inner,
        alerts=_in_state(state, group, inner.alerts),
        may_open=state not in ("acknowledged", "silenced"),
        person=_person(document),
        alert_group=group_id,
        external_url=inner.external_url or web,
    )


def _state(value: object) -> str:
    if isinstance(value, str) and value in _STATES:
        return value
    found = "another string" if isinstance(value, str) else kind(value)
    raise refuse("alert_group.state", found, f"Send one of {', '.join(_STATES)}.")


def _inner(
    document: Mapping[str, object], group: Mapping[str, object]
) -> Notification | None:
    last = group.get("last_alert")
    newest = last.get("payload") if isinstance(last, dict) else None
    for payload in (newest, document.get("alert_payload")):
        if not isinstance(payload, dict):
            continue
        try:
            if payload.get("alerts"):
                return grafana.parse(payload, Sender.IRM)
            if isinstance(payload.get("labels"), dict):
                alert = grafana.read_alert(payload, "alert_payload")
                return Notification(sender=Sender.IRM, alerts=(alert,))
        except BadBody:
            continue
    return None


def _alert_of(group: Mapping[str, object], group_id: str) -> Alert:
    labels = dict(_group_labels(group.get("labels")))
    title = text_of(group, "title")
    if title:
        labels.setdefault("alertname", title)
    return Alert(
        status=Status.FIRING,
        labels={cut(name): cut(value) for name, value in labels.items()},
        starts_at=moment(group.get("created_at"), "alert_group.created_at"),
        fingerprint=f"irm-{group_id}",
    )


def _group_labels(value: object) -> dict[str, str]:
    """Labels as an object, or as an array where IRM's labels feature is off."""
    if value is None:
        return {}
    if not isinstance(value, list):
        return text_map(value, "alert_group.labels")
    pairs = (
        (_name(item, "key", index), _name(item, "value", index))
        for index, item in enumerate(value)
    )
    return dict(pairs)


def _name(item: object, part: str, index: int) -> str:
    inner = item.get(part) if isinstance(item, dict) else None
    name = inner.get("name") if isinstance(inner, dict) else None
    if not isinstance(name, str):
        at = f"alert_group.labels[{index}].{part}.name"
        raise refuse(at, kind(name), "Send a string.")
    return name


def _in_state(
    state: str, group: Mapping[str, object], alerts: tuple[Alert, ...]
) -> tuple[Alert, ...]:
    if state == "resolved":
        end = _moment_or_none(group.get("resolved_at"), "alert_group.resolved_at")
        return tuple(
            replace(alert, status=Status.RESOLVED, ends_at=alert.ends_at or end)
            for alert in alerts
        )
    if any(alert.status is Status.FIRING for alert in alerts):
        return alerts
    return tuple(replace(alert, status=Status.FIRING, ends_at=None) for alert in alerts)


def _person(document: Mapping[str, object]) -> Person | None:
    event = document.get("event")
    if not isinstance(event, dict):
        return None
    action = _ACTIONS.get(text_of(event, "type"))
    if action is None:
        return None
    user = document.get("user")
    silenced = action is PersonAction.SILENCED
    return Person(
        action=action,
        name=cut(text_of(user, "username")) if isinstance(user, dict) else "",
        at=_moment_or_none(event.get("time"), "event.time"),
        until=_moment_or_none(event.get("until"), "event.until") if silenced else None,
    )


def _moment_or_none(value: object, at: str) -> datetime | None:
    return None if value is None else moment(value, at)
