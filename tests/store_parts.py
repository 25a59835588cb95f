"""Builders for the storage tests: a store on a real file, alerts and their steps."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from responder.incident.alert import Alert, Delivery, Notification
from responder.incident.events import (
    Decided,
    Event,
    Finished,
    Looked,
    ReportAnswered,
    ReportIntended,
)
from responder.incident.evidence import ReportLink
from responder.incident.incident import Incident
from responder.incident.names import (
    Decision,
    Outcome,
    Proof,
    Reason,
    Sender,
    State,
    Status,
)
from responder.incident.ports import Clock, Lease
from responder.incident.rule import Check, Rule
from responder.masking import Masker
from responder.store import Store
from responder.store.links import Supplier
from tests.fakes import NOON, SetClock

FACTORY = "pizza-factory.example.com"
DIGEST = "d" * 64
OTHER_DIGEST = "e" * 64
RULE = Rule(
    name="pizza-factory",
    match=(),
    checks=(
        Check(name="error-logs", query="{}", window=timedelta(minutes=5), threshold=5),
    ),
    group_by=("shop",),
)
_numbers = count(1)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def store_on(
    place: Path | str,
    clock: Clock | None = None,
    *,
    rules: Sequence[Rule] = (RULE,),
    fixed_link: ReportLink | None = None,
    max_reports_per_hour: int = 6,
    summarise: Callable[[Incident], str] = lambda incident: "",
    accept_within: timedelta = timedelta(seconds=20),
) -> Store:
    """A store on a file or an address that is not started yet."""
    return Store(
        f"sqlite:///{place}" if isinstance(place, Path) else place,
        rules=rules,
        clock=clock or SetClock(),
        supplier=Supplier.of(
            FACTORY,
            timeout=timedelta(seconds=5),
            fixed_link=fixed_link,
            max_reports_per_hour=max_reports_per_hour,
        ),
        masker=Masker(("s3cret-value",)),
        summarise=summarise,
        # A machine busy with other tests is no database that is away.
        accept_within=accept_within,
    )


class Stall:
    """A `summarise` that holds up the write that asks it until `over` is set."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.over = threading.Event()

    def __call__(self, incident: Incident) -> str:
        self.begun.set()
        self.over.wait()
        return ""


def alert(
    fingerprint: str = "f1",
    *,
    status: Status = Status.FIRING,
    started: datetime = NOON,
    shop: str = "",
) -> Alert:
    return Alert(
        status=status,
        labels={"alertname": "Order errors", "shop": shop},
        starts_at=started,
        # A fingerprint stands for all labels, so another shop has another one.
        fingerprint=f"{fingerprint}{shop}",
        links={"panel": "https://grafana.example.com/d/1"},
    )


def delivery(*alerts: Alert, received: datetime = NOON, body: str = "") -> Delivery:
    notification = Notification(sender=Sender.GRAFANA, alerts=alerts or (alert(),))
    return Delivery(
        id=f"delivery-{next(_numbers)}",
        received_at=received,
        notification=notification,
        credential="grafana",
        body=body,
    )


def in_group(told: Delivery, group: str) -> Delivery:
    return replace(told, notification=replace(told.notification, alert_group=group))


def open_incident(store: Store, *alerts: Alert) -> tuple[Lease, Incident]:
    """An incident opened by one delivery, and the lease it was born with."""
    (lease,) = store.accept(delivery(*alerts)).leases
    return lease, store.load(lease.incident)


def decided(seconds: float = 1, state: State = State.REPORTING) -> Decided:
    return Decided(
        at=at(seconds),
        decision=Decision.REPORT,
        state=state,
        reason=Reason.THRESHOLD_REACHED,
    )


def looked(seconds: float = 1, *lines: str) -> Looked:
    return Looked(at=at(seconds), since=NOON, checks=(), lines=lines)


def intended(
    seconds: float = 1,
    digest: str = DIGEST,
    reason: Reason = Reason.THRESHOLD_REACHED,
) -> ReportIntended:
    return ReportIntended(
        at=at(seconds), link=f"link {digest[:4]}", digest=digest, reason=reason
    )


def answered(
    outcome: Outcome,
    seconds: float = 2,
    digest: str = DIGEST,
    method: str = "POST",
    status: int | None = 200,
) -> ReportAnswered:
    return ReportAnswered(
        at=at(seconds),
        link=f"link {digest[:4]}",
        digest=digest,
        outcome=outcome,
        method=method,
        status=status,
        message="Problem resolved",
        seconds=0.2,
    )


def finished(seconds: float = 60, state: State = State.RECOVERED) -> Finished:
    return Finished(
        at=at(seconds), state=state, reason=Reason.ORDER_SEEN, proof=Proof.ORDERS
    )


def names(events: Sequence[Event]) -> list[str]:
    return [event.event for event in events]


def report(
    store: Store,
    lease: Lease,
    incident: Incident,
    outcome: Outcome,
    *,
    seconds: float = 1,
    digest: str = DIGEST,
    reason: Reason = Reason.THRESHOLD_REACHED,
) -> Incident:
    """Intend and answer one report; the incident after it."""
    intent = store.decide(
        lease, incident, [decided(seconds), intended(seconds, digest, reason)]
    )
    assert intent.accepted
    answer = answered(outcome, seconds + 1, digest)
    return store.record(lease, intent.incident, [answer]).incident
