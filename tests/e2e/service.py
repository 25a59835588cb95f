"""A whole Responder on a socket, with a simulated factory and shop beside it."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from responder.app import Responder, build
from responder.clock import SystemClock
from responder.config.settings import (
    FactorySettings,
    LokiLogs,
    Secret,
    Server,
    Settings,
)
from responder.demo.factory import SimulatedFactory
from responder.demo.loki import SimulatedLoki
from responder.demo.shop import LogEntry, LokiPush, SimulatedShop
from responder.incident.names import Sender, Status
from responder.incident.ports import Factory, LogSource
from responder.incident.rule import Check, Matcher, Rule
from responder.senders import sample as samples
from responder.server import HttpServer

PUSH = "/loki/api/v1/push"
SERVICE = '{component="jwt-pizza-service"}'
RULE = Rule(
    name="pizza-factory",
    match=((Matcher(label="responder", op="=", value="jwt-pizza"),),),
    checks=(
        Check(
            name="report-link",
            query=SERVICE + ' |= "/api/support/" |= "/report/"',
            window=timedelta(minutes=10),
            threshold=1,
        ),
        Check(
            name="error-logs",
            query='{component="jwt-pizza-service", level="error"}',
            window=timedelta(minutes=5),
            threshold=5,
        ),
    ),
    traffic=SERVICE
    + ' |= `"method":"POST"` |= "menuId" |= `"statusCode":200` != "/api/support/"',
    failed='{component="jwt-pizza-service", type="http"}'
    ' |= `"path":"/api/order"` |= `"statusCode":500`',
    recheck=timedelta(seconds=0.3),
    settle=timedelta(seconds=1),
    verify_after=timedelta(seconds=0.7),
    verify_for=timedelta(seconds=3),
    give_up_after=timedelta(seconds=20),
    no_link_for=timedelta(seconds=0.8),
    unreadable_for=timedelta(seconds=0.8),
    cooldown=timedelta(seconds=1),
)
ONLY_ERRORS = replace(RULE, checks=RULE.checks[1:])
WITHIN = 120.0


def until(true: Callable[[], Any], within: float = WITHIN) -> Any:
    """What `true` answers once it is truthy; fails after `within` seconds."""
    ends = time.monotonic() + within
    pause = threading.Event()
    while not (found := true()):
        if time.monotonic() > ends:
            raise AssertionError("the condition did not come true in time")
        pause.wait(0.01)
    return found


class SkippingClock(SystemClock):
    """The machine's clock with jumps: minutes pass when a test says so.

    Whatever waits for a time notices within the worker's half second.
    """

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self._ahead

    def skip(self, span: timedelta) -> None:
        self._ahead += span


@dataclass
class Service:
    """What a test holds in its hands."""

    responder: Responder
    http: HttpServer
    factory: SimulatedFactory
    shop: SimulatedShop
    clock: SkippingClock
    push: LokiPush
    auth: tuple[str, str] | None = None
    """Whom the service is asked as, where it has operators."""
    logged: list[LogEntry] = field(default_factory=list)
    """Every line that the shop pushed, at the service's time."""

    @property
    def url(self) -> str:
        return self.http.url

    @property
    def push_url(self) -> str:
        """Where its log source takes lines in."""
        logs = self.responder.settings.logs
        return f"{logs.url if logs else ''}{PUSH}"

    def alert(
        self,
        status: Status = Status.FIRING,
        *,
        started: datetime | None = None,
        path: str = "grafana",
        **labels: str,
    ) -> dict[str, Any]:
        """Deliver one alert as Grafana (or another sender) would."""
        named = {"alertname": "Order errors", "responder": "jwt-pizza", **labels}
        body = samples.body(
            Sender(path), named, datetime.now(UTC), status, started or STARTED
        )
        answer = requests.post(f"{self.url}/webhooks/{path}", json=body, timeout=60)
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.json()
        return found

    @contextmanager
    def ordering(self, every: float = 0.2) -> Iterator[None]:
        """Diners order every `every` seconds while the block lasts."""
        closed = threading.Event()
        buying = threading.Thread(target=self.shop.run, args=(every, closed))
        buying.start()
        try:
            yield
        finally:
            closed.set()
            buying.join()

    def write(self, *lines: str, level: str = "error") -> None:
        """Log these lines as the pizza service, now."""
        labels = {"component": "jwt-pizza-service", "level": level, "type": "exception"}
        at_ns = self.now_ns()
        self.push([(at_ns + n, labels, text) for n, text in enumerate(lines)])

    def now_ns(self) -> int:
        return int(self.clock.now().timestamp() * 1e6) * 1000

    def deliver(self, entries: Sequence[LogEntry]) -> None:
        """The shop's lines, at the time of the service's clock."""
        at_ns = self.now_ns()
        lines = [(at_ns, labels, text) for _, labels, text in entries]
        self.logged += lines
        self.push(lines)

    def post(self, path: str, body: dict[str, Any]) -> requests.Response:
        """Ask the API to do something."""
        return requests.post(f"{self.url}{path}", json=body, auth=self.auth, timeout=60)

    def incidents(self) -> list[dict[str, Any]]:
        answer = requests.get(
            f"{self.url}/api/incidents", auth=self.auth, timeout=60
        ).json()
        found: list[dict[str, Any]] = answer["incidents"]
        return found

    def incident(self, number: int = 0) -> dict[str, Any]:
        """The incident opened `number`-th, with its timeline."""
        known = sorted(self.incidents(), key=lambda i: (i["opened_at"], i["id"]))
        answer = requests.get(
            f"{self.url}/api/incidents/{known[number]['id']}",
            auth=self.auth,
            timeout=60,
        )
        found: dict[str, Any] = answer.json()
        return found

    def in_state(self, *states: str, number: int = 0) -> dict[str, Any]:
        """The incident, once it is in one of these states."""

        return self._once(lambda found: found["state"] in states, number)

    def came_to(self, state: str, number: int = 0) -> dict[str, Any]:
        """The incident, once it is in this state or was.

        For states that may be over before anybody asks.
        """
        return self._once(
            lambda found: any(e.get("state") == state for e in found["timeline"]),
            number,
        )

    def _once(
        self, true: Callable[[dict[str, Any]], bool], number: int
    ) -> dict[str, Any]:
        """The incident, once this is true of it."""

        def there() -> dict[str, Any] | None:
            if len(self.incidents()) <= number:
                return None
            found = self.incident(number)
            return found if true(found) else None

        try:
            found: dict[str, Any] = until(there)
        except AssertionError:
            raise AssertionError(f"not yet: {self.incidents()}") from None
        return found


