"""What is news in a list of active alerts, and what an absence means."""

from dataclasses import replace
from datetime import timedelta

import pytest

from responder.incident.alert import Alert
from responder.incident.names import Status
from responder.incident.pulled import (
    GONE_AFTER,
    TELL_EVERY,
    ListedAlert,
    Listing,
    News,
    PullState,
    SeenAlert,
    compare,
)
from responder.incident.rule import Matcher
from responder.worker.puller import note_of, state_of
from tests.web_parts import RULE, at

OURS = replace(RULE, match=((Matcher(label="team", op="=", value="pizza"),),))
ALERT = Alert(
    status=Status.FIRING,
    labels={"alertname": "Order errors", "team": "pizza"},
    starts_at=at(-90),
    fingerprint="f1",
)
OTHERS = replace(ALERT, labels={"team": "pasta"}, fingerprint="f2")
NOTHING = Listing(complete=True)
GONE = GONE_AFTER.total_seconds()


def listing(*alerts: Alert, held: bool = False, complete: bool = True) -> Listing:
    listed = tuple(ListedAlert(alert=alert, held=held) for alert in alerts)
    return Listing(alerts=listed, complete=complete)


def after(list_: Listing, seconds: float = 0, seen: tuple[SeenAlert, ...] = ()) -> News:
    return compare(seen, list_, [OURS], at(seconds))


SEEN = after(listing(ALERT)).seen


def test_a_new_alert_is_news() -> None:
    assert after(listing(ALERT, OTHERS)).alerts == (ALERT, OTHERS)


def test_the_same_alert_is_told_again_after_a_minute() -> None:
    soon = after(listing(ALERT), TELL_EVERY.total_seconds() - 1, SEEN)
    later = after(listing(ALERT), TELL_EVERY.total_seconds(), SEEN)

    assert (soon.alerts, later.alerts) == ((), (ALERT,))


def test_an_alert_of_no_rule_is_told_once() -> None:
    seen = after(listing(OTHERS)).seen

    assert after(listing(OTHERS), 3600, seen).alerts == ()


def test_a_new_start_is_another_firing() -> None:
    again = replace(ALERT, starts_at=at(5))

    assert after(listing(again), 10, SEEN).alerts == (again,)


def test_what_is_held_opens_nothing_and_is_news_when_it_is_let_go() -> None:
    held = after(listing(ALERT, held=True))

    assert held.alerts == ()
    assert after(listing(ALERT), 10, held.seen).alerts == (ALERT,)


def test_what_is_silenced_while_it_fires_is_not_gone() -> None:
    seen = SEEN
    for seconds in (10, GONE, GONE * 2):
        news = after(listing(ALERT, held=True), seconds, seen)
        assert news.alerts == ()
        seen = news.seen


def test_one_list_without_it_says_nothing() -> None:
    news = after(NOTHING, 10, SEEN)

    assert news.alerts == ()
    assert news.seen[0].missed_at == at(10)


def test_whole_lists_without_it_for_long_resolve_it_but_not_by_itself() -> None:
    missed = after(NOTHING, 10, SEEN).seen

    early = after(NOTHING, 9 + GONE, missed)
    (resolved,) = after(NOTHING, 10 + GONE, missed).alerts

    assert early.alerts == ()
    assert (resolved.status, resolved.state_reason) == (Status.RESOLVED, "NotListed")
    assert (resolved.fingerprint, resolved.starts_at) == ("f1", ALERT.starts_at)


def test_a_list_that_is_not_whole_says_nothing_by_what_it_lacks() -> None:
    missed = after(NOTHING, 10, SEEN).seen

    news = after(listing(complete=False), 10 + GONE, missed)

    assert (news.alerts, news.seen) == ((), missed)


def test_what_comes_back_was_not_gone() -> None:
    missed = after(NOTHING, 10, SEEN).seen
    back = after(listing(ALERT), 20, missed).seen

    assert after(NOTHING, 10 + GONE, back).alerts == ()


def test_what_no_rule_takes_goes_without_a_word() -> None:
    missed = after(NOTHING, 10, after(listing(OTHERS)).seen).seen
    news = after(NOTHING, 10 + GONE, missed)

    assert (news.alerts, news.seen) == ((), ())


def test_what_is_remembered_outlives_the_process() -> None:
    missed = after(NOTHING, 10, SEEN).seen

    for state in (
        PullState(at=at(0), seen=SEEN),
        PullState(at=at(0), why="HTTP 403", seen=missed),
        PullState(),
    ):
        assert state_of(note_of(state)) == state


@pytest.mark.parametrize(
    "note",
    [
        "{",
        "7",
        "[]",
        "{}",
        '{"at": 3, "why": "", "seen": []}',
        '{"at": null, "why": "", "seen": ["x"]}',
    ],
)
def test_a_note_that_cannot_be_read_is_none(note: str) -> None:
    assert state_of(note) == PullState()


def test_the_limits_are_in_their_order() -> None:
    assert timedelta() < TELL_EVERY < GONE_AFTER
