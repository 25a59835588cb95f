"""An incident of the record as a cassette: its webhooks, its lines, its calls.

The record holds no line's text, only its time and which counts it was in: so the
lines say which check counted them, and `queries` what that check asked.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from responder.cassette.bodies import body_of, document_of, mapping_of
from responder.cassette.lines_recorded import RecordedLines, recorded_lines
from responder.cassette.masked import Hider, name_of
from responder.cassette.schema import (
    Blind,
    By,
    Call,
    Cassette,
    Delivery,
    Expect,
    Fault,
    Probe,
)
from responder.incident.events import (
    AlertFired,
    AlertResolved,
    Event,
    FirstErrorFound,
    Looked,
)
from responder.incident.listing import HeardBody
from responder.incident.look import FAILED, TRAFFIC
from responder.incident.model import Incident, Report, line_time
from responder.incident.names import Outcome, Sender, State, Status
from responder.incident.operator_events import ReportedByHand
from responder.incident.rule import Rule
from responder.incident.supplier_events import FactoryProbed

MS = timedelta(milliseconds=1)
_TROUBLE = {Outcome.UNREACHABLE: "unreachable", Outcome.UNKNOWN: "unknown"}
_PRECISION = (
    "to the millisecond; which check counted which line is reckoned from the counts "
    "of each look"
)


def record(
    incident: Incident,
    events: Sequence[Event],
    bodies: Sequence[HeardBody],
    rule: Rule,
    mask: Callable[[str], str],
) -> Cassette:
    """The cassette of an incident. Nothing in it is a token, a code or a secret.

    `mask` hides what is configured to be secret.
    """
    return _Recording(incident, events, bodies, rule, Hider(mask=mask)).cassette()


@dataclass(slots=True)
class _Recording:
    incident: Incident
    events: Sequence[Event]
    bodies: Sequence[HeardBody]
    rule: Rule
    hider: Hider
    links: dict[str, str] = field(default_factory=dict)

    def cassette(self) -> Cassette:
        calls = self._calls()
        until = self._until(calls)
        for event in self._looks():
            for candidate in event.candidates:
                self._name(candidate.digest)
        lines = recorded_lines(
            self.events, self.rule, self.start, self._name, ended=until is not None
        )
        return Cassette(
            cassette=1,
            name=f"{self.start:%Y-%m-%d}-{self.incident.id}",
            about=f"Recorded from incident {self.incident.id}.",
            precision=_PRECISION,
            start=self.start,
            length=self._length(),
            mode=self.rule.mode,
            queries=self._queries(),
            deliveries=self._deliveries(),
            faults=self._faults(calls, until, lines),
            lines=lines.entries,
            calls=calls,
            unreadable=tuple(self._blind()),
            probes=tuple(
                Probe(at=self._offset(event.at), why=self.hider.text(event.why)[:300])
                for event in self.events
                if isinstance(event, FactoryProbed)
            ),
            expect=self._expect(calls),
        )

    @property
    def start(self) -> datetime:
        """The second of the first thing that is known of it."""
        times = [self.incident.opened_at, *(body.received_at for body in self.bodies)]
        for event in self.events:
            if isinstance(event, Looked | FirstErrorFound):
                times += map(line_time, (*event.lines, *event.failed_lines))
        return min(times).replace(microsecond=0)

    def _offset(self, at: datetime) -> timedelta:
        """Rounded up to the millisecond."""
        return max(-((self.start - at) // MS), 0) * MS

    def _name(self, digest: str) -> str:
        return self.links.setdefault(digest, name_of(len(self.links)))

    def _looks(self) -> list[Looked]:
        return [event for event in self.events if isinstance(event, Looked)]

    def _queries(self) -> dict[str, str]:
        found = {check.name: check.query for check in self.rule.checks}
        found |= {TRAFFIC: self.rule.traffic} if self.rule.traffic else {}
        found |= {FAILED: self.rule.failed} if self.rule.failed else {}
        return found

    def _deliveries(self) -> tuple[Delivery, ...]:
        read = [(body, document_of(body.text)) for body in self.bodies]
        known = [(body, document) for body, document in read if document is not None]
        for _, document in known:
            self.hider.see_all(document)
        if not known:
            return tuple(self._reconstructed())
        # A watch opened it: no webhook of its own says that the alert fires.
        still = [d for d in self._reconstructed() if d.body["status"] == "firing"]
        heard = tuple(still) if self.incident.relapse_of else ()
        return heard + tuple(
            Delivery(
                at=self._offset(body.received_at),
                sender=Sender(body.sender),
                body=mapping_of(self.hider.all(document)),
            )
            for body, document in known
        )

    def _reconstructed(self) -> Iterable[Delivery]:
        """Bodies that say what the timeline knows: the storage has forgotten them."""
        labels: dict[str, Mapping[str, str]] = {}
        for event in self.events:
            if isinstance(event, AlertFired):
                labels[event.fingerprint] = event.labels
            if not isinstance(event, AlertFired | AlertResolved):
                continue
            fires = isinstance(event, AlertFired)
            body = body_of(
                Sender.GRAFANA,
                labels.get(event.fingerprint, {}),
                event.at,
                event.starts_at,
                Status.FIRING if fires else Status.RESOLVED,
            )
            body["alerts"][0]["fingerprint"] = event.fingerprint
            hidden = mapping_of(self.hider.all(body))
            at = self._offset(event.at)
            yield Delivery(at=at, sender=Sender.GRAFANA, body=hidden)

    def _calls(self) -> tuple[Call, ...]:
        found = [self._call(report) for report in self.incident.answered]
        for event in self.events:
            if isinstance(event, ReportedByHand):
                link = found[-1].link if found else self._first_link()
                at = self._offset(event.reported_at)
                found.append(Call(at=at, link=link, by=By.PERSON))
        return tuple(sorted(found, key=lambda call: call.at))

    def _first_link(self) -> str:
        seen = [c.digest for look in self._looks() for c in look.candidates]
        return self._name(seen[-1]) if seen else name_of(0)

    def _call(self, report: Report) -> Call:
        trouble = _TROUBLE.get(report.outcome) if report.outcome else None
        answered = report.status is not None
        return Call.model_validate(
            {
                "at": self._offset(report.at),
                "link": self._name(report.digest),
                "status": report.status,
                "message": self.hider.text(report.message)[:300],
                "trouble": None if answered else trouble,
                "takes": timedelta(milliseconds=round(report.seconds * 1000)),
            }
        )

    def _until(self, calls: Sequence[Call]) -> timedelta | None:
        """When the fault ended, as far as the record tells."""
        for report in reversed(self.incident.answered):
            if self._healed(report) and report.answered_at:
                return self._offset(report.answered_at)
        hand = [call.at for call in calls if call.by is By.PERSON]
        if self.incident.ended_at is None and not hand:
            return None
        last = [line_time(key) for key in self.incident.line_keys]
        ends = [self._offset(max(last)) + MS] if last else []
        return max([*ends, *hand], default=None)

    def _length(self) -> timedelta | None:
        """Of what still goes on nobody knows more than was recorded."""
        if self.incident.ended_at is not None:
            return None
        return self._offset(self.events[-1].at) + MS

    def _healed(self, report: Report) -> bool:
        """Whether the call ended it: the factory said so, and orders proved it."""
        recovered = self.incident.state is State.RECOVERED
        return recovered and report.outcome is Outcome.RESOLVED

    def _faults(
        self, calls: Sequence[Call], until: timedelta | None, lines: RecordedLines
    ) -> tuple[Fault, ...]:
        if not lines.entries:
            return ()
        last = [self._offset(line_time(key)) for key in self.incident.line_keys]
        effective = [call.link for call in calls if call.status == 200]
        link = effective[-1] if effective else None
        if link is None and self.links:
            link = next(iter(self.links.values()))
        drains = timedelta()
        if until is not None and last:
            drains = max(max(last) - until + MS, timedelta())
        told = any(r.outcome is Outcome.RESOLVED for r in self.incident.answered)
        heals = not told or self.incident.state is State.RECOVERED
        fault = Fault(name="fault", until=until, link=link, heals=heals, drains=drains)
        return (fault,)

    def _blind(self) -> Iterable[Blind]:
        since: Looked | None = None
        reason = None
        for look in self._looks():
            dark = next((c.unreadable for c in look.checks if c.unreadable), None)
            if dark is not None and since is None:
                since, reason = look, dark
            elif dark is None and since is not None and reason is not None:
                to = self._offset(look.at)
                yield Blind(since=self._offset(since.at), to=to, reason=reason)
                since = None
        if since is not None and reason is not None:
            ends = self._offset(self.incident.ended_at or self._looks()[-1].at) + MS
            yield Blind(since=self._offset(since.at), to=ends, reason=reason)

    def _expect(self, calls: Sequence[Call]) -> Expect:
        ours = [call.link for call in calls if call.by is By.RESPONDER]
        if not any(isinstance(event, AlertFired) for event in self.events):
            return Expect()  # Opened by hand: no webhook brings it back.
        if self.incident.ended_at is None:
            return Expect(calls=ours)
        return Expect(calls=ours, ends=[self.incident.state])
