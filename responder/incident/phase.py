"""What an incident's own reports say of where it is in the policy."""

from datetime import datetime

from responder.incident.model import Incident, Report
from responder.incident.names import Outcome, Reason, State

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
    return incident.state is State.NEEDS_HUMAN and incident.reason in OVER


def verify_from(incident: Incident) -> datetime | None:
    """The answer that verification counts from, None before there is one.

    An answer that says nothing is wrong any more, our own or a shared one; or the
    call of a second `unknown` with the same link (rule 10).
    """
    times = [incident.shared.answered_at] if incident.shared else []
    unknown: set[str] = set()
    for report in incident.answered:
        if report.outcome and report.outcome.moves_floor and report.answered_at:
            times.append(report.answered_at)
        if report.outcome is Outcome.UNKNOWN:
            if report.digest in unknown:
                times.append(report.at)
            unknown.add(report.digest)
    return max(times, default=None)


def verified_outcome(incident: Incident) -> Outcome | None:
    """The outcome that verification counts from."""
    since = verify_from(incident)
    if incident.shared and incident.shared.answered_at == since:
        return incident.shared.outcome
    for report in reversed(incident.answered):
        if since in (report.answered_at, report.at):
            return report.outcome
    return None


def half_unknown(incident: Incident) -> Report | None:
    """The last report, if it is a first `unknown`: its link is called once more."""
    if not incident.answered:
        return None
    last = incident.answered[-1]
    same = [r for r in incident.answered if r.digest == last.digest]
    unknown = [r for r in same if r.outcome is Outcome.UNKNOWN]
    return last if last.outcome is Outcome.UNKNOWN and len(unknown) == 1 else None


def effective_calls(incident: Incident) -> int:
    """Calls that may have taken effect: `max_reports` counts these (rule 11)."""
    return sum(
        1 for r in incident.answered if r.outcome and r.outcome.may_have_taken_effect
    )


def wrong_codes(incident: Incident) -> int:
    return sum(1 for r in incident.answered if r.outcome is Outcome.WRONG_CODE)


def failed_calls(incident: Incident) -> tuple[Report, ...]:
    """The last reports in a row that were refused or reached nobody."""
    failed: list[Report] = []
    for report in reversed(incident.answered):
        if report.outcome not in (Outcome.REFUSED, Outcome.UNREACHABLE):
            break
        failed.append(report)
    return tuple(reversed(failed))
