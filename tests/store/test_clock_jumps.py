"""A machine whose clock is set forward or back while the service runs on SQLite."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from responder.incident.events import Where
from responder.incident.names import Outcome
from responder.store.leases import Heartbeat
from responder.store.sqlite import Disk
from responder.store.store import Store
from tests.fakes import SetClock
from tests.store_parts import (
    DIGEST,
    alert,
    at,
    intended,
    open_incident,
    report,
    store_on,
)

HOUR = 3600
both_ways = pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forward", "back"])


@dataclass
class JumpingClock(SetClock):
    """Its time of day may be set; what has run since the start goes on."""

    ran: float = 1000.0

    def monotonic(self) -> float:
        return self.ran

    def run(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.ran += seconds

    def jump(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture
def store(tmp_path: Path, clock: JumpingClock) -> Iterator[Store]:
    with closing(store_on(tmp_path / "responder.db", clock)) as store:
        store.start()
        yield store


@pytest.fixture
def life(store: Store) -> Heartbeat:
    found = Heartbeat(store.write, lambda: store.engine, store.clock, Disk())
    found.beat()
    return found


@both_ways
def test_what_was_to_be_looked_at_soon_still_is(
    store: Store, life: Heartbeat, clock: JumpingClock, jump: int
) -> None:
    lease, _ = open_incident(store)
    store.release(lease, at(30))
    clock.jump(jump)
    clock.run(30)
    life.beat()
    (taken,) = store.take(clock.now(), 10)
    assert taken.incident == lease.incident


@both_ways
def test_a_lease_that_nobody_renews_is_over_all_the_same(
    store: Store, life: Heartbeat, clock: JumpingClock, jump: int
) -> None:
    lease, _ = open_incident(store)
    clock.jump(jump)
    clock.run(10)
    life.beat()
    (taken,) = store.take(clock.now(), 10)
    assert taken.incident == lease.incident


@both_ways
def test_a_lease_that_is_renewed_holds_on(
    store: Store, life: Heartbeat, clock: JumpingClock, jump: int
) -> None:
    lease, _ = open_incident(store)
    clock.jump(jump)
    store.renew([lease])
    clock.run(1)
    life.beat()
    assert store.take(clock.now(), 10) == []


@both_ways
def test_a_jump_is_no_gap(
    store: Store, life: Heartbeat, clock: JumpingClock, jump: int
) -> None:
    clock.jump(jump)
    clock.run(10)
    assert life.beat() is None


@both_ways
def test_what_was_to_be_told_again_soon_still_is(
    store: Store, life: Heartbeat, clock: JumpingClock, jump: int
) -> None:
    lease, _ = open_incident(store)
    outbox = store.outbox([Where.NOTIFY])
    outbox.sweep()
    errand = outbox.take(Where.NOTIFY)
    assert errand is not None
    outbox.release(errand, timedelta(seconds=30))
    clock.jump(jump)
    clock.run(30)
    life.beat()
    again = outbox.take(Where.NOTIFY)
    assert again is not None
    assert again.incident == lease.incident


def test_lines_are_never_counted_from_a_floor_that_is_yet_to_come(
    store: Store, life: Heartbeat, clock: JumpingClock
) -> None:
    lease, incident = open_incident(store)
    report(store, lease, incident, Outcome.RESOLVED)
    clock.run(10)
    clock.jump(-HOUR)
    life.beat()
    _, other = open_incident(store, alert("f2", shop="b"))
    assert store.brakes(other, clock.now()).floor == clock.now()


def test_nor_when_the_clock_was_set_back_while_nobody_ran(
    store: Store, life: Heartbeat, clock: JumpingClock
) -> None:
    lease, incident = open_incident(store)
    report(store, lease, incident, Outcome.RESOLVED)
    clock.run(10)
    life.beat()
    clock.jump(-HOUR)
    Heartbeat(store.write, lambda: store.engine, store.clock, Disk()).beat()
    _, other = open_incident(store, alert("f2", shop="b"))
    assert store.brakes(other, clock.now()).floor == clock.now()


def test_what_counts_within_the_hour_goes_on_counting(
    store: Store, life: Heartbeat, clock: JumpingClock
) -> None:
    lease, incident = open_incident(store)
    report(store, lease, incident, Outcome.RESOLVED)
    clock.run(10)
    clock.jump(-HOUR)
    life.beat()
    assert store.brakes(incident, clock.now()).reports_last_hour == 1
    clock.run(HOUR + 1)
    assert store.brakes(incident, clock.now()).reports_last_hour == 0


@pytest.mark.parametrize("read", [True, False], ids=["read before", "read anew"])
def test_no_link_was_answered_in_time_to_come(
    store: Store, life: Heartbeat, clock: JumpingClock, *, read: bool
) -> None:
    lease, incident = open_incident(store)
    incident = report(store, lease, incident, Outcome.RESOLVED)
    clock.run(10)
    if read:
        store.brakes(incident, clock.now())
    clock.jump(-HOUR)
    life.beat()

    link = store.brakes(incident, clock.now()).links[DIGEST]

    assert link.answered_at == link.effective_at == clock.now()


def test_a_call_of_time_to_come_blocks_others_no_longer_than_any(
    store: Store, life: Heartbeat, clock: JumpingClock
) -> None:
    lease, incident = open_incident(store)
    assert store.decide(lease, incident, [intended(0)]).accepted
    clock.jump(-HOUR)
    life.beat()
    _, other = open_incident(store, alert("f2", shop="b"))
    assert store.brakes(other, clock.now()).in_flight

    clock.run(7)

    assert not store.brakes(other, clock.now()).in_flight
