"""What Alertmanager and Loki's ruler are given fits our paths and our own rule."""

from typing import Any

import pytest
import yaml

from responder.config.settings import Settings
from tests.docs import blocks, page
from tests.setup.configured import loaded

README = page("grafana/README.md")
ROUTES = yaml.safe_load(page("grafana/alertmanager/alertmanager.yml"))
(GROUP,) = yaml.safe_load(page("grafana/alertmanager/loki-rules.yml"))["groups"]
RULES: list[dict[str, Any]] = GROUP["rules"]


def example() -> Settings:
    text = page("responder.example.yaml")
    settings = loaded(text).settings
    assert settings
    return settings


def integration() -> dict[str, Any]:
    (receiver,) = ROUTES["receivers"]
    (found,) = receiver["webhook_configs"]
    assert receiver["name"] == ROUTES["route"]["receiver"]
    assert isinstance(found, dict)
    return found


def test_alertmanager_calls_our_path_and_says_when_it_is_over() -> None:
    assert integration()["url"].endswith("/webhooks/alertmanager")
    assert integration()["send_resolved"] is True


def test_alertmanager_proves_itself_by_a_token_and_follows_no_redirect() -> None:
    http = integration()["http_config"]
    assert set(http["authorization"]) == {"credentials_file"}
    assert http["authorization"]["credentials_file"] in README
    assert http["follow_redirects"] is False


def test_the_kit_waits_ten_seconds_for_a_fault_that_begins_again() -> None:
    policy = yaml.safe_load(page("grafana/compose/policies.yaml"))["policies"][0]
    optional = yaml.safe_load(page("grafana/optional/notification-policies.yaml"))
    route = optional["policies"][0]["routes"][0]
    for one in (ROUTES["route"], policy, route):
        assert one["group_interval"] == "10s"


def test_the_ruler_is_told_where_its_file_is_and_whom_to_call() -> None:
    (block,) = blocks(README, "yml")
    ruler = yaml.safe_load(block)["ruler"]
    assert f"{ruler['storage']['local']['directory']}/fake/" in README


def test_the_credential_of_the_steps_is_one_that_alertmanager_can_give() -> None:
    (block,) = [b for b in blocks(README, "yaml") if "ALERTMANAGER_TOKEN" in b]
    found = loaded(block, env={"ALERTMANAGER_TOKEN": "a" * 64})
    assert found.problems == ()
    assert found.settings
    (credential,) = found.settings.webhook_auth
    assert [str(sender) for sender in credential.senders] == ["alertmanager"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_the_example_s_rule_takes_what_the_ruler_fires(rule: dict[str, Any]) -> None:
    (ours,) = example().rules
    labels = {"alertname": rule["alert"], **rule["labels"]}
    assert any(
        all(matcher.holds(labels) for matcher in alternative)
        for alternative in ours.match
    )


def test_the_ruler_counts_what_the_checks_of_the_example_count() -> None:
    (ours,) = example().rules
    counted = {(c.query.strip(), c.threshold) for c in ours.checks}
    told = set()
    for rule in RULES:
        inner, _, limit = rule["expr"].partition(" [5m])) >= ")
        told.add((inner.removeprefix("sum(count_over_time("), int(limit)))
    assert told == counted
