"""Whom an alert reaches and when: Grafana's policy tree, walked. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from responder.grafana.objects import AlertRule, Policy, Seen, Timing

WAIT = timedelta(seconds=30)
INTERVAL = timedelta(minutes=5)
"""Grafana's own defaults of the root policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way of an alert: to which contact point, and how long it waits there."""

    contact_point: str
    group_wait: timedelta
    group_interval: timedelta
    direct: bool = False
    """By the rule's own `notification_settings`."""


def ways_of(rule: AlertRule, seen: Seen) -> tuple[Way, ...]:
    """Every contact point that alerts of this rule reach, in Grafana's order."""
    if rule.direct:
        timed = _timed(_timed((WAIT, INTERVAL), seen.policy), rule.direct)
        return (_way(rule.direct.receiver, timed, direct=True),)
    return ways(seen.labels_of(rule), seen.policy)


def ways(labels: Mapping[str, str], root: Policy) -> tuple[Way, ...]:
    """Every contact point that the tree leads these labels to."""
    return tuple(_walk(root, labels, root.receiver, (WAIT, INTERVAL)))


_Times = tuple[timedelta, timedelta]


def _walk(
    policy: Policy, labels: Mapping[str, str], receiver: str, times: _Times
) -> Iterator[Way]:
    receiver = policy.receiver or receiver
    times = _timed(times, policy)
    taken = False
    for child in policy.routes:
        if not child.takes(labels):
            continue
        taken = True
        yield from _walk(child, labels, receiver, times)
        if not child.go_on:
            return
    # Also with `continue`: a node sends itself only if no child took the alert.
    if not taken:
        yield _way(receiver, times)


def _timed(inherited: _Times, own: Timing) -> _Times:
    wait, interval = inherited
    return (
        wait if own.group_wait is None else own.group_wait,
        interval if own.group_interval is None else own.group_interval,
    )


def _way(receiver: str, times: _Times, *, direct: bool = False) -> Way:
    return Way(
        contact_point=receiver,
        group_wait=times[0],
        group_interval=times[1],
        direct=direct,
    )
