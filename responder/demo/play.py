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
from responder.incident.names import Sender, Status
from responder.incident.ports import Search
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


class Demo:
    """The stage: everything runs between `stage()`'s entry and exit."""

    def __init__(
        self,
        responder: Responder,
        http: HttpServer,
        factory: SimulatedFactory,
        say: Callable[[str], None],
    ) -> None:
        self._responder = responder
        self._factory = factory
        self._say = say
        self.url = http.url

    def play(self) -> bool:
        """Play the incident and print its timeline; whether the job was done."""
        rule = self._responder.settings.rules[0]
        self._tell("Orders go well: the shop orders every half second.")
        self._wait(2)
        self._factory.start_chaos("fail")
        failing = datetime.now(UTC)
        self._tell("The factory starts to answer every order with status 500.")
        self._wait(FAILED_BEFORE_ALERT * ORDER_EVERY)
        self._alert(rule, Status.FIRING, failing)
        self._tell("Grafana fires and calls Responder's webhook.")
        recovered = self._follow()
        self._alert(rule, Status.RESOLVED, failing)
        self._tell("Grafana says that the alert is resolved.")
        return recovered and len(self._factory.effective_calls) == 1

    def _follow(self) -> bool:
        """Print what the timeline gains until the incident ends."""
        shown, ends = 0, time.monotonic() + LONGEST
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
                    return str(incident.state) == "recovered"
            self._wait(0.05)
        self._say(f"The incident did not end within {LONGEST:.0f} s.")
        return False

    def _alert(self, rule: Rule, status: Status, started: datetime) -> None:
        labels = samples.labels_for(rule)
        body = samples.body(Sender.GRAFANA, labels, datetime.now(UTC), status, started)
        answer = requests.post(f"{self.url}/webhooks/grafana", json=body, timeout=10)
        answer.raise_for_status()

    def _tell(self, text: str, at: datetime | None = None) -> None:
        moment = at or datetime.now(UTC)
        self._say(f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d} UTC  {text}")

    def _wait(self, seconds: float) -> None:
        threading.Event().wait(seconds)


@contextmanager
def stage(rule: Rule, port: int, say: Callable[[str], None]) -> Iterator[Demo]:
    """Set everything up, take it down again; `port` 0 picks a free one."""
    with ExitStack() as stack:
        factory = stack.enter_context(SimulatedFactory(delay=2))
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
        push = f"{http.url}/loki/api/v1/push"
        shop = SimulatedShop(factory.url, push_url=push, vendor_key=factory.api_key)
        closed = threading.Event()
        buying = threading.Thread(target=shop.run, args=(ORDER_EVERY, closed))
        buying.start()
        stack.callback(buying.join)
        stack.callback(closed.set)
        yield Demo(responder, http, factory, say)
