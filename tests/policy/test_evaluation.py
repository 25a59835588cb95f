"""What to ask the logs and what the answers mean: policy rules 4, 5 and 8."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from responder.incident.evaluation import AHEAD, MOST_LINES, evaluate, questions
from responder.incident.events import Event, Looked, ReportRequested, Vetoed
from responder.incident.evidence import (
    Counted,
    Evidence,
    FoundLink,
    LinkPlace,
    LogLine,
    Question,
    ReportLink,
    Unreadable,
    to_ns,
)
from responder.incident.incident import Incident
from responder.incident.names import Outcome, Reason, State, UnreadableReason
from responder.incident.rule import Check, Rule
from responder.incident.service import Brakes, LinkRecord
from responder.logs.lines import LineReader
from tests.policy.timelines import (
    RULE,
    at,
    brakes,
    call,
    decided,
    look,
    opened,
    spent,
    traced,
)

A = ReportLink(token="t", code="aaa")
B = ReportLink(token="t", code="bbb")
C = ReportLink(token="t", code="ccc")
HOST = "factory.example.com"
SLOW = Check(name="slow", query="{}", window=timedelta(minutes=20), threshold=1)
FAILED = replace(RULE, failed="{} |= failed")


def line(
    seconds: float,
    *links: ReportLink,
    place: LinkPlace = LinkPlace.RESPONSE,
    text: str = "x",
) -> LogLine:
    found = tuple(FoundLink(link, place) for link in links)
    return LogLine(at_ns=to_ns(at(seconds)), digest=text, links=found)


def counted(
    *lines: LogLine, name: str = "error-logs", total: int | None = None
) -> Counted:
    return Counted(
        name=name,
        lines=lines,
        since=at(-300),
        until=at(0),
        at_least=total is not None,
        total=total,
    )


def blind(name: str = "error-logs") -> Unreadable:
    return Unreadable(name=name, reason=UnreadableReason.TIMEOUT, detail="too slow")


def weighed(
    *answers: Evidence,
    incident: Incident | None = None,
    known: Brakes | None = None,
    rule: Rule = RULE,
    now: float = 0,
) -> Looked:
    looked, _ = evaluate(
        incident or opened(), rule, known or brakes(), answers, at(now)
    )
    return looked


def digests(looked: Looked) -> list[str]:
    return [c.digest for c in looked.candidates]


def counts(looked: Looked) -> list[int | None]:
    return [check.count for check in looked.checks]


def verifying(*events: Event, link: ReportLink = A) -> Incident:
    """Reported at 0 s with this link, resolved at 1 s."""
    sent = call(0, Outcome.RESOLVED, link.digest)
    return opened(look(0, 6, links=(link.digest,)), *sent, *events)


def resolved(link: ReportLink, seconds: float = 1) -> LinkRecord:
    return spent(link.digest, seconds, Outcome.RESOLVED)


# Questions


def asked(incident: Incident, rule: Rule, known: Brakes, now: float) -> list[Question]:
    return list(questions(incident, rule, known, at(now)))


def test_the_first_look_asks_each_check_over_its_window() -> None:
    found = asked(opened(), replace(RULE, checks=(*RULE.checks, SLOW)), brakes(), 0)

    assert [(q.name, q.since) for q in found] == [
        ("error-logs", at(-300)),
        ("slow", at(-1200)),
    ]
    assert {q.until for q in found} == {at(0) + AHEAD}
    assert [q.count_beyond for q in found] == [5, 1]


def test_rule_4_the_floor_is_where_a_shorter_look_begins() -> None:
    (question,) = asked(opened(), RULE, brakes(floor=at(-30)), 0)

    assert question.since == at(-30)


def test_good_orders_are_asked_for_only_once_reported() -> None:
    before = asked(opened(look(0, 6)), RULE, brakes(), 1)
    after = asked(verifying(), RULE, brakes(floor=at(1)), 11)

    assert "traffic" not in {q.name for q in before}
    assert {q.name: q.since for q in after}["traffic"] == at(1)


def test_good_orders_count_from_another_incidents_later_answer() -> None:
    found = asked(verifying(), RULE, brakes(floor=at(40)), 50)

    assert {q.name: q.since for q in found}["traffic"] == at(40)


@pytest.mark.parametrize(
    "incident",
    [
        opened(),
        opened(look(0, 4)),
        opened(look(0, 6)),
        opened(
            Vetoed(at=at(1), by="ada"), decided(1, State.NEEDS_HUMAN, Reason.VETOED)
        ),
        opened(look(0, 6), *call(0, Outcome.RESOLVED)),
    ],
    ids=["not looked", "below", "confirmed", "vetoed", "reported"],
)
def test_failed_orders_are_asked_for_whatever_the_state(incident: Incident) -> None:
    found = asked(incident, FAILED, brakes(), 2)

    assert "failed" in {q.name for q in found}


def test_failed_orders_from_before_the_floor_are_another_faults() -> None:
    found = asked(opened(), FAILED, brakes(floor=at(-30)), 1)

    assert {q.name: q.since for q in found}["failed"] == at(-30)


def test_after_the_answer_late_lines_from_before_it_are_still_asked_for() -> None:
    (question, _) = asked(verifying(traced(2)), RULE, brakes(floor=at(1)), 11)

    assert question.since == at(-120)


# Rules 4 and 5: what counts


def test_rule_4_lines_before_the_floor_do_not_count() -> None:
    found = weighed(counted(line(-10), line(-40)), known=brakes(floor=at(-30)))

    assert counts(found) == [1]
    assert found.floor == at(-30)


@pytest.mark.parametrize(
    ("seconds", "counts_it"), [(-66, False), (-65.001, False), (-65, True), (0, True)]
)
def test_rule_5_a_spent_link_is_old_news_until_answer_and_settle(
    seconds: float, counts_it: bool
) -> None:
    known = brakes(spent(A.digest, -100, Outcome.RESOLVED))
    found = weighed(counted(line(seconds, A)), known=known)

    assert counts(found) == [int(counts_it)]


@pytest.mark.parametrize(
    ("links", "counts_it"),
    [((), True), ((A,), False), ((A, B), True), ((B,), True)],
    ids=["no link", "spent", "one of two spent", "unspent"],
)
def test_rule_5_only_lines_all_of_whose_links_are_spent_are_old_news(
    links: Sequence[ReportLink], counts_it: bool
) -> None:
    known = brakes(resolved(A, -10))
    found = weighed(counted(line(-5, *links)), known=known)

    assert counts(found) == [int(counts_it)]


def test_rule_5_a_wrong_code_makes_old_news_too() -> None:
    known = brakes(spent(A.digest, -10, Outcome.WRONG_CODE))

    assert counts(weighed(counted(line(-5, A)), known=known)) == [0]


def test_rule_5_a_link_with_one_lost_answer_is_not_spent() -> None:
    lost = replace(spent(A.digest, -10, Outcome.UNKNOWN), spent=False)
    found = weighed(counted(line(-5, A)), known=brakes(lost))

    assert counts(found) == [1]
    assert digests(found) == [A.digest]


def test_rule_5_a_fixed_links_answer_speaks_for_whatever_is_logged() -> None:
    fixed = replace(resolved(C, -10), spent=False)
    known = brakes(fixed, fixed_link=C.digest, fixed_name="link cccc")

    assert counts(weighed(counted(line(-5, A), line(-4)), known=known)) == [1]


def test_lines_without_a_link_are_told_apart() -> None:
    (reading,) = weighed(counted(line(-1, A), line(-2), line(-3))).checks

    assert (reading.count, reading.linkless, reading.reached) == (3, 2, False)


def test_could_not_count_is_no_zero() -> None:
    none, zero = weighed(blind()), weighed(counted())

    assert counts(none) == [None]
    assert counts(zero) == [0]
    assert none.checks[0].unreadable is UnreadableReason.TIMEOUT
    assert zero.checks[0].unreadable is None


def test_one_unreadable_check_leaves_the_other_ones_number() -> None:
    rule = replace(RULE, checks=(*RULE.checks, SLOW))
    found = weighed(blind(), counted(line(-1), name="slow"), rule=rule)

    assert counts(found) == [None, 1]
    assert [check.reached for check in found.checks] == [False, True]


def test_unreadable_good_orders_are_not_none_seen() -> None:
    calm = counted()
    known = brakes(resolved(A), floor=at(1))
    seen = weighed(
        calm, counted(line(9), name="traffic"), incident=verifying(), known=known
    )
    unseen = weighed(calm, blind("traffic"), incident=verifying(), known=known)

    assert (seen.good_orders, seen.traffic_unreadable) == (1, False)
    assert (unseen.good_orders, unseen.traffic_unreadable) == (None, True)


def test_the_sources_own_count_goes_beyond_the_lines_it_gave() -> None:
    (reading,) = weighed(counted(line(-1), line(-2), total=40)).checks

    assert (reading.count, reading.at_least) == (40, False)


def test_old_news_is_taken_off_the_sources_own_count() -> None:
    known = brakes(resolved(A, -10))
    (reading,) = weighed(counted(line(-1), line(-2, A), total=40), known=known).checks

    assert reading.count == 39


def test_lines_not_given_are_older_than_those_given() -> None:
    # The newest were given, and they reach back beyond the floor.
    given = counted(line(-1), line(-60), total=5000)
    (reading,) = weighed(given, known=brakes(floor=at(-30))).checks

    assert (reading.count, reading.reached) == (1, False)


def test_without_the_sources_own_count_it_is_at_least_that_many() -> None:
    answer = replace(counted(line(-1)), at_least=True)

    assert weighed(answer).checks[0].at_least
    # Not where the lines given reach back beyond what counts.
    older = replace(counted(line(-1), line(-60)), at_least=True)
    (reading,) = weighed(older, known=brakes(floor=at(-30))).checks
    assert not reading.at_least


# Rule 8: candidates


def test_rule_8_response_fields_come_first_and_each_newest_first() -> None:
    found = weighed(
        counted(
            line(-1, C, place=LinkPlace.UNKNOWN),
            line(-2, B),
            line(-3, A),
        )
    )

    assert digests(found) == [B.digest, A.digest, C.digest]


def test_rule_8_a_link_seen_in_both_ranks_by_its_response_field() -> None:
    found = weighed(
        counted(line(-1, A, place=LinkPlace.UNKNOWN), line(-9, A), line(-5, B))
    )

    assert digests(found) == [B.digest, A.digest]
    assert [c.seen_at for c in found.candidates] == [at(-5), at(-9)]


def test_rule_8_an_unspent_link_comes_before_a_late_one() -> None:
    known = brakes(resolved(A, -100))
    found = weighed(
        counted(line(-1, A), line(-2, B, place=LinkPlace.UNKNOWN)), known=known
    )

    assert [(c.digest, c.late) for c in found.candidates] == [
        (B.digest, False),
        (A.digest, True),
    ]


def test_rule_8_neither_planted_nor_foreign_links_are_candidates() -> None:
    reader = LineReader(HOST, "key")

    def told(field: str, token: str, code: str, host: str = HOST) -> LogLine:
        url = f"https://{host}/api/support/{token}/report/{code}"
        return reader.read(to_ns(at(-1)), json.dumps({field: json.dumps({"u": url})}))

    lines = [
        told("reqBody", "key", "aaa"),
        told("resBody", "other", "bbb"),
        told("resBody", "key", "ccc", host="evil.example.com"),
        told("resBody", "key", "ddd"),
    ]
    found = weighed(counted(*lines))

    assert digests(found) == [ReportLink(token="key", code="ddd").digest]
    assert found.foreign_links == 1


def test_links_are_at_hand_by_their_digest() -> None:
    answers = [counted(line(-1, A), line(-2, B))]
    looked, at_hand = evaluate(opened(), RULE, brakes(), answers, at(0))

    assert {at_hand[digest] for digest in digests(looked)} == {A, B}


def test_only_counted_lines_bring_candidates() -> None:
    assert digests(weighed(counted(line(-40, A)), known=brakes(floor=at(-30)))) == []


# Rule 15: after the answer


def test_in_verification_only_lines_since_the_answer_are_failures() -> None:
    known = brakes(resolved(A), floor=at(1))
    lines = counted(line(9, B), line(0.5, C), line(8, A))
    found = weighed(
        lines, counted(name="traffic"), incident=verifying(), known=known, now=11
    )

    assert digests(found) == [B.digest]
    assert found.matched == 1


SPENDING = (
    Outcome.RESOLVED,
    Outcome.NOTHING_TO_RESOLVE,
    Outcome.WRONG_CODE,
    Outcome.UNKNOWN,
)


@pytest.mark.parametrize("outcome", SPENDING)
def test_rule_15b_any_late_spent_link_is_told_of_in_verification(
    outcome: Outcome,
) -> None:
    known = brakes(spent(B.digest, 1, outcome), floor=at(1))
    found = weighed(
        counted(line(40, B)),
        counted(name="traffic"),
        incident=verifying(),
        known=known,
        now=41,
    )

    assert [(c.digest, c.late) for c in found.candidates] == [(B.digest, True)]


@pytest.mark.parametrize(
    ("outcome", "again"),
    [(Outcome.RESOLVED, True), (Outcome.NOTHING_TO_RESOLVE, False)],
)
def test_before_a_report_only_a_link_worth_a_call_is_a_candidate(
    outcome: Outcome, again: bool
) -> None:
    known = brakes(spent(B.digest, -100, outcome))
    found = weighed(counted(line(-1, B)), known=known)

    assert bool(found.candidates) is again


# Failed and affected orders


def service(seconds: float) -> LogLine:
    """The service's answer to an order, with the link for the customer."""
    return replace(line(seconds, A, text=f"http {seconds}"), to_customer=True)


