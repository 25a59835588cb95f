"""Incidents that share a report stand together, on one card and under one headline."""

from dataclasses import replace

from responder.incident.incident import fold
from responder.incident.names import Reason, State
from responder.incident.view import IncidentSummary
from responder.web.headline import Now, by_urgency, families, headline
from tests.fakes import NOON
from tests.listed import summary_of
from tests.web_parts import founding


def incident(
    name: str, shares: str | None = None, state: State = State.VERIFYING
) -> IncidentSummary:
    found = summary_of(fold(name, founding()[:-1]), f"The sentence of {name}.")
    return replace(found, rule=f"rule-{name}", shared_with=shares, state=state)


def together(*incidents: IncidentSummary) -> list[list[str]]:
    return [
        [i.id for i in (family.first, *family.others)] for family in families(incidents)
    ]


def test_whose_report_it_is_comes_first_where_the_first_of_them_stood() -> None:
    found = together(incident("c", "a"), incident("x"), incident("a"))

    assert found == [["a", "c"], ["x"]]


def test_who_waits_for_a_person_comes_first() -> None:
    waiting = incident("c", "a", State.NEEDS_HUMAN)

    assert together(incident("a"), waiting) == [["c", "a"]]


def test_those_of_a_report_that_is_listed_elsewhere_stand_together_too() -> None:
    assert together(incident("b", "a"), incident("c", "a")) == [["b", "c"]]


def test_one_headline_tells_of_all_that_share_a_report_and_counts_the_others() -> None:
    now = Now(
        at=NOON,
        open=[incident("b", "a"), incident("x"), incident("a")],
        recent=[],
        heard_at=NOON,
        worker_alive=True,
    )

    words = headline(now).sentence

    assert words == (
        "The sentence of a. The same report is for rule-b too. And 1 more incident."
    )


def test_what_can_still_be_stopped_stands_before_what_only_watches() -> None:
    watching = replace(incident("s"), withheld_at=NOON)
    working = incident("w")
    announced = replace(incident("v"), reason=Reason.VETO_WINDOW)
    waiting = incident("n", state=State.NEEDS_HUMAN)

    found = by_urgency(families([watching, working, announced, waiting]))

    assert [family.first.id for family in found] == ["n", "v", "w", "s"]
