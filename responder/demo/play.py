"""The demo: one incident over real HTTP, in half a minute."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from responder.app import Responder, build
from responder.config.settings import FactorySettings, LokiLogs, Server, Settings
from responder.demo.factory import Chaos, SimulatedFactory
from responder.demo.loki import BadRequest, SimulatedLoki
from responder.demo.shop import SimulatedShop
from responder.incident.incident import Incident
from responder.incident.names import Sender, State, Status
from responder.incident.rule import Rule
from responder.incident.view import Search
from responder.incident.words import event_words
from responder.senders import sample
from responder.server import HttpServer

ORDER_EVERY = 0.5
LONGEST = 45.0
QUICK = {
    "recheck": timedelta(seconds=1),
    "settle": timedelta(seconds=3),
    "verify_after": timedelta(seconds=5),
    "verify_for": timedelta(seconds=20),
}
"""The waits of the rule, shortened so that a demo shows all of them."""
OFTEN = 1000
"""Reports in an hour: whoever plays may break the factory as often as they like."""
FAULTS = {
    Chaos.FAIL: "The factory starts to answer every order with status 500.",
    Chaos.THROTTLE: "The factory starts to answer every order late.",
    Chaos.BADJWT: "The factory starts to answer every order with a bad JWT.",
}
_SHOWN_CHECKS = 6
"""Events of an incident after which single evaluations are no news."""


class Interrupted(Exception):
    """The demo was told to stop before the incident ended."""


class Ruler:
    """What Grafana's alert rule does: it fires while the logs hold enough lines."""

    EVERY = 0.5
    WINDOW = timedelta(seconds=7)
    ENOUGH = 4

    def __init__(
        self, rule: Rule, loki: SimulatedLoki, deliver: Callable[[Status], None]
    ) -> None:
        self._queries = [check.query for check in rule.checks]
        self._loki = loki
        self._deliver = deliver

    def run(self, stop: threading.Event) -> None:
        """Deliver `firing` and `resolved` as they come, until `stop`."""
        firing = False
        while not stop.wait(self.EVERY):
            if self._fires() is not firing:
                firing = not firing
                self._deliver(Status.FIRING if firing else Status.RESOLVED)

    def _fires(self) -> bool:
        since = time.time_ns() - int(self.WINDOW.total_seconds() * 1e9)
        return any(self._count(query, since) >= self.ENOUGH for query in self._queries)

    def _count(self, query: str, since: int) -> int:
        try:
            return self._loki.count(query, since, time.time_ns() + 1)
        except (BadRequest, ValueError):
            return 0  # Responder says itself that this check cannot be read.


class Demo:
    """The stage: everything runs between `stage()`'s entry and exit."""

    def __init__(
        self,
        responder: Responder,
        http: HttpServer,
        factory: SimulatedFactory,
        say: Callable[[str], None],
        stopped: threading.Event,
    ) -> None:
        self._responder = responder
        self._factory = factory
        self._say = say
        self._stopped = stopped
        self._shown: dict[str, int] = {}
        self._ended: set[str] = set()
        self._chaos = Chaos.NONE
        self._started = datetime.now(UTC)
        self.url = http.url

    def play(self, within: float = LONGEST) -> bool:
        """Play the incident, printing its timeline as it grows; whether it was solved.

        It is solved by one effective report and an end in `recovered`, `within`
        seconds of the fault. Raises `Interrupted` when told to stop meanwhile.
        """
        self._tell("Orders go well: the shop orders every half second.")
        if self._stopped.wait(1.5):
            raise Interrupted
        self._factory.start_chaos("fail")
        ends = time.monotonic() + within
        while time.monotonic() < ends:
            for incident in self._follow():
                recovered = incident.state is State.RECOVERED
                return recovered and len(self._factory.effective_calls) == 1
            if self._stopped.wait(0.05):
                raise Interrupted
        self._say(f"The incident did not end within {within:.0f} s.")
        return False

    def go_on(self) -> None:
        """Print what else happens until told to stop."""
        while not self._stopped.wait(0.05):
            self._follow()

    @property
    def ways_to_break(self) -> list[str]:
        """One command for each kind of fault, for another terminal."""
        key = f"-H 'Authorization: Bearer {self._factory.api_key}'"
        chaos = f"{self._factory.url}/api/vendor/chaos"
        return [
            f"curl -sS --noproxy '*' -X PUT {key} {chaos}/{kind}" for kind in FAULTS
        ]

    def alert(self, rule: Rule, status: Status) -> None:
        """Deliver the rule's alert to Responder, as Grafana does."""
        if status is Status.FIRING:
            self._tell("Grafana fires and calls Responder's webhook.")
            self._started = datetime.now(UTC)
        else:
            self._tell("Grafana says that the alert is resolved.")
        labels, now = sample.labels_for(rule), datetime.now(UTC)
        body = sample.body(Sender.GRAFANA, labels, now, status, self._started)
        with requests.Session() as session:
            session.trust_env = False  # A proxy does not know this machine's own port.
            url = f"{self.url}/webhooks/grafana"
            session.post(url, json=body, timeout=10).raise_for_status()

    def _follow(self) -> list[Incident]:
        """Print what is new of the factory and of every incident; who ended now."""
        if self._factory.chaos is not self._chaos:
            self._chaos = self._factory.chaos
            if self._chaos in FAULTS:
                self._tell(FAULTS[self._chaos])
        page, ended = self._responder.store.search(Search(limit=10)), []
        for row in reversed(page.incidents):
            found = self._responder.store.timeline(row.id)
            assert found is not None
            incident, events = found
            shown = self._shown.get(row.id, 0)
            for number, event in enumerate(events[shown:], shown):
                if event.event != "looked" or number < _SHOWN_CHECKS:
                    self._tell(f"  {event_words(event)}", event.at)
            self._shown[row.id] = len(events)
            if incident.ended_at is not None and row.id not in self._ended:
                self._ended.add(row.id)
                self._say(row.summary)
                ended.append(incident)
        return ended

    def _tell(self, text: str, at: datetime | None = None) -> None:
        moment = at or datetime.now(UTC)
        self._say(f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d} UTC  {text}")


