"""The plain sentence for every state, reason and outcome.

Pages, the API, log lines and the incident report share these. A sentence names a
check, never its query, and a link by its name, never its path: our own lines may
land in the same logs that the checks read.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from responder.incident.event_words import event_words, outcome_words, unreadable_words
from responder.incident.model import Incident, Report, unreadable_reading
from responder.incident.names import Reason, State
from responder.incident.phrases import clock, count_of, span
from responder.incident.rule import Rule

__all__ = ["event_words", "outcome_words", "sentence", "state_words"]

_STATE_WORDS: Mapping[State, str] = {
    State.INVESTIGATING: "counting the error logs",
    State.HOLDING: "held",
    State.REPORTING: "reporting to the factory",
    State.VERIFYING: "reported, waiting for proof",
    State.NEEDS_HUMAN: "waiting for you",
    State.RECOVERED: "recovered",
    State.STOOD_DOWN: "stood down",
    State.CLOSED: "closed by a person",
    State.SUPERSEDED: "superseded",
}


def state_words(state: State) -> str:
    """The state in a few words, without its reason."""
    return _STATE_WORDS[state]


def sentence(incident: Incident, rule: Rule) -> str:
    """What is going on with the incident and why, with its numbers.

    `rule` gives windows and bounds; one that lost its checks will do.
    """
    return _SENTENCES[incident.reason](incident, rule)


def _calls_a_person(incident: Incident) -> bool:
    return incident.state is State.NEEDS_HUMAN


def _held(incident: Incident, text: str) -> str:
    return f"Held: {text}" if incident.state is State.HOLDING else _capital(text)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _observed(incident: Incident, rule: Rule) -> str:
    """What the decision counted: `3 error logs in the last 5 min`."""
    decided = incident.decided
    if decided is None or decided.observed is None:
        return count_of(incident.errors, "error log")
    check = next((c for c in rule.checks if c.name == decided.check), None)
    counted = count_of(decided.observed, "error log")
    if decided.check not in ("", "error-logs"):
        counted = f'{count_of(decided.observed, "line")} of check "{decided.check}"'
    return f"{counted} in the last {span(check.window)}" if check else counted


def _confirmed(incident: Incident) -> str:
    decided = incident.decided
    if decided is None or decided.observed is None:
        return f"{count_of(incident.errors, 'error')} confirmed"
    limit = f", limit {decided.limit}" if decided.limit is not None else ""
    return f"{count_of(decided.observed, 'error')} confirmed{limit}"


def _until(incident: Incident, before: str, otherwise: str = "") -> str:
    decided = incident.decided
    if decided is None or decided.until is None:
        return otherwise
    return f"{before} {clock(decided.until)}"


def _last_call(incident: Incident) -> Report | None:
    return incident.reports[-1] if incident.reports else None


def _reported_at(incident: Incident) -> datetime | None:
    """The call that recovery is judged by: the latest, or another incident's."""
    if incident.shared:
        return incident.shared.answered_at
    last = _last_call(incident)
    return last.at if last else None


def _reported(incident: Incident) -> str:
    at = _reported_at(incident)
    return f"Reported {clock(at)}" if at else "Reported"


def _below_threshold(incident: Incident, rule: Rule) -> str:
    decided = incident.decided
    limit = decided.limit if decided else None
    needs = f", the rule needs {limit}" if limit is not None else ", below the limit"
    return _held(incident, f"{_observed(incident, rule)}{needs}.")


def _logs_unreadable(incident: Incident, _rule: Rule) -> str:
    found = unreadable_reading(incident)
    why = ""
    if found:
        name, reason, detail = found
        why = f' (check "{name}": {detail or unreadable_words(reason)})'
    if not _calls_a_person(incident):
        return _held(incident, f"the logs could not be counted{why}. Trying again.")
    since = incident.unreadable_since
    start = f" since {clock(since)}" if since else ""
    return (
        f"The logs could not be counted{start}{why}: "
        "look at the orders yourself, and at the log source."
    )


def _no_link(incident: Incident, _rule: Rule) -> str:
    text = f"{_confirmed(incident)}, but no line carries a factory link"
    if _calls_a_person(incident):
        return f"{text}: look at our own service."
    return _held(incident, f"{text} yet.")


