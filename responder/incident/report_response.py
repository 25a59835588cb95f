"""Who did what: Response and Resolution of the incident report."""

from datetime import datetime

from responder.incident.event_words import event_words, outcome_words
from responder.incident.model import Report
from responder.incident.names import Proof, State
from responder.incident.phrases import count_of
from responder.incident.report_record import Record, after
from responder.incident.report_text import blank, plain
from responder.incident.report_timeline import numbers


def response(record: Record) -> str:
    """Responder's part, then people's, then what was in the way."""
    said = [_by_responder(record), *_by_people(record), _obstacles(record)]
    return " ".join(part for part in said if part)


def _by_responder(record: Record) -> str:
    incident, confirming = record.incident, record.confirming
    counted = ""
    if confirming:
        limit = f"where {confirming.threshold} are the limit"
        counted = f" counted {numbers(confirming)}, {limit},"
    if incident.withheld_at:
        return (
            f"Responder only watched (shadow mode): it{counted} and would have "
            f"reported at {record.clock(incident.withheld_at)}."
        )
    if record.calls:
        first = record.calls[0]
        waited = record.length(first.at - record.heard_at)
        heard = f"heard of it at {record.clock(record.heard_at)}"
        counted = f",{counted}" if counted else ""
        more = f", {len(record.calls)} times in all" if record.calls[1:] else ""
        return (
            f"By Responder: it {heard}{counted} and called the factory "
            f"{waited} later{more}."
        )
    if incident.shared:
        return "Another incident's report covered this one; Responder verified it."
    if not confirming:
        return "Responder looked, found no limit reached, and did not report."
    return f"Responder{counted} and did not report."


def _by_people(record: Record) -> list[str]:
    said, told = [], set()
    if acknowledged := record.acknowledged:
        after_it = _later(record, acknowledged.at, record.heard_at)
        who = plain(acknowledged.person)
        told.add(acknowledged.person)
        said.append(f"{who} acknowledged at {record.clock(acknowledged.at)}{after_it}.")
    if decided := record.called_person:
        words = plain(event_words(decided))
        said.append(f"At {record.clock(decided.at)} Responder {words}.")
    if by_hand := record.by_hand:
        since = acknowledged.at if acknowledged else record.heard_at
        when = record.clock(by_hand.reported_at)
        told.add(by_hand.by)
        after_it = _later(record, by_hand.reported_at, since)
        said.append(f"{plain(by_hand.by)} reported by hand at {when}{after_it}.")
    if record.people:
        names = [plain(name) for name in record.people if name not in told]
        also = f"Also on the record: {', '.join(names)}. " if names else ""
        said.append(f"{also}Nobody else is on the record.")
    elif record.effective and record.incident.state is State.RECOVERED:
        said.append(
            "Left out: a person reading the page, looking for the link and calling "
            "the factory. Nobody is on the record as having acted."
        )
    else:
        said.append("Nobody is on the record as having acted.")
    return said


def _later(record: Record, at: datetime, since: datetime) -> str:
    return f", {record.length(at - since)} later" if at > since else ""


def _obstacles(record: Record) -> str:
    hint = 'what slowed you down; "none" is an answer'
    return f"Obstacles: {blank(hint)}."


def resolution(record: Record) -> str:
    """What ended it, the supplier's words, the proof, and what was spared."""
    called = _call(record) or [_without_call(record)]
    return " ".join([*called, *_proof(record), *_spared(record)])


def _call(record: Record) -> list[str]:
    said = [_told(record, call) for call in record.calls]
    if by_hand := record.by_hand:
        said.append(
            f"{plain(by_hand.by)} reported the fault to the factory by hand at "
            f"{record.clock(by_hand.reported_at)}; its answer is not on the record."
        )
    if shared := record.incident.shared:
        at = record.clock(shared.answered_at)
        said.append(f"The report of incident `{shared.incident}` at {at}.")
    return said


def _told(record: Record, call: Report) -> str:
    called = f"Responder called the factory at {record.clock(call.at)}"
    if call.outcome is None:
        return f"{called}; no answer is known."
    said = f': "{plain(call.message)}"' if call.message else ""
    return f"{called}; {outcome_words(call.outcome, call.status)}{said}."


def _proof(record: Record) -> list[str]:
    incident, last = record.incident, record.last_error
    called = record.ended_by_call_at
    said = []
    if called and last is not None:
        late = after(record.lines, called)
        left = count_of(late, "error log") if late else "No error log"
        said.append(f"{left} came after it; the last one was at {record.clock(last)}.")
    if incident.proof is Proof.ORDERS and record.good_orders:
        orders = count_of(record.good_orders, "good order")
        when = f" by {record.clock(incident.ended_at)}" if incident.ended_at else ""
        said.append(f"Proof: {orders}{when}.")
    elif incident.proof is Proof.QUIET:
        said.append("Proof: the error logs stopped; good orders were not counted.")
    elif incident.proof is Proof.SUPPLIER:
        said.append("No order came to prove it: it rests on the factory's word.")
    return said


def _spared(record: Record) -> list[str]:
    """What came after the moment at which shadow mode would have reported."""
    withheld = record.incident.withheld_at
    if withheld is None or not record.lines:
        return []
    lines = after(record.lines, withheld)
    spared = f"{lines} of the {count_of(len(record.lines), 'error log')}"
    if record.failed:
        orders = after(record.failed, withheld)
        spared += f" and {orders} of the {count_of(len(record.failed), 'failed order')}"
    return [
        f"Responder would have reported at {record.clock(withheld)}: {spared} came "
        "after that and could have been left out."
    ]


def _without_call(record: Record) -> str:
    how = blank("what ended it, and how you know")
    if record.incident.finished is None:
        return f"It is not resolved yet: {how}."
    if record.incident.withheld_at:
        return f"What ended it is not on the record: {how}."
    words = plain(event_words(record.incident.finished))
    when = record.clock(record.incident.finished.at)
    return f"Nothing was reported to the factory. Responder at {when}: {words}. {how}."
