"""Where an incident begins: turns over recorded lines, and what is counted from there.

Times are seconds since the alert; the incident's fault is seen at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from responder.incident.evidence import (
    Counted,
    Evidence,
    FoundLink,
    LinkPlace,
    LogLine,
    Question,
    ReportLink,
    to_ns,
)
from responder.incident.incident import Incident
from responder.incident.names import Outcome, State
from responder.incident.service import LinkRecord
from responder.worker.run import Turn
from tests.worker_parts import LINK, NEWER, RULE, Bench, at, opened

ORDERS = replace(RULE, failed="failed", no_link_for=RULE.recheck)
MOST = 1000


def every(step: float, since: float, until: float) -> list[float]:
    """`since`, then each `step` seconds, before `until`."""
    return [since + step * n for n in range(int((until - since - 1e-9) // step) + 1)]


@dataclass
class World:
    """Lines with each link, lines without one (`noise`), and failed orders."""

    links: Mapping[ReportLink, Sequence[float]] = field(default_factory=dict)
    noise: Sequence[float] = ()
    failed: Sequence[float] = ()

    def read(self, questions: Sequence[Question]) -> tuple[Evidence, ...]:
        return tuple(self._answer(question) for question in questions)

    def _answer(self, asked: Question) -> Evidence:
        lines = list(self._failed() if asked.query == "failed" else self._errors())
        inside = [line for line in lines if asked.since <= line.at < asked.until]
        inside.sort(key=lambda line: -line.at_ns)
        return Counted(
            name=asked.name,
            lines=tuple(inside[:MOST]),
            since=asked.since,
            until=asked.until,
            at_least=len(inside) >= MOST,
            linked=tuple(line for line in inside[MOST:] if line.links),
        )

    def _errors(self) -> Iterable[LogLine]:
        for second in self.noise:
            yield LogLine(at_ns=to_ns(at(second)), digest="noise")
        for link, seconds in self.links.items():
            found = (FoundLink(link, LinkPlace.RESPONSE),)
            for second in seconds:
                yield LogLine(at_ns=to_ns(at(second)), digest=link.name, links=found)

    def _failed(self) -> Iterable[LogLine]:
        for second in self.failed:
            yield LogLine(at_ns=to_ns(at(second)), digest="failed")


def lived(bench: Bench, world: World) -> Incident:
    """The incident once its first error is known, after a report or without one."""
    bench.store.timelines["i1"] = opened()
    for second in (1, 12, 23, 34):
        bench.clock.at = at(second)
        tools = replace(bench.tools(), logs=world)
        lease = bench.store.open("i1", bench.store.timelines["i1"])
        Turn(tools, ORDERS, lease, lambda _: True).run(lambda: False)
        if bench.store.load("i1").first_error_final:
            return bench.store.load("i1")
    raise AssertionError("the first error was not looked for")


@pytest.mark.parametrize(
    ("world", "ended", "first"),
    [
        (World({LINK: every(10, -90, 0)}), None, -90),
        (World({LINK: every(10, -90, 0)}, noise=every(60, -900, 0)), None, -90),
        (World({LINK: every(10, -700, 0)}, noise=every(60, -3000, 0)), None, -700),
        (
            World(
                {NEWER: every(10, -1500, -900), LINK: every(10, -90, 0)},
                noise=every(60, -1500, 0),
            ),
            -800,
            -90,
        ),
        (World({LINK: every(10, -400, 0)}), -200, -200),
        (World(noise=every(10, -60, 0)), None, -60),
        (World(noise=[*every(10, -60, 0), *every(60, -900, -180)]), None, -60),
        (World(noise=[*every(10, -60, 0), *every(60, -900, -120)]), None, -900),
        (World(noise=every(50, -2000, 0)), -410, -400),
        (World(noise=every(50, -9000, 0)), None, -3650),
    ],
    ids=[
        "the first line with the link",
        "background noise does not begin it",
        "the link is older than the window",
        "an earlier incident had another link",
        "not before the end of the incident before",
        "no link: the first of the lines",
        "no link: back to a gap of more than two minutes",
        "no link: two minutes are no gap",
        "no link: not before the end of the incident before",
        "no link: an hour at most",
    ],
)
def test_an_incident_begins_with_its_first_error(
    world: World, ended: float | None, first: float
) -> None:
    bench = Bench()
    bench.store.ended = None if ended is None else at(ended)
    world.failed = every(10, -4000, 0)

    incident = lived(bench, world)

    assert incident.first_error_at == at(first)
    lines = [*world.noise, *(s for times in world.links.values() for s in times)]
    assert incident.errors == sum(1 for second in lines if second >= first)
    assert incident.failed_orders == sum(1 for s in world.failed if s >= first)


def test_it_is_found_behind_more_lines_than_one_answer_holds() -> None:
    world = World({LINK: every(10, -500, 0)}, noise=every(0.2, -250, 0))

    assert lived(Bench(), world).first_error_at == at(-500)


def test_after_a_relapse_on_a_spent_link_it_begins_when_its_lines_are_news_again() -> (
    None
):
    bench = Bench()
    bench.store.floor = at(-200)
    bench.store.links[LINK.digest] = LinkRecord(
        digest=LINK.digest, outcome=Outcome.RESOLVED, answered_at=at(-200), spent=True
    )

    incident = lived(bench, World({LINK: every(5, -300, 0)}))

    assert bench.factory.calls == [LINK]
    assert incident.first_error_at == at(-200) + RULE.settle


def test_a_link_of_an_earlier_fault_does_not_begin_it() -> None:
    bench = Bench()
    bench.factory.outcomes = [Outcome.WRONG_CODE, Outcome.RESOLVED]
    older, newer = every(10, -280, -100), every(10, -95, -5)
    world = World({LINK: [*older, -2.0], NEWER: newer})

    incident = lived(bench, world)

    assert bench.factory.calls == [LINK, NEWER]
    assert incident.first_error_at == at(-95)


def test_what_came_before_the_first_error_is_not_counted_by_later_looks_either() -> (
    None
):
    bench = Bench()
    world = World({LINK: every(10, -90, 0)}, noise=every(60, -900, 0))
    before = lived(bench, world)
    bench.clock.at = at(60)
    tools = replace(bench.tools(), logs=world)
    lease = bench.store.open("i1", bench.store.timelines["i1"])

    Turn(tools, ORDERS, lease, lambda _: True).run(lambda: False)

    after = bench.store.load("i1")
    assert after.state is not State.INVESTIGATING
    assert (after.errors, after.failed_orders) == (before.errors, before.failed_orders)
