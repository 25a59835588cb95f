"""The thread that tells one place: on a real store, against a scripted voice."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from responder.incident.events import Reception, What, Where
from responder.incident.names import Outcome
from responder.incident.notify import DeliveryResult, Telling
from responder.notify.deliver import Notifier
from responder.store import Store
from responder.store.tables import errands
from tests.e2e.service import until
from tests.fakes import SetClock
from tests.store_parts import (
    RULE,
    at,
    delivery,
    finished,
    in_group,
    report,
    store_on,
)

TOLD = DeliveryResult(reception=Reception.TOLD, ref="71")
AWAY = DeliveryResult(reception=Reception.FAILED, detail="HTTP 503")
REFUSED = DeliveryResult(reception=Reception.REFUSED, detail="HTTP 403: Invalid token.")
LIMITED = DeliveryResult(
    reception=Reception.LIMITED, detail="HTTP 429", after=timedelta(seconds=90)
)


@dataclass
class ScriptedVoice:
    """Answers from a list, the last one for ever; remembers what it was told."""

    answers: list[DeliveryResult]
    told: list[tuple[What, bool]] = field(default_factory=list)
    hold: threading.Event | None = None

    def tell(self, telling: Telling, *, again: bool) -> DeliveryResult:
        self.told.append((telling.what, again))
        if self.hold:
            self.hold.wait(10)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@dataclass
class Meter:
    counted: list[Reception] = field(default_factory=list)

    def told(self, where: Where, result: Reception) -> None:
        self.counted.append(result)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def store(tmp_path: Path, clock: SetClock) -> Iterator[Store]:
    with closing(store_on(tmp_path / "responder.db", clock)) as store:
        store.start()
        yield store


@contextmanager
def telling(
    store: Store, voice: ScriptedVoice, meter: Meter | None = None
) -> Iterator[None]:
    teller = Notifier(
        Where.IRM,
        voice,
        store.outbox([Where.IRM]),
        rules={RULE.name: RULE},
        clock=store.clock,
        page=lambda incident: "",
        meter=meter or Meter(),
        poll=0.005,
    )
    teller.start()
    try:
        yield
    finally:
        if voice.hold:
            voice.hold.set()
        assert teller.stop(10)


def recovered(store: Store) -> str:
    """An incident that was reported and recovered: a note and a state to tell."""
    (lease,) = store.accept(in_group(delivery(), "IQ7")).leases
    incident = report(store, lease, store.load(lease.incident), Outcome.RESOLVED)
    store.decide(lease, incident, [finished(45)])
    return lease.incident


def due(store: Store) -> datetime | None:
    """When the errand comes again that was given back, None while it is held."""
    waits = select(errands.c.due_at).where(errands.c.lease_token.is_(None))
    with store.engine.connect() as conn:
        found: datetime | None = conn.execute(waits.where(errands.c.tries > 0)).scalar()
        return found


def told(store: Store, incident: str) -> list[tuple[What, str]]:
    return [(t.what, t.refused) for t in store.load(incident).told]


def test_everything_is_told_in_order_and_once(store: Store) -> None:
    incident, voice = recovered(store), ScriptedVoice([TOLD])
    with telling(store, voice):
        until(lambda: len(told(store, incident)) == 2)

    assert voice.told == [(What.ACTED, False), (What.ACKNOWLEDGED, False)]


def test_what_fails_holds_what_comes_after_it_and_comes_again(
    store: Store, clock: SetClock
) -> None:
    incident, voice = recovered(store), ScriptedVoice([AWAY, TOLD])
    with telling(store, voice):
        clock.at = until(lambda: due(store))
        until(lambda: len(told(store, incident)) == 2)

    assert voice.told == [
        (What.ACTED, False),
        (What.ACTED, True),
        (What.ACKNOWLEDGED, True),
    ]


def test_nothing_that_fails_is_tried_before_its_time(
    store: Store, clock: SetClock
) -> None:
    incident = recovered(store)
    voice, other = ScriptedVoice([LIMITED, TOLD]), ScriptedVoice([TOLD])
    with telling(store, voice):
        until(lambda: due(store))
    clock.at = at(89)
    early = store.outbox([Where.IRM]).take(Where.IRM)
    clock.at = at(90)
    with telling(store, other):
        until(lambda: len(told(store, incident)) == 2)

    assert early is None
    assert len(voice.told) == 1


def test_a_refusal_is_told_once_and_holds_nothing_after_it(
    store: Store, clock: SetClock
) -> None:
    incident, meter = recovered(store), Meter()
    voice = ScriptedVoice([REFUSED, TOLD, REFUSED, TOLD])
    with telling(store, voice, meter):
        until(lambda: len(told(store, incident)) == 2)
        until(lambda: due(store))
        clock.at += timedelta(minutes=10)
        until(lambda: len(voice.told) == 3)
        clock.at = until(lambda: due(store))
        until(lambda: len(told(store, incident)) == 3)

    assert told(store, incident) == [
        (What.ACTED, "HTTP 403: Invalid token."),
        (What.ACKNOWLEDGED, ""),
        (What.ACTED, ""),
    ]
    assert meter.counted == [
        Reception.REFUSED,
        Reception.TOLD,
        Reception.REFUSED,
        Reception.TOLD,
    ]


def test_a_storage_that_fails_meanwhile_ends_no_thread(
    store: Store, clock: SetClock
) -> None:
    incident, voice = recovered(store), ScriptedVoice([TOLD])
    store.close()
    with telling(store, voice):
        store.start()
        until(lambda: len(told(store, incident)) == 2)


def test_a_stop_waits_for_what_is_being_told_and_begins_nothing_more(
    store: Store,
) -> None:
    incident = recovered(store)
    voice = ScriptedVoice([TOLD], hold=threading.Event())
    with telling(store, voice):
        until(lambda: voice.told)

    assert voice.told == [(What.ACTED, False)]
    assert told(store, incident) == [(What.ACTED, "")]


def test_what_a_stop_left_is_told_at_the_next_start(store: Store) -> None:
    incident = recovered(store)
    first = ScriptedVoice([TOLD], hold=threading.Event())
    with telling(store, first):
        until(lambda: first.told)
    with telling(store, ScriptedVoice([TOLD])):
        until(lambda: len(told(store, incident)) == 2)


def test_an_incident_whose_rule_is_gone_is_told_all_the_same(store: Store) -> None:
    incident, voice = recovered(store), ScriptedVoice([TOLD])
    teller = Notifier(
        Where.IRM,
        voice,
        store.outbox([Where.IRM]),
        rules={},
        clock=store.clock,
        page=lambda incident: "",
        meter=Meter(),
        poll=0.005,
    )
    teller.start()
    until(lambda: len(told(store, incident)) == 2)
    assert teller.stop(10)


def test_no_telling_begins_when_its_lease_may_run_out_meanwhile(
    store: Store, clock: SetClock
) -> None:
    incident = recovered(store)

    @dataclass
    class SlowVoice(ScriptedVoice):
        def tell(self, telling: Telling, *, again: bool) -> DeliveryResult:
            clock.at += timedelta(seconds=11)
            return super().tell(telling, again=again)

    voice = SlowVoice([TOLD])
    with telling(store, voice):
        until(lambda: len(told(store, incident)) == 2)

    assert voice.told == [(What.ACTED, False), (What.ACKNOWLEDGED, True)]
