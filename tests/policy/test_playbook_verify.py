"""Policy rules 15 and 16 as tables: after a report, and after the end."""

from dataclasses import replace

import pytest

from responder.incident.evaluation import counted_since
from responder.incident.events import (
    AlertFired,
    Event,
    Finished,
    Looked,
    ReportWithheld,
)
from responder.incident.facts import handed_to_person
from responder.incident.incident import Incident, apply
from responder.incident.names import Mode, Outcome, Proof, Reason, Sender, State
from responder.incident.playbook import next_step
from responder.incident.service import LinkRecord
from responder.incident.steps import (
    Finish,
    Gather,
    Relapse,
    Rest,
    Send,
    Step,
    TraceBack,
    Wait,
    Watch,
)
from responder.incident.words import sentence
from tests.policy.timelines import (
    LINK,
    OTHER,
    QUIET_RULE,
    RULE,
    at,
    brakes,
    call,
    decided,
    followed,
    look,
    opened,
    resolved,
    spent,
    traced,
)

RESOLVED = spent(LINK, 1, Outcome.RESOLVED)


def reported(
    *events: Event,
    outcome: Outcome = Outcome.RESOLVED,
    alerts: tuple[str, ...] = ("f1",),
) -> Incident:
    """Reported at 0 s, answered at 1 s."""
    return opened(look(0, 6), *call(0, outcome), *events, alerts=alerts)


def step(incident: Incident, seconds: float) -> Step:
    return next_step(incident, RULE, brakes(RESOLVED, floor=at(1)), at(seconds))


def quiet(incident: Incident, seconds: float) -> Step:
    return next_step(incident, QUIET_RULE, brakes(RESOLVED, floor=at(1)), at(seconds))


def calm(seconds: float, good: int | None = 0, matched: int = 0) -> Event:
    return look(seconds, matched, links=(), good=good, matched=matched)


def test_after_the_answer_the_next_look_is_one_recheck_later() -> None:
    found = step(reported(), 1.1)
    assert isinstance(found, Wait)
    assert (found.state, found.until) == (State.VERIFYING, at(11))


def test_a_look_comes_exactly_at_verify_after() -> None:
    incident = reported(traced(2), calm(11), calm(21))
    found = step(incident, 22)
    assert isinstance(found, Wait)
    assert found.until == at(31)
    assert step(incident, 31) == Gather()


def test_the_first_error_is_traced_once_the_report_is_out() -> None:
    assert step(reported(calm(11)), 11.1) == TraceBack()


def test_recovered_by_a_good_order_not_before_verify_after() -> None:
    assert isinstance(step(reported(traced(2), calm(21, good=1)), 22), Wait)
    found = step(reported(traced(2), calm(31, good=3)), 31.1)
    assert isinstance(found, Finish)
    assert (found.state, found.proof) == (State.RECOVERED, Proof.ORDERS)


def test_a_stray_error_does_not_keep_a_good_order_from_being_proof() -> None:
    found = step(reported(traced(2), calm(31, good=1, matched=1)), 31.1)
    assert isinstance(found, Finish)
    assert (found.state, found.stray) == (State.RECOVERED, 1)


@pytest.mark.parametrize(
    ("seconds", "facts", "recovered"),
    [
        # Only stale lines: a good order newer than they are, once late ones had time.
        (31, {"stale": 1, "failed_at": 20, "in_a_row": 3}, False),
        (46, {"stale": 1, "failed_at": 20, "in_a_row": 0}, False),
        (46, {"stale": 1, "failed_at": 20, "in_a_row": 1}, True),
        # Something failed: as many in a row as failed, three at least, ten at most.
        (60, {"failures": 1, "failed_at": 20, "in_a_row": 2}, False),
        (60, {"failures": 1, "failed_at": 20, "in_a_row": 3}, True),
        (49, {"failures": 1, "failed_at": 20, "in_a_row": 3}, False),
        (60, {"failures": 4, "failed_at": 20, "in_a_row": 3}, False),
        (60, {"failures": 4, "failed_at": 20, "in_a_row": 4}, True),
        (60, {"failures": 2, "stale": 2, "failed_at": 20, "in_a_row": 3}, False),
        (60, {"failures": 60, "failed_at": 20, "in_a_row": 9}, False),
        (60, {"failures": 60, "failed_at": 20, "in_a_row": 10}, True),
        # What could not be counted proves nothing.
        (60, {"traffic_unreadable": True}, False),
    ],
)
def test_rule_15_good_orders_prove_recovery_only_against_what_failed(
    seconds: int, facts: dict[str, int], recovered: bool
) -> None:
    seen = look(seconds, 0, links=(), good=12, **facts)  # type: ignore[arg-type]
    found = step(reported(traced(2), seen), seconds + 0.1)
    assert isinstance(found, Finish) is recovered
    if isinstance(found, Finish):
        assert (found.state, found.proof) == (State.RECOVERED, Proof.ORDERS)


