"""What to notify and where: from the timeline and from what was sent before."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Protocol

from responder.incident.events import Reception, Told, What, Where
from responder.incident.incident import Incident, Report
from responder.incident.names import OnRecovered, State
from responder.incident.phrases import clock, count_of
from responder.incident.rule import Rule
from responder.incident.words import outcome_words, sentence

# Kinds of notifications: regions, notes, the state of an alert group, notices.


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What lies outside the incident's own timeline."""

    groups: tuple[str, ...] = ()
    """IRM's alert groups that its alerts came in."""
    busy: frozenset[str] = frozenset()
    """Those of them that another open incident belongs to."""
    before: tuple[Told, ...] = ()
    """What was told of other incidents of these groups, oldest first."""
    page: str = ""
    """The address of the incident's page, "" where none is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """An annotation over the time from `start` to `end` of an incident."""

    what: What
    incident: str
    start: datetime
    end: datetime
    text: str
    tags: tuple[str, ...]
    mark: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupNote:
    """A note on an alert group. One that begins with `opening` is there already."""

    what: What
    group: str
    opening: str
    text: str
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """An alert group is acknowledged or resolved, or that (`undoes`) is taken back."""

    what: What
    group: str
    undoes: What | None = None
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message for people: `firing` while they are needed."""

    what: What
    mark: str
    incident: str
    rule: str
    title: str
    text: str
    page: str
    firing: bool
    start: datetime
    end: datetime | None
    group: str = ""


Telling = Annotation | GroupNote | Turned | Notice


def incident_tag(incident: str) -> str:
    """The tag by which an incident's annotation is found again."""
    return f"incident:{incident}"


# What notifying needs from the adapters, as Protocols.

PageOf = Callable[[str], str]
"""The address of an incident's page, "" where none is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingNotice:
    """The right to tell of one incident in one place; `token` is unique.

    `tries` counts those before it that did not come to their end: what they told is
    not known, and is looked for before it is told again.
    """

    incident: str
    where: Where
    token: str
    tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryResult:
    """What became of one telling. `detail` is masked; `after`: not sooner than that."""

    reception: Reception
    ref: str = ""
    detail: str = ""
    after: timedelta | None = None


class Channel(Protocol):
    """One place where something is told."""

    def tell(self, telling: Telling, *, again: bool) -> DeliveryResult:
        """Tell it once, within 4 s. Never raises; no secret is in what comes out.

        `again`: it may have been told before, and is looked for first.
        """


class Outbox(Protocol):
    """What is still to be told. All raise `StorageUnavailable`."""

    def sweep(self) -> None:
        """Note which timelines have grown: they are looked at in every place."""

    def take(self, where: Where) -> PendingNotice | None:
        """Lease the longest due errand there; the intent is durable before a call."""

    def scene(self, errand: PendingNotice) -> tuple[Incident, Scene] | None:
        """The incident as it is now and what is around it; None if it is forgotten."""

    def record(self, incident: Incident, told: Told) -> Incident:
        """Append it to the timeline: the incident after it."""

    def release(self, errand: PendingNotice, after: timedelta | None = None) -> None:
        """Give it back: due again `after` (None: done, until the timeline grows)."""


# The texts of notifications: on dashboards, in IRM, on phones.


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


FRESH_FOR: Mapping[Where, timedelta] = {
    Where.GRAFANA: timedelta(days=1),
    Where.IRM: timedelta(days=1),
    Where.NOTIFY: timedelta(hours=1),
}
"""So long after an incident's end something of it is still worth telling."""


def tellings(
    where: Where, incident: Incident, rule: Rule, scene: Scene, now: datetime
) -> tuple[Telling, ...]:
    """What is still to be told there, in this order. Nobody is told of a drill."""
    if incident.drill:
        return ()
    if incident.ended_at and now - incident.ended_at > FRESH_FOR[where]:
        return ()
    match where:
        case Where.GRAFANA:
            return tuple(_region(incident, rule, scene))
        case Where.IRM:
            return tuple(_irm(incident, rule, scene))
        case Where.NOTIFY:
            return tuple(_notices(incident, rule, scene))


