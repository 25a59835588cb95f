"""What happened: Summary, Detection, Impact and Root cause of the incident report."""

from datetime import timedelta

from responder.incident.event_words import unreadable_words
from responder.incident.names import Outcome, Proof, Sender
from responder.incident.phrases import count_of
from responder.incident.report_record import Record, Uncounted
from responder.incident.report_text import blank, plain
from responder.incident.words_facts import affected

SENDERS = {
    Sender.GRAFANA: "Grafana",
    Sender.ALERTMANAGER: "Alertmanager",
    Sender.IRM: "Grafana IRM",
    Sender.GRAFANA_PULL: "Grafana, which Responder asked",
}
_PROOFS = {
    Proof.ORDERS: "Recovery was proven by good orders",
    Proof.QUIET: "Recovery was judged by the error logs, which stopped",
    Proof.SUPPLIER: "Recovery rests on the factory's word; no order came to prove it",
}


def summary(record: Record) -> str:
    """What failed, when, who ended it and how it stands."""
    said = [_what_failed(record), _how_heard(record), _how_ended(record)]
    if record.incident.proof:
        said.append(f"{_PROOFS[record.incident.proof]}.")
    said.append(_severity(record))
    return " ".join(part for part in said if part)


def _what_failed(record: Record) -> str:
    day = f"{record.began.day} {record.began:%B %Y}"
    first, last = record.first_error, record.last_error
    if not record.counted:
        hint = "how many orders failed, and from when to when"
        return f"On {day} the logs could not be counted: {blank(hint)}."
    if first is None or last is None:
        return f"On {day} an alert came in; no error log was found for it."
    when = f"On {day}, from {record.clock(first)} to {record.clock(last)},"
    written = "was" if record.errors == "1 error log" else "were"
    if record.failed_orders is None:
        said = f"{when} orders failed: {record.errors} {written} written."
    else:
        failed = record.failed_orders.replace("failed order", "pizza order")
        said = f"{when} {failed} failed and {record.errors} {written} written."
    gaps = " and ".join(_between(record, gap) for gap in record.uncounted)
    return f"{said} The logs could not be counted {gaps}." if gaps else said


def _how_heard(record: Record) -> str:
    if not record.firings:
        return ""
    when = record.clock(record.heard_at)
    return f"The alert reached Responder at {when}{_since_first(record)}."


def _since_first(record: Record) -> str:
    late = record.detection_delay
    return "" if late is None else f", {record.length(late)} after the first error"


def _how_ended(record: Record) -> str:
    said = []
    if by_hand := record.by_hand:
        when = record.clock(by_hand.reported_at)
        said.append(f"A person reported the fault to the factory at {when}.")
    if ours := _how_reported(record):
        said.append(ours)
    if not said and record.incident.withheld_at:
        said.append("Responder only watched, and no report by hand is on the record.")
    elif not said:
        said.append("Nothing was reported to the factory.")
    return " ".join(said)


def _how_reported(record: Record) -> str:
    """What Responder's own calls did, "" without any."""
    incident, call = record.incident, record.effective
    if call:
        waited = record.length(call.at - record.heard_at)
        people = "" if record.called_person or record.people else "; nobody had to act"
        when = f"at {record.clock(call.at)}"
        if not record.minutes_only:
            when += f", {waited} after the alert arrived"
        return f"Responder reported the fault to the factory {when}{people}."
    if incident.shared:
        other = record.clock(incident.shared.answered_at)
        return f"The report of another incident, at {other}, covered this one."
    if record.calls:
        return "Responder called the factory, but no call is known to have worked."
    return ""


def _severity(record: Record) -> str:
    found = (f.labels.get("severity", "") for f in record.firings)
    severity = next((label for label in found if label.strip()), None)
    if severity:
        return f"Severity, by the alert's label: {plain(severity)}."
    return f"Severity: {blank('your scale; the alert carried no severity label')}."