def factory(seconds: float) -> LogLine:
    """The factory's answer for the same order."""
    return line(seconds, A, text=f"factory {seconds}")


THROTTLED = [service(-3), factory(-3.01), service(-2.8), factory(-2.81), service(-1)]


@pytest.mark.parametrize(
    ("checked", "failed", "affected"),
    [
        (THROTTLED, [], 3),
        ([factory(-3), factory(-2)], [], 2),
        ([line(-3), line(-2)], [], 0),
        (THROTTLED, [service(-3), service(-2.8), service(-1)], 0),
        (THROTTLED, [line(-3.2, text="a"), line(-2.5, text="b"), line(-1.1)], 0),
        ([*THROTTLED, factory(-30), service(-29.9)], [line(-30.5, text="oven")], 3),
    ],
    ids=[
        "answered with a link",
        "only the factory's lines are logged",
        "no link",
        "`failed` takes the same lines",
        "`failed` takes other lines of the same orders",
        "some failed, some were answered",
    ],
)
def test_an_order_that_was_answered_with_a_link_is_affected_and_counts_once(
    checked: list[LogLine], failed: list[LogLine], affected: int
) -> None:
    answers = (counted(*checked), counted(*failed, name="failed"))
    looked = weighed(*answers, rule=FAILED)

    assert len(looked.affected_lines) == affected
    assert opened(looked).failed_orders == affected + len(failed)
    again = weighed(*answers, incident=opened(looked), rule=FAILED)
    assert (again.affected_lines, again.failed_lines) == ((), ())


