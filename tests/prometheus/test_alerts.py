"""Each alert about Responder fires when it should and stays silent when it should not.

Judged by `promtool test rules`: numbers once a minute, alerts asked for at a minute.
"""

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs import ROOT

FILE = ROOT / "grafana" / "prometheus" / "responder-alerts.yml"
RULES: dict[str, dict[str, Any]] = {
    rule["alert"]: rule
    for group in yaml.safe_load(FILE.read_text("utf-8"))["groups"]
    for rule in group["rules"]
}
RULE = {"rule": "pizza-factory"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Series by minute, and whether the alert fires at a minute."""

    alert: str
    series: dict[str, str]
    minute: int
    fires: bool = True
    labels: dict[str, str] = field(default_factory=dict)
    about: str


def waiting(*replicas: str) -> dict[str, str]:
    of = 'responder_incidents{rule="pizza-factory",state="needs_human",instance="%s"}'
    return {of % number: values for number, values in enumerate(replicas)}


def failing(outcome: str) -> str:
    return f'responder_reports_total{{rule="pizza-factory",outcome="{outcome}"}}'


UNREADABLE = (
    'responder_dependency_failures_total{dependency="logs",reason="unauthorized"}'
)
OPEN = 'responder_open_incident_seconds{rule="pizza-factory"}'
HEARD = "responder_last_webhook_timestamp_seconds"
BEAT = "responder_last_heartbeat_timestamp_seconds"
SINCE = "responder_storage_since_timestamp_seconds"
DAY = 24 * 60


def fires(alert: str, minute: int, about: str, **series: str) -> Case:
    return Case(alert=alert, minute=minute, about=about, series=series)


def silent(alert: str, minute: int, about: str, **series: str) -> Case:
    return Case(alert=alert, minute=minute, about=about, series=series, fires=False)


CASES = (
    Case(
        alert="ResponderNeedsHuman",
        about="once, though two replicas tell of it",
        series=waiting("0 1 1", "0 1 1"),
        minute=2,
        labels=RULE,
    ),
    Case(
        alert="ResponderNeedsHuman",
        about="nobody waits",
        series=waiting("0 0 0"),
        minute=2,
        fires=False,
    ),
    fires(
        "ResponderNoWebhook",
        DAY + 12,
        "the last one was heard at minute 10",
        **{HEARD: f"600x{DAY + 20}", SINCE: f"1x{DAY + 20}"},
    ),
    fires(
        "ResponderNoWebhook",
        DAY + 2,
        "none was ever heard",
        **{HEARD: f"0x{DAY + 20}", SINCE: f"1x{DAY + 20}"},
    ),
    silent(
        "ResponderNoWebhook",
        DAY + 12,
        "one replica heard one lately",
        **{
            f'{HEARD}{{instance="0"}}': f"600x{DAY + 20}",
            f'{HEARD}{{instance="1"}}': f"80000x{DAY + 20}",
        },
    ),
    fires("ResponderNoHeartbeat", 17, "the last was at minute 1", **{BEAT: "60x20"}),
    silent("ResponderNoHeartbeat", 15, "the last was at minute 1", **{BEAT: "60x20"}),
    silent("ResponderNoHeartbeat", 20, "there never was one", **{BEAT: "0x30"}),
    Case(
        alert="ResponderEvidenceUnreadable",
        about="it failed at the third minute",
        series={UNREADABLE: "0 0 0 3 6 9 9"},
        minute=5,
        labels={"reason": "unauthorized"},
    ),
    Case(
        alert="ResponderEvidenceUnreadable",
        about="it is long ago",
        series={UNREADABLE: "0 0 3 3x20"},
        minute=20,
        fires=False,
    ),
    Case(
        alert="ResponderReportsFailing",
        about="two failed, each in its own way",
        series={failing("refused"): "0 0 1 1x9", failing("unreachable"): "0 0 0 1x9"},
        minute=8,
        labels=RULE,
    ),
    silent(
        "ResponderReportsFailing",
        12,
        "one failed and was tried again",
        **{failing("refused"): "0 0 1x20", failing("resolved"): "0 0 0 1x20"},
    ),
    fires("ResponderBreakerOpen", 1, "open", responder_breaker_open="0 1"),
    silent("ResponderBreakerOpen", 2, "closed again", responder_breaker_open="0 1 0"),
    fires("ResponderPausedTooLong", 125, "two hours", responder_paused="0 1x140"),
    silent("ResponderPausedTooLong", 60, "an hour", responder_paused="0 1x140"),
    Case(
        alert="ResponderIncidentStuck",
        about="open for more than two hours",
        series={OPEN: "0+60x140"},
        minute=121,
        labels=RULE,
    ),
    silent("ResponderIncidentStuck", 100, "not yet", **{OPEN: "0+60x140"}),
    fires("ResponderWorkOverdue", 4, "overdue", responder_due_lag_seconds="0 40 99x9"),
    silent("ResponderWorkOverdue", 4, "soon", responder_due_lag_seconds="0 40 0x9"),
    fires("ResponderSpooling", 4, "waiting", responder_spooled_deliveries="0 1 2x9"),
    silent("ResponderSpooling", 4, "drained", responder_spooled_deliveries="0 9 0x9"),
    fires("ResponderStorageUnreadable", 4, "away", responder_storage_readable="1 0x9"),
    silent("ResponderStorageUnreadable", 4, "there", responder_storage_readable="1x9"),
    fires("ResponderDown", 12, "gone", responder_build_info="1x2 stale"),
    silent("ResponderDown", 12, "there", responder_build_info="1x20"),
)


def expected(case: Case) -> list[dict[str, Any]]:
    """The alert with its texts, as promtool would see it."""
    if not case.fires:
        return []
    rule = RULES[case.alert]
    texts = {
        name: re.sub(r"{{ \$labels\.(\w+) }}", lambda m: case.labels[m[1]], text)
        for name, text in rule["annotations"].items()
    }
    labels = {**rule["labels"], **case.labels}
    return [{"exp_labels": labels, "exp_annotations": texts}]


def judged(folder: Path, case: Case) -> str:
    """What promtool has against the case, "" for nothing."""
    test = {
        "interval": "1m",
        "input_series": [
            {"series": name, "values": values} for name, values in case.series.items()
        ],
        "alert_rule_test": [
            {
                "alertname": case.alert,
                "eval_time": f"{case.minute}m",
                "exp_alerts": expected(case),
            }
        ],
    }
    document = {"rule_files": [str(FILE)], "evaluation_interval": "1m", "tests": [test]}
    file = folder / "test.yml"
    file.write_text(yaml.safe_dump(document), "utf-8")
    found = subprocess.run(
        ["promtool", "test", "rules", str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return found.stdout + found.stderr if found.returncode else ""


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.alert}: {c.about}")
def test_an_alert_fires_or_is_silent(case: Case, tmp_path: Path) -> None:
    assert judged(tmp_path, case) == ""


def test_every_alert_is_seen_firing_and_silent() -> None:
    assert {c.alert for c in CASES if c.fires} == set(RULES)
    assert {c.alert for c in CASES if not c.fires} == set(RULES)


def test_the_rule_file_is_understood() -> None:
    checked = subprocess.run(
        ["promtool", "check", "rules", str(FILE)], capture_output=True, check=False
    )
    assert checked.returncode == 0


def test_the_stand_s_configuration_is_understood(tmp_path: Path) -> None:
    stand = ROOT / "grafana" / "compose" / "prometheus.yml"
    (tmp_path / FILE.name).write_text(FILE.read_text("utf-8"), "utf-8")
    config = tmp_path / stand.name
    config.write_text(stand.read_text("utf-8"), "utf-8")
    checked = subprocess.run(
        ["promtool", "check", "config", str(config)], capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
