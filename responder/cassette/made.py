"""A cassette from a description: how long, how many errors, which alerts when."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from responder.cassette.bodies import LABELS, body_of
from responder.cassette.schema import (
    By,
    Call,
    Cassette,
    Delivery,
    Expect,
    Fault,
    Kind,
    Lines,
)
from responder.cassette.times import Spread
from responder.incident.names import Sender, State, Status

COMPONENT = "jwt-pizza-service"
LINK = "ticket"
_FAILED = "Failed to fulfill order at factory"
_ORDER = {"franchiseId": 1, "storeId": 1, "items": [{"menuId": 1, "price": 0.0038}]}
ORDER_EVERY = timedelta(seconds=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerted:
    """A webhook: when, in whose form, and whether it fires or resolves."""

    at: timedelta
    sender: Sender = Sender.GRAFANA
    status: Status = Status.FIRING


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What somebody remembers of an incident."""

    name: str
    start: datetime
    lasts: timedelta
    errors_per_minute: int
    failed_orders: int
    kind: Kind = Kind.FAIL
    component: str = COMPONENT
    labels: Mapping[str, str] = field(default_factory=lambda: dict(LABELS))
    alerts: Sequence[Alerted] = ()
    reported_by_hand: timedelta | None = None


def make(told: Description) -> Cassette:
    """The cassette of a description. Raises ValueError for one that cannot be.

    Lines are spread evenly over the time that the fault lasts. Faults with a link
    are expected to be reported and to end; others to be left to people.
    """
    total = round(told.errors_per_minute * (told.lasts / timedelta(minutes=1)))
    linked = told.kind is not Kind.OTHER
    if told.failed_orders > total and told.kind in (Kind.FAIL, Kind.OTHER):
        raise ValueError("there are more failed orders than error lines")
    calls: tuple[Call, ...] = ()
    if told.reported_by_hand is not None and linked:
        calls = (Call(at=told.reported_by_hand, link=LINK, by=By.PERSON),)
    return Cassette(
        cassette=1,
        name=told.name,
        precision="described from memory; lines are spread evenly",
        start=told.start,
        deliveries=tuple(delivery(told, alert) for alert in told.alerts),
        faults=(
            Fault(
                name="fault",
                kind=told.kind,
                until=told.lasts,
                link=LINK if linked else None,
            ),
        ),
        lines=tuple(_lines(told, total)),
        calls=calls,
        expect=_expect(told, total, linked),
    )


def delivery(told: Description, alert: Alerted) -> Delivery:
    """The webhook of an alert that began with the first one described."""
    first = min(other.at for other in told.alerts)
    body = body_of(
        alert.sender,
        told.labels,
        told.start + alert.at,
        told.start + first,
        alert.status,
    )
    return Delivery(at=alert.at, sender=alert.sender, body=body)


def _lines(told: Description, total: int) -> list[Lines]:
    found = []
    orders, others = told.failed_orders, total - told.failed_orders
    if told.kind in (Kind.SLOW, Kind.BAD_JWT):
        orders, others = total, 0
    link = None if told.kind is Kind.OTHER else LINK
    if orders:
        entry = order(told.kind, link, told.component)
        found.append(spread(entry, told.lasts, orders, "fault"))
    if others > 0:
        entry = factory_line(link, told.component)
        found.append(spread(entry, told.lasts, others, "fault"))
    first = told.lasts + timedelta(seconds=15)
    good = Spread(since=first, every=ORDER_EVERY)
    found.append(good_order(told.component).model_copy(update={"at": [good]}))
    return [
        entry.model_copy(update={"after": "fault"}) if entry.at == [good] else entry
        for entry in found
    ]


def spread(entry: Lines, lasts: timedelta, count: int, fault: str) -> Lines:
    """The entry's line, `count` times from 0 to `lasts`, while the fault goes on."""
    at = [Spread(to=lasts, count=count)]
    return entry.model_copy(update={"at": at, "during": fault})


def order(kind: Kind, link: str | None, component: str = COMPONENT) -> Lines:
    """What the service logs of an order that the factory spoils."""
    address = {"followLinkToEndChaos": f"{{link:{link}}}"} if link else {}
    if kind in (Kind.SLOW, Kind.BAD_JWT):
        jwt = "dead" if kind is Kind.BAD_JWT else "eyJh"
        answer: dict[str, object] = {"order": {"id": 7}, **address, "jwt": jwt}
        return http(component, "info", 200, answer)
    return http(component, "error", 500, {"message": _FAILED, **address})


def good_order(component: str = COMPONENT) -> Lines:
    """What the service logs of an order that went well."""
    return http(component, "info", 200, {"order": {"id": 8}, "jwt": "eyJh"})


def factory_line(link: str | None, component: str = COMPONENT) -> Lines:
    """What the service logs of the factory's own answer to a failed order."""
    answer: dict[str, object] = {"message": "chaos monkey"}
    if link:
        answer["reportUrl"] = f"{{link:{link}}}"
    text = {"reqBody": _compact({"order": _ORDER}), "resBody": _compact(answer)}
    return _entry(component, "error", "factory", text)


def http(component: str, level: str, status: int, answer: dict[str, object]) -> Lines:
    """The HTTP line of an order, with this answer to the diner."""
    text = {
        "authorized": True,
        "path": "/api/order",
        "method": "POST",
        "statusCode": status,
        "reqBody": _compact(_ORDER),
        "resBody": _compact(answer),
    }
    return _entry(component, level, "http", text)


def _entry(component: str, level: str, kind: str, text: Mapping[str, object]) -> Lines:
    labels = {"component": component, "level": level, "type": kind}
    return Lines(at=[timedelta()], labels=labels, text=_compact(text))


def _expect(told: Description, total: int, linked: bool) -> Expect:
    fires = any(alert.status is Status.FIRING for alert in told.alerts)
    if not fires:
        return Expect(incidents=0, calls=[])
    if linked and total:
        within = timedelta(seconds=5)
        return Expect(incidents=1, calls=[LINK], ends=[State.RECOVERED], within=within)
    return Expect(incidents=1, calls=[])


def _compact(value: Mapping[str, object]) -> str:
    return json.dumps(value, separators=(",", ":"))
