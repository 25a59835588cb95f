"""Expressions that people configure: RE2's, anchored, and never slow."""

import subprocess
import sys

import pytest

from responder.incident.rule import BadExpression, Matcher, expression
from tests.setup.configured import only_problem

FREEZING = """
from responder.incident.rule import Matcher
matcher = Matcher(label="alertname", op="=~", value=r"(\\w+\\s?)+errors")
print(matcher.holds({"alertname": "x" * 33}), matcher.holds({"alertname": "x errors"}))
"""


def test_no_label_makes_an_expression_slow() -> None:
    # In a process of its own: an expression that backtracks would not let go of this.
    done = subprocess.run(
        [sys.executable, "-c", FREEZING], capture_output=True, text=True, timeout=120
    )

    assert done.stdout == "False True\n"


@pytest.mark.parametrize(
    ("value", "label", "holds"),
    [
        ("critical|high", "critical", True),
        ("critical|high", "highest", False),
        ("a|bc", "abc", False),
        ("^a$", "a", True),
        ("a$", "a\n", False),
        ("x|", "", True),
        (r"\w+", "é", False),
        ("(?i)PIZZA", "pizza", True),
        ("[[:alpha:]]+", "pizza", True),
        (r"\d{2}", "12", True),
        (".", "🍕", True),
    ],
)
def test_a_matcher_holds_for_the_whole_label_as_in_grafana(
    value: str, label: str, holds: bool
) -> None:
    labels = {"alertname": label}

    assert Matcher(label="alertname", op="=~", value=value).holds(labels) is holds
    assert Matcher(label="alertname", op="!~", value=value).holds(labels) is not holds


@pytest.mark.parametrize(
    ("value", "remedy"),
    [
        ("(?=b)c", "second condition, with !~"),
        ("(?<!b)c", "second condition, with !~"),
        (r"(b)\1", "repeat the expression in place of a back reference"),
        ("b++", "backslash before a literal +"),
        ("(", "backslash"),
    ],
)
def test_what_re2_refuses_is_told_with_what_to_write_instead(
    value: str, remedy: str
) -> None:
    with pytest.raises(BadExpression, match=r".+; .*") as refused:
        expression(value)

    assert remedy in str(refused.value)


def test_a_rule_with_such_an_expression_is_refused_at_its_place() -> None:
    text = "rules: [{name: a, match: [{alertname: '=~(?!low).*'}], checks: [{name: b, "
    text += "query: '{c=\"d\"}', window: 1m, threshold: 1}]}]"

    assert str(only_problem(text)).startswith(
        "rules[0].match[0]: has an expression for alertname that cannot be used "
        "(got a mapping); invalid perl operator: (?!; "
    )
