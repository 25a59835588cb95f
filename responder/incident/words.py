"""The plain sentence for every state, reason, outcome and event."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from responder.incident.events import (
    AlertFired,
    AlertResolved,
    CheckReading,
    Decided,
    Event,
    FactoryProbed,
    Finished,
    FirstErrorFound,
    FixRecorded,
    Looked,
    Noted,
    Opened,
    OperatorEvent,
    Paused,
    PersonActed,
    ReportAnswered,
    ReportedByHand,
    ReportIntended,
    ReportPlanned,
    ReportRequested,
    ReportShared,
    ReportWithheld,
    Resumed,
    Told,
    Vetoed,
    VetoUndone,
    What,
    Where,
    supplier_words,
)
from responder.incident.facts import only_unknown, verified_call
from responder.incident.incident import Incident, Report, unreadable_reading
from responder.incident.names import Outcome, Proof, Reason, State, UnreadableReason
from responder.incident.phrases import clock, clock_and_day, count_of, span
from responder.incident.rule import Rule

# Parts that several sentences share.


def calls_a_person(incident: Incident) -> bool:
    return incident.state is State.NEEDS_HUMAN


def held(incident: Incident, text: str) -> str:
    return f"Held: {text}" if incident.state is State.HOLDING else capital(text)


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def observed(incident: Incident, rule: Rule) -> str:
    """What the decision counted: `3 error logs in the last 5 min`."""
    decided = incident.decided
    if decided is None or decided.observed is None:
        return count_of(incident.errors, "error log")
    check = next((c for c in rule.checks if c.name == decided.check), None)
    counted = lines_of(decided.check, decided.observed)
    return f"{counted} in the last {span(check.window)}" if check else counted


def nearest_since(incident: Incident) -> CheckReading | None:
    """The reading nearest to its limit in a look later than the decision, if any."""
    look, decided = incident.look, incident.decided
    if look is None or decided is None or look.at <= decided.at:
        return None
    return nearest(look)


def nearest(look: Looked) -> CheckReading | None:
    """The reading that confirms or is nearest to its limit; None if none counted."""
    counted = [check for check in look.checks if check.count is not None]
    return max(counted, key=lambda c: (c.count or 0) / (c.threshold or 1), default=None)


def affected(incident: Incident) -> str:
    """Of orders that failed without an error, "" if there are none."""
    number = len(incident.affected_keys)
    if not number:
        return ""
    which = "1 of these orders was" if number == 1 else f"{number} of these orders were"
    return (
        f"{which} answered with a report link and no error: late, or with a bad JWT. "
        "If the factory was slow, the first customer had waited up to 32 s before the "
        "first line."
    )


def lines_of(check: str, count: int) -> str:
    """`14 error logs`, `3 lines of check "report-link"`."""
    if check in ("", "error-logs"):
        return count_of(count, "error log")
    return f'{count_of(count, "line")} of check "{check}"'


def confirmed(incident: Incident) -> str:
    decided = incident.decided
    if decided is None or decided.observed is None:
        return f"{count_of(incident.errors, 'error')} confirmed"
    limit = f", limit {decided.limit}" if decided.limit is not None else ""
    return f"{count_of(decided.observed, 'error')} confirmed{limit}"


def until(incident: Incident, before: str, otherwise: str = "") -> str:
    decided = incident.decided
    if decided is None or decided.until is None:
        return otherwise
    return f"{before} {clock(decided.until)}"


def last_call(incident: Incident) -> Report | None:
    return incident.reports[-1] if incident.reports else None


def reported_at(incident: Incident) -> datetime | None:
    """The call that recovery is judged by, or another incident's; else the latest."""
    call = verified_call(incident)
    if call is None and incident.shared:
        return incident.shared.answered_at
    call = call or last_call(incident)
    return call.at if call else None


def reported(incident: Incident) -> str:
    at = reported_at(incident)
    return f"Reported {clock(at)}" if at else "Reported"


