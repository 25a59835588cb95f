"""Why no rule took an alert, and the line that would have taken it."""

import re
from dataclasses import replace

import pytest
import yaml

from responder.incident.rule import Matcher, Rule, why_ignored
from tests.policy.timelines import RULE


def rule(name: str, *alternatives: dict[str, str]) -> Rule:
    match = tuple(
        tuple(Matcher(label=k, op="=", value=v) for k, v in wanted.items())
        for wanted in alternatives
    )
    return replace(RULE, name=name, match=match)


ORDERS = rule("orders", {"alertname": "Order errors", "team": "pizza"})
LATENCY = rule("latency", {"alertname": "Slow orders"})


def test_the_rule_with_the_most_matchers_that_hold_is_the_nearest() -> None:
    why = why_ignored({"alertname": "Order errors"}, [LATENCY, ORDERS])

    assert "nearest rule 'orders'" in why
    assert "wants team='pizza', the alert has no label 'team'" in why


def test_the_value_that_the_alert_has_is_named() -> None:
    why = why_ignored({"alertname": "Slow ordres"}, [LATENCY])

    assert "wants alertname='Slow orders', the alert has 'Slow ordres'" in why


@pytest.mark.parametrize("name", ["Order errors", 'a "quoted" one', "Ofen: heiß", ""])
def test_the_line_given_is_yaml_that_takes_the_alert(name: str) -> None:
    labels = {"alertname": name, "shop": "a"} if name else {"shop": "a"}
    found = re.search(r"add to its `match`: (- .+)$", why_ignored(labels, [LATENCY]))
    assert found is not None
    (wanted,) = yaml.safe_load(found[1])

    assert rule("mended", wanted).takes(labels)


def test_without_any_rule_it_says_where_to_write_one() -> None:
    assert "`rules:`" in why_ignored({"alertname": "x"}, [])
