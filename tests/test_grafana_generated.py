"""What is generated for Grafana is what its code says today, and fits Responder."""

import json
from typing import Any

import pytest
import yaml

from grafana.build import kit
from responder.doctor.alerts import WATCHES, OwnAlert, dashboards
from responder.incident.alert import Delivery
from responder.incident.names import Sender, Verdict
from responder.incident.triage import TriageContext, triage
from responder.senders import grafana as sender
from tests.docs import ROOT, page
from tests.fakes import NOON
from tests.web_parts import RULE, alert, notification

KIT = kit()
every_watch = pytest.mark.parametrize("watch", WATCHES, ids=lambda watch: watch.name)


@pytest.mark.parametrize("path", KIT)
def test_a_generated_file_is_as_its_code_would_write_it(path: str) -> None:
    assert page(path) == KIT[path], "make kit writes it anew"


def test_nothing_that_was_generated_is_left_behind() -> None:
    folders = ("grafana/api", "grafana/dashboards", "responder/doctor/dashboards")
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).glob("*.json")
    }
    assert found <= set(KIT)


def rules(path: str) -> dict[str, dict[str, Any]]:
    """Grafana's rules of a file, by title."""
    document = yaml.safe_load(page(path))
    (group,) = document.get("groups", [document])
    return {rule["title"]: rule for rule in group["rules"]}


PROVISIONED = rules("grafana/responder-alerts.yaml")
SENT = rules("grafana/api/responder-alerts.json")


@every_watch
@pytest.mark.parametrize("forms", [PROVISIONED, SENT], ids=["file", "api"])
def test_grafana_asks_the_same_as_prometheus(
    forms: dict[str, dict[str, Any]], watch: OwnAlert
) -> None:
    asked, judged = forms[watch.name]["data"]

    assert asked["model"]["expr"] == watch.expr
    assert judged["model"]["expression"] == asked["refId"]
    (condition,) = judged["model"]["conditions"]
    assert condition["evaluator"] == {"type": "gt", "params": [watch.above]}
    assert forms[watch.name]["condition"] == judged["refId"]


def test_both_forms_have_every_alert() -> None:
    assert set(PROVISIONED) == set(SENT) == {watch.name for watch in WATCHES}


@every_watch
def test_an_alert_leads_to_its_entry_in_the_runbook(watch: OwnAlert) -> None:
    url = PROVISIONED[watch.name]["annotations"]["runbook_url"]

    assert url == f"https://responder.example.net/runbook#{watch.name.lower()}"


def test_no_uid_of_all_the_rules_is_used_twice_or_too_long() -> None:
    heartbeat = rules("grafana/heartbeat.yaml")
    uids = [rule["uid"] for rule in (*PROVISIONED.values(), *heartbeat.values())]

    assert len(set(uids)) == len(uids)
    assert max(map(len, uids)) <= 40


def test_the_api_s_group_counts_its_interval_in_seconds() -> None:
    group = json.loads(page("grafana/api/responder-alerts.json"))

    assert group["interval"] == 60
    assert {rule["ruleGroup"] for rule in group["rules"]} == {group["title"]}
    assert {rule["folderUID"] for rule in group["rules"]} == {group["folderUid"]}


def verdict(labels: dict[str, str]) -> Verdict:
    """What Responder makes of an alert, with a rule that takes everything."""
    told = sender.parse(notification(alert(labels=labels)), Sender.GRAFANA)
    delivery = Delivery(
        id="d", received_at=NOON, notification=told, credential="grafana", body=""
    )
    (said,) = triage(delivery, [RULE], TriageContext(), lambda: "01k9a").verdicts
    return said.verdict


def test_the_heartbeat_is_known_before_any_rule_and_pages_nobody() -> None:
    document = yaml.safe_load(page("grafana/heartbeat.yaml"))
    (rule,) = rules("grafana/heartbeat.yaml").values()
    (point,) = document["contactPoints"]

    assert RULE.takes(rule["labels"])
    assert verdict({"alertname": rule["title"], **rule["labels"]}) is Verdict.HEARTBEAT
    assert rule["notification_settings"]["receiver"] == point["name"]
    assert [receiver["type"] for receiver in point["receivers"]] == ["webhook"]


def test_the_heartbeat_goes_the_way_of_the_real_alerts() -> None:
    (beat,) = rules("grafana/heartbeat.yaml").values()
    real = rules("grafana/alert-rules.yaml")

    sources = {rule["data"][0]["datasourceUid"] for rule in (beat, *real.values())}
    assert sources == {"pizza-loki"}


@every_watch
def test_an_alert_about_responder_is_no_fault_of_the_factory(watch: OwnAlert) -> None:
    (example,) = yaml.safe_load(page("responder.example.yaml"))["rules"]
    labels = PROVISIONED[watch.name]["labels"]

    assert not any(set(one) & set(labels) >= set(one) for one in example["match"])


def asked_first(board: dict[str, Any]) -> list[str]:
    """The data sources that a dashboard begins with."""
    variables = board["templating"]["list"]
    return [v["current"]["value"] for v in variables if v["type"] == "datasource"]


def test_the_package_brings_the_dashboards_along() -> None:
    brought = dashboards()

    assert list(brought) == ["responder-on-call", "responder-service"]
    assert brought["responder-service"] == json.loads(
        page("grafana/dashboards/service.json")
    )


def test_the_dashboards_ask_the_prometheus_that_is_named() -> None:
    boards = dashboards(datasource="grafanacloud-prom").values()

    assert [asked_first(board) for board in boards] == [["grafanacloud-prom"]] * 2