# Sentences for what operators do, and for what a pause or a veto holds.


def paused(incident: Incident, _rule: Rule) -> str:
    pause = incident.pauses[-1] if incident.pauses else None
    if pause is None:
        return held(incident, "automatic reports are paused.")
    until = f" (until {clock(pause.until)})" if pause.until else ""
    at = clock_and_day(pause.pressed_at or pause.at, beside=pause.at)
    stopped = f"{pause.by} stopped automatic reports at {at}{until}."
    return held(incident, stopped)


def veto_window(incident: Incident, _rule: Rule) -> str:
    # The decision knows of pauses since the announcement, the plan does not.
    decided = incident.decided
    act_at = decided.until if decided else None
    when = f" at {clock(act_at)}" if act_at else ""
    return f"Will report{when} unless you stop it."


def vetoed(incident: Incident, _rule: Rule) -> str:
    veto = incident.vetoed
    by = f"Stopped by {veto.by} at {clock(veto.at)}." if veto else "Stopped."
    if calls_a_person(incident):
        return f"{by} Responder will not report it: report by hand, or close it."
    return f"{by} Responder will not report this incident."


def opened(incident: Incident, _rule: Rule) -> str:
    who = incident.opened_by or "A person"
    return f"{who} said: look now. The error logs are being counted."


def closed(incident: Incident, _rule: Rule) -> str:
    finished = incident.finished
    if finished is None or not finished.by:
        return "Closed by a person."
    why = f": {finished.why}" if finished.why else ""
    return f"Closed by {finished.by}{why}."


def operator_words(event: OperatorEvent) -> str:
    """One line of a timeline, without its time."""
    match event:
        case ReportPlanned():
            when = clock(event.act_at)
            return f"will report with {event.link} at {when} unless somebody stops it"
        case Vetoed():
            return f"{event.by} stopped it: Responder will not report this incident"
        case VetoUndone():
            when = f"; reporting at {clock(event.act_at)}" if event.act_at else ""
            return f"{event.by} took the veto back{when}"
        case ReportRequested():
            return f"{event.by} said: report now"
        case ReportedByHand():
            return f"{event.by} reported by hand at {clock(event.reported_at)}"
        case Noted():
            return f"{event.by} noted: {event.text}"
        case Paused():
            until = f" until {clock(event.until)}" if event.until else ""
            at = ""
            if event.pressed_at and event.pressed_at < event.at:
                at = f" at {clock_and_day(event.pressed_at, beside=event.at)}"
            return f"{event.by} stopped automatic reports{at}{until}"
        case Resumed():
            if event.by:
                return f"{event.by} resumed automatic reports"
            return "the pause ended, automatic reports go on"


# Sentences for an incident that is reported, verified or ended.


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


# Notifications, as lines of the timeline.

_TOLD: Mapping[tuple[Where, What], str] = {
    (Where.GRAFANA, What.REGION_OPENED): "annotated in Grafana",
    (Where.GRAFANA, What.REGION_UPDATED): "annotated anew in Grafana",
    (
        Where.GRAFANA,
        What.REGION_CLOSED,
    ): "annotated in Grafana, from its first error to its end",
    (Where.IRM, What.ACTED): "noted in IRM that it was reported",
    (Where.IRM, What.NEEDS_HUMAN): "noted in IRM what is left to do",
    (Where.IRM, What.ACKNOWLEDGED): "acknowledged in IRM",
    (Where.IRM, What.RESOLVED): "resolved in IRM",
    (Where.IRM, What.REOPENED): "unacknowledged in IRM, as it failed again",
    (Where.NOTIFY, What.NEEDS_HUMAN): "notified people that one is needed",
    (Where.NOTIFY, What.RECOVERED): "notified people of the recovery",
}


