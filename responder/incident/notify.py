"""What is to be told where: from the timeline and from what was told already.

Told is what stands: a call for a person that is over is not told late. People's
escalation is silenced only by proof: nothing is acknowledged before `recovered`,
nor while another incident of the same alert group is open.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from responder.incident.model import Incident
from responder.incident.names import OnRecovered, State
from responder.incident.rule import Rule
from responder.incident.telling_kinds import (
    Note,
    Notice,
    Region,
    Scene,
    Telling,
    Turned,
    incident_tag,
)
from responder.incident.told import Told, What, Where
from responder.incident.words_told import (
    acted_text,
    needs_human_text,
    note_opening,
    notice_text,
    notice_title,
    region_text,
)

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


def _region(incident: Incident, rule: Rule, scene: Scene) -> Iterator[Region]:
    told = {t.what for t in _received(incident.told, Where.GRAFANA)}
    end = incident.ended_at
    if end is None or What.REGION_CLOSED in told:
        return
    start = incident.first_error_at or incident.alert_started_at or incident.opened_at
    yield Region(
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


def _irm(incident: Incident, rule: Rule, scene: Scene) -> Iterator[Note | Turned]:
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


def _note(incident: Incident, rule: Rule, scene: Scene, group: str) -> Iterator[Note]:
    """The one note: as soon as something was done, or a person is needed."""
    opening = note_opening(incident)
    if incident.state is State.NEEDS_HUMAN:
        text = needs_human_text(incident, rule, scene.page)
        yield Note(what=What.NEEDS_HUMAN, group=group, opening=opening, text=text)
    elif acted(incident):
        text = acted_text(incident, scene.page)
        yield Note(what=What.ACTED, group=group, opening=opening, text=text)


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