def test_rule_15_it_is_evaluated_exactly_when_stale_lines_have_had_time() -> None:
    seen = look(41, 0, links=(), good=1, stale=1, failed_at=20, in_a_row=1)
    found = step(reported(traced(2), seen), 41.1)
    assert isinstance(found, Wait)
    assert found.until == at(46)


@pytest.mark.parametrize(("failures", "stale"), [(1, 0), (0, 1)])
def test_rule_15_the_suppliers_word_is_no_proof_once_an_order_failed(
    failures: int, stale: int
) -> None:
    seen = look(601, 0, links=(), good=0, failures=failures, stale=stale, failed_at=500)
    found = step(reported(traced(2), seen), 601.1)
    if failures:
        assert isinstance(found, Wait)
        assert (found.state, found.reason) == (State.NEEDS_HUMAN, Reason.UNPROVEN)
    else:
        assert isinstance(found, Finish)
        assert found.proof is Proof.SUPPLIER


def waiting_for_person(*events: Event) -> Incident:
    """A person was called at 100 s, because errors continued after the report."""
    called = decided(100, State.NEEDS_HUMAN, Reason.ERRORS_CONTINUE)
    return reported(traced(2), look(99, 6, links=()), called, *events)


def test_rule_15_a_look_that_an_earlier_version_stored_proves_nothing() -> None:
    # It counted good orders, but not what failed.
    stored = replace(look(160, 9, links=(), good=3, matched=9), good_since_failure=0)
    assert not isinstance(step(waiting_for_person(stored), 160.1), Finish)


@pytest.mark.parametrize("failed", [True, False])
def test_rule_12_only_failed_orders_that_cannot_be_counted_keep_a_person_needed(
    failed: bool,
) -> None:
    looks = [look(seconds, 0, links=(), failed_at=105) for seconds in (110, 1004)]
    seen = [
        replace(one, failed_unreadable=failed, traffic_unreadable=not failed)
        for one in looks
    ]
    assert isinstance(step(waiting_for_person(*seen), 1011), Finish) is not failed


def test_rule_12_errors_below_the_threshold_are_not_errors_that_stopped() -> None:
    incident = waiting_for_person(
        look(110, 1, links=(), failures=3, failed_at=100),
        look(1005, 1, links=(), failures=9, failed_at=1000),
    )
    found = step(incident, 1011)
    assert isinstance(found, Wait)
    assert (found.state, found.reason) == (State.NEEDS_HUMAN, Reason.ERRORS_CONTINUE)


def test_rule_12_a_person_is_needed_no_more_when_nothing_failed_for_long() -> None:
    incident = waiting_for_person(
        look(110, 0, links=(), failures=3, failed_at=105),
        look(1004, 0, links=(), failures=3, failed_at=105),
    )
    found = step(incident, 1011)
    assert isinstance(found, Finish)
    assert (found.state, found.reason) == (State.STOOD_DOWN, Reason.ERRORS_STOPPED)


@pytest.mark.parametrize(("in_a_row", "ended"), [(3, False), (4, True)])
def test_rule_12_a_person_is_needed_no_more_when_orders_work_again(
    in_a_row: int, ended: bool
) -> None:
    seen = look(160, 0, links=(), good=9, failures=4, failed_at=110, in_a_row=in_a_row)
    found = step(waiting_for_person(seen), 160.1)
    assert isinstance(found, Finish) is ended
    if isinstance(found, Finish):
        assert (found.state, found.reason) == (State.STOOD_DOWN, Reason.ORDER_SEEN)


