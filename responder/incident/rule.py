"""A rule: one fault of one supplier, what confirms it and what may be done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from responder.incident.expression import expression
from responder.incident.mark import drill_of
from responder.incident.names import Mode, OnRecovered

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
