"""`responder connect` against a Grafana on a socket."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Typist
from tests.docs import ROOT, page
from tests.grafana_server import TOKEN, GrafanaServer

SECRET = "hmac-canary-0451"
CONFIG = """\
server: {{listen: "0.0.0.0:8080", public_url: "https://responder.example.net"}}
webhook_auth:
  - name: grafana
    senders: [grafana]
    hmac:
      secrets: ["${{GRAFANA_HMAC_SECRET}}"]
      timestamp_header: X-Grafana-Alerting-Timestamp
operator_auth: {{users: {{oncall: "${{ONCALL_PASSWORD}}"}}}}
logs: {{type: loki, url: "http://loki:3100"}}
grafana: {{url: "{url}", token: "${{GRAFANA_TOKEN}}"}}
rules:
  - name: pizza-factory
    match: [{{responder: jwt-pizza}}]
    checks:
      - {{name: links, query: '{{c="s"}} |= "/report/"', window: 10m, threshold: 1}}
      - {{name: errors, query: '{{level="error"}}', window: 5m, threshold: 5}}
"""


@pytest.fixture
def grafana() -> Iterator[GrafanaServer]:
    with GrafanaServer() as server:
        yield server


@pytest.fixture
def config(
    grafana: GrafanaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    monkeypatch.setenv("GRAFANA_HMAC_SECRET", SECRET)
    monkeypatch.setenv("ONCALL_PASSWORD", "oncall-canary")
    monkeypatch.setenv("GRAFANA_TOKEN", TOKEN)
    path = tmp_path / "responder.yaml"
    path.write_text(CONFIG.format(url=grafana.url))
    return path


def ours(grafana: GrafanaServer) -> list[dict[str, Any]]:
    return [p for p in grafana.world.points if p["type"] == "webhook"]


def rule(grafana: GrafanaServer, check: str) -> dict[str, Any]:
    (found,) = (r for r in grafana.world.rules if r["title"].endswith(check))
    return found


def test_without_apply_the_difference_is_shown_and_nothing_written(
    type_command: Typist, grafana: GrafanaServer, config: Path
) -> None:
    said = type_command("connect", "--config", config)
    assert said.status == 0
    assert "add our webhook to the contact point On call\n  +" in said.out
    assert "nothing was written: add --apply" in said.out
    assert grafana.wrote == []
    assert grafana.asked


def test_the_webhook_goes_beside_the_people_who_are_paged_today(
    type_command: Typist, grafana: GrafanaServer, config: Path
) -> None:
    assert type_command("connect", "--config", config, "--apply").status == 0
    assert [(p["name"], p["type"]) for p in grafana.world.points] == [
        ("On call", "oncall"),
        ("On call", "webhook"),
    ]
    assert ours(grafana)[0]["settings"] == {
        "url": "https://responder.example.net/webhooks/grafana",
        "httpMethod": "POST",
        "hmacConfig": {
            "secret": SECRET,
            "header": "X-Grafana-Alerting-Signature",
            "timestampHeader": "X-Grafana-Alerting-Timestamp",
        },
    }


def test_a_second_run_changes_nothing(
    type_command: Typist, grafana: GrafanaServer, config: Path
) -> None:
    first = type_command("connect", "--config", config, "--apply")
    assert "changes made" in first.out
    grafana.wrote.clear()
    second = type_command("connect", "--config", config, "--apply")
    assert (second.status, second.out) == (0, f"nothing to change at {grafana.url}\n")
    assert grafana.wrote == []


def test_all_that_is_written_stays_editable_and_no_policy_is(
    type_command: Typist, grafana: GrafanaServer, config: Path
) -> None:
    type_command("connect", "--config", config, "--apply")
    assert all(one.editable for one in grafana.wrote)
    assert [one.path for one in grafana.wrote if "policies" in one.path] == []


def test_a_rule_fires_when_the_check_would_confirm(
    type_command: Typist, grafana: GrafanaServer, config: Path
) -> None:
    type_command("connect", "--config", config, "--apply")
    made = rule(grafana, "errors")
    query, condition = made["data"]
    counted = 'sum(count_over_time({level="error"} [5m])) or vector(0)'
    assert query["model"]["expr"] == counted
    assert query["datasourceUid"] == "pizza-loki"
    assert condition["model"]["conditions"][0]["evaluator"] == {
        "type": "gt",
        "params": [4],
    }
    assert made["labels"] == {"severity": "critical", "responder": "jwt-pizza"}
    assert grafana.world.intervals == {("jwt-pizza", "jwt-pizza"): 10}


def test_the_dashboards_come_along(
    type_command: Typist, grafana: GrafanaServer, config: Path
) -> None:
    type_command("connect", "--config", config, "--apply")
    assert {"responder-on-call", "responder-service"} <= set(grafana.world.dashboards)


def test_no_secret_is_shown(
    type_command: Typist, grafana: GrafanaServer, config: Path
) -> None:
    said = type_command("connect", "--config", config, "--apply")
    again = type_command("connect", "--config", config, "--renew-secret")
    shown = said.out + said.err + again.out + again.err
    assert SECRET not in shown
    assert TOKEN not in shown
    assert "secret: '***'" in said.out


def test_a_webhook_that_somebody_spoilt_is_mended_and_keeps_the_rest(
    type_command: Typist, grafana: GrafanaServer, config: Path
) -> None:
    type_command("connect", "--config", config, "--apply")
    (mine,) = ours(grafana)
    mine["disableResolveMessage"] = True
    mine["settings"] |= {"maxAlerts": 1, "title": "kept"}
    del mine["settings"]["hmacConfig"]["timestampHeader"]
    said = type_command("connect", "--config", config, "--apply")
    assert "  +    timestampHeader: X-Grafana-Alerting-Timestamp\n" in said.out
    (mended,) = ours(grafana)
    assert mended["disableResolveMessage"] is False
    assert mended["settings"]["maxAlerts"] == 0
    assert mended["settings"]["title"] == "kept"
    assert mended["settings"]["hmacConfig"]["timestampHeader"].endswith("Timestamp")


def test_what_people_changed_of_a_rule_is_theirs(
    type_command: Typist, grafana: GrafanaServer, config: Path
) -> None:
    type_command("connect", "--config", config, "--apply")
    made = rule(grafana, "errors")
    made["annotations"] = {"summary": "in our words"}
    made["labels"]["team"] = "pizza"
    grafana.world.intervals["jwt-pizza", "jwt-pizza"] = 60
    grafana.wrote.clear()
    type_command("connect", "--config", config, "--apply")
    assert grafana.wrote == []


def test_a_changed_threshold_changes_the_rule_and_nothing_else_of_it(
    type_command: Typist, grafana: GrafanaServer, config: Path
) -> None:
    type_command("connect", "--config", config, "--apply")
    rule(grafana, "errors")["annotations"] = {"summary": "in our words"}
    config.write_text(config.read_text().replace("threshold: 5", "threshold: 9"))
    said = type_command("connect", "--config", config, "--apply")
    assert "change the rule pizza-factory: errors" in said.out
    made = rule(grafana, "errors")
    assert made["data"][1]["model"]["conditions"][0]["evaluator"]["params"] == [8]
    assert made["annotations"] == {"summary": "in our words"}
    assert len(grafana.world.rules) == 2


def test_a_rule_of_peoples_own_keeps_its_contact_point_and_gets_ours_in_it(
    type_command: Typist, grafana: GrafanaServer, config: Path
) -> None:
    world = grafana.world
    world.points.append(
        {"uid": "mail", "name": "Pizza", "type": "email", "settings": {}}
    )
    world.folders["f"] = "Ours"
    world.intervals["f", "g"] = 60
    world.rules.append(
        {
            "uid": "own",
            "title": "Order errors",
            "folderUID": "f",
            "ruleGroup": "g",
            "labels": {"responder": "jwt-pizza"},
            "data": [],
            "noDataState": "OK",
            "for": "0s",
            "notification_settings": {"receiver": "Pizza"},
        }
    )
    type_command("connect", "--config", config, "--apply")
    assert {p["name"] for p in ours(grafana)} == {"Pizza", "On call"}


def test_the_contact_point_can_be_named(
    type_command: Typist, grafana: GrafanaServer, config: Path
) -> None:
    typed = ("connect", "--config", config, "--apply", "--contact-point", "Night")
    type_command(*typed)
    assert [p["name"] for p in ours(grafana)] == ["Night"]


def test_the_files_of_the_kit_say_what_it_writes(
    type_command: Typist, grafana: GrafanaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAFANA_URL", grafana.url)
    monkeypatch.setenv("GRAFANA_TOKEN", TOKEN)
    monkeypatch.setenv("GRAFANA_HMAC_SECRET", "$RESPONDER_HMAC_SECRET")
    monkeypatch.setenv("PUBLIC_URL", "https://responder.example.net")
    said = type_command(
        "connect", "--config", ROOT / "responder.example.yaml", "--apply"
    )
    assert said.status == 0
    bodies = {one.path.rpartition("/")[2]: one.body for one in grafana.wrote}
    rules = json.loads(page("grafana/api/alert-rules.json"))
    assert bodies["jwt-pizza"] == {**rules, "interval": 10}
    point = json.loads(page("grafana/api/contact-point.json"))
    point["settings"]["url"] = "https://responder.example.net/webhooks/grafana"
    assert bodies["contact-points"] == {**point, "name": "On call"}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((401, {"message": "no"}), "grafana.token is not accepted"),
        ((403, {"message": "no"}), "give the service account the role Admin"),
        ((500, {"message": "broken"}), "HTTP 500 to GET /api/health: broken"),
        ((200, [1]), "have an unknown shape"),
    ],
)
def test_what_grafana_refuses_is_one_line(
    type_command: Typist,
    grafana: GrafanaServer,
    config: Path,
    answer: tuple[int, Any],
    told: str,
) -> None:
    grafana.refusing = answer
    said = type_command("connect", "--config", config, "--apply")
    assert said.status == 1
    (line,) = said.complaints
    assert told in line


def test_two_lokis_are_not_guessed_between(
    type_command: Typist, grafana: GrafanaServer, config: Path
) -> None:
    other = {"uid": "other", "name": "Other", "type": "loki", "url": "http://o:1"}
    grafana.world.sources.append(other)
    said = type_command("connect", "--config", config)
    assert said.complaints == [
        "responder: name one by --datasource: pizza-loki (Loki), other (Other)"
    ]
    named = type_command("connect", "--config", config, "--datasource", "other")
    assert "datasourceUid: other" in named.out


def test_without_a_token_it_prints_what_to_type(
    type_command: Typist, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRAFANA_TOKEN")
    said = type_command("connect", "--config", config)
    assert said.status == 0
    assert "URL                       https://responder.example.net/webh" in said.out
    assert "Timestamp header        X-Grafana-Alerting-Timestamp" in said.out
    assert "Labels                  severity = critical, responder = jwt" in said.out
    assert SECRET not in said.out


def test_a_rule_that_only_takes_one_name_cannot_be_fed_and_says_how(
    type_command: Typist, config: Path
) -> None:
    named = config.read_text().replace("responder: jwt-pizza", "alertname: Errors")
    config.write_text(named)
    said = type_command("connect", "--config", config)
    assert said.status == 1
    assert "add to its match: - {responder: pizza-factory}" in said.complaints[0]


def test_rules_that_all_watch_the_logs_need_no_address_of_ours(
    type_command: Typist, grafana: GrafanaServer, config: Path
) -> None:
    address = ', public_url: "https://responder.example.net"'
    text = config.read_text()
    assert address in text
    config.write_text(text.replace(address, ""))
    refused = type_command("connect", "--config", config, "--apply")
    assert refused.status == 1
    assert "server.public_url is not set" in refused.err
    assert "With a watch on every rule" in refused.err
    named = "  - name: pizza-factory\n"
    text = config.read_text().replace(named, f"{named}    watch: 10s\n")
    config.write_text(text)

    assert type_command("connect", "--config", config, "--apply").status == 0

    assert ours(grafana) == []
    assert rule(grafana, "errors")["labels"]["responder"] == "jwt-pizza"
    again = type_command("connect", "--config", config, "--apply")
    assert "nothing to change" in again.out
