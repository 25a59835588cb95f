"""A rule: one fault of one supplier, what confirms it, and which alerts it takes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any

import re2

from responder.incident.alert import drill_of
from responder.incident.names import Mode, OnRecovered

# Expressions that people configure, in RE2's syntax as in Grafana, Alertmanager, Loki.
#
# RE2 does not backtrack: no text keeps an expression busy for longer than its length.
# Its syntax: https://github.com/google/re2/wiki/Syntax


class BadExpression(ValueError):
    """An expression that RE2 refuses: why, and what to write instead."""


class Expression:
    """One compiled expression. Raises `BadExpression` when made of a bad one.

    `dot_all`: the dot matches a line's end too.
    """

    def __init__(self, pattern: str, *, dot_all: bool = False) -> None:
        options = re2.Options()
        options.log_errors = False
        options.dot_nl = dot_all
        try:
            self._compiled: Any = re2.compile(_bytes(pattern), options)
        except re2.error as error:
            (why,) = error.args
            told = why.decode("utf-8", "replace") if isinstance(why, bytes) else why
            raise BadExpression(f"{told}; {_remedy(told)}") from None

    def whole(self, text: str) -> bool:
        """Whether it matches the whole text."""
        return self._compiled.fullmatch(_bytes(text)) is not None

    def within(self, text: str) -> bool:
        """Whether it matches anywhere in the text."""
        return self._compiled.search(_bytes(text)) is not None


@lru_cache(maxsize=1000)
def expression(pattern: str) -> Expression:
    """The compiled expression, made once. Raises `BadExpression`."""
    return Expression(pattern)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _remedy(why: str) -> str:
    if why.startswith("invalid perl operator"):
        return (
            "there is no look-ahead or look-behind: use a second condition, with !~ "
            "for what must not be there"
        )
    if why.startswith("bad repetition operator"):
        return "there is no possessive repetition: put a backslash before a literal +"
    if why.startswith("invalid escape sequence"):
        return (
            "repeat the expression in place of a back reference, and write a "
            "character itself in place of \\u and the like"
        )
    return "put a backslash before a character that is meant literally"


_LONGEST_GROUP = 320


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """One label condition. `op` is one of `=`, `!=`, `=~`, `!~`; a missing label is "".

    Expressions are RE2's and anchored at both ends, as in Prometheus and Grafana.
    `holds` raises `BadExpression` for one that RE2 refuses.
    """

    label: str
    op: str
    value: str

    def holds(self, labels: Mapping[str, str]) -> bool:
        actual = labels.get(self.label, "")
        match self.op:
            case "=":
                return actual == self.value
            case "!=":
                return actual != self.value
            case "=~":
                return expression(self.value).whole(actual)
            case _:
                return not expression(self.value).whole(actual)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A log query that confirms the fault: `threshold` lines or more in `window`."""

    name: str
    query: str
    window: timedelta
    threshold: int


MOST_GOOD_IN_A_ROW = 10
"""More good orders in a row than this are never asked for as a proof (rule 15)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One fault of one supplier. Field meanings are the configuration's own."""

    name: str
    match: tuple[tuple[Matcher, ...], ...]
    """Any one takes the alert; within one all matchers hold. Empty: every alert."""
    checks: tuple[Check, ...]
    traffic: str | None = None
    failed: str | None = None
    recheck: timedelta = timedelta(seconds=10)
    give_up_after: timedelta = timedelta(minutes=15)
    no_link_for: timedelta = timedelta(minutes=1)
    settle: timedelta = timedelta(seconds=35)
    verify_after: timedelta = timedelta(seconds=30)
    verify_for: timedelta = timedelta(minutes=10)
    good_in_a_row: int = 3
    """So many good orders at least, once an order failed after the report."""
    max_reports: int = 2
    cooldown: timedelta = timedelta(minutes=2)
    unreadable_for: timedelta = timedelta(minutes=1)
    group_by: tuple[str, ...] = ()
    mode: Mode = Mode.AUTO
    veto_window: timedelta = timedelta(seconds=20)
    watch: timedelta | None = None
    """How often Responder runs the checks itself, without an alert; None: never."""
    on_recovered: OnRecovered = OnRecovered.ACKNOWLEDGE

    @property
    def longest_window(self) -> timedelta:
        return max(check.window for check in self.checks)

    def takes(self, labels: Mapping[str, str]) -> bool:
        return not self.match or any(
            all(matcher.holds(labels) for matcher in alternative)
            for alternative in self.match
        )

    def group_of(self, labels: Mapping[str, str]) -> str:
        """The value of the `group_by` labels as one text, "" without `group_by`.

        At most 320 characters, so that any database can index it: of a longer one
        the beginning and a digest of it all. A drill stands by itself.
        """
        if drill := drill_of(labels):
            return f"drill {drill}"
        whole = ",".join(f"{name}={labels.get(name, '')!r}" for name in self.group_by)
        if len(whole) <= _LONGEST_GROUP:
            return whole
        digest = sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return f"{whole[: _LONGEST_GROUP - 20]}… {digest}"


# Why no rule took an alert: the nearest rule, the matcher that failed, and the fix.


def why_ignored(labels: Mapping[str, str], rules: Sequence[Rule]) -> str:
    """One sentence with the YAML line that would have taken the alert."""
    if not rules:
        return "no rule is configured; add one under `rules:`"
    scored = [
        (len(failed) - len(alternative), len(failed), rule, failed)
        for rule in rules
        for alternative in rule.match
        if (failed := [m for m in alternative if not m.holds(labels)])
    ]
    if not scored:
        return "no rule is configured; add one under `rules:`"
    _, _, rule, failed = min(scored, key=lambda entry: entry[:2])
    name = labels.get("alertname", "")
    mend = json.dumps({"alertname": name}, ensure_ascii=False)
    return (
        f"nearest rule {rule.name!r}: {_mismatch(failed[0], labels)}; "
        f"to take it, add to its `match`: - {mend}"
    )


def _mismatch(matcher: Matcher, labels: Mapping[str, str]) -> str:
    wanted = f"{matcher.label}{matcher.op}{matcher.value!r}"
    if matcher.label not in labels:
        return f"wants {wanted}, the alert has no label {matcher.label!r}"
    return f"wants {wanted}, the alert has {labels[matcher.label]!r}"