def told_words(event: Told) -> str:
    """One line of a timeline, without its time."""
    plain = str(event.what).replace("_", " ")
    words = _TOLD.get((event.where, event.what), f"told {event.where}: {plain}")
    group = f" (alert group {event.group})" if event.group else ""
    if event.refused:
        return f"not {words}{group}, refused: {event.refused}"
    return f"{words}{group}"


# One line of the timeline for every kind of event.

_OUTCOMES: Mapping[Outcome, str] = {
    Outcome.RESOLVED: "the factory said that the problem is resolved",
    Outcome.NOTHING_TO_RESOLVE: "the factory said that there was nothing to resolve",
    Outcome.WRONG_CODE: "the factory does not know this code",
    Outcome.REFUSED: "the factory refused the report",
    Outcome.UNREACHABLE: "the factory could not be reached, nothing was sent",
    Outcome.UNKNOWN: "no complete answer came, the report may have worked",
}
_NOT_IN_CONTRACT = (
    "the factory answered, but not as its contract says, the report may have worked"
)
_UNREADABLE: Mapping[UnreadableReason, str] = {
    UnreadableReason.UNREACHABLE: "the log source could not be reached",
    UnreadableReason.TIMEOUT: "the log source did not answer in time",
    UnreadableReason.UNAUTHORIZED: "the log source refused our credentials",
    UnreadableReason.BAD_QUERY: "the log source did not understand the query",
    UnreadableReason.TOO_MUCH: "the log source found too much to read",
    UnreadableReason.OVERLOADED: "the log source is overloaded",
    UnreadableReason.SERVER_ERROR: "the log source failed",
    UnreadableReason.NOT_LOKI: "what answered is no log source",
    UnreadableReason.PARTIAL: "the log source answered in part only",
    UnreadableReason.STORAGE: "the logs could not be read",
}
_PROOFS: Mapping[Proof, str] = {
    Proof.ORDERS: "proven by orders",
    Proof.QUIET: "the errors stopped",
    Proof.SUPPLIER: "by the factory's word",
}
_ENDS: Mapping[State, str] = {
    State.RECOVERED: "recovered",
    State.STOOD_DOWN: "stood down",
    State.CLOSED: "closed",
    State.SUPERSEDED: "superseded by a new incident",
}


def outcome_words(outcome: Outcome, status: int | None = None) -> str:
    """What the factory's answer meant; `status` is None if none came in full."""
    if outcome is Outcome.UNKNOWN and status is not None:
        return _NOT_IN_CONTRACT
    return _OUTCOMES[outcome]


def unreadable_words(reason: UnreadableReason) -> str:
    """Why a query could not be counted."""
    return _UNREADABLE[reason]


def reading_words(reading: CheckReading) -> str:
    """One check's number: `error-logs 14, limit 5`. Never its query."""
    if reading.count is None:
        reason = reading.unreadable
        why = reading.detail or (unreadable_words(reason) if reason else "no answer")
        return f"{reading.name} could not be counted: {why}"
    least = "at least " if reading.at_least else ""
    window = span(reading.until - reading.since)
    return (
        f"{reading.name} {least}{reading.count}, limit {reading.threshold}, "
        f"in {window} to {clock(reading.until)}"
    )


def event_words(event: Event) -> str:
    """One line of a timeline, without its time."""
    match event:
        case Opened():
            return _opened(event)
        case AlertFired():
            name = event.labels.get("alertname", "an alert")
            return f"{name} fires, heard from {event.sender}"
        case AlertResolved():
            why = f" ({event.state_reason})" if event.state_reason else ""
            return f"the alert resolved{why}, heard from {event.sender}"
        case PersonActed():
            until = f" until {clock(event.until)}" if event.until else ""
            return f"{event.person or 'IRM itself'} {event.action}{until} in IRM"
        case Looked():
            return _looked(event)
        case FirstErrorFound():
            how = "" if event.complete else " or earlier"
            return f"first error log found at {clock(event.first_error_at)}{how}"
        case Decided():
            return _decided(event)
        case Finished():
            return _finished(event)
        case ReportIntended() | ReportAnswered() | ReportShared() | ReportWithheld():
            return _reported(event)
        case FixRecorded() | FactoryProbed():
            return supplier_words(event)
        case Told():
            return told_words(event)
        case _:
            return operator_words(event)


