"""Every fact of readiness, good and not, with the line that mends it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from responder.incident.phrases import ended
from responder.incident.readiness import (
    Aspect,
    Fact,
    FactoryVisit,
    LastContact,
    LineCount,
    Probed,
    ReadinessFacts,
    judge,
)
from responder.incident.service import Uptime
from responder.web.pages import missed, readiness_json, would_act
from tests.web_parts import RULE, at

GOOD = ReadinessFacts(
    at=at(0),
    heard=LastContact(at=at(-40), sender="grafana"),
    probed=Probed(
        at=at(-20),
        lines=LineCount(count=140, newest=at(-21)),
        orders={"pizza-factory": LineCount(count=12, newest=at(-30))},
        factory=FactoryVisit(at=at(-60), secure=True, difference=0.4),
    ),
    memory=Uptime(since=at(-86400)),
    people=("operators: ana",),
    rules=(RULE,),
)
WATCHED = (replace(RULE, watch=timedelta(seconds=10)),)


def probed(**changes: Any) -> ReadinessFacts:
    return replace(GOOD, probed=replace(GOOD.probed, **changes))


def orders(reading: LineCount) -> ReadinessFacts:
    return probed(orders={"pizza-factory": reading})


def fact(known: ReadinessFacts, aspect: Aspect) -> Fact:
    return judge(known).fact(aspect)


def test_when_all_is_good_an_outage_would_be_answered() -> None:
    ready = judge(GOOD)

    assert ready.ready
    assert [f.aspect for f in ready.facts] == list(Aspect)
    assert all(not f.mend for f in ready.facts)
    assert would_act(ready) == (
        "heard from grafana less than a minute ago, 12 orders in 10 min"
    )


NOT: list[tuple[Aspect, ReadinessFacts, str]] = [
    (Aspect.ALERT_PATH, replace(GOOD, heard=LastContact()), "no alert was ever heard"),
    (
        Aspect.ALERT_PATH,
        replace(GOOD, heard=LastContact(at=at(-90000), sender="grafana")),
        "nothing was heard for 1 d 1 h",
    ),
    (
        Aspect.ALERT_PATH,
        replace(GOOD, silence="Grafana's heartbeat, ..."),
        "Grafana's heartbeat stays away",
    ),
    (
        Aspect.LOGS,
        probed(lines=LineCount(why="HTTP 401")),
        "the logs cannot be read: HTTP 401",
    ),
    (Aspect.LOGS, probed(lines=LineCount(count=0)), "no line came in 10 min"),
    (Aspect.LOGS, probed(at=at(-181)), "nobody read the logs"),
    (
        Aspect.TRAFFIC,
        orders(LineCount(count=0, newest=at(-31 * 60))),
        "no order seen for 31 min",
    ),
    (Aspect.TRAFFIC, orders(LineCount(count=0)), "no order seen for 6 h or more"),
    (
        Aspect.TRAFFIC,
        orders(LineCount(why="HTTP 400")),
        "orders cannot be counted: HTTP 400",
    ),
    (
        Aspect.TRAFFIC,
        probed(orders={}),
        "no rule knows what a good order looks like",
    ),
    (
        Aspect.FACTORY,
        probed(
            factory=FactoryVisit(at=at(-60), why="it takes no connection", difference=0)
        ),
        "the factory cannot be reached: it takes no connection",
    ),
    (
        Aspect.FACTORY,
        probed(factory=FactoryVisit(at=at(-60), expires=at(6 * 86400), difference=0)),
        "the factory's certificate ends on 2026-11-11",
    ),
    (Aspect.STORAGE, probed(writable=False), "the storage takes nothing"),
    (
        Aspect.STORAGE,
        replace(GOOD, memory=Uptime(forgets="the container's own layer")),
        "the record may be lost: it is on the container's own layer",
    ),
    (Aspect.PEOPLE, replace(GOOD, people=()), "nobody is known who would be told"),
    (
        Aspect.CLOCK,
        probed(factory=FactoryVisit(at=at(-60), difference=31.0)),
        "differs from the factory's by 31 s",
    ),
    (
        Aspect.CLOCK,
        probed(factory=FactoryVisit(at=at(-60))),
        "no other clock is known to compare with",
    ),
    (
        Aspect.CLOCK,
        replace(GOOD, heard=replace(GOOD.heard, difference=-45.0, signed_at=at(-40))),
        "differs from Grafana's by 45 s",
    ),
]


@pytest.mark.parametrize(
    ("aspect", "known", "words"), NOT, ids=[words for _, _, words in NOT]
)
def test_what_is_missing_is_told_with_the_line_that_mends_it(
    aspect: Aspect, known: ReadinessFacts, words: str
) -> None:
    ready = judge(known)

    (found,) = [f for f in ready.facts if not f.ok]
    assert (found.aspect, found.words) == (aspect, words)
    assert found.mend
    assert missed(ready) == f"{words}. Next: {ended(found.mend)}"
    assert would_act(ready) == ""
    assert readiness_json(ready)["ready"] is False


def test_rules_that_all_watch_the_logs_need_no_alert() -> None:
    known = replace(GOOD, heard=LastContact(), rules=WATCHED)

    assert fact(known, Aspect.ALERT_PATH).ok


def test_one_rule_that_waits_for_an_alert_needs_its_path() -> None:
    known = replace(GOOD, heard=LastContact(), rules=(*WATCHED, RULE))

    assert not fact(known, Aspect.ALERT_PATH).ok


def test_the_rule_with_the_fewest_orders_counts() -> None:
    two = {"one": LineCount(count=12), "other": LineCount(count=0, newest=at(-660))}

    assert fact(probed(orders=two), Aspect.TRAFFIC).words == "no order seen for 11 min"


@pytest.mark.parametrize(
    ("signed", "words"),
    [
        (-40, "differs from Grafana's by 2 s"),
        (-80, "differs from the factory's by 0 s"),
    ],
)
def test_the_clock_that_was_compared_last_counts(signed: int, words: str) -> None:
    heard = replace(GOOD.heard, difference=2.0, signed_at=at(signed))

    assert fact(replace(GOOD, heard=heard), Aspect.CLOCK).words == words


def test_before_the_first_answers_nothing_is_claimed() -> None:
    assert readiness_json(None)["ready"] is False
    assert readiness_json(None)["facts"] == []
    assert (missed(None), would_act(None)) == ("", "")


def test_ages_are_seconds_before_now() -> None:
    told = {f["aspect"]: f for f in readiness_json(judge(GOOD))["facts"]}

    assert told["logs"]["age"] == 20.0
    assert told["people"]["age"] is None


def test_a_question_is_not_ended_by_a_full_stop_too() -> None:
    why = "Loki cannot be reached; is logs.url right and Loki running?"
    blind = probed(lines=LineCount(why=why))

    assert "running? Next: " in missed(judge(blind))
