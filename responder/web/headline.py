"""The one word, icon and sentence that a page begins with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from responder.incident.model import Incident
from responder.incident.names import State
from responder.incident.phrases import clock, count_of, span
from responder.incident.ports import IncidentSummary
from responder.incident.rule import Rule
from responder.incident.words import sentence, state_words

_REMEMBERED = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """`tone` picks the colours; word and icon say the same without them."""

    word: str
    icon: str
    tone: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What the first page's headline is made from."""

    at: datetime
    open: Sequence[IncidentSummary]
    recent: Sequence[IncidentSummary]
    """Ended ones, newest first."""
    heard_at: datetime | None
    worker_alive: bool


def headline(now: Now) -> Headline:
    """What matters most now: a dead worker, then people, then work, then quiet."""
    if not now.worker_alive:
        return _unknown("Pages work, the worker does not: restart Responder.")
    waiting = [i for i in now.open if i.state is State.NEEDS_HUMAN]
    if waiting:
        return _waiting(_of_several(waiting))
    if now.open:
        return _working(_of_several(now.open))
    return _quiet(_quiet_sentence(now))


def incident_headline(incident: Incident, rule: Rule) -> Headline:
    """The same for one incident."""
    words = sentence(incident, rule)
    if incident.state is State.NEEDS_HUMAN:
        return _waiting(words)
    if not incident.state.ended:
        return _working(words)
    word = state_words(incident.state).upper()
    icon, tone = ("✓", "quiet") if incident.state is State.RECOVERED else ("■", "ended")
    return Headline(word=word, icon=icon, tone=tone, sentence=words)


def _unknown(words: str) -> Headline:
    return Headline(word="UNKNOWN", icon="?", tone="unknown", sentence=words)


def _waiting(words: str) -> Headline:
    return Headline(word="WAITING FOR YOU", icon="!", tone="waiting", sentence=words)


def _working(words: str) -> Headline:
    return Headline(word="WORKING", icon="◔", tone="working", sentence=words)


def _quiet(words: str) -> Headline:
    return Headline(word="QUIET", icon="✓", tone="quiet", sentence=words)


def _of_several(incidents: Sequence[IncidentSummary]) -> str:
    others = len(incidents) - 1
    more = f" And {count_of(others, 'more incident')}." if others else ""
    return f"{incidents[0].summary}{more}"


def _quiet_sentence(now: Now) -> str:
    latest = now.recent[0] if now.recent else None
    if latest and latest.state is State.RECOVERED and latest.ended_at:
        ago = now.at - latest.ended_at
        if ago <= _REMEMBERED:
            proof = latest.summary.removeprefix("Recovered: ")
            return (
                f"Recovered at {clock(latest.ended_at)} UTC, {span(ago)} ago. "
                f"Nothing to do. {proof[:1].upper()}{proof[1:]}"
            )
    if now.heard_at is None:
        return (
            "No incident is open, but no webhook was ever heard: "
            "send a test notification from Grafana."
        )
    ago = now.at - now.heard_at
    return f"Nothing is wrong that we know of. Last webhook heard {span(ago)} ago."