def _finished(event: Finished) -> str:
    if event.by:
        why = f" ({event.why})" if event.why else ""
        return f"{event.by} closed it{why}"
    proof = f", {_PROOFS[event.proof]}" if event.proof else ""
    end = _ENDS.get(event.state, event.state)
    return f"{end}{proof} ({event.reason.replace('_', ' ')})"


def _opened(event: Opened) -> str:
    if event.relapse_of:
        return f"incident opened: a relapse of {event.relapse_of}"
    if event.drill:
        return f"drill {event.drill} opened an incident under rule {event.rule}"
    by = ""
    if event.reason is Reason.SELF_DETECTED:
        by = " by Responder's own watch"
    elif event.by:
        by = f" by {event.by}"
    return f"incident opened{by} under rule {event.rule}"


def _looked(event: Looked) -> str:
    parts = [reading_words(reading) for reading in event.checks]
    if event.good_orders is not None:
        parts.append(count_of(event.good_orders, "good order"))
    if event.traffic_unreadable:
        parts.append("good orders could not be counted")
    if event.failed_unreadable:
        parts.append("failed orders could not be counted")
    return "counted: " + "; ".join(parts) if parts else "looked at the logs"


def _decided(event: Decided) -> str:
    numbers = ""
    if event.observed is not None:
        numbers = f": {event.observed}"
        numbers += f" of {event.limit}" if event.limit is not None else ""
        numbers += f" in check {event.check}" if event.check else ""
    until = f", until {clock(event.until)}" if event.until else ""
    verb, reason = (text.replace("_", " ") for text in (event.decision, event.reason))
    return f"decided to {verb} ({reason}{numbers}{until})".replace(
        "decided to needs human", "called a person"
    )


def _reported(
    event: ReportIntended | ReportAnswered | ReportShared | ReportWithheld,
) -> str:
    match event:
        case ReportIntended():
            return f"reporting to the factory with {event.link}"
        case ReportAnswered():
            said = f': "{event.message}"' if event.message else ""
            how = f" by {event.method}" if event.method else ""
            status = f", HTTP {event.status}" if event.status is not None else ""
            words = outcome_words(event.outcome, event.status)
            return f"{event.link}{how}{status}: {words}{said}"
        case ReportShared():
            return (
                f"{event.link} was already reported at {clock(event.answered_at)} "
                f"for incident {event.incident}"
            )
        case ReportWithheld():
            return f"shadow mode: would have reported with {event.link or 'no link'}"


# Sentences for reasons not to report now, or not to report at all.


def below_threshold(incident: Incident, rule: Rule) -> str:
    decided = incident.decided
    latest = nearest_since(incident)
    if decided and latest:
        # The decision stands while the count moves on below the limit.
        decided = replace(
            decided,
            check=latest.name,
            observed=latest.count,
            limit=latest.threshold,
        )
        incident = replace(incident, decided=decided)
    limit = decided.limit if decided else None
    needs = f", the rule needs {limit}" if limit is not None else ", below the limit"
    return held(incident, f"{observed(incident, rule)}{needs}.")


def logs_unreadable(incident: Incident, _rule: Rule) -> str:
    found = unreadable_reading(incident)
    why = ""
    if incident.look and incident.look.failed_unreadable:
        why = " (the failed orders)"
    if incident.look and incident.look.traffic_unreadable:
        why = " (the good orders)"
    if found:
        name, reason, detail = found
        why = f' (check "{name}": {detail or unreadable_words(reason)})'
    if incident.state is State.REPORTING:
        return f"The logs could not be counted{why}. Reporting by the fixed address."
    if not calls_a_person(incident):
        return held(incident, f"the logs could not be counted{why}. Trying again.")
    since = incident.unreadable_since
    start = f" since {clock(since)}" if since else ""
    return (
        f"The logs could not be counted{start}{why}: "
        "look at the orders yourself, and at the log source."
    )


