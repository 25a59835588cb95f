"""The web's parts for tests: real senders and metrics over fakes of storage."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from responder.config.settings import Credential, Secret, Server
from responder.incident.alert import Delivery
from responder.incident.events import (
    AlertFired,
    Candidate,
    CheckReading,
    Decided,
    Event,
    Finished,
    Looked,
    Opened,
    ReportAnswered,
    ReportIntended,
)
from responder.incident.names import Decision, Outcome, Proof, Reason, Sender, State
from responder.incident.ports import Accepted, Lease, Storing
from responder.incident.readiness import Readiness
from responder.incident.rule import Check, Rule
from responder.incident.service import Uptime
from responder.masking import Masker
from responder.metrics import Metrics
from responder.senders import auth as signature
from responder.senders import body, grafana, irm
from responder.web import webhooks as received
from responder.web.app import create_app
from responder.web.parts import Authenticated, Services
from tests.drill_parts import ListedDrilling, ListedDrills
from tests.fakes import (
    NOON,
    ListedControls,
    ListedIntake,
    ListedOpenings,
    ListedSessions,
    SetClock,
    readings,
)
from tests.listed import ListedArchive

SECRET = "demo-secret-of-grafana"
OPERATOR = "pass-of-oncall"
FACTORY = "pizza-factory.example.net"
QUERY = '{component="jwt-pizza-service", level="error"}'
RULE = Rule(
    name="pizza-factory",
    match=(),
    checks=(
        Check(name="error-logs", query=QUERY, window=timedelta(minutes=5), threshold=5),
    ),
    traffic=QUERY + ' |= "menuId"',
)


def at(seconds: float) -> datetime:
    """A time counted from noon."""
    return NOON + timedelta(seconds=seconds)


@dataclass
class Web:
    """A Responder's web over fakes, and what to look at afterwards."""

    credentials: tuple[Credential, ...] = ()
    operators: Mapping[str, Secret] = field(default_factory=dict)
    server: Server = field(default_factory=Server)
    alive: bool = True
    intake: ListedIntake = field(default_factory=ListedIntake)
    archive: ListedArchive = field(default_factory=ListedArchive)
    controls: ListedControls = field(default_factory=ListedControls)
    openings: ListedOpenings = field(default_factory=ListedOpenings)
    drills: ListedDrills = field(default_factory=ListedDrills)
    sessions: ListedSessions = field(default_factory=ListedSessions)
    clock: SetClock = field(default_factory=SetClock)
    memory: Uptime = field(default_factory=Uptime)
    readiness: Readiness | None = None
    leased: list[Lease] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.drilling = ListedDrilling(self.drills, (RULE.name,))
        self.registry = CollectorRegistry()
        self.metrics = Metrics(
            self.registry,
            rules=[RULE],
            version="0",
            config_sha="cafe",
            stored=readings(
                self.archive.counts,
                self.controls.standing,
                memory=lambda: self.memory,
            ),
        )

    def parts(self) -> Services:
        return Services(
            intake=self.intake,
            archive=self.archive,
            controls=self.controls,
            openings=self.openings,
            drills=self.drills,
            drilling=self.drilling,
            clock=self.clock,
            server=self.server,
            sessions=self.sessions,
            metrics=self.metrics,
            masker=Masker([SECRET, OPERATOR]),
            hand_over=self.leased.extend,
            taken_in=self.taken_in,
            storing=lambda: (
                Storing.DATABASE if self.archive.writable() else Storing.NOWHERE
            ),
            worker_alive=lambda: self.alive,
            new_id=lambda: f"delivery-{len(self.intake.deliveries)}",
            authenticate=authenticate_with(self.credentials),
            decode=body.decode,
            parse_grafana=grafana.parse,
            parse_irm=irm.parse,
            credentials=self.credentials,
            operators=self.operators,
            rules=(RULE,),
            config_sha="cafe",
            memory=lambda: self.memory,
            readiness=lambda at: self.readiness,
        )

    def taken_in(self, delivery: Delivery, accepted: Accepted) -> None:
        self.leased.extend(accepted.leases)
        received.tell(self.metrics, delivery, accepted)

    def client(self) -> FlaskClient:
        return create_app(self.parts()).test_client()

    def sample(self, name: str, labels: Mapping[str, str] | None = None) -> float:
        """One series' value."""
        value = self.registry.get_sample_value(name, dict(labels or {}))
        assert value is not None
        return value


def authenticate_with(
    credentials: Sequence[Credential],
) -> Callable[[Sender, Mapping[str, str], bytes | None, datetime], Authenticated | str]:
    def authenticate(
        sender: Sender, headers: Mapping[str, str], raw: bytes | None, now: datetime
    ) -> Authenticated | str:
        answer = signature.authenticate(credentials, sender, headers, raw, now)
        if isinstance(answer, signature.Rejected):
            return answer.why
        return Authenticated(
            credential=answer.credential, clock_difference=answer.clock_difference
        )

    return authenticate


def alert(**changes: object) -> dict[str, object]:
    """One alert as Grafana writes it."""
    return {
        "status": "firing",
        "labels": {"alertname": "Order errors"},
        "annotations": {},
        "startsAt": "2026-11-05T11:58:30Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": "57c6d9296de2ad30",
        **changes,
    }


def notification(*alerts: dict[str, object]) -> dict[str, object]:
    """A notification as Grafana writes it."""
    return {
        "receiver": "responder",
        "status": "firing",
        "groupKey": '{}:{alertname="Order errors"}',
        "alerts": list(alerts) or [alert()],
    }


def reading(count: int | None = 14, seconds: float = 0) -> CheckReading:
    return CheckReading(
        name="error-logs",
        count=count,
        threshold=5,
        since=at(seconds - 300),
        until=at(seconds),
    )


def look(seconds: float = 0, count: int | None = 14, **changes: int | None) -> Looked:
    return Looked(
        at=at(seconds),
        since=at(seconds - 300),
        checks=(reading(count, seconds),),
        candidates=(Candidate(name="link 7f3a", digest="7f3a" * 16, seen_at=NOON),),
        good_orders=changes.get("good_orders"),
        lines=(f"{1_793_880_000_000_000_000 + int(seconds)}-line",),
    )


def founding() -> list[Event]:
    """An incident like the first: reported once, proven by an order."""
    digest = "7f3a" * 16
    return [
        Opened(at=NOON, rule="pizza-factory", sender=Sender.GRAFANA),
        AlertFired(
            at=NOON,
            fingerprint="57c6d9296de2ad30",
            starts_at=at(-90),
            sender=Sender.GRAFANA,
            labels={"alertname": "Order errors"},
        ),
        look(0.1),
        Decided(
            at=at(0.2),
            decision=Decision.REPORT,
            state=State.REPORTING,
            reason=Reason.THRESHOLD_REACHED,
            observed=14,
            limit=5,
            check="error-logs",
        ),
        ReportIntended(
            at=at(0.2), link="link 7f3a", digest=digest, reason=Reason.THRESHOLD_REACHED
        ),
        ReportAnswered(
            at=at(0.3),
            link="link 7f3a",
            digest=digest,
            outcome=Outcome.RESOLVED,
            method="GET",
            status=200,
            message="Problem resolved. Pizza is back on the menu!",
            seconds=0.1,
        ),
        Finished(
            at=at(30.2),
            state=State.RECOVERED,
            reason=Reason.ORDER_SEEN,
            proof=Proof.ORDERS,
            good_orders=1,
        ),
    ]
