"""What a list of Grafana's active alerts says, compared with the last one. Pure.

The list holds what fires now and nothing else: that an alert has ended shows only by
its absence, and an absence has other causes too (Grafana restarted and has not judged
its rules anew, the rule was paused or deleted). So an alert counts as resolved when
whole lists have lacked it for `GONE_AFTER`, and such a resolve is never a clean one: it
ends no incident by itself (rule 17).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from responder.incident.alert import Alert
from responder.incident.names import Status
from responder.incident.rule import Rule

GONE_AFTER = timedelta(minutes=5)
"""As long as the slowest usual evaluation interval of a rule."""
TELL_EVERY = timedelta(minutes=1)
"""How often an alert that goes on firing is told again, as a repeat."""
NOT_LISTED = "NotListed"
"""The state reason of a resolve that is known by absence only."""
MOST_SEEN = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAlert:
    """One alert of the list. `held`: silenced or inhibited, so that it may not open."""

    alert: Alert
    held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One answer. Not `complete`: what it lacks says nothing.

    `why` says why there is none at all, in words fit for a page.
    """

    alerts: tuple[ListedAlert, ...] = ()
    complete: bool = False
    why: str = ""


class AlertList(Protocol):
    """Where active alerts are read."""

    def listed(self) -> Listing:
        """The alerts that are active now. Never raises; no secret is in its words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenAlert:
    """A firing that a list held, as it is remembered from pull to pull."""

    fingerprint: str
    starts_at: datetime
    labels: Mapping[str, str] = field(default_factory=dict)
    """Empty where no rule takes the alert: then nobody is told of it again."""
    told_at: datetime
    missed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PullState:
    """How the last pull of all replicas went; `why` says why it was refused."""

    at: datetime | None = None
    why: str = ""
    seen: tuple[SeenAlert, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What to tell triage, and what to remember."""

    alerts: tuple[Alert, ...]
    seen: tuple[SeenAlert, ...]


def compare(
    seen: Sequence[SeenAlert], listing: Listing, rules: Sequence[Rule], now: datetime
) -> News:
    """The news of this list: new firings, repeats once a minute, and what is gone."""
    before = {(s.fingerprint, s.starts_at): s for s in seen}
    told: list[Alert] = []
    after: list[SeenAlert] = []
    for listed in listing.alerts:
        alert = listed.alert
        known = before.pop((alert.fingerprint, alert.starts_at), None)
        if known is None and listed.held:
            continue
        if not listed.held and _to_tell(known, now):
            told.append(alert)
            known = _remembered(alert, rules, now)
        if known is not None:
            after.append(replace(known, missed_at=None))
    gone, missed = _missed(before.values(), listing.complete, now)
    return News(alerts=(*told, *gone), seen=(*after, *missed)[:MOST_SEEN])


def _to_tell(known: SeenAlert | None, now: datetime) -> bool:
    if known is None:
        return True
    return bool(known.labels) and now >= known.told_at + TELL_EVERY


def _remembered(alert: Alert, rules: Sequence[Rule], now: datetime) -> SeenAlert:
    ours = any(rule.takes(alert.labels) for rule in rules)
    return SeenAlert(
        fingerprint=alert.fingerprint,
        starts_at=alert.starts_at,
        labels=dict(alert.labels) if ours else {},
        told_at=now,
    )


def _missed(
    left: Iterable[SeenAlert], complete: bool, now: datetime
) -> tuple[list[Alert], list[SeenAlert]]:
    """Those that are gone for good, and those that may come back."""
    gone: list[Alert] = []
    missed: list[SeenAlert] = []
    for known in left:
        since = (known.missed_at or now) if complete else known.missed_at
        if complete and since and now >= since + GONE_AFTER:
            if known.labels:
                gone.append(_resolved(known, now))
        else:
            missed.append(replace(known, missed_at=since))
    return gone, missed


def _resolved(known: SeenAlert, now: datetime) -> Alert:
    return Alert(
        status=Status.RESOLVED,
        labels=known.labels,
        annotations={"grafana_state_reason": NOT_LISTED},
        starts_at=known.starts_at,
        ends_at=now,
        fingerprint=known.fingerprint,
    )
