"""What is read from the logs in a day, and whether that is fair use. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from responder.evidence.loki_probe import DAY, LogFacts, selector_of
from responder.findings import Finding, ok, warning
from responder.incident.rule import Rule

FAIR_USE = 100
"""Grafana Cloud bills queries beyond so many times of what is pushed in a month, and a
free stack has no billing. https://grafana.com/docs/grafana-cloud/cost-management-and-billing/"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who asks Loki how often: our rules' checks, each so often by Grafana."""

    rules: Sequence[Rule]
    every: timedelta
    cloud: bool


def judge_volume(facts: LogFacts, asking: Asking) -> Iterator[Finding]:
    """What Grafana's alert rules and our watches read; nothing if sizes are unknown."""
    sizes = {one.selector: one.size for one in facts.streams if one.size is not None}
    if not sizes:
        return
    # All that is pushed is at least the largest of what we ask for.
    pushed = max(sizes.values())
    alerts = sum(_daily(rule, sizes, asking.every) for rule in asking.rules)
    watches = 0.0
    for rule in asking.rules:
        if rule.watch is not None:
            daily = _daily(rule, sizes, rule.watch)
            watches += daily
            yield _watched(rule, rule.watch, daily, pushed)
    yield _together(alerts, watches, pushed, asking)


def _watched(rule: Rule, every: timedelta, daily: float, pushed: int) -> Finding:
    times = f", {_times(daily, pushed):.0f} times what is pushed" if pushed else ""
    says = (
        f"{rule.name}: a watch every {every.total_seconds():g} s looks "
        f"{DAY / every:,.0f} times a day and reads about {_size(daily)}{times}"
    )
    return ok("logs.watch", says)


def _together(alerts: float, watches: float, pushed: int, asking: Asking) -> Finding:
    times = _times(alerts + watches, pushed)
    who = "the alert rules and watches read" if watches else "the alert rules read"
    says = (
        f"{who} about {_size(alerts + watches)} a day, {times:.0f} times what is "
        f"pushed; Grafana Cloud's fair use is {FAIR_USE} times"
    )
    if not asking.cloud or times <= FAIR_USE:
        return ok("logs.volume", says)
    return warning(
        "logs.volume",
        says,
        "beyond it queries are billed, or refused on a free stack",
        f"{_slower(alerts, watches, times, asking)}, or shorter "
        "rules[].checks[].window",
    )


def _slower(alerts: float, watches: float, times: float, asking: Asking) -> str:
    """The interval of those that read most, so much longer that it is fair use."""
    if watches > alerts:
        watched = [rule.watch for rule in asking.rules if rule.watch is not None]
        return f"rules[].watch: {_seconds(min(watched) * times / FAIR_USE)}s"
    slower = _seconds(asking.every * times / FAIR_USE)
    return f"Alerting › Alert rules › Evaluation interval: {slower}s"


def _seconds(interval: timedelta) -> int:
    return int(interval.total_seconds()) + 1


def _times(daily: float, pushed: int) -> float:
    return daily / pushed if pushed else 0.0


def _daily(rule: Rule, sizes: Mapping[str, int], every: timedelta) -> float:
    """Bytes that a rule's checks read in a day: each look reads its window."""
    return sum(
        sizes.get(selector_of(check.query), 0) * (check.window / DAY) * (DAY / every)
        for check in rule.checks
    )


def _size(number: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"
