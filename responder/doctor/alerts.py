"""The alerts about Responder in the forms of Grafana and of Prometheus.

Field names are Grafana's (provisioning files and HTTP API, since 9.1) and Prometheus'.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from responder.grafana.watches import WATCHES, Watch

FOLDER = "Responder"
GROUP = "responder"
EVERY = timedelta(minutes=1)
"""Grafana Cloud takes no less."""
PROMETHEUS_UID = "pizza-prom"
LOKI_UID = "pizza-loki"
HEARTBEAT_RECEIVER = "responder-heartbeat"
RUNBOOK = "https://responder.example.net/runbook"
"""Where each service serves its own runbook: `<public_url>/runbook`."""

Form = dict[str, Any]


def uid_of(name: str) -> str:
    """`ResponderNoWebhook` is `responder_no_webhook`: at most 40 characters."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def runbook_url(base: str, name: str) -> str:
    """The runbook's entry for an alert, under its base address."""
    return f"{base}#{name.lower()}"


def grafana_rules(
    *,
    datasource: str = PROMETHEUS_UID,
    runbook: str = RUNBOOK,
    watches: Sequence[Watch] = WATCHES,
) -> list[Form]:
    """The rules as both files and the API write them, without folder and group."""
    return [_grafana_rule(watch, datasource, runbook) for watch in watches]


def heartbeat_rule(*, datasource: str = LOKI_UID, runbook: str = RUNBOOK) -> Form:
    """A rule that always fires, by way of the data source that the real rules ask.

    It goes to a contact point of its own: it is nobody's page.
    """
    name = "ResponderHeartbeat"
    source = {
        "refId": "A",
        "queryType": "instant",
        "datasourceUid": datasource,
        "relativeTimeRange": {"from": 300, "to": 0},
        "model": {
            "refId": "A",
            "queryType": "instant",
            "editorMode": "code",
            "expr": "vector(1)",
        },
    }
    return {
        **_rule(name, timedelta(), [source, above(0)]),
        "annotations": {
            "summary": "Always fires, so that Responder knows that it is heard.",
            "runbook_url": runbook_url(runbook, "ResponderNoHeartbeat"),
        },
        "labels": {"heartbeat": "true"},
        "notification_settings": {
            "receiver": HEARTBEAT_RECEIVER,
            "group_wait": "0s",
            "group_interval": "1m",
            "repeat_interval": "5m",
        },
    }


def heartbeat_contact_point() -> Form:
    """Responder alone, for the heartbeat: signed as everything else."""
    return {
        "uid": "responder_heartbeat",
        "type": "webhook",
        "disableResolveMessage": False,
        "settings": {
            "url": "$RESPONDER_URL/webhooks/grafana",
            "httpMethod": "POST",
            "hmacConfig": {
                "secret": "$RESPONDER_HMAC_SECRET",
                "header": "X-Grafana-Alerting-Signature",
                "timestampHeader": "X-Grafana-Alerting-Timestamp",
            },
        },
    }


def provisioning_file(
    rules: Sequence[Form], *, group: str = GROUP, **others: Any
) -> Form:
    """The rules as a file under `provisioning/alerting/`."""
    wrapped = {
        "orgId": 1,
        "name": group,
        "folder": FOLDER,
        "interval": length(EVERY),
        "rules": list(rules),
    }
    return {"apiVersion": 1, **others, "groups": [wrapped]}


def api_group(rules: Sequence[Form], folder_uid: str, *, group: str = GROUP) -> Form:
    """The body of `PUT /api/v1/provisioning/folder/<uid>/rule-groups/<group>`."""
    placed = {"orgID": 1, "folderUID": folder_uid, "ruleGroup": group}
    return {
        "title": group,
        "folderUid": folder_uid,
        "interval": int(EVERY.total_seconds()),
        "rules": [{**rule, **placed} for rule in rules],
    }


def prometheus_file(*, runbook: str = RUNBOOK) -> Form:
    """The rules as a file that Prometheus loads."""
    rules = [
        {
            "alert": watch.name,
            "expr": f"{watch.expr} > {watch.above:g}",
            **({"for": length(watch.lasting)} if watch.lasting else {}),
            "labels": _labels(watch),
            "annotations": _annotations(watch, runbook),
        }
        for watch in WATCHES
    ]
    return {"groups": [{"name": GROUP, "rules": rules}]}


def _grafana_rule(watch: Watch, datasource: str, runbook: str) -> Form:
    source = {
        "refId": "A",
        "datasourceUid": datasource,
        "relativeTimeRange": {"from": 600, "to": 0},
        "model": {
            "refId": "A",
            "instant": True,
            "range": False,
            "editorMode": "code",
            "expr": watch.expr,
        },
    }
    return {
        **_rule(watch.name, watch.lasting, [source, above(watch.above)]),
        "annotations": _annotations(watch, runbook),
        "labels": _labels(watch),
    }


def _rule(name: str, lasting: timedelta, data: Sequence[Form]) -> Form:
    return {
        "uid": uid_of(name),
        "title": name,
        "condition": "C",
        "data": list(data),
        "noDataState": "OK",
        # A Prometheus that is away must not page for each rule: it has its own alert.
        "execErrState": "OK",
        "for": length(lasting),
        "isPaused": False,
    }


def above(limit: float) -> Form:
    expression = {"type": "__expr__", "uid": "__expr__"}
    return {
        "refId": "C",
        "datasourceUid": "__expr__",
        "relativeTimeRange": {"from": 0, "to": 0},
        "model": {
            "refId": "C",
            "type": "threshold",
            "datasource": expression,
            "expression": "A",
            "conditions": [{"evaluator": {"type": "gt", "params": [limit]}}],
        },
    }


def _labels(watch: Watch) -> Mapping[str, str]:
    # Not the label by which a rule of Responder takes alerts.
    return {"service": "responder", "severity": watch.severity}


def _annotations(watch: Watch, runbook: str) -> Mapping[str, str]:
    return {
        "summary": watch.summary,
        "runbook_url": runbook_url(runbook, watch.name),
    }


def length(span: timedelta) -> str:
    """`90 min` as `90m`: what both programs read."""
    seconds = int(span.total_seconds())
    for size, unit in ((3600, "h"), (60, "m")):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