def test_without_an_order_it_is_not_recovered_before_verify_for() -> None:
    found = step(reported(traced(2), calm(591)), 592)
    assert isinstance(found, Wait)
    assert (found.state, found.until) == (State.VERIFYING, at(601))


def test_at_verify_for_the_suppliers_word_is_the_proof() -> None:
    found = step(reported(traced(2), calm(601)), 601.1)
    assert isinstance(found, Finish)
    assert found.proof is Proof.SUPPLIER


def test_at_verify_for_without_the_suppliers_word_a_person_is_called() -> None:
    incident = reported(traced(2), calm(601), outcome=Outcome.NOTHING_TO_RESOLVE)
    found = step(incident, 601.1)
    assert isinstance(found, Wait)
    assert (found.state, found.reason) == (State.NEEDS_HUMAN, Reason.UNPROVEN)


def test_unreadable_traffic_is_not_the_same_as_no_order() -> None:
    unseen = [look(s, 0, links=(), traffic_unreadable=True) for s in (541, 601)]
    found = step(reported(traced(2), *unseen), 601.1)
    assert isinstance(found, Wait)
    assert (found.state, found.reason) == (State.NEEDS_HUMAN, Reason.LOGS_UNREADABLE)


def test_unreadable_logs_never_prove_recovery() -> None:
    found = step(reported(traced(2), look(31, None, good=5)), 31.1)
    assert isinstance(found, Wait)
    assert found.state is State.VERIFYING


def test_a_an_unspent_link_is_reported_at_once() -> None:
    found = step(reported(traced(2), look(11, 1, links=(OTHER,))), 11.1)
    assert isinstance(found, Send)
    assert (found.digest, found.reason) == (OTHER, Reason.NEWER_LINK)


def test_a_max_reports_binds_here_too() -> None:
    incident = reported(
        traced(2), *call(12, Outcome.RESOLVED, OTHER), look(24, 1, links=("c" * 64,))
    )
    found = step(incident, 24.1)
    assert isinstance(found, Wait)
    assert (found.state, found.reason) == (State.NEEDS_HUMAN, Reason.MAX_REPORTS)


def test_b_a_late_spent_link_is_called_once_more_after_the_cool_down() -> None:
    incident = reported(traced(2), look(41, 1, late=True))
    held = step(incident, 41.1)
    assert isinstance(held, Wait)
    assert (held.reason, held.told) == (Reason.COOLDOWN, at(121))
    later = reported(traced(2), look(120, 1, late=True))
    found = step(later, 121.1)
    assert isinstance(found, Send)
    assert found.reason is Reason.FIX_DID_NOT_HOLD


TWICE = replace(RESOLVED, again=True)
LATE = look(121, 6, late=True)
OPEN = opened(traced(0), LATE)
"""A relapse: another incident called the link."""


@pytest.mark.parametrize(
    ("incident", "record", "sends"),
    [
        (reported(traced(2), LATE), RESOLVED, True),
        (OPEN, RESOLVED, True),
        (reported(traced(2), LATE), TWICE, False),
        (OPEN, TWICE, False),
    ],
    ids=["once", "once, a relapse", "twice", "twice, a relapse"],
)
def test_b_a_link_is_called_once_more_ever_then_a_person(
    incident: Incident, record: LinkRecord, sends: bool
) -> None:
    found = next_step(incident, RULE, brakes(record), at(121.5))
    if sends:
        assert isinstance(found, Send)
        assert found.reason is Reason.FIX_DID_NOT_HOLD
    else:
        assert isinstance(found, Wait)
        assert (found.state, found.reason, found.link) == (
            State.NEEDS_HUMAN,
            Reason.ERRORS_CONTINUE,
            "link aaaa",
        )


@pytest.mark.parametrize("incident", [reported(traced(2), LATE), OPEN])
def test_b_a_newer_link_is_still_called_and_a_person_reads_of_the_old_one(
    incident: Incident,
) -> None:
    waiting = decided(122, State.NEEDS_HUMAN, Reason.ERRORS_CONTINUE)
    twice = apply(incident, replace(waiting, link="link aaaa"))
    assert sentence(twice, RULE).startswith(
        "The factory said twice that link aaaa is fixed, and orders still fail."
    )
    assert not handed_to_person(twice)
    newer = apply(twice, look(152, 6, links=(OTHER,)))
    found = next_step(newer, RULE, brakes(TWICE), at(152.5))
    assert isinstance(found, Send)
    assert found.digest == OTHER