def no_link(incident: Incident, _rule: Rule) -> str:
    last = last_call(incident)
    if last and last.outcome is Outcome.WRONG_CODE:
        return wrong_code(incident, _rule)
    if incident.look and incident.look.foreign_links:
        text = f"{confirmed(incident)}, but the links in the logs carry another key"
        if calls_a_person(incident):
            return f"{text} than factory.api_key: correct that setting."
        return held(incident, f"{text} than factory.api_key.")
    text = f"{confirmed(incident)}, but no line carries a factory link"
    if calls_a_person(incident):
        return f"{text}{_whose_trouble(incident)}."
    working = incident.look.working_since if incident.look else None
    if working:
        return held(
            incident, f"{text}; orders have worked again since {clock(working)}."
        )
    return held(incident, f"{text} yet.")


def _whose_trouble(incident: Incident) -> str:
    """Rule 12: where to look, by whether the factory answers."""
    probed = incident.probed
    if probed is None:
        return ": look at our own service"
    if probed.reachable:
        return ", and the factory answers: look at our own service"
    why = f" ({probed.why})" if probed.why else ""
    return f", and the factory does not answer{why}: look at the factory"


def wrong_code(incident: Incident, _rule: Rule) -> str:
    last = last_call(incident)
    link = last.link if last else "the link"
    text = f"the factory does not know the code of {link}"
    if calls_a_person(incident):
        return f"{capital(text)}: open the newest failing order and report by hand."
    return held(incident, f"{text}; waiting for a newer link.")


def cooldown(incident: Incident, _rule: Rule) -> str:
    when = until(incident, "at", "soon")
    return held(incident, f"the same link was just reported; it may be called {when}.")


def breaker_open(incident: Incident, _rule: Rule) -> str:
    limit = incident.decided.limit if incident.decided else None
    many = f"all {count_of(limit, 'report')}" if limit else "the reports"
    used = f"{many} allowed within an hour are used"
    if limit == 1:
        used = "the one report allowed within an hour is used"
    if not calls_a_person(incident):
        return held(incident, f"{used}.")
    when = until(incident, "at", "when the hour allows")
    return (
        f"Orders fail, and {used}: open the newest failing order and report by hand. "
        f"Otherwise Responder reports {when}."
    )


def silenced(incident: Incident, _rule: Rule) -> str:
    until = incident.silenced_until
    when = f"until {clock(until)}" if until else "until someone ends it"
    return held(incident, f"silenced in IRM {when}.")


def factory_failed(incident: Incident, text: str) -> str:
    if calls_a_person(incident):
        return f"{capital(text)}: look at the factory, and report by hand."
    return held(incident, f"{text}. Trying again{until(incident, ' at')}.")


def factory_refused(incident: Incident, _rule: Rule) -> str:
    last = last_call(incident)
    status = f" with HTTP {last.status}" if last and last.status else ""
    return factory_failed(incident, f"the factory refused the report{status}")


def factory_unreachable(incident: Incident, _rule: Rule) -> str:
    return factory_failed(incident, "the factory could not be reached")


def unanswered(incident: Incident, _rule: Rule) -> str:
    text = f"{_unknown(incident)}, so it may or may not have worked"
    if incident.state is State.VERIFYING:
        return f"{capital(text)}. Watching the logs."
    return held(incident, f"{text}. Calling once more{until(incident, ' at')}.")


def _unknown(incident: Incident) -> str:
    """The call whose effect is not known, and what came back if anything did."""
    unknown = [r for r in incident.reports if r.outcome in (None, Outcome.UNKNOWN)]
    if not unknown:
        return "the report got no answer"
    last = unknown[-1]
    report = f"the report of {clock(last.at)}"
    if last.status is None:
        return f"{report} got no answer"
    said = f'the factory answered {report} with "{last.message}"'
    return f"{said}, which is not in its contract"


