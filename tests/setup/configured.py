"""Loading a configuration in tests: a text in, what it came to out."""

import re
from collections.abc import Mapping

from responder.config.checks import Purpose
from responder.config.document import Document
from responder.config.load import Loaded, load
from responder.config.problem import Problem
from responder.logs.query import parse_logql

RULE = """\
rules:
  - name: pizza
    match: [{responder: jwt-pizza}]
    checks: [{name: errors, query: '{level="error"}', window: 5m, threshold: 5}]
"""

LOGS = 'logs: {type: loki, url: "http://loki:3100"}\n'


def loaded(
    text: str,
    purpose: Purpose = Purpose.CHECK,
    *,
    env: Mapping[str, str] | None = None,
    allow_literal_secrets: bool = False,
) -> Loaded:
    """What the text came to, with logs where it says nothing of any."""
    silent = not re.search(r"^([{-]|logs\b)", text, re.MULTILINE)
    if silent and purpose is not Purpose.REPLAY:
        text = f"{text.rstrip()}\n{LOGS}"
    return load(
        Document(text=text, origin="test", env=env or {}),
        purpose=purpose,
        parse_query=parse_logql,
        allow_literal_secrets=allow_literal_secrets,
    )


def only_problem(text: str, purpose: Purpose = Purpose.CHECK) -> Problem:
    problems = loaded(text, purpose).problems
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]


def paths(problems: tuple[Problem, ...]) -> list[str]:
    return [problem.path for problem in problems]
