"""The pull: reads Grafana's active alerts and feeds triage what is new in them."""

import json
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from responder.incident.alert import Alert, Delivery, Notification
from responder.incident.names import Pulled, Sender
from responder.incident.openings import Duties
from responder.incident.ports import Accepted, Clock, Intake
from responder.incident.pulled import AlertList, Listing, PullState, SeenAlert, compare
from responder.incident.rule import Rule

log = logging.getLogger("responder.worker")

DUTY = "pull grafana"


class PullMeter(Protocol):
    """The metrics that a pull moves."""

    def pulled(self, result: Pulled, at: datetime) -> None: ...


class Puller:
    """One of all replicas asks every `every`; the others wait.

    A delivery that storage does not take is no loss: what was not told is told by the
    next pull, because what is remembered is written after it.
    """

    def __init__(
        self,
        alerts: AlertList,
        every: timedelta,
        *,
        rules: Sequence[Rule],
        intake: Intake,
        duties: Duties,
        clock: Clock,
        meter: PullMeter,
        new_id: Callable[[], str],
        taken_in: Callable[[Delivery, Accepted], None],
    ) -> None:
        self._alerts = alerts
        self._every = every
        self._rules = rules
        self._intake = intake
        self._duties = duties
        self._clock = clock
        self._meter = meter
        self._new_id = new_id
        self._taken_in = taken_in
        self._refused = ""

    def __call__(self) -> timedelta:
        """Pull if it is our turn; when to come again."""
        duty = self._duties.take(DUTY, self._every)
        if duty.mine:
            listing = self._alerts.listed()
            self._tell(listing)
            before = state_of(duty.note)
            seen = before.seen if listing.why else self._feed(listing, before.seen)
            at = before.at if listing.why else self._clock.now()
            after = PullState(at=at, why=listing.why, seen=seen)
            self._duties.keep(DUTY, note_of(after))
        return duty.again

    def _tell(self, listing: Listing) -> None:
        result = Pulled.COMPLETE if listing.complete else Pulled.INCOMPLETE
        result = Pulled.REFUSED if listing.why else result
        self._meter.pulled(result, self._clock.now())
        if listing.why and listing.why != self._refused:
            facts = {"why": listing.why}
            log.warning("pull refused, alerts come by webhook only", extra=facts)
        if self._refused and not listing.why:
            log.info("pull works again")
        self._refused = listing.why

    def _feed(
        self, listing: Listing, seen: Sequence[SeenAlert]
    ) -> tuple[SeenAlert, ...]:
        now = self._clock.now()
        news = compare(seen, listing, self._rules, now)
        if news.alerts:
            delivery = self._delivery(news.alerts, now)
            self._taken_in(delivery, self._intake.accept(delivery))
        return news.seen

    def _delivery(self, alerts: Sequence[Alert], now: datetime) -> Delivery:
        told = Notification(sender=Sender.GRAFANA_PULL, alerts=tuple(alerts))
        return Delivery(
            id=self._new_id(),
            received_at=now,
            notification=told,
            body=json.dumps({"alerts": [_shown(alert) for alert in alerts]}),
        )


def _shown(alert: Alert) -> dict[str, Any]:
    return {
        "status": alert.status.value,
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "startsAt": alert.starts_at.isoformat(),
        "fingerprint": alert.fingerprint,
    }


def note_of(state: PullState) -> str:
    """How it went and what is remembered, as the note for whoever pulls next."""
    kept = [
        {
            "fingerprint": one.fingerprint,
            "starts_at": one.starts_at.isoformat(),
            "labels": dict(one.labels),
            "told_at": one.told_at.isoformat(),
            "missed_at": one.missed_at.isoformat() if one.missed_at else None,
        }
        for one in state.seen
    ]
    at = state.at.isoformat() if state.at else None
    return json.dumps({"at": at, "why": state.why, "seen": kept})


def state_of(note: str) -> PullState:
    """What the last pull left. A note that cannot be read is none."""
    if not note:
        return PullState()
    try:
        left = json.loads(note)
        at = left["at"]
        return PullState(
            at=datetime.fromisoformat(at) if at else None,
            why=str(left["why"]),
            seen=tuple(_seen(one) for one in left["seen"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        log.warning("pull begins anew", extra={"why": "its note cannot be read"})
        return PullState()


def _seen(one: dict[str, Any]) -> SeenAlert:
    missed = one["missed_at"]
    return SeenAlert(
        fingerprint=str(one["fingerprint"]),
        starts_at=datetime.fromisoformat(one["starts_at"]),
        labels=dict(one["labels"]),
        told_at=datetime.fromisoformat(one["told_at"]),
        missed_at=datetime.fromisoformat(missed) if missed else None,
    )
