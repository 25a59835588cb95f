"""Hand-written stand-ins that keep the promises of `incident.ports`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from responder.incident.actions import (
    Action,
    NoSuchIncident,
    Pressed,
    Standing,
    TooLate,
)
from responder.incident.alert import AlertVerdict, Delivery
from responder.incident.events import Opened
from responder.incident.names import State, Verdict
from responder.incident.openings import Aftermath, Began
from responder.incident.pause import Pause
from responder.incident.ports import Accepted, Lease, StorageUnavailable
from responder.metrics import Readings

NOON = datetime(2026, 11, 5, 12, 0, 0, tzinfo=UTC)


@dataclass
class SetClock:
    """A clock that stands still until it is set."""

    at: datetime = NOON

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()


@dataclass
class ListedIntake:
    """Keeps deliveries in a list; every alert gets the same verdict."""

    verdict: Verdict = Verdict.OPENED
    incident: str | None = "inc-1"
    rule: str | None = "pizza-factory"
    broken: bool = False
    bug: Exception | None = None
    deliveries: list[Delivery] = field(default_factory=list)

    def accept(self, delivery: Delivery) -> Accepted:
        if self.bug:
            raise self.bug
        if self.broken:
            raise StorageUnavailable
        self.deliveries.append(delivery)
        test = delivery.notification.test
        said = [
            AlertVerdict(
                fingerprint=alert.fingerprint,
                verdict=Verdict.TEST if test else self.verdict,
                incident=None if test else self.incident,
                rule=None if test else self.rule,
            )
            for alert in delivery.notification.alerts
        ]
        leases = [Lease(incident=self.incident, token="t")] if self.incident else []
        return Accepted(verdicts=tuple(said), leases=() if test else tuple(leases))


@dataclass
class ListedControls:
    """Keeps what was pressed; says what it was told to say."""

    known: str = "inc-1"
    first: tuple[str, datetime] | None = None
    late: TooLate | None = None
    pressed: list[Action] = field(default_factory=list)
    paused: Pause | None = None
    breaker_open: bool = False
    held: int = 0
    broken: bool = False

    def act(self, incident: str, action: Action) -> Pressed:
        if self.broken:
            raise StorageUnavailable
        if incident != self.known:
            raise NoSuchIncident(incident)
        if self.late:
            raise self.late
        by, at = self.first or (action.by, NOON)
        if not self.first:
            self.pressed.append(action)
        return Pressed(
            incident=incident,
            rule="pizza-factory",
            done=not self.first,
            by=by,
            at=at,
            state=State.HOLDING,
            lease=None if self.first else Lease(incident=incident, token="t"),
        )

    def pause(self, by: str, until: datetime | None) -> None:
        self.paused = Pause(at=NOON, by=by, until=until)

    def resume(self, by: str) -> None:
        self.paused = None

    def standing(self) -> Standing:
        return Standing(
            pause=self.paused,
            breaker_open=self.breaker_open,
            reports_last_hour=6 if self.breaker_open else 0,
            max_reports_per_hour=6,
            hour_frees_at=NOON if self.breaker_open else None,
            held=self.held,
        )


@dataclass
class ListedOpenings:
    """Keeps what was opened; `there` is open already."""

    there: str = ""
    opened: list[Opened] = field(default_factory=list)

    def aftermath(self, rule: str) -> Aftermath:
        return Aftermath()

    def open(self, opened: Opened, *, looked_at: datetime | None = None) -> Began:
        if self.there:
            return Began(incident=self.there, rule=opened.rule, done=False, at=NOON)
        self.opened.append(opened)
        lease = Lease(incident="inc-1", token="t")
        return Began(
            incident="inc-1", rule=opened.rule, done=True, at=opened.at, lease=lease
        )


def readings(
    counts: Callable[[], Mapping[tuple[str, State], int]] = dict,
    standing: Callable[[], Standing] | None = None,
    **changes: Any,
) -> Readings:
    """Storage as the metrics ask it: quiet, unless told otherwise."""
    quiet = Readings(
        counts=counts,
        standing=standing or ListedControls().standing,
        due_lag=timedelta,
        open_for=dict,
    )
    return replace(quiet, **changes)


@dataclass
class ListedSessions:
    """Remembers which sessions were ended."""

    ended: set[str] = field(default_factory=set)
    epochs: dict[str, int] = field(default_factory=dict)

    def epoch(self, user: str) -> int:
        return self.epochs.get(user, 0)

    def is_open(self, user: str, session: str, epoch: int) -> bool:
        return session not in self.ended and epoch == self.epoch(user)

    def end(self, session: str, ends_at: datetime) -> None:
        self.ended.add(session)

    def end_all(self, user: str) -> None:
        self.epochs[user] = self.epoch(user) + 1