def known(telling: Telling, where: Where, incident: Incident) -> bool:
    """Whether its refusal is on the timeline already."""
    return any(
        (t.where, t.what, t.group, t.mark)
        == (where, telling.what, telling.group, telling.mark)
        for t in incident.told
    )


def _region(incident: Incident, rule: Rule, scene: Scene) -> Iterator[Annotation]:
    told = {t.what for t in _received(incident.told, Where.GRAFANA)}
    end = incident.ended_at
    if end is None or What.REGION_CLOSED in told:
        return
    start = incident.first_error_at or incident.alert_started_at or incident.opened_at
    yield Annotation(
        what=What.REGION_CLOSED,
        incident=incident.id,
        start=min(start, end),
        end=end,
        text=region_text(incident, rule, scene.page),
        tags=(
            "responder",
            incident_tag(incident.id),
            f"rule:{incident.rule}",
            f"state:{incident.state}",
        ),
    )


def acted(incident: Incident) -> bool:
    """Whether a report may have had an effect, ours or another incident's."""
    return incident.shared is not None or any(
        report.outcome and report.outcome.may_have_taken_effect
        for report in incident.reports
    )


def _irm(incident: Incident, rule: Rule, scene: Scene) -> Iterator[GroupNote | Turned]:
    received = _received(incident.told, Where.IRM)
    for group in scene.groups:
        told = {t.what for t in received if t.group == group}
        # First the page: whoever is called by it then reads the note.
        if incident.state is State.NEEDS_HUMAN and What.REOPENED not in told:
            yield from _reopened(incident, scene, group)
        if not told & {What.ACTED, What.NEEDS_HUMAN}:
            yield from _note(incident, rule, scene, group)
        if incident.state is State.RECOVERED and group not in scene.busy:
            resolve = rule.on_recovered is OnRecovered.RESOLVE
            what = What.RESOLVED if resolve else What.ACKNOWLEDGED
            if not told & {What.RESOLVED, What.ACKNOWLEDGED}:
                yield Turned(what=what, group=group)


def _note(
    incident: Incident, rule: Rule, scene: Scene, group: str
) -> Iterator[GroupNote]:
    """The one note: as soon as something was done, or a person is needed."""
    opening = note_opening(incident)
    if incident.state is State.NEEDS_HUMAN:
        text = needs_human_text(incident, rule, scene.page)
        yield GroupNote(what=What.NEEDS_HUMAN, group=group, opening=opening, text=text)
    elif acted(incident):
        text = acted_text(incident, scene.page)
        yield GroupNote(what=What.ACTED, group=group, opening=opening, text=text)


def _reopened(incident: Incident, scene: Scene, group: str) -> Iterator[Turned]:
    """Our own acknowledgement is taken back, if nobody touched the group since."""
    turned = (What.ACKNOWLEDGED, What.RESOLVED, What.REOPENED)
    before = [
        t.what
        for t in _received(scene.before, Where.IRM)
        if t.group == group and t.what in turned
    ]
    ours = before and before[-1] is not What.REOPENED
    if ours and incident.last_person_at is None:
        yield Turned(what=What.REOPENED, group=group, undoes=before[-1])


def _notices(incident: Incident, rule: Rule, scene: Scene) -> Iterator[Notice]:
    needed = incident.state is State.NEEDS_HUMAN
    if not needed and incident.state is not State.RECOVERED:
        return
    what = What.NEEDS_HUMAN if needed else What.RECOVERED
    mark = str(incident.reason) if needed else ""
    told = {(t.what, t.mark) for t in _received(incident.told, Where.NOTIFY)}
    if (what, mark) in told:
        return
    yield Notice(
        what=what,
        mark=mark,
        incident=incident.id,
        rule=incident.rule,
        title=notice_title(incident),
        text=notice_text(incident, rule),
        page=scene.page,
        firing=needed,
        start=incident.first_error_at or incident.opened_at,
        end=incident.ended_at,
    )


def _received(told: tuple[Told, ...], where: Where) -> list[Told]:
    return [t for t in told if t.where is where and not t.refused]