def _wrong_code(incident: Incident, _rule: Rule) -> str:
    last = _last_call(incident)
    link = last.link if last else "the link"
    text = f"the factory does not know the code of {link}"
    if _calls_a_person(incident):
        return f"{_capital(text)}: open the newest failing order and report by hand."
    return _held(incident, f"{text}; waiting for a newer link.")


def _cooldown(incident: Incident, _rule: Rule) -> str:
    when = _until(incident, "at", "soon")
    return _held(incident, f"the same link was just reported; it may be called {when}.")


def _breaker_open(incident: Incident, _rule: Rule) -> str:
    when = _until(incident, ", the next may leave at")
    return _held(incident, f"the limit of reports per hour is reached{when}.")


def _silenced(incident: Incident, _rule: Rule) -> str:
    until = incident.silenced_until
    when = f"until {clock(until)}" if until else "until someone ends it"
    return _held(incident, f"silenced in IRM {when}.")


def _factory_failed(incident: Incident, text: str) -> str:
    if _calls_a_person(incident):
        return f"{_capital(text)}: look at the factory, and report by hand."
    return _held(incident, f"{text}. Trying again{_until(incident, ' at')}.")


def _factory_refused(incident: Incident, _rule: Rule) -> str:
    last = _last_call(incident)
    status = f" with HTTP {last.status}" if last and last.status else ""
    return _factory_failed(incident, f"the factory refused the report{status}")


def _factory_unreachable(incident: Incident, _rule: Rule) -> str:
    return _factory_failed(incident, "the factory could not be reached")


def _unanswered(incident: Incident, _rule: Rule) -> str:
    at = _reported_at(incident)
    report = f"the report of {clock(at)}" if at else "the report"
    text = f"{report} got no answer, so it may or may not have worked"
    if incident.state is State.VERIFYING:
        return f"{_capital(text)}. Watching the logs."
    return _held(incident, f"{text}. Calling once more{_until(incident, ' at')}.")


def _threshold_reached(incident: Incident, rule: Rule) -> str:
    limit = incident.decided.limit if incident.decided else None
    bound = f", limit {limit}" if limit is not None else ""
    return f"{_observed(incident, rule)}{bound}. Reporting to the factory now."


def _fix_did_not_hold(incident: Incident, _rule: Rule) -> str:
    at = _reported_at(incident)
    after = f" after the report of {clock(at)}" if at else ""
    return f"Orders fail again{after}. Reporting to the factory once more."


def _waiting_for_proof(incident: Incident, rule: Rule) -> str:
    """Why recovery is not proven yet (rule 15)."""
    look = incident.look
    asked = look is not None and look.at >= (_reported_at(incident) or look.at)
    if rule.traffic is None:
        return "Waiting for the errors to stop."
    if look and asked and look.traffic_unreadable:
        return "Waiting for a good order: the orders could not be counted."
    if look and asked and look.good_orders:
        orders = count_of(look.good_orders, "good order")
        return f"{orders} so far, watching until the errors have stopped."
    return "Waiting for a good order: none yet."


def _verifying(incident: Incident, rule: Rule) -> str:
    return f"{_reported(incident)}. {_waiting_for_proof(incident, rule)}"


def _report_shared(incident: Incident, rule: Rule) -> str:
    shared = incident.shared
    if shared is None:
        return _verifying(incident, rule)
    return (
        f"{_capital(shared.link)} was already reported at {clock(shared.answered_at)} "
        f"for incident {shared.incident}. {_waiting_for_proof(incident, rule)}"
    )


def _shadow(incident: Incident, _rule: Rule) -> str:
    at = incident.withheld_at
    when = f" at {clock(at)}" if at else ""
    return f"Shadow mode: a report would have been sent{when}. Nothing was sent."


_BY_HAND = "open the newest failing order and report by hand"


def _errors_continue(incident: Incident, _rule: Rule) -> str:
    sent = count_of(len(incident.reports), "report")
    after = sent if incident.reports else "another incident's report"
    return f"Orders still fail after {after}. Responder has stopped. Next: {_BY_HAND}."


