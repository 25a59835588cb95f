"""The checklist of the first evening: what ticks each step."""

from dataclasses import replace

import pytest

from responder.incident.drills import Came, Drill, Part, Taken
from responder.incident.first_run import Tick, checklist
from responder.incident.readiness import Aspect, Fact, Readiness
from tests.fakes import NOON

DRILL = Drill(id="5c0ffee5c0ff", rule="pizza-factory", by="ana", at=NOON)


def drilled(*parts: Part) -> Drill:
    taken = tuple(Taken(part=p, came=Came.DONE, words="so") for p in parts)
    return replace(DRILL, taken=taken)


def ready(*aspects: Aspect) -> Readiness:
    facts = tuple(Fact(aspect=a, ok=a in aspects, words="so") for a in Aspect)
    return Readiness(at=NOON, facts=facts)


def ticked(
    known: Readiness | None = None,
    *,
    heard: bool = False,
    incidents: bool = False,
    drill: Drill | None = None,
    passed: bool = False,
) -> set[Tick]:
    steps = checklist(
        known, heard=heard, incidents=incidents, drill=drill, passed=passed
    )
    assert [step.tick for step in steps] == list(Tick)
    assert all(step.words and step.mend for step in steps)
    return {step.tick for step in steps if step.done}


def test_an_empty_responder_has_everything_to_do() -> None:
    assert ticked() == set()
    assert ticked(ready(), drill=DRILL) == set()


@pytest.mark.parametrize(
    ("found", "ticks"),
    [
        (ticked(ready(Aspect.LOGS)), {Tick.LOGS_READ}),
        (ticked(ready(Aspect.PEOPLE)), {Tick.PEOPLE_KNOWN}),
        (ticked(ready(Aspect.ALERT_PATH)), {Tick.REACHED, Tick.GRAFANA_HEARD}),
        (ticked(heard=True), {Tick.REACHED, Tick.GRAFANA_HEARD}),
        (ticked(incidents=True), {Tick.RULE_MATCHED}),
        (ticked(drill=drilled(Part.LINES, Part.DELIVERED)), {Tick.REACHED}),
        (ticked(drill=drilled(Part.MATCHED)), {Tick.RULE_MATCHED}),
        (ticked(drill=drilled(Part.COUNTED)), {Tick.LOGS_READ}),
        (
            ticked(passed=True),
            {Tick.REACHED, Tick.LOGS_READ, Tick.RULE_MATCHED, Tick.DRILL_PASSED},
        ),
    ],
)
def test_each_step_is_ticked_by_what_proves_it(
    found: set[Tick], ticks: set[Tick]
) -> None:
    assert found == ticks


def test_a_drill_is_no_word_of_grafana() -> None:
    assert Tick.GRAFANA_HEARD not in ticked(drill=drilled(*Part), passed=True)