STARTED = datetime(2026, 4, 7, 18, 46, tzinfo=UTC)


@contextmanager
def service(
    folder: Path,
    rule: Rule = RULE,
    factory: AbstractContextManager[SimulatedFactory] | None = None,
    clock: SkippingClock | None = None,
    *,
    keyed: bool = False,
    probe_every: timedelta | None = None,
    patience: timedelta = timedelta(seconds=5),
    reading: LogSource | None = None,
    calling: Factory | None = None,
    **changes: Any,
) -> Iterator[Service]:
    """A Responder served on a free port, with storage and logs of its own.

    `keyed`: it has the factory's key; `probe_every`: it asks how ready it is;
    `patience`: it waits so long for the factory's answer; `reading` and `calling`
    take the place of its logs and its factory.
    `changes` are settings; with `logs=LokiLogs(...)` the shop pushes there.
    """
    with (
        factory or SimulatedFactory(delay=0.5) as supplier,
        SimulatedLoki(now_ns=None) as loki,
    ):
        given = Settings(
            server=Server(port=0),
            storage_url=f"sqlite:///{folder / 'responder.db'}",
            logs=LokiLogs(url=loki.url),
            factory=FactorySettings(
                url=supplier.url,
                api_key=Secret(supplier.api_key) if keyed else None,
                timeout=patience,
            ),
            rules=(rule,),
            max_reports_per_hour=1000,
            # A machine busy with other tests is no database that is away.
            accept_within=timedelta(seconds=10),
        )
        settings = replace(given, **changes)
        clock = clock or SkippingClock()
        responder = build(
            settings,
            clock=clock,
            logs=reading,
            factory=calling,
            probe_every=probe_every,
        )
        http = HttpServer(responder.web, "127.0.0.1", 0)
        http.start()
        responder.start()
        assert settings.logs is not None, "a service counts in some logs"
        push = LokiPush(f"{settings.logs.url}{PUSH}")
        key = supplier.api_key
        shop = SimulatedShop(supplier.url, lambda e: found.deliver(e), vendor_key=key)
        found = Service(responder, http, supplier, shop, clock, push)
        try:
            yield found
        finally:
            http.stop()
            responder.close()
