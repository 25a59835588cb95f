"""The worker's loop: it takes what is due, keeps it, gives it back, and goes on."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import pytest

from responder.incident.events import Finished
from responder.incident.names import Outcome, Reason, State
from responder.incident.ports import Lease
from responder.incident.rule import Rule
from responder.worker.loop import AFTER_FAILURE, POLL, Worker
from tests.e2e.service import until
from tests.worker_parts import LINK, RULE, Bench, at, opened

RULES = {RULE.name: RULE}


@contextmanager
def working(
    bench: Bench, rules: dict[str, Rule] | None = None, poll: timedelta = POLL
) -> Iterator[Worker]:
    worker = Worker(bench.tools(), RULES if rules is None else rules, poll=poll)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


def due_now(bench: Bench, incident: str, rule: str = RULE.name) -> None:
    """Left by a crash: due, and leased to nobody."""
    bench.store.timelines[incident] = opened(rule)
    bench.store.due[incident] = at(0)


def released(bench: Bench, incident: str) -> Callable[[], bool]:
    return lambda: any(name == incident for name, _ in bench.store.released)


def test_what_is_handed_over_is_worked_on_and_given_back() -> None:
    bench = Bench()
    lease = bench.store.open("i1", opened())

    with working(bench) as worker:
        worker.hand_over([lease])
        until(released(bench, "i1"))

    assert bench.factory.calls == [LINK]
    assert bench.store.due["i1"] == at(1) + RULE.recheck
    assert bench.store.held == {}


def waits_after_a_refusal(*incidents: str) -> list[float]:
    """The seconds until each of them is called for again."""
    bench = Bench()
    bench.factory.outcomes = [Outcome.REFUSED]
    leases = [bench.store.open(incident, opened()) for incident in incidents]

    with working(bench) as worker:
        worker.hand_over(leases)
        until(lambda: len(bench.store.released) == len(leases))

    dues = [bench.store.due[incident] for incident in incidents]
    return [(due - bench.clock.now()).total_seconds() for due in dues if due]


def test_refused_calls_of_many_incidents_come_back_apart_and_not_by_chance() -> None:
    names = [f"i{number}" for number in range(8)]
    waits = waits_after_a_refusal(*names)

    assert max(waits) - min(waits) > 0.2
    assert all(0.8 <= wait <= 1.2 for wait in waits)
    assert waits_after_a_refusal(*names) == waits


def test_what_others_left_is_taken() -> None:
    bench = Bench()
    due_now(bench, "i1")

    with working(bench):
        until(released(bench, "i1"))

    assert bench.store.load("i1").state is State.VERIFYING


def test_what_is_held_is_renewed_while_its_step_runs() -> None:
    bench, renewed = Bench(), threading.Event()
    lease = bench.store.open("i1", opened())

    def slow() -> None:
        until(lambda: lease in bench.store.renewed)
        renewed.set()

    bench.factory.calling = slow
    with working(bench) as worker:
        worker.hand_over([lease])
        until(released(bench, "i1"))

    assert renewed.is_set()


def test_an_incident_in_mid_call_is_not_begun_again_when_the_clock_jumps() -> None:
    bench, at_once = Bench(), [0, 0]
    lease = bench.store.open("i1", opened())

    def slow() -> None:
        at_once[0] += 1
        at_once[1] = max(at_once)
        bench.clock.at += timedelta(hours=1)
        bench.store.due["i1"] = at(0)
        del bench.store.held["i1"]
        until(lambda: "i1" in bench.store.held)
        looks = bench.store.called.count("take")
        until(lambda: bench.store.called.count("take") > looks + 2)
        at_once[0] -= 1

    bench.factory.calling = slow
    with working(bench, poll=timedelta(milliseconds=5)) as worker:
        worker.hand_over([lease])
        until(released(bench, "i1"))

    assert at_once == [0, 1]
    assert bench.factory.calls == [LINK]


def test_a_lease_that_grew_old_during_a_look_reports_nothing() -> None:
    bench = Bench()
    lease = bench.store.open("i1", opened())
    bench.store.broken.add("renew")

    def slow() -> None:
        bench.clock.at += timedelta(seconds=10)

    bench.logs.reading = slow
    with working(bench) as worker:
        worker.hand_over([lease])
        until(released(bench, "i1"))
        bench.store.due.clear()

    assert bench.factory.calls == []
    assert "looked" in bench.store.kinds("i1"), "what was read is kept"


def test_stopping_finishes_the_step_that_runs_and_gives_everything_back() -> None:
    bench, calling = Bench(), threading.Event()
    lease = bench.store.open("i1", opened())
    worker = Worker(bench.tools(), RULES)
    stopper = threading.Thread(target=worker.stop)

    def slow() -> None:
        calling.set()
        stopper.start()
        until(lambda: not worker.alive())

    bench.factory.calling = slow
    worker.start()
    worker.hand_over([lease])
    stopping = calling.wait(10)
    until(lambda: stopper.ident is not None)
    stopper.join(60)

    assert stopping
    assert not stopper.is_alive()
    assert bench.store.kinds("i1")[-1] == "report_answered"
    assert bench.store.released == [("i1", bench.clock.at)]
    assert bench.store.held == {}


def test_a_stopped_worker_takes_nothing_over() -> None:
    bench = Bench()
    lease = bench.store.open("i1", opened())
    with working(bench) as worker:
        pass

    worker.hand_over([lease])

    assert bench.factory.calls == []
    assert not worker.alive()


def test_a_worker_that_was_never_started_stops() -> None:
    worker = Worker(Bench().tools(), RULES)

    worker.stop()

    assert not worker.alive()


class Interrupted(Sequence[Lease]):
    """One lease, and a stop that goes as far as it can whenever it is read."""

    def __init__(self, lease: Lease, stop: Callable[[], None]) -> None:
        self._lease, self._stop = lease, stop

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Lease:  # type: ignore[override]
        if index:
            raise IndexError
        self._stop()
        return self._lease


def test_a_stop_in_the_midst_of_handing_over_neither_fails_nor_hangs() -> None:
    bench = Bench()
    lease = bench.store.open("i1", opened())
    worker = Worker(bench.tools(), RULES)
    worker.start()
    stopper = threading.Thread(target=worker.stop)

    def stop() -> None:
        if stopper.ident is None:
            stopper.start()
        stopper.join(0.2)

    worker.hand_over(Interrupted(lease, stop))
    stopper.join(60)

    assert not stopper.is_alive()
    assert bench.store.held == {}


def test_storage_that_is_away_is_waited_for_and_the_work_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench()
    bench.store.broken |= {"take", "next_due", "load", "renew"}
    due_now(bench, "i1")

    with working(bench) as worker:
        until(lambda: bench.store.called.count("take") > 1)
        assert worker.alive()
        bench.store.broken.clear()
        until(released(bench, "i1"))

    assert bench.factory.calls == [LINK]
    told = [record for record in caplog.records if record.exc_info is None]
    assert "storage unavailable" in {record.getMessage() for record in told}


def test_storage_that_cannot_be_written_is_not_asked_in_a_busy_loop() -> None:
    bench = Bench()
    bench.store.broken.add("take")
    due_now(bench, "i1")
    other = bench.store.open("i2", opened())
    # Long enough for a loop that does not wait to go round a hundred times.
    bench.factory.calling = lambda: until(lambda: other in bench.store.renewed)

    with working(bench, poll=timedelta(minutes=1)) as worker:
        until(lambda: "take" in bench.store.called)
        worker.hand_over([other])
        until(released(bench, "i2"))

    # Once when it began, and once more when the other incident was done.
    assert bench.store.called.count("take") <= 3


def test_work_that_storage_interrupted_is_due_again_soon() -> None:
    bench = Bench()
    lease = bench.store.open("i1", opened())
    bench.store.broken.add("brakes")

    with working(bench) as worker:
        worker.hand_over([lease])
        until(released(bench, "i1"))

    assert bench.store.due["i1"] == bench.clock.at + AFTER_FAILURE
    assert bench.factory.calls == []


def test_an_incident_that_cannot_be_given_back_is_no_longer_held() -> None:
    bench = Bench()
    lease = bench.store.open("i1", opened())
    bench.store.broken.add("release")

    with working(bench) as worker:
        worker.hand_over([lease])
        until(lambda: "release" in bench.store.called)

    assert not worker.alive(), "a stop waits for what is held"


def test_a_bug_in_one_incident_stops_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench()
    bench.store.timelines["bad"] = []
    bench.store.due["bad"] = at(0)
    due_now(bench, "i1")

    with working(bench):
        until(released(bench, "i1"))
        until(released(bench, "bad"))

    assert bench.store.due["bad"] == bench.clock.at + AFTER_FAILURE
    assert "worker failure" in caplog.text


def test_an_open_incident_whose_rule_is_gone_is_closed_with_the_reason(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench()
    caplog.set_level(logging.WARNING)
    due_now(bench, "i1", "of-yesterday")

    with working(bench):
        until(released(bench, "i1"))

    ended = bench.store.timelines["i1"][-1]
    assert isinstance(ended, Finished)
    assert (ended.state, ended.reason) == (State.CLOSED, Reason.RULE_REMOVED)
    assert bench.factory.calls == []
    named = [r for r in caplog.records if "rule no longer configured" in r.getMessage()]
    assert [vars(record)["incident"] for record in named] == ["i1"]


def test_an_incident_that_a_replica_opened_by_a_newer_rule_is_left_to_it() -> None:
    bench = Bench()
    bench.clock.at -= timedelta(minutes=1)

    with working(bench):
        bench.clock.at += timedelta(minutes=1)
        due_now(bench, "i1", "of-tomorrow")
        until(released(bench, "i1"))

    assert bench.store.timelines["i1"] == opened("of-tomorrow")


def test_the_loop_says_that_it_is_alive_until_it_ends() -> None:
    bench = Bench()

    with working(bench) as worker:
        until(lambda: "take" in bench.store.called)
        alive = worker.alive()

    assert alive
    assert not worker.alive()
