"""The result of a replay as text and as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from responder.incident.alert import AlertVerdict
from responder.incident.events import Event, Finished, Looked
from responder.incident.names import Verdict
from responder.incident.words import event_words
from responder.masking import Masker
from responder.replay.bodies import Replay
from responder.replay.cassette import Expect
from responder.replay.judge import ending_words, first_call, unmet
from responder.replay.play import Played, PlayedIncident
from responder.web.chart import delay_of


@dataclass(slots=True)
class DecidedBody:
    """The incidents of a replay; beside a file's name each alert, each refusal."""

    replay: Replay
    alerts: list[tuple[str, AlertVerdict]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    names: dict[str, list[str]] = field(default_factory=dict)
    """The names of each file's alerts."""


def json_values(decided: DecidedBody, masker: Masker) -> dict[str, object]:
    """`incidents`, `alerts` and `refused`, masked."""
    found = {
        "incidents": [one.as_json() for one in decided.replay.incidents.values()],
        "alerts": [
            {
                "file": name,
                "fingerprint": verdict.fingerprint,
                "verdict": str(verdict.verdict),
                "incident": verdict.incident,
                "why": verdict.why,
            }
            for name, verdict in decided.alerts
        ],
        "refused": [{"file": name, "why": why} for name, why in decided.refused],
    }
    # Before it is written as JSON, whose escapes could hide a secret from the masker.
    return {key: masked(value, masker) for key, value in found.items()}


def decision_text(decided: DecidedBody, masker: Masker) -> str:
    """A line for each decision, indented its reasons; then what led to none."""
    lines = []
    for found in decided.replay.incidents.values():
        group = f" ({found.incident.group})" if found.incident.group else ""
        lines.append(f"{found.rule.name}{group}: {found.decision}")
        lines += [f"  {reason}" for reason in found.reasons]
    for name, verdict in decided.alerts:
        if verdict.incident is None:
            why = verdict.why or _WHY.get(verdict.verdict, "")
            why = f": {why}" if why else ""
            lines.append(f"{name}: alert {verdict.fingerprint} {verdict.verdict}{why}")
    lines += [f"{name}: refused: {why}" for name, why in decided.refused]
    return masker("\n".join(lines or ["no alert in these bodies"]))


_WHY = {
    Verdict.RESOLVED: "no incident is open for it",
    Verdict.TEST: "a test notification, never acted on",
    Verdict.NO_DATA: "it says that measuring failed, never acted on",
    Verdict.HEARTBEAT: "a heartbeat, never acted on",
}


def masked(value: object, masker: Masker) -> object:
    """JSON values with every text in them masked."""
    if isinstance(value, str):
        return masker(value)
    if isinstance(value, list):
        return [masked(item, masker) for item in value]
    if isinstance(value, dict):
        return {key: masked(item, masker) for key, item in value.items()}
    return value


# A cassette's replay in words and as JSON: timeline, decisions, delay, differences.

_MOST_NAMES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedCassette:
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


def judge(
    file: str, played: Played, expect: Expect, seconds: float
) -> ReplayedCassette:
    found = tuple(played.plain(line) for line in unmet(played, expect))
    return ReplayedCassette(file=file, played=played, unmet=found, seconds=seconds)


def failures(judged: ReplayedCassette) -> Iterator[str]:
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


def judged_text(judged: ReplayedCassette) -> str:
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


def as_json(judged: ReplayedCassette) -> dict[str, object]:
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


def shown_events(events: Sequence[Event]) -> Iterator[Event]:
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


def _incident(played: Played, lived: PlayedIncident, number: int) -> Iterator[str]:
    group = f" ({lived.incident.group})" if lived.incident.group else ""
    yield f"  incident {number}, rule {lived.rule.name}{group}: {lived.incident.state}"
    for event in shown_events(lived.events):
        yield f"    {_moment(event.at)}  {played.plain(event_words(event))}"
    yield f"    {played.plain(ending_words(lived))}"
    delay = delay_of(lived.incident)
    if delay.segments:
        parts = [f"{s.owner} {s.words} ({s.what})" for s in delay.segments]
        yield f"    Delay, {delay.total} in all: {'; '.join(parts)}"


def _incident_json(played: Played, lived: PlayedIncident) -> dict[str, object]:
    incident = lived.incident
    return {
        "rule": lived.rule.name,
        "group": incident.group,
        "state": str(incident.state),
        "reason": str(incident.reason),
        "proof": str(incident.proof) if incident.proof else None,
        "sentence": played.plain(ending_words(lived)),
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
            for event in shown_events(lived.events)
        ],
    }


def _unknown(played: Played) -> Iterator[str]:
    for name in played.unknown:
        yield f"what check {name} counts, since the cassette recorded another query"


def _moment(at: datetime) -> str:
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"
