"""Alert rules and dashboards about Responder itself, for Grafana and Prometheus."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib import resources
from typing import Any

# What is worth an alert about Responder itself: one table for every form of it.

NEVER = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAlert:
    """One alert: it fires once `expr` (PromQL) was above `above` for `lasting`.

    No data is no alarm. Each replica exports the same rows of storage, so those are
    read by `max`. `summary` may hold `{{ $labels.rule }}`; both Grafana and
    Prometheus fill it in.
    """

    name: str
    expr: str
    above: float
    lasting: timedelta = NEVER
    severity: str = "warning"
    summary: str


WATCHES = (
    OwnAlert(
        name="ResponderNeedsHuman",
        expr='max by (rule) (responder_incidents{state="needs_human"})',
        above=0,
        severity="critical",
        summary="An incident of {{ $labels.rule }} waits for a person.",
    ),
    OwnAlert(
        name="ResponderNoWebhook",
        # Since the storage began, where none was ever heard.
        expr="time() - (max(responder_last_webhook_timestamp_seconds > 0)"
        " or max(responder_storage_since_timestamp_seconds))",
        above=86400,
        summary="No webhook was heard for a day: alerts may not reach Responder.",
    ),
    OwnAlert(
        name="ResponderNoHeartbeat",
        # Only once one was heard: without the rule in Grafana there is none to miss.
        expr="time() - max(responder_last_heartbeat_timestamp_seconds > 0)",
        above=900,
        severity="critical",
        summary="Grafana's heartbeat stopped: alerts do not reach Responder.",
    ),
    OwnAlert(
        name="ResponderEvidenceUnreadable",
        expr="sum by (reason) (increase("
        'responder_dependency_failures_total{dependency="logs"}[5m]))',
        above=0,
        lasting=timedelta(minutes=1),
        summary="The logs could not be counted: {{ $labels.reason }}.",
    ),
    OwnAlert(
        name="ResponderReportsFailing",
        expr="sum by (rule) (increase(responder_reports_total"
        '{outcome!~"resolved|nothing_to_resolve"}[10m]))',
        # One may fail and is tried again; `increase` tells it as a little more than 1.
        above=1.5,
        summary="Reports of {{ $labels.rule }} fail at the factory.",
    ),
    OwnAlert(
        name="ResponderBreakerOpen",
        expr="max(responder_breaker_open)",
        above=0,
        severity="critical",
        summary="All reports of this hour are used: none leaves until the hour frees.",
    ),
    OwnAlert(
        name="ResponderPausedTooLong",
        expr="max(responder_paused)",
        above=0,
        lasting=timedelta(hours=2),
        summary="Automatic reports are paused for two hours.",
    ),
    OwnAlert(
        name="ResponderIncidentStuck",
        expr="max by (rule) (responder_open_incident_seconds)",
        above=7200,
        summary="An incident of {{ $labels.rule }} is open for two hours.",
    ),
    OwnAlert(
        name="ResponderWorkOverdue",
        expr="max(responder_due_lag_seconds)",
        above=30,
        lasting=timedelta(minutes=1),
        severity="critical",
        summary="An incident is due and nobody works on it.",
    ),
    OwnAlert(
        name="ResponderSpooling",
        expr="sum(responder_spooled_deliveries)",
        above=0,
        lasting=timedelta(minutes=1),
        severity="critical",
        summary="Deliveries wait on disk because the database takes none.",
    ),
    OwnAlert(
        name="ResponderStorageUnreadable",
        expr="1 - min(responder_storage_readable)",
        above=0,
        lasting=timedelta(minutes=1),
        severity="critical",
        summary="A replica cannot read its database.",
    ),
    OwnAlert(
        name="ResponderDown",
        expr="absent(responder_build_info)",
        above=0,
        lasting=timedelta(minutes=2),
        severity="critical",
        summary="No replica of Responder answers the scraper.",
    ),
)


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
    watches: Sequence[OwnAlert] = WATCHES,
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


def _grafana_rule(watch: OwnAlert, datasource: str, runbook: str) -> Form:
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


def _labels(watch: OwnAlert) -> Mapping[str, str]:
    # Not the label by which a rule of Responder takes alerts.
    return {"service": "responder", "severity": watch.severity}


def _annotations(watch: OwnAlert, runbook: str) -> Mapping[str, str]:
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


# The dashboards that come with Responder.


def dashboards(*, datasource: str = PROMETHEUS_UID) -> dict[str, dict[str, Any]]:
    """Each dashboard by its uid, asking this Prometheus until another is chosen.

    As `POST /api/dashboards/db` takes them under the key `dashboard`.
    """
    folder = resources.files(__package__) / "dashboards"
    texts = [file.read_text("utf-8") for file in folder.iterdir()]
    boards = [json.loads(text) for text in texts]
    for board in boards:
        for variable in board["templating"]["list"]:
            if variable["type"] == "datasource" and datasource != PROMETHEUS_UID:
                variable["current"] = {"text": datasource, "value": datasource}
    return {board["uid"]: board for board in sorted(boards, key=lambda b: b["uid"])}
