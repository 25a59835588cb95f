"""An archive over lists, for what pages and API read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from responder.incident.events import Event
from responder.incident.incident import Incident, fold
from responder.incident.names import State, Verdict
from responder.incident.view import (
    BadCursor,
    IncidentPage,
    IncidentSummary,
    ReceivedBody,
    ReceivedDelivery,
    ReportSummary,
    Search,
    Stamp,
)

_OF_NONE = {Verdict.IGNORED, Verdict.TEST, Verdict.HEARTBEAT}


@dataclass
class ListedArchive:
    """Answers from lists; remembers what was searched."""

    incidents: list[IncidentSummary] = field(default_factory=list)
    timelines: dict[str, Sequence[Event]] = field(default_factory=dict)
    heard: list[ReceivedDelivery] = field(default_factory=list)
    texts: list[ReceivedBody] = field(default_factory=list)
    searches: list[Search] = field(default_factory=list)
    can_write: bool = True
    took: tuple[timedelta, ...] = ()
    read: list[str] = field(default_factory=list)
    """Whose events were read."""

    def search(self, search: Search) -> IncidentPage:
        if search.cursor == "not-ours":
            raise BadCursor
        self.searches.append(search)
        found = [
            i
            for i in self.incidents
            if not (search.open_only and i.ended_at)
            and search.drills in (None, i.drill)
            and (i.withheld_at or not search.withheld)
        ]
        return IncidentPage(incidents=tuple(found[: search.limit]), cursor=None)

    def timeline(self, incident: str) -> tuple[Incident, tuple[Event, ...]] | None:
        self.read.append(incident)
        events = self.timelines.get(incident)
        return (fold(incident, events), tuple(events)) if events else None

    def stamp(self, incident: str) -> Stamp | None:
        if incident not in self.timelines:
            return None
        known = fold(incident, self.timelines[incident])
        assert known is not None
        return Stamp(
            seq=known.seq,
            looked_at=known.looked_at,
            last_firing_at=known.last_firing_at,
            ended_at=known.ended_at,
            last_at=self.timelines[incident][-1].at,
            deliveries=len(self.deliveries(incident=incident)),
        )

    def delays(self, rule: str, limit: int = 50) -> tuple[timedelta, ...]:
        return self.took[:limit]

    def deliveries(
        self,
        *,
        incident: str | None = None,
        verdict: str | None = None,
        limit: int = 50,
    ) -> tuple[ReceivedDelivery, ...]:
        found = [
            heard
            for heard in self.heard
            if (verdict is None or verdict in heard.kinds)
            and (incident is None or not _OF_NONE.issuperset(heard.kinds))
        ]
        return tuple(found[:limit])

    def bodies(self, incident: str) -> tuple[ReceivedBody, ...]:
        return tuple(self.texts)

    def body(self, delivery: str) -> ReceivedBody | None:
        return next((text for text in self.texts if text.id == delivery), None)

    def counts(self) -> dict[tuple[str, State], int]:
        return {("pizza-factory", State.RECOVERED): 2}

    def writable(self) -> bool:
        return self.can_write


def summary_of(incident: Incident, summary: str) -> IncidentSummary:
    """The list's view of an incident."""
    reports = tuple(
        ReportSummary(
            at=r.at,
            link=r.link,
            method=r.method,
            outcome=r.outcome,
            status=r.status,
            message=r.message,
            seconds=r.seconds,
        )
        for r in incident.answered
        if r.outcome
    )
    return IncidentSummary(
        id=incident.id,
        rule=incident.rule,
        group=incident.group,
        state=incident.state,
        reason=incident.reason,
        proof=incident.proof,
        summary=summary,
        opened_at=incident.opened_at,
        alert_started_at=incident.alert_started_at,
        first_error_at=incident.first_error_at,
        reported_at=incident.reported_at,
        ended_at=incident.ended_at,
        errors=incident.errors,
        failed_orders=incident.failed_orders,
        relapse_of=incident.relapse_of,
        reports=reports,
        shared_with=incident.shared.incident if incident.shared else None,
        withheld_at=incident.withheld_at,
        reported_by_hand_at=incident.reported_by_hand_at,
        seq=incident.seq,
        drill=bool(incident.drill),
        looked_at=incident.looked_at,
    )