def detection(record: Record) -> str:
    """Which alert told of it, how late it was, and what made it late."""
    said = [_which_alert(record)]
    said += _delays(record)
    acknowledged = record.acknowledged
    if acknowledged:
        who, when = plain(acknowledged.person), record.clock(acknowledged.at)
        said.append(f"{who} acknowledged it at {when}.")
    timers = blank("pending period and group wait of the rule (Alerting, its rule)")
    if record.firings:
        said.append(f"Known delays of the alert: {timers}.")
    return " ".join(said)


def _which_alert(record: Record) -> str:
    when, rule = record.clock(record.heard_at), plain(record.incident.rule)
    if not record.firings:
        return f"No alert: Responder's own watch of rule {rule} found it at {when}."
    sender = SENDERS[record.firings[0].sender]
    names = (f.labels.get("alertname", "") for f in record.firings)
    name = next((plain(n) for n in names if n.strip()), None)
    name = name or blank("alert name, not in the record")
    others = len({f.fingerprint for f in record.firings}) - 1
    more = f" with {count_of(others, 'more alert')}" if others else ""
    return f"The alert {name}{more} reached Responder from {sender} at {when}."


def _delays(record: Record) -> list[str]:
    first, started = record.first_error, record.incident.alert_started_at
    if first is None or (late := record.detection_delay) is None:
        return []
    said = [f"That is {record.length(late)} after the first error log."]
    if started and first < started < record.heard_at:
        rule, wait = started - first, record.heard_at - started
        said.append(
            f"The rule took {record.length(rule)} of it to fire, and the notice "
            f"{record.length(wait)} to arrive."
        )
    return said


def impact(record: Record) -> str:
    """How long, how many, and what nobody counted."""
    first, last = record.first_error, record.last_error
    said = []
    if first is not None and last is not None:
        length = record.length(last - first).removeprefix("about ")
        said.append(f"{length}, {record.clock(first)} to {record.clock(last)}.")
    said.append(_numbers(record))
    said += [_gap(record, gap) for gap in record.uncounted]
    customers = blank("number of customers whose orders failed")
    cases = blank('number of support cases, or "none"')
    said += [f"Customers affected: {customers}.", f"Support cases: {cases}."]
    return " ".join(said)


def _numbers(record: Record) -> str:
    if not record.counted:
        return f"Failed orders and error logs: {blank('numbers; none was counted')}."
    if record.failed_orders is None:
        orders = blank("number; the record holds error logs only")
        return f"{record.errors}. Failed orders: {orders}."
    per = ""
    if record.lines and record.failed:
        per = f" ({len(record.lines) / len(record.failed):.1f} per order)"
    said = f"{record.failed_orders}, {record.errors}{per}."
    return f"{said} {affected(record.incident)}".rstrip()


def _gap(record: Record, gap: Uncounted) -> str:
    between, why = _between(record, gap), unreadable_words(gap.reason)
    return f"Not counted {between}, {why}: the numbers may be higher."


def _between(record: Record, gap: Uncounted) -> str:
    until = f"to {record.clock(gap.until)}" if gap.until else "to the end"
    return f"from {record.clock(gap.since)} {until}"


def root_cause(record: Record) -> str:
    """What is known, apart from what only the supplier or we ourselves can know."""
    supplier = blank('its explanation, or "not disclosed by the supplier"')
    cause = blank("what failed, and why")
    if record.linked:
        known = "the failing orders carried a report link from the factory"
        call = record.effective
        if call and call.outcome is Outcome.RESOLVED:
            known += ", which said that the problem was resolved when it was called"
        said = [f"What is known: {known}.", f"Why the factory failed: {supplier}."]
    elif record.confirming and not record.calls:
        said = [
            "What is known: no failing order carried a report link from the factory, "
            f"which points to our own service. Why it failed: {cause}."
        ]
    else:
        said = [f"The record does not tell: {cause}."]
    if lateness := _lateness(record):
        said.append(lateness)
    return " ".join(said)


def _lateness(record: Record) -> str:
    """How much of the outage had passed before anything could be done about it."""
    late, whole = record.detection_delay, record.outage
    if late is None or not whole or late <= timedelta(0):
        return ""
    return (
        f"Contributing, from this record: {record.length(late)} passed before the "
        f"alert arrived, of {record.length(whole)} in all."
    )
