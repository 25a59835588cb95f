"""The events that the worker's steps become on the timeline."""

from datetime import datetime

from responder.incident.events import (
    Decided,
    Event,
    Finished,
    ReportAnswered,
    ReportIntended,
    ReportShared,
    ReportWithheld,
)
from responder.incident.evidence import ReportLink
from responder.incident.incident import Report
from responder.incident.names import Decision, Outcome, Reason, State
from responder.incident.ports import Answer
from responder.incident.steps import Finish, Send, Share, Wait, Withhold


def waited(step: Wait, now: datetime) -> Decided:
    """The decision to wait, in another state or for another reason than before."""
    return Decided(
        at=now,
        decision=_decision(step.state),
        state=step.state,
        reason=step.reason,
        check=step.check,
        observed=step.observed,
        limit=step.limit,
        until=step.told or step.until,
        link=step.link,
    )


def chosen(step: Send, now: datetime) -> Decided:
    """The decision to report, with the numbers that it rests on."""
    return Decided(
        at=now,
        decision=Decision.REPORT,
        state=State.REPORTING,
        reason=step.reason,
        check=step.check,
        observed=step.observed,
        limit=step.limit,
    )


def intended(step: Send, link: ReportLink, now: datetime) -> ReportIntended:
    """The intent, durable before a byte leaves."""
    return ReportIntended(
        at=now, link=link.name, digest=link.digest, reason=step.reason, by=step.by
    )


def heard(answer: Answer, link: ReportLink, now: datetime) -> ReportAnswered:
    """What the factory answered to the call of this link."""
    return ReportAnswered(
        at=now,
        link=link.name,
        digest=link.digest,
        outcome=answer.outcome,
        method=answer.method,
        status=answer.status,
        message=answer.message,
        seconds=answer.seconds,
    )


def lost(report: Report, now: datetime) -> ReportAnswered:
    """An intent whose answer nobody heard (rule 10)."""
    return ReportAnswered(
        at=now,
        link=report.link,
        digest=report.digest,
        outcome=Outcome.UNKNOWN,
        message="no answer is known: Responder stopped while it waited",
        seconds=(now - report.at).total_seconds(),
    )


def without_call(step: Share | Withhold, now: datetime) -> tuple[Decided, Event]:
    """The decision to go without a call of our own, and what stands in its place."""
    shares = isinstance(step, Share)
    decided = Decided(
        at=now,
        decision=Decision.SHARE if shares else Decision.WITHHOLD,
        state=State.VERIFYING,
        reason=Reason.REPORT_SHARED if shares else Reason.SHADOW,
    )
    return decided, _instead_of_call(step, now)


def finished(step: Finish, now: datetime) -> Finished:
    """The end of an incident, with its proof."""
    return Finished(
        at=now,
        state=step.state,
        reason=step.reason,
        proof=step.proof,
        good_orders=step.good_orders,
        stray=step.stray,
    )


def _decision(state: State) -> Decision:
    match state:
        case State.NEEDS_HUMAN:
            return Decision.NEEDS_HUMAN
        case State.VERIFYING:
            return Decision.VERIFY
        case State.REPORTING:
            return Decision.REPORT
        case _:
            return Decision.HOLD


def _instead_of_call(step: Share | Withhold, now: datetime) -> Event:
    if isinstance(step, Withhold):
        return ReportWithheld(
            at=now, link=step.name, digest=step.digest, reason=step.reason
        )
    record = step.record
    return ReportShared(
        at=now,
        link=step.name,
        digest=record.digest,
        incident=record.incident or "",
        outcome=record.outcome or Outcome.UNKNOWN,
        answered_at=record.answered_at or now,
    )
