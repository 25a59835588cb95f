"""The one word, icon and sentence that a page begins with."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from responder.incident.incident import Incident
from responder.incident.names import Proof, Reason, State
from responder.incident.phrases import clock, count_of, span
from responder.incident.rule import Rule
from responder.incident.view import IncidentSummary
from responder.incident.words import sentence, state_words

# Incidents that share one report stand together.


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One incident, and the others that the same report is for."""

    first: IncidentSummary
    others: tuple[IncidentSummary, ...] = ()

    @property
    def waits(self) -> bool:
        return self.first.state is State.NEEDS_HUMAN


def families(incidents: Sequence[IncidentSummary]) -> list[Family]:
    """The incidents in their order, those of one report where the first of them is.

    Its first is who waits for a person, else whose report it is.
    """
    members: dict[str, list[IncidentSummary]] = {}
    for incident in incidents:
        members.setdefault(incident.shared_with or incident.id, []).append(incident)
    return [_family(root, found) for root, found in members.items()]


def by_urgency(found: Sequence[Family]) -> list[Family]:
    """Who waits for a person first, then what can be stopped, last what watches."""
    return sorted(found, key=lambda family: _urgency(family.first))


def _urgency(incident: IncidentSummary) -> int:
    if incident.state is State.NEEDS_HUMAN:
        return 0
    if incident.reason is Reason.VETO_WINDOW:
        return 1
    return 3 if incident.withheld_at else 2


def _family(root: str, members: Sequence[IncidentSummary]) -> Family:
    in_order = sorted(
        members, key=lambda i: (i.state is not State.NEEDS_HUMAN, i.id != root)
    )
    return Family(first=in_order[0], others=tuple(in_order[1:]))


# Times of day that say which day's clock they are of.

_BARE = re.compile(r"\b\d\d:\d\d:\d\d\b(?! UTC)(?! to \d\d:)(?!, (?:last )?reported)")


def utc(words: str) -> str:
    """The sentence with `UTC` behind each time of day that lacks it.

    The words are shared with logs and reports, whose times stand under one heading.
    """
    return _BARE.sub(lambda found: f"{found[0]} UTC", words)


def ago(length: timedelta) -> str:
    """How long ago, in full minutes: the page is not asked anew every second."""
    if length < timedelta(minutes=1):
        return "less than a minute ago"
    if length < timedelta(hours=1):
        return f"{length // timedelta(minutes=1)} min ago"
    return f"{span(length)} ago"


_REMEMBERED = timedelta(minutes=30)
_NEXT = " Next: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """`tone` picks the colours; word and icon say the same without them.

    `lead` and `ask` stand out: what to know first, and what to do.
    """

    word: str
    icon: str
    tone: str
    sentence: str
    lead: str = ""
    ask: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What the first page's headline is made from."""

    at: datetime
    open: Sequence[IncidentSummary]
    recent: Sequence[IncidentSummary]
    """Ended ones, newest first."""
    heard_at: datetime | None
    worker_alive: bool
    paused: str = ""
    """Who stopped automatic reports and until when, "" if nobody did."""
    held: int = 0
    """Open incidents that the pause holds."""
    spooled: int = 0
    """Deliveries that the database has not taken yet."""
    not_ready: str = ""
    """Why an outage would be missed, "" if it would not be."""
    would_act: str = ""
    """That one would be answered, and how that is known; "" while it is not."""
    acts: str = "act"
    """What Responder would do, by the modes of its rules."""


def headline(now: Now) -> Headline:
    """What matters most now (unknown, waiting, paused, working, not ready, quiet)."""
    if not now.worker_alive:
        return worker_dead()
    if now.spooled:
        return _storage_away(now.spooled)
    known = by_urgency(families(now.open))
    waiting = [family for family in known if family.waits]
    if waiting:
        return _asking("waiting", _of_several(waiting, known))
    if now.paused:
        verb = "is" if now.held == 1 else "are"
        held = f" {count_of(now.held, 'incident')} {verb} held." if now.held else ""
        return paused(f"{now.paused}{held}")
    if now.open:
        return _headline("working", _of_several(known, known))
    recovered = _recovered(now)
    if recovered:
        return recovered
    why = now.not_ready or _never_heard(now)
    if why:
        missed = "Nothing is known to be wrong, but an outage would be missed:"
        return _asking("not-ready", f"{missed} {why}")
    return _headline("quiet", _quiet_sentence(now))


def worker_dead() -> Headline:
    """Our own dead part: what a page shows may be old."""
    words = "Pages work, the worker does not: nothing is counted or reported."
    return _headline("unknown", words, ask="Restart Responder.")


def paused(words: str) -> Headline:
    """Who stopped automatic reports, or what else holds them all."""
    return _headline("paused", words)


def _storage_away(spooled: int) -> Headline:
    """What was heard is safe, but not worked upon, and the rest may be old."""
    verb = "waits" if spooled == 1 else "wait"
    words = (
        f"The database takes nothing: {count_of(spooled, 'webhook')} {verb} beside it. "
        "Nothing is counted or reported until it answers."
    )
    return _headline("unknown", words, ask="Look at the database and its disk.")


