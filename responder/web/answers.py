"""The four answers that an incident's page begins with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from responder.incident.event_words import outcome_words
from responder.incident.events import Event, FirstErrorFound, Looked
from responder.incident.model import Incident, Report, line_time
from responder.incident.names import Proof, State
from responder.incident.phase import effective_calls, verify_from
from responder.incident.phrases import clock, count_of, span
from responder.incident.report_record import uncounted
from responder.incident.rule import Rule
from responder.incident.words_facts import affected, lines_of, nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What broke, what was done, what proves that it worked, what is left to do."""

    broken: str
    did: tuple[str, ...]
    proof: str
    left: str


def answers_of(incident: Incident, events: Sequence[Event], ask: str) -> Answers:
    """`ask` is what the headline asks of a person, "" if nothing."""
    return Answers(
        broken=_broken(incident, events),
        did=_did(incident),
        proof=_proof(incident),
        left=_left(incident, ask),
    )


def which_report(incident: Incident, rule: Rule) -> str:
    """Which of the incident's reports the next one is; rule 11 says which count."""
    number, most = effective_calls(incident) + 1, rule.max_reports
    if number <= most:
        return f"This is report {number} of {most}."
    return f"This is report {number}; Responder by itself stops at {most}."


def last_counted(incident: Incident) -> str:
    """What the last look says of the fault, by the check that decides; "" before it."""
    look = incident.look
    if look is None or not look.checks:
        return ""
    found = nearest(look)
    blind = ", ".join(c.name for c in look.checks if c.count is None)
    if found is None:
        return "The error logs could not be counted."
    said = f"{lines_of(found.name, found.count or 0)} in the last look"
    said += f", limit {found.threshold}"
    if found.reached:
        said += ": orders still fail"
    return f"{said}. Could not be counted: {blind}." if blind else f"{said}."


def _broken(incident: Incident, events: Sequence[Event]) -> str:
    keys = [
        k for e in events if isinstance(e, Looked | FirstErrorFound) for k in e.lines
    ]
    if not keys:
        looked = incident.look
        if looked and all(check.count is None for check in looked.checks):
            return "Not known: the logs could not be counted."
        return (
            "No error log was found in the rule's window."
            if looked
            else ("Not known yet: the logs were not read.")
        )
    first = incident.first_error_at or min(map(line_time, keys))
    last = max(map(line_time, keys))
    orders = count_of(incident.failed_orders, "failed order")
    what = f"{orders}, " if incident.failed_orders else ""
    when = f"at {clock(first)} UTC"
    if last - first >= timedelta(seconds=1):
        when = f"from {clock(first)} to {clock(last)} UTC ({span(last - first)})"
    said = f"{what}{count_of(incident.errors, 'error log')}, {when}."
    return " ".join(filter(None, [said, affected(incident), *_blind(events)]))


def _blind(events: Sequence[Event]) -> Iterator[str]:
    """The times that the counts leave out."""
    for gap in uncounted([e for e in events if isinstance(e, Looked)]):
        until = f"to {clock(gap.until)} UTC" if gap.until else "on"
        yield f"Could not be counted from {clock(gap.since)} {until}."


def _did(incident: Incident) -> tuple[str, ...]:
    if incident.reports:
        return tuple(_called(report) for report in incident.reports)
    if incident.shared:
        return (
            f"Took the report of {clock(incident.shared.answered_at)} UTC, sent for "
            f"incident {incident.shared.incident}, as its own.",
        )
    if incident.withheld_at:
        return (
            f"Shadow mode: would have reported at {clock(incident.withheld_at)} UTC. "
            "Nothing was sent.",
        )
    return ("Counted the error logs. Sent no report.",)


def _called(report: Report) -> str:
    start = f"Reported at {clock(report.at)} UTC with {report.link}"
    if report.outcome is None:
        return f"{start}; no answer yet."
    if report.message and report.status is not None:
        return f"{start}; the factory: “{report.message}”"
    return f"{start}; {outcome_words(report.outcome, report.status)}."


def _proof(incident: Incident) -> str:
    end = incident.finished
    if end is None:
        look = incident.look
        if look and look.good_orders is not None:
            return (
                f"{count_of(look.good_orders, 'good order')} since the report so far."
            )
        return "None yet."
    match end.proof:
        case Proof.ORDERS:
            start = verify_from(incident)
            within = (
                f" {span(end.at - start)} after the factory's answer" if start else ""
            )
            return f"{count_of(end.good_orders or 1, 'good order')} seen{within}."
        case Proof.QUIET:
            stray = count_of(end.stray, "error log")
            return f"The errors stopped: {stray} since the report."
        case Proof.SUPPLIER:
            return "The factory's word alone: no order came to prove it."
    return "None was needed: nothing was reported." if not incident.reports else "None."


def _left(incident: Incident, ask: str) -> str:
    if incident.state is State.NEEDS_HUMAN:
        return ask or "A person is needed: see the sentence above."
    if not incident.state.ended:
        return "Nothing for you now: Responder goes on by itself."
    if incident.proof is Proof.SUPPLIER:
        return "Place an order yourself to be sure."
    return "Nothing."
