"""Sentences for an incident that is reported, verified or ended."""

from responder.incident.model import Incident
from responder.incident.names import State
from responder.incident.phase import only_unknown
from responder.incident.phrases import clock, count_of, span
from responder.incident.rule import Rule
from responder.incident.words_facts import (
    capital,
    observed,
    reported,
    reported_at,
)


def threshold_reached(incident: Incident, rule: Rule) -> str:
    limit = incident.decided.limit if incident.decided else None
    bound = f", limit {limit}" if limit is not None else ""
    return f"{observed(incident, rule)}{bound}. Reporting to the factory now."


def fix_did_not_hold(incident: Incident, _rule: Rule) -> str:
    at = reported_at(incident)
    after = f" after the report of {clock(at)}" if at else ""
    return f"Orders fail again{after}. Reporting to the factory once more."


def waiting_for_proof(incident: Incident, rule: Rule) -> str:
    """Why recovery is not proven yet (rule 15)."""
    look = incident.look
    asked = look is not None and look.at >= (reported_at(incident) or look.at)
    if rule.traffic is None:
        return "Waiting for the errors to stop."
    if look and asked and look.traffic_unreadable:
        return "Waiting for a good order: the orders could not be counted."
    if look and asked and look.good_orders:
        orders = count_of(look.good_orders, "good order")
        if look.failures:
            failed = count_of(look.failures, "failure")
            return f"{orders} and {failed} since: waiting for orders to work for good."
        return f"{orders} so far, watching until the errors have stopped."
    return "Waiting for a good order: none yet."


def verifying(incident: Incident, rule: Rule) -> str:
    return f"{reported(incident)}. {waiting_for_proof(incident, rule)}"


def report_shared(incident: Incident, rule: Rule) -> str:
    shared = incident.shared
    if shared is None:
        return verifying(incident, rule)
    return (
        f"{capital(shared.link)} was already reported at {clock(shared.answered_at)} "
        f"for incident {shared.incident}. {waiting_for_proof(incident, rule)}"
    )


def shadow(incident: Incident, _rule: Rule) -> str:
    at = incident.withheld_at
    when = f" at {clock(at)}" if at else ""
    return f"Shadow mode: a report would have been sent{when}. Nothing was sent."


def drill(incident: Incident, _rule: Rule) -> str:
    at = incident.withheld_at
    if at is None:
        return "It is over. It did not come to a report."
    return f"It is over. A report would have been sent at {clock(at)}. Nothing was."


_BY_HAND = "open the newest failing order and report by hand"


def errors_continue(incident: Incident, _rule: Rule) -> str:
    sent = count_of(len(incident.reports), "report")
    after = sent if incident.reports else "another incident's report"
    if incident.decided and incident.decided.link:
        return (
            f"The factory said twice that {incident.decided.link} is fixed, and orders "
            f"still fail. Responder reports only a newer link now. Next: {_BY_HAND}."
        )
    return f"Orders still fail after {after}. Responder has stopped. Next: {_BY_HAND}."


def max_reports(incident: Incident, rule: Rule) -> str:
    if incident.reports and only_unknown(incident):
        many = count_of(len(incident.reports), "report")
        return (
            f"Orders still fail, and the factory's answer to {many} is not known. "
            f"Responder reports only a newer link now. Next: {_BY_HAND}."
        )
    return (
        f"Orders still fail and all {count_of(rule.max_reports, 'report')} of this "
        f"incident are used. Responder has stopped. Next: {_BY_HAND}."
    )


def unproven(incident: Incident, rule: Rule) -> str:
    look = incident.look
    if look and look.failures:
        failed, good = count_of(look.failures, "failure"), look.good_orders or 0
        since = f"{failed} and {count_of(good, 'good order')} since"
        text = f"{reported(incident)}, but orders still fail: {since}"
        return f"{text}. Next: {_BY_HAND}."
    return (
        f"{reported(incident)}, but no good order was seen in "
        f"{span(rule.verify_for)}: place an order yourself."
    )


def order_seen(incident: Incident, _rule: Rule) -> str:
    at, finished = reported_at(incident), incident.finished
    many = finished.good_orders if finished and finished.good_orders else 1
    seen = "a good order was" if many == 1 else f"{many} good orders were"
    if incident.state is State.STOOD_DOWN:
        return f"Stood down: orders work again, {seen} seen since the last failed one."
    if at is None or finished is None:
        return f"Recovered: {seen} seen."
    return f"Recovered: {seen} seen {span(finished.at - at)} after the report."


def errors_stopped(incident: Incident, rule: Rule) -> str:
    if incident.state is State.STOOD_DOWN:
        length = span(rule.give_up_after)
        return f"Stood down: the error logs stayed below the limit for {length}."
    stray = incident.finished.stray if incident.finished else 0
    if stray:
        lines = count_of(stray, "stray error log")
        return f"Recovered: the errors stopped, with {lines} since the report."
    return "Recovered: no error log since the report."


def supplier_confirmed(_incident: Incident, rule: Rule) -> str:
    return (
        "Recovered by the factory's word: it said resolved, and no order came in "
        f"{span(rule.verify_for)} to prove it."
    )


def not_confirmed(_incident: Incident, rule: Rule) -> str:
    length = span(rule.give_up_after)
    return f"Stood down: the error logs stayed below the limit for {length}."


def relapse(incident: Incident, _rule: Rule) -> str:
    before = f" after incident {incident.relapse_of}" if incident.relapse_of else ""
    return f"Orders fail again{before}: the error logs are being counted."