def test_b_the_configured_address_is_bounded_by_the_cool_down_instead() -> None:
    fixed = {"fixed_link": LINK, "fixed_name": "link aaaa"}
    record = replace(RESOLVED, spent=False)
    held = reported(traced(2), look(61, 6, links=(OTHER,)))
    found = next_step(held, RULE, brakes(record, **fixed), at(61.5))
    assert isinstance(found, Wait)
    assert found.reason is Reason.COOLDOWN
    cooled = reported(traced(2), look(121, 6, links=(OTHER,)))
    found = next_step(cooled, RULE, brakes(record, **fixed), at(121.5))
    assert isinstance(found, Send)


def test_c_a_check_at_its_threshold_without_a_link_calls_a_person() -> None:
    found = step(reported(traced(2), look(41, 5, links=())), 41.1)
    assert isinstance(found, Wait)
    assert (found.state, found.reason) == (State.NEEDS_HUMAN, Reason.ERRORS_CONTINUE)


@pytest.mark.parametrize(
    ("seconds", "matched", "recovered"),
    [(31, 0, True), (31, 1, False), (301, 1, True)],
)
def test_without_a_traffic_query_quiet_is_the_proof(
    seconds: int, matched: int, recovered: bool
) -> None:
    incident = reported(traced(2), calm(seconds, good=None, matched=matched))
    found = quiet(incident, seconds + 0.1)
    assert isinstance(found, Finish) is recovered
    if isinstance(found, Finish):
        assert (found.proof, found.stray) == (Proof.QUIET, matched)


def test_rule_17_a_resolve_after_a_report_is_only_noted() -> None:
    found = step(reported(traced(2), resolved(5), calm(11)), 12)
    assert isinstance(found, Wait)
    assert found.state is State.VERIFYING


def recovered(*after: Event) -> Incident:
    end = Finished(at=at(31), state=State.RECOVERED, reason=Reason.ORDER_SEEN)
    return reported(traced(2), calm(31, good=1), end, *after)


def test_rule_16_an_ended_incident_is_watched_every_fifteen_seconds() -> None:
    assert step(recovered(), 32) == Watch(until=at(46))
    assert step(recovered(), 46) == Gather()


def test_rule_16_a_failing_check_in_the_watch_is_a_relapse() -> None:
    found = step(recovered(look(46, 1, links=(OTHER,))), 46.1)
    assert found == Relapse()


def late_alert(seconds: float) -> AlertFired:
    return AlertFired(
        at=at(seconds), fingerprint="f2", starts_at=at(20), sender=Sender.GRAFANA
    )


def test_rule_16_a_late_alert_is_evaluated_at_once() -> None:
    assert step(recovered(late_alert(33)), 33) == Gather()


def stood_down(*after: Event, seconds: float = 31) -> Incident:
    end = Finished(at=at(seconds), state=State.STOOD_DOWN, reason=Reason.NOT_CONFIRMED)
    return opened(look(0, 4), *after, end)


@pytest.mark.parametrize(
    ("incident", "seconds", "expected"),
    [
        (recovered(resolved(60)), 60, Gather()),
        (recovered(calm(60), resolved(60)), 61, Watch(until=at(75))),
        (recovered(calm(105), resolved(60)), 119.9, Watch(until=at(120))),
        (recovered(calm(106), resolved(60)), 121, Gather()),
        (recovered(calm(121), resolved(60)), 135, Rest()),
        (recovered(resolved(1000), calm(1046)), 1061, Gather()),
        (recovered(resolved(1000), calm(1061)), 1075, Rest()),
        (recovered(resolved(60), look(119, 1, links=(OTHER,))), 119.1, Relapse()),
        (stood_down(resolved(30)), 32, Rest()),
        (stood_down(resolved(31)), 32, Rest()),
    ],
    ids=[
        "a look that is due when it resolves",
        "every 15 s after it",
        "up to a minute after it",
        "and once more after that",
        "then it is over",
        "also when the resolve comes later than a watch lasts",
        "and then it is over",
        "a fault that begins in that minute",
        "stood down after the resolve",
        "stood down by the resolve",
    ],
)
def test_rule_16_the_watch_ends_a_minute_after_the_alerts_resolve(
    incident: Incident, seconds: float, expected: Step
) -> None:
    assert step(incident, seconds) == expected