@contextmanager
def stage(
    rule: Rule,
    port: int,
    say: Callable[[str], None],
    *,
    stopped: threading.Event | None = None,
    factory: SimulatedFactory | None = None,
) -> Iterator[Demo]:
    """Set everything up, take it down again; `port` 0 picks a free one.

    `stopped` ends a play early; `factory` stands in for the one of the demo. Raises
    `BadAddress` when the port is taken.
    """
    with ExitStack() as stack:
        supplier = factory or SimulatedFactory(api_key="demo", delay=2)
        stack.enter_context(supplier)
        loki = stack.enter_context(SimulatedLoki())
        folder = stack.enter_context(TemporaryDirectory(prefix="responder-demo-"))
        rule = replace(rule, **QUICK)  # type: ignore[arg-type]
        settings = Settings(
            server=Server(port=port),
            storage_url=f"sqlite:///{Path(folder) / 'responder.db'}",
            logs=LokiLogs(url=loki.url),
            factory=FactorySettings(url=supplier.url),
            max_reports_per_hour=OFTEN,
            rules=(rule,),
        )
        responder = build(settings)
        stack.callback(responder.close)
        http = HttpServer(responder.web, "127.0.0.1", port)
        http.start()
        stack.callback(http.stop)
        responder.start()
        demo = Demo(responder, http, supplier, say, stopped or threading.Event())
        key = supplier.api_key
        shop = SimulatedShop(supplier.url, push_url=loki.push_url, vendor_key=key)
        ruler = Ruler(rule, loki, lambda status: demo.alert(rule, status))
        stack.enter_context(_running(lambda stop: shop.run(ORDER_EVERY, stop)))
        stack.enter_context(_running(ruler.run))
        yield demo


@contextmanager
def _running(run: Callable[[threading.Event], None]) -> Iterator[None]:
    """Something that runs in a thread of its own while the block lasts."""
    closed = threading.Event()
    thread = threading.Thread(target=run, args=(closed,))
    thread.start()
    try:
        yield
    finally:
        closed.set()
        thread.join()


# The simulated factory and the simulated shop as programs of their own.
#
# For a stand with a real Grafana and Loki between them: `grafana/compose.yaml`.

SHOP_ORDER_EVERY = 2.0


def serve_factory(
    listen: str,
    port: int,
    vendor_key: str,
    stopped: threading.Event,
    say: Callable[[str], None],
) -> None:
    """Serve until `stopped`. Raises OSError when the port is taken."""
    factory = SimulatedFactory(api_key=vendor_key, delay=32, listen=listen, port=port)
    with factory:
        say(f"Simulated factory on {factory.url}; it fails once it is told to:")
        say(f"  curl -X PUT -H 'Authorization: Bearer KEY' {factory.url}{_CHAOS}")
        stopped.wait()


def keep_shop(
    factory_url: str,
    push_url: str,
    vendor_key: str,
    stopped: threading.Event,
    say: Callable[[str], None],
    *,
    every: float = SHOP_ORDER_EVERY,
) -> None:
    """Order every `every` seconds and push the log lines, until `stopped`."""
    shop = SimulatedShop(factory_url, push_url=push_url, vendor_key=vendor_key)
    say(f"Simulated shop: an order every {every:g} s at {factory_url}")
    shop.run(every, stopped)


_CHAOS = "/api/vendor/chaos/fail"
