"""What an incident's own reports say of where it is in the policy."""

from datetime import datetime

from responder.incident.incident import Incident, Report
from responder.incident.names import Outcome, Reason, State
from responder.incident.pause import extended
from responder.incident.rule import MOST_GOOD_IN_A_ROW, Rule
from responder.incident.steps import Finish

OVER = frozenset(
    {
        Reason.ERRORS_CONTINUE,
        Reason.MAX_REPORTS,
        Reason.WRONG_CODE,
        Reason.VETOED,
    }
)
"""Reasons of `needs_human` after which the automation acts no more (rule 12)."""


def automation_over(incident: Incident) -> bool:
    """Whether a person was called for good (rule 12)."""
    if incident.reason is Reason.MAX_REPORTS and only_unknown(incident):
        return False
    twice = incident.decided and incident.decided.link
    if incident.reason is Reason.ERRORS_CONTINUE and twice:
        return False
    return incident.state is State.NEEDS_HUMAN and incident.reason in OVER


def silenced(incident: Incident, now: datetime) -> bool:
    """Whether a silence in IRM holds (rule 18)."""
    until = incident.silenced_until
    return incident.silenced and (until is None or now < until)


def person_called(incident: Incident) -> bool:
    """Rule 13: whether a person's own call may have arrived; no other follows it."""
    vain = (None, Outcome.REFUSED, Outcome.UNREACHABLE)
    return any(r.by and r.outcome not in vain for r in incident.reports)


def may_act(incident: Incident, now: datetime) -> bool:
    """Rules 3, 12 and 18: whether a report may follow from what the logs say."""
    if incident.never_fired or silenced(incident, now) or person_called(incident):
        return False
    if incident.state is State.NEEDS_HUMAN:
        return incident.fires and not automation_over(incident)
    return True


def calm_since(incident: Incident) -> datetime | None:
    """Rule 12: since when a person waits, no order failed and no check is reached.

    None while that is not so, or could not be counted.
    """
    blind = incident.look is not None and incident.look.failed_unreadable
    if incident.below_since is None or blind:
        return None
    times = [incident.below_since, incident.last_failure_at]
    times.append(incident.decided.at if incident.decided else None)
    return max(at for at in times if at is not None)


def orders_prove(
    incident: Incident, rule: Rule, since: datetime, *, answered: bool = True
) -> bool:
    """Rule 15(d): whether good orders of the last look prove recovery.

    `since`: the factory's answer; where there is none (not `answered`), the first
    error, and then something did fail.
    """
    look, looked_at = incident.look, incident.looked_at
    if look is None or looked_at is None or incident.unreadable_since:
        return False
    if look.traffic_unreadable or look.failed_unreadable:
        return False
    # A look that an earlier version stored has none, and waits for the next one.
    if not look.good_since_failure or looked_at < since + rule.verify_after:
        return False
    if answered and not look.failures:
        settled = looked_at >= since + rule.settle + rule.recheck
        return settled or not look.stale_failures
    failed_at = incident.last_failure_at or since
    if looked_at < failed_at + rule.verify_after:
        return False
    failures = look.failures + look.stale_failures
    needed = min(max(failures, rule.good_in_a_row), MOST_GOOD_IN_A_ROW)
    return look.good_since_failure >= needed


def errors_stopped(incident: Incident, rule: Rule, now: datetime) -> Finish | None:
    """Rule 12: the end of `needs_human` by itself, None while a person is needed."""
    if incident.state is not State.NEEDS_HUMAN:
        return None
    calm = calm_since(incident)
    if calm and now >= extended(incident.pauses, calm, rule.give_up_after, now):
        return Finish(state=State.STOOD_DOWN, reason=Reason.ERRORS_STOPPED)
    answered = verify_from(incident)
    since = answered or incident.first_error_at or incident.opened_at
    if orders_prove(incident, rule, since, answered=answered is not None):
        good = incident.look.good_since_failure if incident.look else 0
        return Finish(
            state=State.STOOD_DOWN, reason=Reason.ORDER_SEEN, good_orders=good
        )
    return None


