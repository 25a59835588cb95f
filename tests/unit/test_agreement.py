"""Whether people did what Responder would have done."""

import pytest

from responder.incident.agreement import Agreement, agreement
from responder.incident.events import Event, Finished, Opened, ReportWithheld
from responder.incident.fold import fold
from responder.incident.listing import IncidentSummary
from responder.incident.names import Mode, Reason, Sender, State
from responder.incident.operator_events import ReportedByHand, Vetoed
from responder.incident.rule import Rule
from responder.web.agreeing import agreement_words, tallies
from tests.fakes import NOON
from tests.listed import summary_of
from tests.web_parts import at, founding

OPENED = Opened(at=NOON, rule="pizza-factory", sender=Sender.GRAFANA)
WITHHELD = ReportWithheld(
    at=at(1), link="link 7f3a", digest="7f3a" * 16, reason=Reason.THRESHOLD_REACHED
)
BY_HAND = ReportedByHand(at=at(70), by="Ana", reported_at=at(60))


def closed(why: str) -> Finished:
    return Finished(
        at=at(80),
        state=State.CLOSED,
        reason=Reason.CLOSED_BY_PERSON,
        by="Ana",
        why=why,
    )


SAID = [
    ([WITHHELD, BY_HAND], "Agreed: Responder would have reported at 12:00:01 UTC, "
     "a person did at 12:01:00 UTC."),
    ([WITHHELD, closed("fixed by hand: called it")], "Agreed: Responder would have "
     "reported at 12:00:01 UTC, a person fixed it by hand."),
    ([WITHHELD, closed("not real")], "Disagreed: Responder would have reported at "
     "12:00:01 UTC, a person closed it as not real."),
    ([BY_HAND], "Disagreed: Responder did not get to a report, a person did at "
     "12:01:00 UTC."),
    ([closed("not real: a test")], "Agreed: Responder did not get to a report, a "
     "person closed it as not real."),
    ([WITHHELD], "Responder would have reported at 12:00:01 UTC; nobody said yet what "
     "people did."),
    ([WITHHELD, closed("not real after all")], "Responder would have reported at "
     "12:00:01 UTC; nobody said yet what people did."),
    ([Vetoed(at=at(1), by="Ana")], ""),
    ([], ""),
]  # fmt: skip


def summary(*events: Event) -> IncidentSummary:
    return summary_of(fold("inc-1", [OPENED, *events]), "")


@pytest.mark.parametrize(("events", "words"), SAID)
def test_what_was_only_watched_is_compared_with_people(
    events: list[Event], words: str
) -> None:
    found = summary(*events)

    assert agreement_words(found, found.agreement) == words


def test_what_was_reported_is_compared_with_nobody() -> None:
    assert agreement(fold("inc-1", [*founding(), BY_HAND])) is None


def test_a_shadow_rule_is_told_of_before_anybody_judged_it() -> None:
    shadow = Rule(name="latency", match=(), checks=(), mode=Mode.SHADOW)
    auto = Rule(name="orders", match=(), checks=())
    found = {("old", Agreement.AGREED): 7, ("old", Agreement.DISAGREED): 1}

    told = {tally.rule: tally.words for tally in tallies(found, (auto, shadow))}

    assert told == {
        "latency": "nobody said yet what people did",
        "old": "people did the same in 7 of 8 incidents",
    }