def test_while_failed_orders_cannot_be_counted_none_is_taken_for_affected() -> None:
    looked = weighed(counted(*THROTTLED), blind("failed"), rule=FAILED)

    assert (looked.failed_asked, looked.affected_lines) == (True, ())


def test_orders_that_failed_before_the_first_error_are_not_of_this_incident() -> None:
    orders = [line(-200, text="noise"), line(-3, text="order")]
    looked = weighed(counted(line(-3)), counted(*orders, name="failed"), rule=FAILED)

    assert looked.failed_lines == (line(-3, text="order").key,)


# What the incident remembers


def test_each_distinct_line_is_new_once() -> None:
    first = weighed(counted(line(-1), line(-2), line(-2, text="y")))
    again = weighed(counted(line(-1), line(-3)), incident=opened(first))

    assert len(first.lines) == 3
    assert again.lines == (line(-3).key,)
    assert first.first_line_at == at(-2)


def test_an_incident_remembers_only_so_many_lines() -> None:
    storm = counted(*(line(-1, text=f"{n}") for n in range(MOST_LINES + 5)))
    first = weighed(storm)

    assert len(first.lines) == MOST_LINES
    assert weighed(storm, incident=opened(first)).lines == ()
    assert counts(first) == [MOST_LINES + 5]


