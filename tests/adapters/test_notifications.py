"""What is to be told where: tables over an incident, and what was told already."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from responder.incident.alert import PersonAction
from responder.incident.events import (
    Decided,
    Event,
    Finished,
    FirstErrorFound,
    Opened,
    PersonActed,
    ReportShared,
    Told,
    What,
    Where,
)
from responder.incident.incident import Incident, fold
from responder.incident.names import (
    Decision,
    OnRecovered,
    Outcome,
    Proof,
    Reason,
    State,
)
from responder.incident.notify import (
    Annotation,
    GroupNote,
    Notice,
    Scene,
    Turned,
    known,
    tellings,
)
from tests.store_parts import DIGEST, RULE, answered, at, decided, intended

PAGE = "https://responder.example.net/incidents/01k9a"
SCENE = Scene(groups=("IQ7",), page=PAGE)
RESOLVING = replace(RULE, on_recovered=OnRecovered.RESOLVE)
OPENED = Opened(at=at(0), rule="pizza-factory")
HOLDING = Decided(
    at=at(1),
    decision=Decision.HOLD,
    state=State.HOLDING,
    reason=Reason.BELOW_THRESHOLD,
)
VERIFYING = replace(
    HOLDING,
    at=at(3),
    decision=Decision.VERIFY,
    state=State.VERIFYING,
    reason=Reason.REPORTED,
)
NO_LINK = replace(
    HOLDING,
    at=at(4),
    decision=Decision.NEEDS_HUMAN,
    state=State.NEEDS_HUMAN,
    reason=Reason.NO_LINK,
)
UNPROVEN = replace(NO_LINK, reason=Reason.UNPROVEN)
RECOVERED = Finished(
    at=at(45), state=State.RECOVERED, reason=Reason.ORDER_SEEN, proof=Proof.ORDERS
)
STOOD_DOWN = Finished(at=at(45), state=State.STOOD_DOWN, reason=Reason.ALERT_RESOLVED)
SHARED = ReportShared(
    at=at(2),
    link="link dddd",
    digest=DIGEST,
    incident="01k90",
    outcome=Outcome.RESOLVED,
    answered_at=at(-5),
)


def reported(outcome: Outcome = Outcome.RESOLVED) -> list[Event]:
    return [decided(1), intended(1), answered(outcome)]


def incident(*events: Event) -> Incident:
    return fold("01k9a", [OPENED, *events])


def told(where: Where, what: What, mark: str = "", refused: str = "") -> Told:
    return Told(
        at=at(50),
        where=where,
        what=what,
        mark=mark,
        ref="71" if where is Where.GRAFANA else "",
        group="IQ7" if where is Where.IRM else "",
        refused=refused,
    )


def irm(what: What, mark: str = "") -> Told:
    return told(Where.IRM, what, mark)


def due(
    where: Where, of: Incident, scene: Scene = SCENE, after: float = 60
) -> list[tuple[What, str]]:
    found = tellings(where, of, RULE, scene, at(after))
    return [(telling.what, telling.mark) for telling in found]


CLOSED = (What.REGION_CLOSED, "")


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], []),
        ([decided(1)], []),
        ([HOLDING], []),
        ([*reported(), VERIFYING], []),
        ([NO_LINK], []),
        ([*reported(), RECOVERED], [CLOSED]),
        ([STOOD_DOWN], [CLOSED]),
        ([RECOVERED, told(Where.GRAFANA, What.REGION_CLOSED)], []),
        (
            [RECOVERED, told(Where.GRAFANA, What.REGION_CLOSED, refused="HTTP 401")],
            [CLOSED],
        ),
    ],
)
def test_an_incident_is_annotated_once_at_its_end(
    events: Sequence[Event], expected: list[tuple[What, str]]
) -> None:
    assert due(Where.GRAFANA, incident(*events)) == expected


def test_a_region_reaches_from_the_first_error_to_the_end() -> None:
    first = FirstErrorFound(at=at(2), first_error_at=at(-114))
    found = incident(first, RECOVERED)

    (telling,) = tellings(Where.GRAFANA, found, RULE, SCENE, at(60))

    assert isinstance(telling, Annotation)
    assert (telling.start, telling.end) == (at(-114), at(45))
    assert telling.tags == (
        "responder",
        "incident:01k9a",
        "rule:pizza-factory",
        "state:recovered",
    )


def test_a_region_says_the_sentence_with_a_link_and_hides_no_markup_in_it() -> None:
    end = replace(
        RECOVERED,
        state=State.CLOSED,
        reason=Reason.CLOSED_BY_PERSON,
        proof=None,
        by="ana",
        why="<b>fixed</b>",
    )

    (telling,) = tellings(Where.GRAFANA, incident(end), RULE, SCENE, at(60))

    assert isinstance(telling, Annotation)
    assert telling.text == (
        "pizza-factory: Closed by ana: &lt;b&gt;fixed&lt;/b&gt;. "
        f'<a href="{PAGE}">Incident 01k9a</a>'
    )


ACTED = (What.ACTED, "")
NOTED_NEED = (What.NEEDS_HUMAN, "")
ACKNOWLEDGED = (What.ACKNOWLEDGED, "")


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], []),
        ([HOLDING], []),
        ([decided(1), intended(1)], []),
        (reported(Outcome.UNREACHABLE), []),
        (reported(Outcome.REFUSED), []),
        (reported(Outcome.WRONG_CODE), []),
        (reported(), [ACTED]),
        (reported(Outcome.NOTHING_TO_RESOLVE), [ACTED]),
        (reported(Outcome.UNKNOWN), [ACTED]),
        ([SHARED], [ACTED]),
        ([*reported(), irm(What.ACTED)], []),
        ([*reported(), irm(What.ACTED), VERIFYING], []),
        ([*reported(), irm(What.ACTED), RECOVERED], [ACKNOWLEDGED]),
        ([*reported(), RECOVERED], [ACTED, ACKNOWLEDGED]),
        ([RECOVERED, irm(What.ACKNOWLEDGED)], []),
        ([RECOVERED, irm(What.RESOLVED)], []),
        ([STOOD_DOWN], []),
        ([replace(RECOVERED, state=State.CLOSED)], []),
        ([replace(RECOVERED, state=State.SUPERSEDED)], []),
        ([NO_LINK], [NOTED_NEED]),
        ([NO_LINK, irm(What.NEEDS_HUMAN)], []),
        ([irm(What.NEEDS_HUMAN, "no_link"), UNPROVEN], []),
        ([*reported(), irm(What.ACTED), NO_LINK], []),
        ([*reported(), NO_LINK], [NOTED_NEED]),
        ([irm(What.NEEDS_HUMAN), *reported()], []),
        ([NO_LINK, STOOD_DOWN], []),
    ],
)
def test_irm_gets_one_note_and_is_silenced_by_nothing_but_proof(
    events: Sequence[Event], expected: list[tuple[What, str]]
) -> None:
    assert due(Where.IRM, incident(*events)) == expected


def test_a_rule_may_resolve_the_group_when_recovery_is_proven() -> None:
    found = tellings(Where.IRM, incident(RECOVERED), RESOLVING, SCENE, at(60))

    assert found == (Turned(what=What.RESOLVED, group="IQ7"),)


def test_a_group_that_another_open_incident_belongs_to_is_not_acknowledged() -> None:
    scene = replace(SCENE, busy=frozenset({"IQ7"}))

    assert due(Where.IRM, incident(*reported(), RECOVERED), scene) == [ACTED]


def test_every_group_of_an_incident_is_told() -> None:
    scene = replace(SCENE, groups=("IQ7", "IQ8"))
    found = tellings(
        Where.IRM, incident(*reported(), irm(What.ACTED)), RULE, scene, at(9)
    )

    assert [telling.group for telling in found] == ["IQ8"]


def test_an_incident_that_irm_does_not_know_is_not_told() -> None:
    scene = replace(SCENE, groups=())

    assert due(Where.IRM, incident(*reported(), RECOVERED), scene) == []


REOPENED = (What.REOPENED, "")


@pytest.mark.parametrize(
    ("before", "events", "expected"),
    [
        ([irm(What.ACKNOWLEDGED)], [NO_LINK], [REOPENED, NOTED_NEED]),
        ([irm(What.RESOLVED)], [NO_LINK], [REOPENED, NOTED_NEED]),
        ([irm(What.ACTED)], [NO_LINK], [NOTED_NEED]),
        ([irm(What.ACKNOWLEDGED), irm(What.REOPENED)], [NO_LINK], [NOTED_NEED]),
        ([irm(What.ACKNOWLEDGED)], [NO_LINK, irm(What.REOPENED)], [NOTED_NEED]),
        ([irm(What.ACKNOWLEDGED)], [HOLDING], []),
        (
            [irm(What.ACKNOWLEDGED)],
            [
                PersonActed(at=at(2), action=PersonAction.ACKNOWLEDGED, person="ana"),
                NO_LINK,
            ],
            [NOTED_NEED],
        ),
    ],
)
def test_who_is_needed_after_our_acknowledgement_is_paged_again(
    before: Sequence[Told],
    events: Sequence[Event],
    expected: list[tuple[What, str]],
) -> None:
    scene = replace(SCENE, before=tuple(before))

    assert due(Where.IRM, incident(*events), scene) == expected


def test_taking_back_says_what_it_undoes() -> None:
    scene = replace(SCENE, before=(irm(What.RESOLVED),))

    turned, _ = tellings(Where.IRM, incident(NO_LINK), RULE, scene, at(9))

    assert turned == Turned(what=What.REOPENED, group="IQ7", undoes=What.RESOLVED)


def test_the_note_on_acting_says_what_was_done() -> None:
    (note,) = tellings(Where.IRM, incident(*reported()), RULE, SCENE, at(9))

    assert isinstance(note, GroupNote)
    assert note.text == (
        "Responder, incident 01k9a: reported link dddd at 12:00:01 UTC, and the "
        "factory said that the problem is resolved. 0 error logs so far. "
        f"This group stays as it is until proof. {PAGE}"
    )
    assert note.text.startswith(note.opening)


def test_the_note_on_another_incidents_report_names_it() -> None:
    (note,) = tellings(Where.IRM, incident(SHARED), RULE, SCENE, at(9))

    assert isinstance(note, GroupNote)
    assert "was reported at 11:59:55 UTC for incident 01k90" in note.text


def test_the_note_for_a_person_says_what_is_left() -> None:
    (note,) = tellings(Where.IRM, incident(NO_LINK), RULE, SCENE, at(9))

    assert isinstance(note, GroupNote)
    assert note.text == (
        "Responder, incident 01k9a: you are needed (no link). 0 errors confirmed, but "
        "no line carries a factory link: look at our own service. "
        f"Responder acknowledged nothing. {PAGE}"
    )
    assert note.text.startswith(note.opening)


def test_the_notes_of_two_incidents_begin_differently_and_of_one_alike() -> None:
    notes = [
        tellings(Where.IRM, of, RULE, SCENE, at(9))[0]
        for of in (
            incident(*reported()),
            incident(NO_LINK),
            replace(incident(NO_LINK), id="01k9b"),
        )
    ]

    one, same, other = [note.opening for note in notes if isinstance(note, GroupNote)]
    assert one == same != other


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], []),
        ([HOLDING], []),
        ([*reported(), VERIFYING], []),
        ([NO_LINK], [(What.NEEDS_HUMAN, "no_link")]),
        ([NO_LINK, told(Where.NOTIFY, What.NEEDS_HUMAN, "no_link")], []),
        (
            [told(Where.NOTIFY, What.NEEDS_HUMAN, "no_link"), UNPROVEN],
            [(What.NEEDS_HUMAN, "unproven")],
        ),
        ([NO_LINK, RECOVERED], [(What.RECOVERED, "")]),
        ([RECOVERED, told(Where.NOTIFY, What.RECOVERED)], []),
        ([NO_LINK, STOOD_DOWN], []),
    ],
)
def test_people_hear_once_that_they_are_needed_and_once_of_recovery(
    events: Sequence[Event], expected: list[tuple[What, str]]
) -> None:
    assert due(Where.NOTIFY, incident(*events)) == expected


def test_a_notice_fires_while_people_are_needed() -> None:
    found = [
        tellings(Where.NOTIFY, of, RULE, SCENE, at(60))[0]
        for of in (incident(NO_LINK), incident(*reported(), RECOVERED))
    ]

    notices = [notice for notice in found if isinstance(notice, Notice)]
    assert [(n.firing, n.title, n.end) for n in notices] == [
        (True, "pizza-factory needs you", None),
        (False, "pizza-factory recovered", at(45)),
    ]
    assert notices[1].text == "Recovered: a good order was seen 44 s after the report."


@pytest.mark.parametrize(
    ("where", "hours", "worth"),
    [
        (Where.NOTIFY, 0.9, True),
        (Where.NOTIFY, 1.1, False),
        (Where.IRM, 23, True),
        (Where.IRM, 25, False),
        (Where.GRAFANA, 23, True),
        (Where.GRAFANA, 25, False),
    ],
)
def test_what_is_long_over_is_not_told_any_more(
    where: Where, hours: float, worth: bool
) -> None:
    after = timedelta(hours=hours).total_seconds() + 45

    assert bool(due(where, incident(RECOVERED), after=after)) is worth


def test_a_refusal_is_known_once_it_is_on_the_timeline() -> None:
    (telling,) = tellings(Where.IRM, incident(RECOVERED), RULE, SCENE, at(60))
    refused = told(Where.IRM, What.ACKNOWLEDGED, refused="HTTP 403")

    assert not known(telling, Where.IRM, incident(RECOVERED))
    assert known(telling, Where.IRM, incident(RECOVERED, refused))
    assert not known(telling, Where.NOTIFY, incident(RECOVERED, refused))
