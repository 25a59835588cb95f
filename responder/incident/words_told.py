"""What people read elsewhere: on dashboards, in IRM, on their phones."""

from html import escape

from responder.incident.event_words import outcome_words
from responder.incident.model import Incident, Report
from responder.incident.names import State
from responder.incident.phrases import clock, count_of
from responder.incident.rule import Rule
from responder.incident.words import sentence


def region_text(incident: Incident, rule: Rule, page: str) -> str:
    """An annotation's text: Grafana shows it as HTML."""
    name = f"{incident.rule} {incident.group}".strip()
    text = escape(f"{name}: {sentence(incident, rule)}", quote=False)
    if not page:
        return f"{text} Incident {incident.id}"
    return f'{text} <a href="{escape(page)}">Incident {incident.id}</a>'


def note_opening(incident: Incident) -> str:
    """How the note of an incident begins: by that it is found again."""
    return f"Responder, incident {incident.id}:"


def acted_text(incident: Incident, page: str) -> str:
    """The note after a report."""
    errors = count_of(incident.errors, "error log")
    text = f"{note_opening(incident)} {_call(incident)}. {errors} so far. "
    return text + _with(page, "This group stays as it is until proof.")


def _call(incident: Incident) -> str:
    made = _decisive(incident)
    if made and made.outcome:
        words = outcome_words(made.outcome, made.status)
        return f"reported {made.link} at {clock(made.at)} UTC, and {words}"
    shared = incident.shared
    if shared is None:
        return "reported a link"
    when = f"{clock(shared.answered_at)} UTC"
    return f"{shared.link} was reported at {when} for incident {shared.incident}"


def _decisive(incident: Incident) -> Report | None:
    """The latest call that the factory answered, else one that may have worked."""
    effective = [
        r for r in incident.answered if r.outcome and r.outcome.may_have_taken_effect
    ]
    proven = [r for r in effective if r.outcome and r.outcome.moves_floor]
    return next(reversed(proven or effective), None)


def needs_human_text(incident: Incident, rule: Rule, page: str) -> str:
    """The note when a person is needed."""
    reason = str(incident.reason).replace("_", " ")
    text = f"{note_opening(incident)} you are needed ({reason}). "
    return f"{text}{sentence(incident, rule)} " + _with(
        page, "Responder acknowledged nothing."
    )


def notice_title(incident: Incident) -> str:
    name = f"{incident.rule} {incident.group}".strip()
    if incident.state is State.NEEDS_HUMAN:
        return f"{name} needs you"
    return f"{name} recovered"


def notice_text(incident: Incident, rule: Rule) -> str:
    """What a message says below its title."""
    if incident.state is State.NEEDS_HUMAN:
        return sentence(incident, rule)
    failed = incident.failed_orders
    lost = f" {count_of(failed, 'order')} failed meanwhile." if failed else ""
    return f"{sentence(incident, rule)}{lost}"


def _with(page: str, words: str) -> str:
    return f"{words} {page}".strip()
