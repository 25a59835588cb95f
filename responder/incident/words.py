"""The plain sentence for every state, reason and outcome.

Pages, the API, log lines and the incident report share these. A sentence names a
check, never its query, and a link by its name, never its path: our own lines may
land in the same logs that the checks read.
"""

from collections.abc import Callable, Mapping

from responder.incident import words_held, words_operator, words_reported
from responder.incident.event_words import event_words, outcome_words
from responder.incident.model import Incident
from responder.incident.names import Reason, State
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
    Reason.RELAPSE: words_reported.relapse,
    Reason.SELF_DETECTED: _always(
        "Responder's own watch saw the fault before any alert: "
        "the error logs are being counted."
    ),
    Reason.OPENED_BY_PERSON: words_operator.opened,
    Reason.BELOW_THRESHOLD: words_held.below_threshold,
    Reason.LOGS_UNREADABLE: words_held.logs_unreadable,
    Reason.NO_LINK: words_held.no_link,
    Reason.WRONG_CODE: words_held.wrong_code,
    Reason.REPORT_IN_FLIGHT: words_held.in_flight,
    Reason.COOLDOWN: words_held.cooldown,
    Reason.BREAKER_OPEN: words_held.breaker_open,
    Reason.PAUSED: words_operator.paused,
    Reason.VETO_WINDOW: words_operator.veto_window,
    Reason.VETOED: words_operator.vetoed,
    Reason.SILENCED: words_held.silenced,
    Reason.FACTORY_REFUSED: words_held.factory_refused,
    Reason.FACTORY_UNREACHABLE: words_held.factory_unreachable,
    Reason.UNANSWERED: words_held.unanswered,
    Reason.THRESHOLD_REACHED: words_reported.threshold_reached,
    Reason.NEWER_LINK: _always("A newer link was found. Reporting to the factory now."),
    Reason.ASKED_BY_PERSON: _always(
        "A person said: report now. Reporting to the factory now."
    ),
    Reason.FIX_DID_NOT_HOLD: words_reported.fix_did_not_hold,
    Reason.REPORTED: words_reported.verifying,
    Reason.REPORT_SHARED: words_reported.report_shared,
    Reason.SHADOW: words_reported.shadow,
    Reason.ERRORS_CONTINUE: words_reported.errors_continue,
    Reason.MAX_REPORTS: words_reported.max_reports,
    Reason.UNPROVEN: words_reported.unproven,
    Reason.ORDER_SEEN: words_reported.order_seen,
    Reason.ERRORS_STOPPED: words_reported.errors_stopped,
    Reason.SUPPLIER_CONFIRMED: words_reported.supplier_confirmed,
    Reason.ALERT_RESOLVED: _always("Stood down: the alert resolved by itself."),
    Reason.NOT_CONFIRMED: words_reported.not_confirmed,
    Reason.NEW_FIRING: _always(
        "Superseded: the alert fired anew and a new incident took over."
    ),
    Reason.CLOSED_BY_PERSON: words_operator.closed,
    Reason.RULE_REMOVED: lambda incident, _rule: (
        f"Closed: rule {incident.rule} is not in the configuration any more."
    ),
    Reason.DRILL: words_reported.drill,
}
