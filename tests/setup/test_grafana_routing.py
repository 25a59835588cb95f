"""Whom an alert reaches: the policy tree, as Grafana walks it."""

from datetime import timedelta
from typing import Any

import pytest

from responder.doctor.grafana import AlertRule, GrafanaState, Policy, ways, ways_of

PIZZA = {"responder": "jwt-pizza", "alertname": "Order errors"}
TO_US = [["responder", "=", "jwt-pizza"]]


def policy(**fields: Any) -> Policy:
    return Policy.model_validate({"receiver": "root", **fields})


def ends(tree: Policy) -> list[str]:
    return [way.contact_point for way in ways(PIZZA, tree)]


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        ([], ["root"]),
        ([{"receiver": "a", "object_matchers": TO_US}], ["a"]),
        ([{"receiver": "a", "object_matchers": [["team", "=", "x"]]}], ["root"]),
        # Even with `continue` the root does not get it any more.
        ([{"receiver": "a", "object_matchers": TO_US, "continue": True}], ["a"]),
        (
            [
                {"receiver": "a", "object_matchers": TO_US, "continue": True},
                {"receiver": "people"},
            ],
            ["a", "people"],
        ),
        ([{"receiver": "a"}, {"receiver": "b"}], ["a"]),
        # A child without a receiver of its own sends to its parent's.
        ([{"object_matchers": TO_US, "routes": [{"object_matchers": []}]}], ["root"]),
        ([{"receiver": "a", "object_matchers": [["responder", "=~", "("]]}], ["root"]),
        ([{"receiver": "a", "object_matchers": [["odd"]]}], ["root"]),
        ([{"receiver": "a", "object_matchers": [["responder", "!~", "x.*"]]}], ["a"]),
    ],
)
def test_an_alert_goes_where_the_tree_leads(
    routes: list[dict[str, Any]], expected: list[str]
) -> None:
    assert ends(policy(routes=routes)) == expected


def test_times_come_from_the_nearest_policy_that_says_them() -> None:
    tree = policy(
        group_wait="10s",
        group_interval="2m",
        routes=[{"receiver": "a", "group_interval": "1m30s"}],
    )
    (way,) = ways(PIZZA, tree)
    assert (way.group_wait, way.group_interval) == (
        timedelta(seconds=10),
        timedelta(seconds=90),
    )


def test_without_any_times_grafana_has_its_own() -> None:
    (way,) = ways(PIZZA, policy())
    assert (way.group_wait, way.group_interval) == (
        timedelta(seconds=30),
        timedelta(minutes=5),
    )


def test_a_rule_with_settings_of_its_own_passes_the_policies_by() -> None:
    rule = AlertRule.model_validate(
        {"notification_settings": {"receiver": "own", "group_wait": "0s"}}
    )
    tree = policy(routes=[{"receiver": "a"}])
    (way,) = ways_of(rule, GrafanaState(url="", policy=tree))
    assert (way.contact_point, way.direct, way.group_wait) == ("own", True, timedelta())


def test_an_alert_carries_its_title_and_folder() -> None:
    rule = AlertRule.model_validate({"title": "T", "folderUID": "f"})
    matchers = [["alertname", "=", "T"], ["grafana_folder", "=", "Pizza"]]
    tree = policy(routes=[{"receiver": "a", "object_matchers": matchers}])
    seen = GrafanaState(url="", policy=tree, folders={"f": "Pizza"})
    assert [way.contact_point for way in ways_of(rule, seen)] == ["a"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1m30s", timedelta(seconds=90)),
        ("0s", timedelta()),
        ("0", timedelta()),
        (60, timedelta(minutes=1)),
        ("1d", timedelta(days=1)),
        ("", None),
        ("soon", None),
        (None, None),
        (True, None),
    ],
)
def test_a_duration_is_read_as_grafana_writes_it(
    written: object, meant: timedelta | None
) -> None:
    assert policy(group_wait=written).group_wait == meant
