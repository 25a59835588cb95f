"""Where the time went between the first error and the first good order, by owner."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from statistics import median

from responder.incident.model import Incident
from responder.incident.names import Proof, Reason
from responder.incident.phrases import span
from responder.incident.words_facts import capital

_LEAST = timedelta(seconds=0.1)
"""What is shorter was measured all the same, and is not called 0 s."""
FOUNDING = (
    "7 April 2025, by hand: about 4 min (120 s to the page, then 120 s until a "
    "person had reported it)."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A measured stretch. `mend` names the setting that would shorten it."""

    owner: str
    kind: str
    """Picks colour and pattern."""
    what: str
    length: timedelta | None
    """None: its start or end is not known, which is never 0."""
    mend: str
    x: float = 0.0
    width: float = 0.0

    @property
    def words(self) -> str:
        if self.length is None:
            return "unknown"
        if timedelta() < self.length < _LEAST:
            return f"under {span(_LEAST)}"
        return span(self.length)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """The delay budget of one incident."""

    segments: tuple[Segment, ...]
    total: str
    largest: Segment | None


def compared(incident: Incident, delays: Sequence[timedelta]) -> str:
    """From first error to report: here, by this rule's median, and without us.

    `delays` are those of the rule's latest reported incidents, this one among them.
    """
    known = incident.reported_at and incident.first_error_at
    here = ""
    if known and incident.reported_at and incident.first_error_at:
        took = max(incident.reported_at - incident.first_error_at, timedelta())
        here = f" {span(took)} here."
    usual = "no median yet for this rule."
    if len(delays) > 1:
        middle = timedelta(seconds=median(took.total_seconds() for took in delays))
        usual = f"median of this rule's last {len(delays)} reports {span(middle)}."
    usual = capital(usual) if here else usual
    return f"From first error to report:{here} {usual} {FOUNDING}"


def delay_of(incident: Incident, width: float = 1000.0) -> Delay:
    """The budget, its segments placed on a bar `width` wide."""
    measured = _segments(incident)
    known = [s.length for s in measured if s.length is not None]
    total = sum(known, timedelta())
    unknown = [s for s in measured if s.length is None]
    room = width - 60.0 * len(unknown)
    placed, x = [], 0.0
    for segment in measured:
        share = segment.length / total if segment.length and total else 0.0
        wide = 60.0 if segment.length is None else max(share * room, 4.0)
        wide = min(wide, max(width - x, 4.0))
        placed.append(replace(segment, x=round(x, 1), width=round(wide, 1)))
        x += wide
    longest = max(
        (s for s in placed if s.length), key=lambda s: s.length or total, default=None
    )
    said = span(total) if known else "unknown"
    return Delay(segments=tuple(placed), total=said, largest=longest)


_RULE = (
    "evaluation interval and pending period "
    "(Grafana: Alerting, the rule, Set evaluation behavior)"
)
_ROUTE = "group wait (Grafana: Alerting, Notification policies)"
_WATCH = "watch of this rule"
_WATCHED = "watch of this rule: with it nobody need notice"
_RESPONDER = "recheck, cooldown and veto window of this rule"
_FACTORY = "nothing of ours: factory.timeout only bounds it"
_ORDER = "recheck and verify_after of this rule; the rest is waiting for a diner"


def _segments(incident: Incident) -> list[Segment]:
    before = [] if incident.relapse_of else _noticing(incident)
    acted = incident.reported_at or incident.withheld_at
    if acted is None:
        return before
    waited = acted - incident.opened_at
    ours = _segment(
        "Responder", "responder", "from the webhook to the report", waited, _RESPONDER
    )
    return [*before, ours, *_afterwards(incident)]


def _noticing(incident: Incident) -> list[Segment]:
    """From the first error to the opening, by whoever noticed."""
    first = incident.first_error_at
    noticed = max(incident.opened_at - first, timedelta()) if first else None
    match incident.opened_as:
        case Reason.SELF_DETECTED:
            words = "from the first error to our own watch"
            return [_segment("Responder", "rule", words, noticed, _WATCH)]
        case Reason.OPENED_BY_PERSON:
            words = "from the first error to the person who opened it"
            return [_segment("People", "rule", words, noticed, _WATCHED)]
        case _:
            return _grafana(incident)


def _grafana(incident: Incident) -> list[Segment]:
    first, alert = incident.first_error_at, incident.alert_started_at
    # Senders' clocks differ: an alert is not called earlier than its own errors.
    alert = max(alert, first) if alert and first else alert
    noticed = alert - first if alert and first else None
    sent = incident.opened_at - alert if alert else None
    return [
        _segment(
            "Grafana", "rule", "from the first error to the alert", noticed, _RULE
        ),
        _segment("Grafana", "route", "from the alert to the webhook", sent, _ROUTE),
    ]


def _afterwards(incident: Incident) -> list[Segment]:
    answered = incident.answered[0] if incident.answered else None
    if answered is None or answered.answered_at is None:
        return []
    at = answered.answered_at
    call = _segment(
        "Factory", "factory", "its answer to the report", at - answered.at, _FACTORY
    )
    if incident.ended_at is None or incident.proof is not Proof.ORDERS:
        return [call]
    proven = incident.ended_at - at
    return [
        call,
        _segment("Orders", "order", "until a good order was seen", proven, _ORDER),
    ]


def _segment(
    owner: str, kind: str, what: str, length: timedelta | None, mend: str
) -> Segment:
    known = None if length is None else max(length, timedelta())
    return Segment(owner=owner, kind=kind, what=what, length=known, mend=mend)