def in_flight(incident: Incident, _rule: Rule) -> str:
    return held(incident, "another incident's report has no answer yet.")


_STATE_WORDS: Mapping[State, str] = {
    State.INVESTIGATING: "counting the error logs",
    State.HOLDING: "held",
    State.REPORTING: "reporting to the factory",
    State.VERIFYING: "reported, waiting for proof",
    State.NEEDS_HUMAN: "waiting for you",
    State.RECOVERED: "recovered",
    State.STOOD_DOWN: "stood down",
    State.CLOSED: "closed",
    State.SUPERSEDED: "superseded",
}


def state_words(state: State) -> str:
    """The state in a few words, without its reason."""
    return _STATE_WORDS[state]


def sentence(incident: Incident, rule: Rule) -> str:
    """What is going on with the incident and why, with its numbers.

    `rule` gives windows and bounds; one that lost its checks will do.
    """
    said = _SENTENCES[incident.reason](incident, rule)
    return f"Drill: {said[:1].lower()}{said[1:]}" if incident.drill else said


def _always(text: str) -> Callable[[Incident, Rule], str]:
    return lambda incident, rule: text


_SENTENCES: Mapping[Reason, Callable[[Incident, Rule], str]] = {
    Reason.ALERT_RECEIVED: _always(
        "An alert came in: the error logs are being counted."
    ),
    Reason.RELAPSE: relapse,
    Reason.SELF_DETECTED: _always(
        "Responder's own watch saw the fault before any alert: "
        "the error logs are being counted."
    ),
    Reason.OPENED_BY_PERSON: opened,
    Reason.BELOW_THRESHOLD: below_threshold,
    Reason.LOGS_UNREADABLE: logs_unreadable,
    Reason.NO_LINK: no_link,
    Reason.WRONG_CODE: wrong_code,
    Reason.REPORT_IN_FLIGHT: in_flight,
    Reason.COOLDOWN: cooldown,
    Reason.BREAKER_OPEN: breaker_open,
    Reason.PAUSED: paused,
    Reason.VETO_WINDOW: veto_window,
    Reason.VETOED: vetoed,
    Reason.SILENCED: silenced,
    Reason.FACTORY_REFUSED: factory_refused,
    Reason.FACTORY_UNREACHABLE: factory_unreachable,
    Reason.UNANSWERED: unanswered,
    Reason.THRESHOLD_REACHED: threshold_reached,
    Reason.NEWER_LINK: _always("A newer link was found. Reporting to the factory now."),
    Reason.ASKED_BY_PERSON: _always(
        "A person said: report now. Reporting to the factory now."
    ),
    Reason.FIX_DID_NOT_HOLD: fix_did_not_hold,
    Reason.REPORTED: verifying,
    Reason.REPORT_SHARED: report_shared,
    Reason.SHADOW: shadow,
    Reason.ERRORS_CONTINUE: errors_continue,
    Reason.MAX_REPORTS: max_reports,
    Reason.UNPROVEN: unproven,
    Reason.ORDER_SEEN: order_seen,
    Reason.ERRORS_STOPPED: errors_stopped,
    Reason.SUPPLIER_CONFIRMED: supplier_confirmed,
    Reason.ALERT_RESOLVED: _always("Stood down: the alert resolved by itself."),
    Reason.NOT_CONFIRMED: not_confirmed,
    Reason.NEW_FIRING: _always(
        "Superseded: the alert fired anew and a new incident took over."
    ),
    Reason.CLOSED_BY_PERSON: closed,
    Reason.RULE_REMOVED: lambda incident, _rule: (
        f"Closed: rule {incident.rule} is not in the configuration any more."
    ),
    Reason.DRILL: drill,
}
