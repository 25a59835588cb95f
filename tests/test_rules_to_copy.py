"""Every document that people copy counts the same lines as the example."""

import pytest
import yaml

from responder.incident.rule import Rule
from tests.docs import blocks, page
from tests.setup.configured import LOGS, loaded


def readme() -> str:
    """The configuration of the README."""
    (found,) = [b for b in blocks(page("README.md"), "yaml") if "\nrules:\n" in b]
    return found


def rule_of(text: str) -> Rule:
    rules = yaml.safe_dump({"rules": yaml.safe_load(text)["rules"]})
    settings = loaded(LOGS + rules).settings
    assert settings
    (rule,) = settings.rules
    return rule


EXAMPLE = rule_of(page("responder.example.yaml"))


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "docs/deploy/fargate/responder.yaml",
        "grafana/compose/responder.yaml",
    ],
)
def test_what_is_counted_is_the_same_wherever_it_is_copied_from(name: str) -> None:
    rule = rule_of(readme() if name == "README.md" else page(name))
    assert rule.checks == EXAMPLE.checks
    assert rule.traffic == EXAMPLE.traffic


def test_an_order_that_is_answered_with_a_report_link_is_no_good_order() -> None:
    assert EXAMPLE.traffic
    assert EXAMPLE.traffic.endswith('!= "/api/support/"')
