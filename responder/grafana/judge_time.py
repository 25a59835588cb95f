"""What each setting of Grafana adds before Responder hears of a fault. Pure."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from responder.findings import Finding, note, warning
from responder.grafana.objects import AlertRule
from responder.grafana.ours import Matter
from responder.grafana.routing import INTERVAL, WAIT, Way

FOUNDING = timedelta(minutes=5)
"""The founding incident, 7 April 2025: orders failed from 18:44 to 18:49."""
_MINUTE = timedelta(minutes=1)
_TEN = timedelta(seconds=10)
_Tell = Callable[[str, str, str, str], Finding]


def judge_times(matter: Matter) -> Iterator[Finding]:
    """Pending period, evaluation interval, group wait and group interval."""
    for rule in matter.feeding:
        yield from _pending(rule)
        yield from _evaluation(matter, rule)
    ways = {
        (way.contact_point, way.group_wait, way.group_interval, way.direct): way
        for rule in matter.feeding
        for way in matter.ways(rule)
        if matter.reaches_us((way,))
    }
    for way in ways.values():
        yield from _wait(way)
        yield from _again(way)


def _pending(rule: AlertRule) -> Iterator[Finding]:
    pending = rule.pending or timedelta()
    if pending:
        yield warning(
            "grafana.pending",
            f"{rule.title!r} waits {_s(pending)} before it fires",
            f"it adds {_s(pending)} {_of(pending)}; Responder counts for itself",
            f"Alerting › Alert rules › {rule.title} › Pending period: 0s (for: 0s)",
        )


def _evaluation(matter: Matter, rule: AlertRule) -> Iterator[Finding]:
    interval = matter.seen.intervals.get((rule.folder, rule.group), _MINUTE)
    least = _MINUTE if matter.seen.cloud else _TEN
    if interval > least:
        tell: _Tell = warning if interval > _MINUTE else note
        yield tell(
            "grafana.interval",
            f"{rule.title!r} is evaluated every {_s(interval)}",
            f"it adds up to {_s(interval)} {_of(interval)}",
            f"Alerting › Alert rules › group {rule.group} › Evaluation interval: "
            f"{_s(least)}",
        )


def _wait(way: Way) -> Iterator[Finding]:
    if way.group_wait:
        tell: _Tell = warning if way.group_wait > WAIT else note
        yield tell(
            "grafana.group_wait",
            f"{way.contact_point} hears of a group after {_s(way.group_wait)}",
            f"it adds {_s(way.group_wait)} {_of(way.group_wait)}",
            f"{_where(way)} › Group wait: 0s (group_wait: 0s)",
        )


def _again(way: Way) -> Iterator[Finding]:
    if way.group_interval > _TEN:
        tell: _Tell = warning if way.group_interval > INTERVAL else note
        yield tell(
            "grafana.group_interval",
            f"{way.contact_point} hears of a change, or again after a failed "
            f"delivery, only every {_s(way.group_interval)}",
            f"one lost delivery adds {_s(way.group_interval)} "
            f"{_of(way.group_interval)}: Grafana never tries again sooner, nor does it "
            "tell of a fault that begins again right after it resolved",
            f"{_where(way)} › Group interval: 10s (group_interval: 10s)",
        )


def _where(way: Way) -> str:
    if way.direct:
        return "Alerting › Alert rules › the rule's notification settings"
    return f"Alerting › Notification policies › the one to {way.contact_point}"


def _of(length: timedelta) -> str:
    """Against how long the founding incident took."""
    return f"of the {_s(FOUNDING)} that the founding incident lasted"


def _s(length: timedelta) -> str:
    return f"{length.total_seconds():g} s"
