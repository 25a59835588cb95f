"""The founding incident lived through by the worker: its report comes out right."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from responder.incident.evaluation import FAILED, TRAFFIC
from responder.incident.events import Event, ReportedByHand
from responder.incident.evidence import (
    Counted,
    Evidence,
    FoundLink,
    LinkPlace,
    LogLine,
    Question,
    to_ns,
)
from responder.incident.incident import fold, line_time
from responder.incident.names import Mode, Sender, State
from responder.incident.report import report
from responder.incident.rule import Rule
from responder.worker.run import Turn
from tests.fakes import SetClock
from tests.policy import founding
from tests.worker_parts import LINK, RULE, Bench

SHOP = replace(RULE, name="order-errors", traffic="{} good", failed="{} failed")
ANSWERS = frozenset(round(65 * n / 17) for n in range(18))
"""Which of the 66 error logs are the service's answer to one of the 18 orders."""
END = founding.LAST + timedelta(minutes=15)


@dataclass
class ShopLogs:
    """A shop's logs: orders fail until `mended_at`, then one comes every 20 s."""

    clock: SetClock
    mended_at: datetime = founding.LAST

    def read(self, questions: Sequence[Question]) -> tuple[Evidence, ...]:
        return tuple(self._answer(question) for question in questions)

    def _answer(self, asked: Question) -> Evidence:
        lines = tuple(
            line
            for line in reversed(self._written(asked.name))
            if asked.since <= line.at < asked.until and line.at <= self.clock.at
        )
        return Counted(
            name=asked.name, lines=lines, since=asked.since, until=asked.until
        )

    def _written(self, name: str) -> list[LogLine]:
        if name == TRAFFIC:
            times = [self.mended_at + timedelta(seconds=20 * n + 15) for n in range(60)]
            return [LogLine(at_ns=to_ns(at), digest="good") for at in times]
        keys = founding.spread(66, "error", self.mended_at)
        lines = [
            LogLine(
                at_ns=to_ns(line_time(key)),
                digest="error",
                links=(FoundLink(LINK, LinkPlace.RESPONSE),),
                to_customer=number in ANSWERS,
            )
            for number, key in enumerate(keys)
        ]
        return [line for line in lines if line.to_customer or name != FAILED]


def lived(rule: Rule, *told: tuple[datetime, Event]) -> tuple[Bench, str]:
    """The worker's turns from the alert to the end, and the report of them."""
    bench = Bench(clock=SetClock(at=founding.heard()))
    logs = ShopLogs(bench.clock)

    def mend() -> None:
        logs.mended_at = bench.clock.at

    bench.factory.calling = mend
    tools = replace(bench.tools(), logs=logs)
    lease = bench.store.open("i1", founding.opened(founding.heard(), Sender.IRM))
    waiting = list(told)
    while not bench.store.load("i1").ended_at and bench.clock.at < END:
        if waiting and waiting[0][0] <= bench.clock.at:
            bench.store.hear("i1", waiting.pop(0)[1])
        due = Turn(tools, rule, lease, lambda _: True).run(lambda: False)
        bench.clock.at = max(due or END, bench.clock.at + timedelta(seconds=1))
    events = bench.store.timelines["i1"]
    return bench, report(fold("i1", events), events)


def test_as_it_was_the_report_has_every_error_and_the_call_by_hand() -> None:
    at = founding.FIRST.replace(minute=50)
    by_hand = ReportedByHand(
        at=at, by="Dana Moreno", reported_at=founding.FIRST.replace(minute=48)
    )

    bench, text = lived(replace(SHOP, mode=Mode.SHADOW), (at, by_hand))

    assert bench.factory.calls == []
    assert bench.store.load("i1").state is State.STOOD_DOWN
    assert "from 18:44:00 to 18:49:00, 18 pizza orders failed and 66 error logs" in text
    assert "39 of the 66 error logs and 11 of the 18 failed orders" in text
    assert "reported the fault to the factory by hand at 18:48:00" in text


def test_as_it_would_have_been_the_report_ends_at_the_alert() -> None:
    bench, text = lived(SHOP)

    assert bench.factory.calls == [LINK]
    assert bench.store.load("i1").state is State.RECOVERED
    assert "from 18:44:00 to 18:46:00, 7 pizza orders failed and 27 error logs" in text
    assert "nobody had to act" in text
    assert "No error log came after it" in text
    assert "Proof: 1 good order by 18:46:30" in text


def test_a_fault_that_went_away_in_shadow_mode_leaves_its_end_to_people() -> None:
    _, text = lived(replace(SHOP, mode=Mode.SHADOW))

    assert "no report by hand is on the record" in text
    assert "What ended it is not on the record: [FILL IN: " in text