def _max_reports(incident: Incident, rule: Rule) -> str:
    return (
        f"Orders still fail and all {count_of(rule.max_reports, 'report')} of this "
        f"incident are used. Responder has stopped. Next: {_BY_HAND}."
    )


def _unproven(incident: Incident, rule: Rule) -> str:
    return (
        f"{_reported(incident)}, but no good order was seen in "
        f"{span(rule.verify_for)}: place an order yourself."
    )


def _order_seen(incident: Incident, _rule: Rule) -> str:
    at, finished = _reported_at(incident), incident.finished
    many = finished.good_orders if finished and finished.good_orders else 1
    seen = "a good order was" if many == 1 else f"{many} good orders were"
    if at is None or finished is None:
        return f"Recovered: {seen} seen."
    return f"Recovered: {seen} seen {span(finished.at - at)} after the report."


def _errors_stopped(incident: Incident, _rule: Rule) -> str:
    stray = incident.finished.stray if incident.finished else 0
    if stray:
        lines = count_of(stray, "stray error log")
        return f"Recovered: the errors stopped, with {lines} since the report."
    return "Recovered: no error log since the report."


def _supplier_confirmed(_incident: Incident, rule: Rule) -> str:
    return (
        "Recovered by the factory's word: it said resolved, and no order came in "
        f"{span(rule.verify_for)} to prove it."
    )


def _not_confirmed(_incident: Incident, rule: Rule) -> str:
    length = span(rule.give_up_after)
    return f"Stood down: the error logs stayed below the limit for {length}."


def _always(text: str) -> Callable[[Incident, Rule], str]:
    return lambda incident, rule: text


def _relapse(incident: Incident, _rule: Rule) -> str:
    before = f" after incident {incident.relapse_of}" if incident.relapse_of else ""
    return f"Orders fail again{before}: the error logs are being counted."


def _in_flight(incident: Incident, _rule: Rule) -> str:
    return _held(incident, "another incident's report has no answer yet.")


def _paused(incident: Incident, _rule: Rule) -> str:
    return _held(incident, "automatic reports are paused.")


_SENTENCES: Mapping[Reason, Callable[[Incident, Rule], str]] = {
    Reason.ALERT_RECEIVED: _always(
        "An alert came in: the error logs are being counted."
    ),
    Reason.RELAPSE: _relapse,
    Reason.BELOW_THRESHOLD: _below_threshold,
    Reason.LOGS_UNREADABLE: _logs_unreadable,
    Reason.NO_LINK: _no_link,
    Reason.WRONG_CODE: _wrong_code,
    Reason.REPORT_IN_FLIGHT: _in_flight,
    Reason.COOLDOWN: _cooldown,
    Reason.BREAKER_OPEN: _breaker_open,
    Reason.PAUSED: _paused,
    Reason.SILENCED: _silenced,
    Reason.FACTORY_REFUSED: _factory_refused,
    Reason.FACTORY_UNREACHABLE: _factory_unreachable,
    Reason.UNANSWERED: _unanswered,
    Reason.THRESHOLD_REACHED: _threshold_reached,
    Reason.NEWER_LINK: _always("A newer link was found. Reporting to the factory now."),
    Reason.FIX_DID_NOT_HOLD: _fix_did_not_hold,
    Reason.REPORTED: _verifying,
    Reason.REPORT_SHARED: _report_shared,
    Reason.SHADOW: _shadow,
    Reason.ERRORS_CONTINUE: _errors_continue,
    Reason.MAX_REPORTS: _max_reports,
    Reason.UNPROVEN: _unproven,
    Reason.ORDER_SEEN: _order_seen,
    Reason.ERRORS_STOPPED: _errors_stopped,
    Reason.SUPPLIER_CONFIRMED: _supplier_confirmed,
    Reason.ALERT_RESOLVED: _always("Stood down: the alert resolved by itself."),
    Reason.NOT_CONFIRMED: _not_confirmed,
    Reason.NEW_FIRING: _always(
        "Superseded: the alert fired anew and a new incident took over."
    ),
    Reason.CLOSED_BY_PERSON: _always("Closed by a person."),
}
