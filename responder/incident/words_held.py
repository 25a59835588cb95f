"""Sentences for reasons not to report now, or not to report at all."""

from dataclasses import replace

from responder.incident.event_words import unreadable_words
from responder.incident.model import Incident, unreadable_reading
from responder.incident.names import Outcome, State
from responder.incident.phrases import clock, count_of
from responder.incident.rule import Rule
from responder.incident.words_facts import (
    calls_a_person,
    capital,
    confirmed,
    held,
    last_call,
    nearest_since,
    observed,
    until,
)


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