def test_a_check_that_is_named_as_the_orders_are_is_weighed_by_its_own_answer() -> None:
    """Orders that can be counted must not pass for errors, nor hide that none can."""
    checks = (replace(RULE.checks[0], name="failed"), replace(SLOW, name="traffic"))
    rule = replace(FAILED, checks=checks)
    orders = [line(n, text=f"{n}") for n in range(3, 9)]

    looked = weighed(
        blind("failed"),
        counted(name="traffic"),
        counted(*orders, name="traffic"),
        counted(*orders, name="failed"),
        incident=verifying(traced(2)),
        rule=rule,
        now=10,
    )

    assert counts(looked) == [None, 0]
    assert looked.good_orders == 6
    assert len(looked.failed_lines) == 6


def verified(rule: Rule, *answers: Evidence, known: Brakes, now: float) -> Looked:
    """A look after the factory answered at 1 s."""
    incident = opened(look(0, 6), *call(0, Outcome.RESOLVED), traced(2))
    return weighed(*answers, incident=incident, known=known, rule=rule, now=now)


SPENT = brakes(spent(A.digest, 1, Outcome.RESOLVED), floor=at(1))
WORKING = replace(FAILED, traffic="{} |= good")


def test_rule_15_failures_are_lines_of_failed_and_lines_with_a_link() -> None:
    found = verified(
        WORKING,
        counted(line(5, text="no order"), line(6, B), line(8)),
        counted(line(60), name="traffic"),
        counted(line(7), line(8), name="failed"),
        known=SPENT,
        now=61,
    )

    assert (found.failures, found.stale_failures) == (3, 0)
    assert found.last_failure_at == at(8)


