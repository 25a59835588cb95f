"""What follows from an incident alone. Pure: no rule's setting and no log is asked."""

from datetime import datetime, timedelta

from responder.incident.events import ReportPlanned, ReportRequested
from responder.incident.incident import Incident, Report
from responder.incident.names import Outcome, Reason, State
from responder.incident.pause import extended, resumed_at

REQUEST_LASTS = timedelta(minutes=1)
"""So long *report now* waits for a link or a call in flight, then it lapses."""
_FOR_GOOD = frozenset(
    {
        Reason.ERRORS_CONTINUE,
        Reason.MAX_REPORTS,
        Reason.WRONG_CODE,
        Reason.VETOED,
    }
)
"""Reasons of `needs_human` after which the automation acts no more (rule 12)."""


def handed_to_person(incident: Incident) -> bool:
    """Whether a person was called for good (rule 12)."""
    if incident.reason is Reason.MAX_REPORTS and only_unknown(incident):
        return False
    twice = incident.decided and incident.decided.link
    if incident.reason is Reason.ERRORS_CONTINUE and twice:
        return False
    return incident.state is State.NEEDS_HUMAN and incident.reason in _FOR_GOOD


def silence_holds(incident: Incident, now: datetime) -> bool:
    """Whether a silence in IRM holds (rule 18)."""
    until = incident.silenced_until
    return incident.silenced and (until is None or now < until)


def person_called(incident: Incident) -> bool:
    """Rule 13: whether a person's own call may have arrived; no other follows it."""
    vain = (None, Outcome.REFUSED, Outcome.UNREACHABLE)
    return any(r.by and r.outcome not in vain for r in incident.reports)


def may_act(incident: Incident, now: datetime) -> bool:
    """Rules 3, 12 and 18: whether a report may follow from what the logs say."""
    if incident.never_fired or silence_holds(incident, now) or person_called(incident):
        return False
    if incident.state is State.NEEDS_HUMAN:
        return incident.fires and not handed_to_person(incident)
    return True


def below_threshold_since(incident: Incident) -> datetime | None:
    """Rule 12: since when a person waits, no order failed and no check is reached.

    None while that is not so, or could not be counted.
    """
    blind = incident.look is not None and incident.look.failed_unreadable
    if incident.below_since is None or blind:
        return None
    times = [incident.below_since, incident.last_failure_at]
    times.append(incident.decided.at if incident.decided else None)
    return max(at for at in times if at is not None)


def may_have_reached_factory(incident: Incident) -> bool:
    """Rule 17: whether a report may have reached the factory, ours or a shared one."""
    return incident.shared is not None or any(
        r.outcome is not Outcome.UNREACHABLE for r in incident.answered
    )


def verifying_since(incident: Incident) -> datetime | None:
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
    lost = unanswered_once(incident)
    if not times and lost and _gone(incident, lost):
        times.append(lost.at)
    return max(times, default=None)


def _gone(incident: Incident, lost: Report) -> bool:
    """Whether an evaluation since then saw neither the link nor the fault."""
    look, looked_at = incident.look, incident.looked_at
    if look is None or looked_at is None or incident.unreadable_since:
        return False
    seen = look.candidates or any(check.reached for check in look.checks)
    return not seen and looked_at >= (lost.answered_at or lost.at)


def verified_outcome(incident: Incident) -> Outcome | None:
    """The outcome that verification counts from."""
    since = verifying_since(incident)
    if incident.shared and incident.shared.answered_at == since:
        return incident.shared.outcome
    call = verified_call(incident)
    return call.outcome if call else None


def verified_call(incident: Incident) -> Report | None:
    """The call of this incident that verification counts from, if it is one."""
    since = verifying_since(incident)
    for report in reversed(incident.answered):
        if since in (report.answered_at, report.at):
            return report
    return None


def unanswered_once(incident: Incident) -> Report | None:
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


def live_plan(incident: Incident) -> ReportPlanned | None:
    """The announced report, unless another answer came after it was announced."""
    plan, since = incident.planned, verifying_since(incident)
    return plan if plan and (since is None or plan.at >= since) else None


def acts_at(incident: Incident, now: datetime) -> datetime | None:
    """When the announced report leaves, pauses not counted; None without one."""
    plan = live_plan(incident)
    if plan is None:
        return None
    return extended(incident.pauses, plan.at, plan.act_at - plan.at, now)


def live_request(incident: Incident, now: datetime) -> ReportRequested | None:
    """A person's *report now* that still waits for its call."""
    asked = incident.requested
    if asked is None:
        return None
    return asked if now < asked.at + REQUEST_LASTS else None


def stale_before(incident: Incident, now: datetime) -> datetime | None:
    """What was read before this is old: act only on what is read since (13, 14)."""
    marks = [resumed_at(incident.pauses, now)]
    if (asked := live_request(incident, now)) is not None:
        marks.append(asked.at)
    return max((at for at in marks if at), default=None)
