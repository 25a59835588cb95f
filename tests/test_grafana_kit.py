"""The Grafana kit fits Grafana's provisioning format, our paths and our own rule."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from responder.incident.rule import Matcher

ROOT = Path(__file__).parent.parent
KIT = ROOT / "grafana"
FILES = sorted(
    path
    for path in KIT.rglob("*.yaml")
    # The stand, which tests/test_compose.py judges.
    if path.name != "compose.yaml" and path.parent.name != "compose"
)


def load(path: Path) -> dict[str, Any]:
    document = yaml.safe_load(path.read_text("utf-8"))
    assert isinstance(document, dict)
    return document


def group() -> dict[str, Any]:
    (only,) = load(KIT / "alert-rules.yaml")["groups"]
    assert isinstance(only, dict)
    return only


RULES: list[dict[str, Any]] = group()["rules"]
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["uid"])


def receivers() -> list[dict[str, Any]]:
    (point,) = load(KIT / "contact-point.yaml")["contactPoints"]
    return list(point["receivers"])


def query(rule: dict[str, Any], ref: str) -> dict[str, Any]:
    (found,) = (data for data in rule["data"] if data["refId"] == ref)
    assert isinstance(found, dict)
    return found


def threshold(rule: dict[str, Any]) -> dict[str, Any]:
    (condition,) = query(rule, rule["condition"])["model"]["conditions"]
    return dict(condition["evaluator"])


def example_rule() -> dict[str, Any]:
    return dict(load(ROOT / "responder.example.yaml")["rules"][0])


def matcher(label: str, condition: object) -> Matcher:
    """A condition as `responder.yaml` writes it: a value, or `=~`, `!=`, `!~` first."""
    op, value = re.fullmatch(r"(=~|!=|!~|)(.*)", str(condition), re.DOTALL).groups()  # type: ignore[union-attr]
    return Matcher(label=label, op=op or "=", value=value)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_of_the_kit_is_one_provisioning_document(path: Path) -> None:
    assert load(path)["apiVersion"] == 1


def test_the_contact_point_leads_to_our_grafana_path() -> None:
    ours = receivers()[0]

    assert ours["type"] == "webhook"
    assert ours["settings"]["url"] == "$RESPONDER_URL/webhooks/grafana"
    assert ours["settings"]["httpMethod"] == "POST"


def test_the_contact_point_signs_with_a_timestamp() -> None:
    assert receivers()[0]["settings"]["hmacConfig"] == {
        "secret": "$RESPONDER_HMAC_SECRET",
        "header": "X-Grafana-Alerting-Signature",
        "timestampHeader": "X-Grafana-Alerting-Timestamp",
    }


def test_the_contact_point_pages_people_too() -> None:
    assert [receiver["type"] for receiver in receivers()] == ["webhook", "email"]


def test_resolves_are_sent() -> None:
    assert not any(receiver["disableResolveMessage"] for receiver in receivers())


def test_the_rules_are_looked_at_every_ten_seconds() -> None:
    assert group()["interval"] == "10s"
    assert {"orgId", "name", "folder"} <= group().keys()


def test_no_uid_is_used_twice_or_too_long() -> None:
    uids = [item["uid"] for item in [*RULES, *receivers()]]

    assert len(set(uids)) == len(uids)
    assert all(re.fullmatch(r"[\w-]{1,40}", uid) for uid in uids)


@every_rule
def test_a_rule_has_what_grafana_requires(rule: dict[str, Any]) -> None:
    assert {"uid", "title", "condition", "data", "for"} <= rule.keys()
    assert query(rule, rule["condition"])["model"]["expression"] == "A"


@every_rule
def test_no_matching_line_is_zero_and_not_missing_data(rule: dict[str, Any]) -> None:
    assert query(rule, "A")["model"]["expr"].endswith(" or vector(0)")
    assert rule["noDataState"] == "OK"
    assert rule["execErrState"] == "Error"


@every_rule
def test_a_rule_asks_the_data_source_of_the_kit(rule: dict[str, Any]) -> None:
    (source,) = load(KIT / "datasource.yaml")["datasources"]

    assert query(rule, "A")["datasourceUid"] == source["uid"]


@every_rule
def test_a_rule_leaves_the_notification_policies_alone(rule: dict[str, Any]) -> None:
    assert "notification_settings" not in rule


@every_rule
def test_the_example_configuration_takes_the_alert(rule: dict[str, Any]) -> None:
    assert rule["labels"] == {"responder": "jwt-pizza", "severity": "critical"}
    assert any(
        all(matcher(*condition).holds(rule["labels"]) for condition in one.items())
        for one in example_rule()["match"]
    )


@every_rule
def test_a_rule_counts_the_lines_that_a_check_counts(rule: dict[str, Any]) -> None:
    counted = query(rule, "A")["model"]["expr"]
    checks = [check for check in example_rule()["checks"] if check["query"] in counted]

    assert [threshold(rule)["params"][0] + 1] == [c["threshold"] for c in checks]
    assert threshold(rule)["type"] == "gt"


def test_a_policy_tree_comes_only_as_an_option_with_a_warning() -> None:
    trees = [path for path in FILES if "policies" in load(path)]

    assert [path.parent.name for path in trees] == ["optional"]
    assert trees[0].read_text("utf-8").startswith("# WARNING")


def test_the_optional_route_has_a_sibling_for_people() -> None:
    (tree,) = load(KIT / "optional" / "notification-policies.yaml")["policies"]
    ours, people = tree["routes"]

    assert ours["continue"] is True
    assert people["object_matchers"] == ours["object_matchers"]
    assert people["receiver"] != ours["receiver"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_secret_is_a_variable_and_never_a_literal(path: Path) -> None:
    values = re.findall(
        r"^\s*(?:secret|\w*[Pp]assword|\w*[Tt]oken|\w*credentials):\s*(\S+)",
        path.read_text("utf-8"),
        re.MULTILINE,
    )

    assert all(re.fullmatch(r"\$[A-Z_]+", value) for value in values)


def test_the_steps_name_every_file_of_the_kit() -> None:
    steps = (KIT / "README.md").read_text("utf-8")

    assert all(path.relative_to(KIT).as_posix() in steps for path in FILES)
