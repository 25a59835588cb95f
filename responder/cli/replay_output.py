"""A cassette's replay in words and as JSON: timeline, decisions, delay, differences."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from responder.app.expected import first_call, said, unmet
from responder.app.played import Lived, Played
from responder.cassette.schema import Expect
from responder.incident.event_words import event_words
from responder.incident.events import Event, Finished, Looked
from responder.web.delay import delay_of

_MOST_NAMES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One cassette: where it came from, what became of it, what was not met."""

    file: str
    played: Played
    unmet: tuple[str, ...]
    seconds: float

    @property
    def name(self) -> str:
        return self.played.cassette.name

    @property
    def fine(self) -> bool:
        return not self.unmet


def judge(file: str, played: Played, expect: Expect, seconds: float) -> Judged:
    found = tuple(played.plain(line) for line in unmet(played, expect))
    return Judged(file=file, played=played, unmet=found, seconds=seconds)


def failures(judged: Judged) -> Iterator[str]:
    """A line for a cassette that is not as expected, none for another."""
    if judged.unmet:
        yield failure(judged.file, judged.played.alerts, "; ".join(judged.unmet))


def failure(file: str, alerts: Sequence[str], why: str) -> str:
    """One line for a log: the file, the alerts in it, and what went wrong."""
    names = [name or "without a name" for name in dict.fromkeys(alerts)]
    if len(names) > _MOST_NAMES:
        names = [*names[:_MOST_NAMES], f"{len(names) - _MOST_NAMES} more"]
    alert = f"alert {', '.join(names)}" if names else "no alert"
    return " ".join(f"failed: {file}: {alert}: {why}".split())


def as_text(judged: Judged) -> str:
    """The verdict first, then what it rests on."""
    played = judged.played
    lines = [f"{judged.name}: {'as expected' if judged.fine else 'NOT AS EXPECTED'}"]
    lines += [f"  ! {line}" for line in judged.unmet]
    lines += [f"  refused: {why}" for why in played.refused]
    for number, lived in enumerate(played.incidents, start=1):
        lines += _incident(played, lived, number)
    for verdict in played.verdicts:
        if verdict.incident is None:
            why = f": {verdict.why}" if verdict.why else ""
            lines.append(f"  alert {verdict.fingerprint} {verdict.verdict}{why}")
    if played.cassette.precision:
        lines.append(f"  Precision: {played.cassette.precision}")
    lines += [f"  Not as then: {line}." for line in played.differs]
    lines += [f"  Cannot be told: {line}." for line in _unknown(played)]
    return "\n".join(lines)


def as_json(judged: Judged) -> dict[str, object]:
    """The same as JSON values."""
    played = judged.played
    waited = first_call(played)
    return {
        "name": judged.name,
        "file": judged.file,
        "as_expected": judged.fine,
        "unmet": list(judged.unmet),
        "calls": list(played.calls),
        "first_call_seconds": None if waited is None else waited.total_seconds(),
        "incidents": [_incident_json(played, lived) for lived in played.incidents],
        "verdicts": [str(verdict.verdict) for verdict in played.verdicts],
        "refused": list(played.refused),
        "differs": list(played.differs),
        "unknown": list(played.unknown),
    }


def told(events: Sequence[Event]) -> Iterator[Event]:
    """The events that a reader needs: of the looks those that something followed.

    Looks of the watch after the end are left out.
    """
    ended = False
    for number, event in enumerate(events):
        following = events[number + 1] if number + 1 < len(events) else None
        ended = ended or isinstance(event, Finished)
        idle = ended or isinstance(following, Looked | None)
        if not (isinstance(event, Looked) and idle):
            yield event


def _incident(played: Played, lived: Lived, number: int) -> Iterator[str]:
    group = f" ({lived.incident.group})" if lived.incident.group else ""
    yield f"  incident {number}, rule {lived.rule.name}{group}: {lived.incident.state}"
    for event in told(lived.events):
        yield f"    {_moment(event.at)}  {played.plain(event_words(event))}"
    yield f"    {played.plain(said(lived))}"
    delay = delay_of(lived.incident)
    if delay.segments:
        parts = [f"{s.owner} {s.words} ({s.what})" for s in delay.segments]
        yield f"    Delay, {delay.total} in all: {'; '.join(parts)}"


def _incident_json(played: Played, lived: Lived) -> dict[str, object]:
    incident = lived.incident
    return {
        "rule": lived.rule.name,
        "group": incident.group,
        "state": str(incident.state),
        "reason": str(incident.reason),
        "proof": str(incident.proof) if incident.proof else None,
        "sentence": played.plain(said(lived)),
        "opened_at": incident.opened_at.isoformat(),
        "ended_at": incident.ended_at.isoformat() if incident.ended_at else None,
        "reports": len(incident.reports),
        "delay": [
            {
                "owner": segment.owner,
                "what": segment.what,
                "seconds": segment.length.total_seconds() if segment.length else None,
            }
            for segment in delay_of(incident).segments
        ],
        "timeline": [
            {
                "at": event.at.isoformat(),
                "event": event.event,
                "words": played.plain(event_words(event)),
            }
            for event in told(lived.events)
        ],
    }


def _unknown(played: Played) -> Iterator[str]:
    for name in played.unknown:
        yield f"what check {name} counts, since the cassette recorded another query"


def _moment(at: datetime) -> str:
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"
