"""The incident report: a timeline as Markdown that a person completes and commits.

Filled from evidence alone. What evidence cannot know is a visible `[FILL IN: hint]`.
The same timeline gives the same bytes: no date of writing, no version, no setting.
"""

from collections.abc import Callable, Mapping, Sequence

from responder.incident.events import Event
from responder.incident.model import Incident
from responder.incident.names import Mode
from responder.incident.report_actions import History, action_items, prevention
from responder.incident.report_facts import detection, impact, root_cause, summary
from responder.incident.report_record import Record
from responder.incident.report_response import resolution, response
from responder.incident.report_text import blank
from responder.incident.report_timeline import timeline

__all__ = ["HEADINGS", "History", "file_name", "report"]

HEADINGS = (
    "Summary",
    "Detection",
    "Impact",
    "Timeline",
    "Response",
    "Root cause",
    "Resolution",
    "Prevention",
    "Action items",
    "Changes made",
)
"""Nine of the course's template, and what was changed because of the incident."""


def file_name(number: int) -> str:
    """Where the course wants it: `incident-1.md`."""
    return f"incident-{number}.md"


def report(
    incident: Incident,
    events: Sequence[Event],
    *,
    number: int = 1,
    history: History | None = None,
) -> str:
    """The whole report as Markdown. `number` is the person's own count."""
    record = Record(incident, events)
    write: Mapping[str, Callable[[], str]] = {
        "Summary": lambda: summary(record),
        "Detection": lambda: detection(record),
        "Impact": lambda: impact(record),
        "Timeline": lambda: timeline(record),
        "Response": lambda: response(record),
        "Root cause": lambda: root_cause(record),
        "Resolution": lambda: resolution(record),
        "Prevention": lambda: prevention(record, history or History()),
        "Action items": lambda: action_items(record),
        "Changes made": _changes,
    }
    sections = [f"## {heading}\n\n{write[heading]()}" for heading in HEADINGS]
    title = f"# Incident: {record.began:%Y-%m-%d %H-%M-%S}"
    return "\n\n".join([title, _origin(record, number), *sections]) + "\n"


def _origin(record: Record, number: int) -> str:
    shadow = record.mode is Mode.SHADOW
    mode = "; shadow mode: it watched and called nothing" if shadow else ""
    parts = [
        f"> Written by Responder from recorded evidence (incident {number}, "
        f"`{record.incident.id}`{mode}).",
        "All times are UTC.",
    ]
    if record.incident.drill:
        parts.append("**This was a drill:** no order failed, nothing was reported.")
    if not record.incident.state.ended:
        parts.append("The incident is still open: write this again when it has ended.")
    return " ".join(parts)


def _changes() -> str:
    hint = 'alert rules or settings you changed because of this incident, or "none"'
    return blank(hint)
