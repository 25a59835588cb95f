"""Log lines that a check's query takes, marked as a drill's."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from responder.evidence.push import PushedLine
from responder.evidence.selector import LineFilter, LogQuery, parse
from responder.incident.evidence import to_ns
from responder.incident.mark import MARK, TOKEN
from responder.incident.rule import Check, Rule
from responder.senders.samples import literals, value_for

MOST = 200
"""So many lines a drill writes for one check at most."""
_CODE = 8
_APART_NS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a drill writes for a rule. `left_out` are the checks that it cannot."""

    lines: tuple[PushedLine, ...]
    enough: Mapping[str, int]
    """The lines that were made for each check."""
    left_out: tuple[str, ...]


def lines_for(rule: Rule, drill: str, factory_host: str, now: datetime) -> Written:
    """As many lines as confirm each check, the last at `now`, those with links first.

    A check whose query no line of ours can pass is left out.
    """
    made: list[tuple[Mapping[str, str], str]] = []
    enough: dict[str, int] = {}
    left_out: list[str] = []
    for check in rule.checks:
        found = _made(check, drill, factory_host)
        if found is None:
            left_out.append(check.name)
            continue
        enough[check.name] = min(check.threshold, MOST)
        made += [found] * enough[check.name]
    first = to_ns(now) - len(made) * _APART_NS
    lines = tuple(
        PushedLine(at_ns=first + n * _APART_NS, labels=labels, text=text)
        for n, (labels, text) in enumerate(made)
    )
    return Written(lines=lines, enough=enough, left_out=tuple(left_out))


def _made(
    check: Check, drill: str, factory_host: str
) -> tuple[Mapping[str, str], str] | None:
    """Labels and text that the check's query takes, None if there are none."""
    query = parse(check.query)
    try:
        labels = _labels(query)
    except ValueError:
        return None
    for text in _texts(query, drill, factory_host):
        if query.matches_line(text):
            return labels, text
    return None


def _labels(query: LogQuery) -> dict[str, str]:
    labels: dict[str, str] = {}
    for name in dict.fromkeys(matcher.label for matcher in query.matchers):
        value = value_for([m for m in query.matchers if m.label == name], "the check")
        if value:
            labels[name] = value
    return labels


def _texts(query: LogQuery, drill: str, factory_host: str) -> Iterator[str]:
    """From the most like a failing order to the barest."""
    link = f"https://{factory_host}/api/support/{TOKEN}/report/{drill[:_CODE]}"
    said = {"message": "a drill of Responder: no order failed", "reportUrl": link}
    answer = {"resBody": json.dumps(said, separators=(",", ":"))}
    failed = {"method": "POST", "path": "/api/order", "statusCode": 500}
    for fields in ({**failed, **answer}, answer, failed, {}):
        whole: dict[str, object] = {"level": "error", MARK: drill, **fields}
        for wanted in query.filters:
            _pass(wanted, whole)
        yield json.dumps(whole, separators=(",", ":"))


def _pass(wanted: LineFilter, fields: dict[str, object]) -> None:
    """Add to the fields what the filter demands and they do not have."""
    text = json.dumps(fields, separators=(",", ":"))
    if wanted.holds(text) or not wanted.op.startswith("|"):
        return
    values = wanted.values
    if wanted.patterns:
        values = tuple(v for value in values for v in literals("=~", value))
    for value in values:
        try:
            inner = json.loads(f"{{{value}}}")
        except (ValueError, RecursionError):
            inner = {"drill": value}
        tried = {**fields, **inner, MARK: fields[MARK]}
        if wanted.holds(json.dumps(tried, separators=(",", ":"))):
            fields.update(tried)
            return