def test_rule_16_a_firing_after_the_resolve_starts_the_watch_anew() -> None:
    again = replace(late_alert(70), fingerprint="f1", starts_at=at(70))
    assert step(recovered(resolved(60), again, calm(130)), 131) == Watch(until=at(145))


def test_rule_16_the_watch_ends_in_time() -> None:
    assert step(recovered(), 31 + 900) == Rest()


def test_rule_16_the_watch_ends_when_another_incident_is_open() -> None:
    found = next_step(recovered(), RULE, brakes(open_elsewhere=True), at(40))
    assert found == Rest()


def test_an_incident_closed_by_a_person_is_not_watched() -> None:
    end = Finished(at=at(31), state=State.CLOSED, reason=Reason.CLOSED_BY_PERSON)
    assert step(reported(end), 40) == Rest()


@pytest.mark.parametrize(
    ("looks", "seconds", "expected"),
    [
        ((35, 40), 40.1, Watch(until=at(55))),
        ((35, 80), 80.1, Watch(until=at(95))),
        ((35, 95), 95.1, Relapse()),
    ],
)
def test_rule_7_a_late_alert_is_not_lost_to_logs_that_stay_unreadable(
    looks: tuple[int, ...], seconds: float, expected: Step
) -> None:
    blind = [look(at, None) for at in looks]

    assert step(recovered(late_alert(33), *blind), seconds) == expected


def test_rule_7_without_a_late_alert_the_watch_waits_for_logs() -> None:
    assert step(recovered(look(35, None), look(95, None)), 95.1) == Watch(until=at(110))


def test_rule_16_a_late_alert_after_shadow_counts_lines_since_its_end() -> None:
    withheld = ReportWithheld(
        at=at(1), link="link aaaa", digest=LINK, reason=Reason.THRESHOLD_REACHED
    )
    end = Finished(at=at(41), state=State.STOOD_DOWN, reason=Reason.SHADOW)
    incident = opened(look(0, 6), withheld, traced(2), calm(40), end)

    assert counted_since(incident, RULE.checks[0], brakes(), at(60)) == at(41)


def test_rule_13_shadow_stands_down_when_the_errors_stop() -> None:
    withheld = ReportWithheld(
        at=at(1), link="link aaaa", digest=LINK, reason=Reason.THRESHOLD_REACHED
    )
    rule = replace(RULE, mode=Mode.SHADOW)
    incident = opened(look(0, 6), withheld, traced(2), calm(40))
    found = next_step(incident, rule, brakes(), at(40.1))
    assert isinstance(found, Finish)
    assert (found.state, found.reason) == (State.STOOD_DOWN, Reason.SHADOW)


@pytest.mark.parametrize(
    "called", [Reason.MAX_REPORTS, Reason.BREAKER_OPEN, Reason.ERRORS_CONTINUE]
)
@pytest.mark.parametrize("facts", [{}, {"reports_last_hour": 6}, {"in_flight": True}])
@pytest.mark.parametrize(
    "links", [(), (LINK,), (OTHER,)], ids=["no link", "the spent link", "a newer link"]
)
def test_rule_12_a_verification_that_called_a_person_settles_on_one_reason(
    called: Reason, facts: dict[str, object], links: tuple[str, ...]
) -> None:
    def seen(seconds: float) -> Looked:
        return look(seconds, 6, links=links, late=LINK in links)

    incident = reported(traced(2), decided(45, State.NEEDS_HUMAN, called), seen(60))
    known = brakes(RESOLVED, **facts)
    decisions, _ = followed(incident, RULE, known, seen, 60, 360)

    reasons = [d.reason for d in decisions]
    assert len(reasons) == len(set(reasons))
    assert called not in reasons