def test_rule_15_without_a_failed_query_any_line_of_a_check_is_a_failure() -> None:
    found = verified(
        RULE,
        counted(line(5), line(6)),
        counted(name="traffic"),
        known=SPENT,
        now=61,
    )

    assert found.failures == 2


def test_rule_15_stale_lines_are_counted_apart() -> None:
    found = verified(
        WORKING,
        counted(line(5, A), line(36, A, text="late")),
        counted(line(20), line(40), name="traffic"),
        counted(name="failed"),
        known=SPENT,
        now=61,
    )

    assert (found.failures, found.stale_failures) == (1, 1)
    assert (found.last_failure_at, found.working_since) == (at(36), at(40))
    assert (found.good_orders, found.good_since_failure) == (2, 1)


def test_rule_15_what_failed_before_the_answer_contradicts_nothing() -> None:
    found = verified(
        WORKING,
        counted(line(0.5)),
        counted(line(20), name="traffic"),
        counted(line(0.5), name="failed"),
        known=SPENT,
        now=61,
    )

    assert (found.failures, found.last_failure_at) == (0, None)


def test_rule_15_orders_that_could_not_be_counted_are_no_proof() -> None:
    found = verified(
        WORKING,
        counted(),
        counted(line(20), name="traffic"),
        blind("failed"),
        known=SPENT,
        now=61,
    )

    assert found.failed_unreadable


def test_rule_12_good_orders_are_asked_for_once_the_fault_has_no_link() -> None:
    before, confirmed = opened(look(0, 6)), opened(look(0, 6, links=()))

    assert "traffic" not in names(questions(before, WORKING, brakes(), at(10)))
    assert "traffic" in names(questions(confirmed, WORKING, brakes(), at(10)))


def names(asked: Sequence[Question]) -> list[str]:
    return [question.name for question in asked]


def test_rule_8_a_link_beyond_the_limit_is_a_candidate_and_changes_no_count() -> None:
    newest = counted(line(-1), line(-2, text="y"), total=1500)
    answer = replace(newest, linked=(line(-60, A, text="z"),))

    looked = weighed(answer)

    assert counts(looked) == [1500]
    assert digests(looked) == [A.digest]


def test_rule_13_a_look_for_a_person_sees_spent_links_of_the_whole_window() -> None:
    request = ReportRequested(at=at(60), by="ada")
    plain, incident = verifying(), verifying(request)
    known = brakes(resolved(A), spent(C.digest, 1, Outcome.WRONG_CODE), floor=at(1))
    (question, *_) = asked(incident, RULE, known, 61)
    assert question.since == at(61) - RULE.checks[0].window

    lines = counted(line(-200, A), line(-100, A), line(-90, C))
    looked, links = evaluate(incident, RULE, known, (lines,), at(61))
    found = [(c.digest, c.seen_at) for c in looked.spent]
    assert found == [(A.digest, at(-100))]
    assert links[A.digest] == A
    assert (looked.candidates, counts(looked)) == ((), [0])
    assert weighed(lines, incident=plain, known=known, now=61).spent == ()