def told(incident: Incident) -> bool:
    """Rule 17: whether a report may have reached the factory, ours or a shared one."""
    return incident.shared is not None or any(
        r.outcome is not Outcome.UNREACHABLE for r in incident.answered
    )


def verify_from(incident: Incident) -> datetime | None:
    """The answer that verification counts from, None before there is one.

    An answer that says nothing is wrong any more, our own or a shared one; or the
    call of an `unknown` that is not to be repeated (rule 10): a second one with the
    same link, one during verification, one of a person, or one whose link is in the
    logs no more.
    """
    times = [incident.shared.answered_at] if incident.shared else []
    unknown: set[str] = set()
    for report in incident.answered:
        if report.outcome and report.outcome.moves_floor and report.answered_at:
            times.append(report.answered_at)
        if report.outcome is Outcome.UNKNOWN:
            if report.digest in unknown or times or report.by:
                times.append(report.at)
            unknown.add(report.digest)
    lost = half_unknown(incident)
    if not times and lost and _gone(incident, lost):
        times.append(lost.at)
    return max(times, default=None)


def _gone(incident: Incident, lost: Report) -> bool:
    """Whether a look since then saw neither the link nor the fault."""
    look, looked_at = incident.look, incident.looked_at
    if look is None or looked_at is None or incident.unreadable_since:
        return False
    seen = look.candidates or any(check.reached for check in look.checks)
    return not seen and looked_at >= (lost.answered_at or lost.at)


def verified_outcome(incident: Incident) -> Outcome | None:
    """The outcome that verification counts from."""
    since = verify_from(incident)
    if incident.shared and incident.shared.answered_at == since:
        return incident.shared.outcome
    call = verified_call(incident)
    return call.outcome if call else None


def verified_call(incident: Incident) -> Report | None:
    """The call of this incident that verification counts from, if it is one."""
    since = verify_from(incident)
    for report in reversed(incident.answered):
        if since in (report.answered_at, report.at):
            return report
    return None


def half_unknown(incident: Incident) -> Report | None:
    """The last report, if it is a first `unknown`: its link is called once more."""
    if not incident.answered:
        return None
    last = incident.answered[-1]
    if last.by:
        return None
    same = [r for r in incident.answered if r.digest == last.digest]
    unknown = [r for r in same if r.outcome is Outcome.UNKNOWN]
    return last if last.outcome is Outcome.UNKNOWN and len(unknown) == 1 else None


def effective_calls(incident: Incident) -> int:
    """Calls that may have taken effect: `max_reports` counts these (rule 11)."""
    return len(_effective(incident))


def only_unknown(incident: Incident) -> bool:
    """Rule 9: whether all calls that may have taken effect were left unanswered."""
    outcomes = {r.outcome for r in _effective(incident)}
    return outcomes == {Outcome.UNKNOWN}


def used_up(incident: Incident, most: int, digest: str) -> bool:
    """Rule 11: whether `most` reports leave this incident no call with this link.

    Unanswered calls alone (rule 9) do not keep it from a link that was not among them.
    """
    effective = _effective(incident)
    if len(effective) < most:
        return False
    among = digest in {r.digest for r in effective[:most]}
    return not only_unknown(incident) or among


def _effective(incident: Incident) -> list[Report]:
    return [
        r for r in incident.answered if r.outcome and r.outcome.may_have_taken_effect
    ]


def wrong_codes(incident: Incident) -> int:
    """Calls with a link that was of no use.

    Links that still come make a wrong one of `nothing_to_resolve` too (rule 10); who
    asks has one at hand.
    """
    wrong = (Outcome.WRONG_CODE, Outcome.NOTHING_TO_RESOLVE)
    return sum(1 for r in incident.answered if r.outcome in wrong)


def failed_calls(incident: Incident) -> tuple[Report, ...]:
    """The last reports in a row that were refused or reached nobody."""
    failed: list[Report] = []
    for report in reversed(incident.answered):
        if report.outcome not in (Outcome.REFUSED, Outcome.UNREACHABLE):
            break
        failed.append(report)
    return tuple(reversed(failed))
