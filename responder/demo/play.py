"""One incident like the founding one, through real HTTP, in half a minute.

A real Responder with embedded storage and logs on a free port; beside it a simulated
factory, a shop that orders, and a Grafana that fires once enough errors are logged.
"""

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
from responder.config.settings import EmbeddedLogs, FactorySettings, Server, Settings
from responder.demo.factory import SimulatedFactory
from responder.demo.shop import SimulatedShop
from responder.incident.listing import Search
from responder.incident.names import Sender, State, Status
from responder.incident.rule import Rule
from responder.incident.words import event_words
from responder.senders import samples
from responder.server import HttpServer

ORDER_EVERY = 0.5
FAILED_BEFORE_ALERT = 4
LONGEST = 45.0
QUICK = {
    "recheck": timedelta(seconds=1),
    "settle": timedelta(seconds=3),
    "verify_after": timedelta(seconds=5),
    "verify_for": timedelta(seconds=20),
}
"""The waits of the rule, shortened so that a demo shows all of them."""


class Interrupted(Exception):
    """The demo was told to stop before the incident ended."""


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
        self.url = http.url

    def play(self, within: float = LONGEST) -> bool:
        """Play the incident, printing its timeline as it grows; whether it was solved.

        It is solved by one effective report and an end in `recovered`, `within`
        seconds of the alert. Raises `Interrupted` when told to stop meanwhile.
        """
        rule = self._responder.settings.rules[0]
        self._tell("Orders go well: the shop orders every half second.")
        self._wait(2)
        self._factory.start_chaos("fail")
        failing = datetime.now(UTC)
        self._tell("The factory starts to answer every order with status 500.")
        self._wait(FAILED_BEFORE_ALERT * ORDER_EVERY)
        self._tell("Grafana fires and calls Responder's webhook.")
        self._alert(rule, Status.FIRING, failing)
        recovered = self._follow(within)
        if recovered:
            self._tell("Grafana says that the alert is resolved.")
            self._alert(rule, Status.RESOLVED, failing)
        return recovered and len(self._factory.effective_calls) == 1

    def _follow(self, within: float) -> bool:
        """Print what the timeline gains until the incident ends."""
        shown, ends = 0, time.monotonic() + within
        while time.monotonic() < ends:
            page = self._responder.store.search(Search(limit=1))
            if page.incidents:
                found = self._responder.store.timeline(page.incidents[0].id)
                assert found is not None
                incident, events = found
                for event in events[shown:]:
                    if event.event != "looked" or shown < 6:
                        self._tell(f"  {event_words(event)}", event.at)
                shown = len(events)
                if incident.ended_at is not None:
                    self._say(page.incidents[0].summary)
                    return incident.state is State.RECOVERED
            self._wait(0.05)
        self._say(f"The incident did not end within {within:.0f} s.")
        return False

    def _alert(self, rule: Rule, status: Status, started: datetime) -> None:
        labels = samples.labels_for(rule)
        body = samples.body(Sender.GRAFANA, labels, datetime.now(UTC), status, started)
        with requests.Session() as session:
            session.trust_env = False  # A proxy does not know this machine's own port.
            url = f"{self.url}/webhooks/grafana"
            session.post(url, json=body, timeout=10).raise_for_status()

    def _tell(self, text: str, at: datetime | None = None) -> None:
        moment = at or datetime.now(UTC)
        self._say(f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d} UTC  {text}")

    def _wait(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise Interrupted


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
        factory = stack.enter_context(factory or SimulatedFactory(delay=2))
        folder = stack.enter_context(TemporaryDirectory(prefix="responder-demo-"))
        settings = Settings(
            server=Server(port=port),
            storage_url=f"sqlite:///{Path(folder) / 'responder.db'}",
            logs=EmbeddedLogs(),
            factory=FactorySettings(url=factory.url),
            rules=(replace(rule, **QUICK),),  # type: ignore[arg-type]
        )
        responder = build(settings)
        stack.callback(responder.close)
        http = HttpServer(responder.web, "127.0.0.1", port)
        http.start()
        stack.callback(http.stop)
        responder.start()
        stack.enter_context(_ordering(factory, http.url))
        yield Demo(responder, http, factory, say, stopped or threading.Event())


@contextmanager
def _ordering(factory: SimulatedFactory, url: str) -> Iterator[None]:
    """A shop whose diners order while the block lasts."""
    push = f"{url}/loki/api/v1/push"
    shop = SimulatedShop(factory.url, push_url=push, vendor_key=factory.api_key)
    closed = threading.Event()
    buying = threading.Thread(target=shop.run, args=(ORDER_EVERY, closed))
    buying.start()
    try:
        yield
    finally:
        closed.set()
        buying.join()
