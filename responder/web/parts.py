"""What the pages, the API and the webhooks depend on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from prometheus_client import CollectorRegistry

from responder.config.settings import Credential, Secret, Server
from responder.incident.actions import Controls
from responder.incident.alert import Delivery, Notification
from responder.incident.drills import Drilling, Drills
from responder.incident.names import Decision, Reason, Sender, Status, Verdict
from responder.incident.openings import Openings
from responder.incident.ports import Accepted, Archive, Clock, Intake, Lease, Storing
from responder.incident.readiness import Readiness
from responder.incident.rule import Rule
from responder.incident.service import Remember, Uptime
from responder.masking import Masker
from responder.web.sessions import SessionStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticated:
    """A sender that proved who it is. `clock_difference` is in seconds."""

    credential: str
    clock_difference: float | None = None


class WebhookCounting(Protocol):
    """The part of the metrics that a request moves."""

    @property
    def registry(self) -> CollectorRegistry:
        """What `/metrics` shows."""

    def webhook(self, sender: Sender, result: str, seconds: float) -> None:
        """One webhook request was answered."""

    def alert(self, status: Status, verdict: Verdict) -> None:
        """One alert of an accepted webhook."""

    def alert_delay(self, rule: str, seconds: float) -> None:
        """From an alert's startsAt to our hearing of it."""

    def heard(self, at: datetime) -> None:
        """A webhook was accepted."""

    def heartbeat(self, at: datetime) -> None:
        """A heartbeat was heard."""

    def decided(self, rule: str, decision: Decision, reason: Reason) -> None:
        """An operator ended an incident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The web's whole world.

    `authenticate` answers why a request is rejected, as a text without secrets.
    `decode`, `parse_grafana` and `parse_irm` raise ValueError with a text fit for
    the sender. `new_id` makes delivery ids.
    """

    intake: Intake
    archive: Archive
    controls: Controls
    openings: Openings
    drills: Drills
    clock: Clock
    server: Server
    sessions: SessionStore
    metrics: WebhookCounting
    masker: Masker
    hand_over: Callable[[Sequence[Lease]], None]
    taken_in: Callable[[Delivery, Accepted], None]
    """Told of each stored delivery, before it is acknowledged."""
    storing: Callable[[], Storing]
    """Where a delivery would be stored now."""
    storage_lost: Callable[[], str] = lambda: ""
    """Why this process will never reach its database again; "" while it does."""
    spooled: Callable[[], int] = lambda: 0
    """How many deliveries wait beside the database for it to take them."""
    worker_alive: Callable[[], bool]
    new_id: Callable[[], str]
    authenticate: Callable[
        [Sender, Mapping[str, str], bytes | None, datetime], Authenticated | str
    ]
    decode: Callable[[bytes], dict[str, object]]
    parse_grafana: Callable[[dict[str, object], Sender], Notification]
    parse_irm: Callable[[dict[str, object]], Notification]
    credentials: tuple[Credential, ...] = ()
    operators: Mapping[str, Secret]
    rules: tuple[Rule, ...] = ()
    config_sha: str = ""
    drilling: Drilling | None = None
    """Who runs drills; nobody where pages are served alone."""
    memory: Remember = Uptime
    """What the storage remembers of Responder itself. Raises `StorageUnavailable`."""
    heartbeat_within: timedelta = timedelta(minutes=15)
    readiness: Callable[[datetime], Readiness | None] = lambda at: None
    """Whether an outage would be answered; None before that is known."""
    fixed_link: bool = False
    """Reports go to a configured address: no log line needs to carry a link."""