def incident_headline(incident: Incident, rule: Rule) -> Headline:
    """The same for one incident."""
    words = sentence(incident, rule)
    if incident.state is State.NEEDS_HUMAN:
        return _asking("waiting", words)
    if not incident.state.ended:
        held = incident.state is State.HOLDING and incident.reason is Reason.PAUSED
        return _headline("paused" if held else "working", words)
    tone = "quiet" if incident.state is State.RECOVERED else "ended"
    word = state_words(incident.state)
    if incident.state is not State.CLOSED:
        words = _without(words, word)
    words = f"{_lasted(incident)}{words}"
    return _headline(tone, words, word=word.upper())


_WORDS = {
    "unknown": ("UNKNOWN", "?"),
    "waiting": ("WAITING FOR YOU", "!"),
    "paused": ("PAUSED", "‖"),
    "working": ("WORKING", "◔"),
    "not-ready": ("NOT READY", "◇"),
    "quiet": ("QUIET", "✓"),
    "ended": ("ENDED", "■"),
}


def _headline(
    tone: str, words: str, *, word: str = "", lead: str = "", ask: str = ""
) -> Headline:
    usual, icon = _WORDS[tone]
    return Headline(
        word=word or usual,
        icon=icon,
        tone=tone,
        sentence=utc(words),
        lead=lead,
        ask=ask,
    )


def _asking(tone: str, words: str) -> Headline:
    before, ask = split_ask(words)
    return _headline(tone, before, ask=f"Next: {ask}" if ask else "")


def split_ask(words: str) -> tuple[str, str]:
    """What is so, and what a person does next: `…: look at our own service.`"""
    for mark in (_NEXT, ": "):
        before, found, ask = words.rpartition(mark)
        if found:
            return f"{before.rstrip('.')}.", ask
    return words, ""


def _lasted(incident: Incident) -> str:
    """From the first error to the last report, for what was reported."""
    if incident.first_error_at is None or not incident.answered:
        return ""
    first, last = incident.first_error_at, incident.answered[-1].at
    times = len(incident.reports)
    reported = "reported" if times == 1 else f"reported {times} times, last"
    after = max(last - first, timedelta())
    return (
        f"First error {clock(first)}, {reported} {clock(last)} UTC, "
        f"{span(after)} later. "
    )


def _without(words: str, word: str) -> str:
    """The sentence of an end without the word that the headline just said."""
    rest = words.removeprefix(f"{word.capitalize()}: ")
    return rest[:1].upper() + rest[1:]


def _of_several(first: Sequence[Family], every: Sequence[Family]) -> str:
    told, others = first[0].first, len(every) - 1
    more = f" And {count_of(others, 'more incident')}." if others else ""
    before, ask = told.summary, ""
    if told.state is State.NEEDS_HUMAN:
        before, ask = split_ask(told.summary)
    same = _same_report(first[0])
    return f"{failing_since(told)}{before}{same}{more}{_NEXT if ask else ''}{ask}"


def _same_report(family: Family) -> str:
    """` The same report is for order-latency too.`, "" for a family of one."""
    rules = ", ".join(dict.fromkeys(i.rule for i in family.others))
    return f" The same report is for {rules} too." if rules else ""


_FAILING = (State.INVESTIGATING, State.HOLDING, State.REPORTING)


def failing_since(incident: IncidentSummary) -> str:
    """`Orders fail since 18:44:07 UTC. ` while that is what is known."""
    if incident.state not in _FAILING or incident.first_error_at is None:
        return ""
    return f"Orders fail since {clock(incident.first_error_at)} UTC. "


def _recovered(now: Now) -> Headline | None:
    family = families(now.recent)[0] if now.recent else None
    latest = family.first if family else None
    if latest is None or latest.state is not State.RECOVERED or not latest.ended_at:
        return None
    length = now.at - latest.ended_at
    if length > _REMEMBERED:
        return None
    lead = f"Recovered at {clock(latest.ended_at)} UTC, {ago(length)}. Nothing to do."
    ask = ""
    if latest.proof is Proof.SUPPLIER:
        # The supplier's word is not a proof: so says the incident's own page.
        lead = lead.removesuffix(" Nothing to do.")
        ask = "Next: place an order yourself to be sure."
    proof = latest.summary.removeprefix("Recovered: ")
    words = f"{proof[:1].upper()}{proof[1:]}"
    same = _same_report(family) if family else ""
    words = f"{_failed_for(latest)}{words}{same}"
    return _headline("quiet", words, lead=lead, ask=ask)


def _failed_for(incident: IncidentSummary) -> str:
    if not incident.first_error_at or not incident.reports:
        return ""
    last = incident.reports[-1]
    return f"First error to report: {span(last.at - incident.first_error_at)}. "


def _never_heard(now: Now) -> str:
    if now.heard_at is not None or now.would_act:
        return ""
    return "no webhook was ever heard. Next: send a test notification from Grafana."


def _quiet_sentence(now: Now) -> str:
    if now.would_act:
        return f"Nothing is wrong. Responder would {now.acts}: {now.would_act}."
    heard = now.heard_at or now.at
    day = f"{heard:%Y-%m-%d} " if now.at - heard > timedelta(hours=20) else ""
    return (
        "Nothing is wrong that we know of. "
        f"Last webhook heard {ago(now.at - heard)}, at {day}{clock(heard)} UTC."
    )
