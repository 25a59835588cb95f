"""A stored incident as a cassette: its webhooks, its log lines, its answers."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from responder.incident.evaluation import FAILED, TRAFFIC
from responder.incident.events import (
    AlertFired,
    AlertResolved,
    CheckReading,
    Event,
    FactoryProbed,
    Finished,
    FirstErrorFound,
    Looked,
    ReportAnswered,
    ReportedByHand,
)
from responder.incident.incident import Incident, Report, line_time
from responder.incident.names import Outcome, Sender, State, Status
from responder.incident.ports import Archive
from responder.incident.rule import Rule
from responder.incident.view import ReceivedBody, Search
from responder.replay.cassette import (
    By,
    Cassette,
    Expect,
    Fault,
    Hider,
    Lines,
    RecordedCall,
    RecordedDelivery,
    RecordedProbe,
    UnreadableSpan,
    name_of,
)
from responder.senders.sample import body

# Log lines out of a timeline: when, in whose count, with which link, how late.

_STEP = timedelta(seconds=5)
"""Lateness is told in steps of this."""
_MS = timedelta(milliseconds=1)
Name = Callable[[str], str]
Told = dict[str, list[tuple[datetime, str | None]]]
_SPENDING = (Outcome.RESOLVED, Outcome.NOTHING_TO_RESOLVE, Outcome.WRONG_CODE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedLines:
    entries: tuple[Lines, ...]


@dataclass(slots=True)
class _Reel:
    """Lines by what they have in common."""

    start: datetime
    kept: dict[tuple[str, str | None, timedelta], set[timedelta]] = field(
        default_factory=dict
    )

    def add(self, check: str, at: datetime, link: str | None, late: timedelta) -> None:
        times = self.kept.setdefault((check, link, late), set())
        offset = max((at - self.start) // _MS, 0) * _MS
        while offset in times:
            # Two lines of one millisecond stay two.
            offset += _MS
        times.add(offset)

    def entries(self, ended: bool) -> Iterator[Lines]:
        for (check, link, late), times in self.kept.items():
            good = check == TRAFFIC
            yield Lines(
                at=[*sorted(times)],
                check=check,
                link=link,
                late=late,
                during=None if good else "fault",
                after="fault" if good and ended else None,
            )


def recorded_lines(
    events: Sequence[Event], rule: Rule, start: datetime, name: Name, *, ended: bool
) -> RecordedLines:
    """The lines of a timeline. A fault that has `ended` is what good orders follow."""
    reel = _Reel(start)
    told: Told = {check.name: [] for check in rule.checks}
    before: Looked | None = None
    spent: list[str] = []
    for event in events:
        if isinstance(event, Finished):
            break  # What the watch sees belongs to the relapse that it opens.
        if isinstance(event, ReportAnswered) and event.outcome in _SPENDING:
            spent.append(name(event.digest))
        if isinstance(event, Looked):
            _look(reel, event, before, told, name, spent)
            before = event if any(c.count is not None for c in event.checks) else before
        elif isinstance(event, FirstErrorFound):
            _earlier(reel, event, before, told, name)
    return RecordedLines(entries=tuple(reel.entries(ended)))


def _look(
    reel: _Reel,
    look: Looked,
    before: Looked | None,
    told: Told,
    name: Name,
    spent: Sequence[str],
) -> None:
    new = sorted((line_time(key) for key in look.lines), reverse=True)
    for reading in look.checks:
        if reading.count is None or reading.name not in told:
            continue
        known = told[reading.name]
        # Old news is in no count: what carries a spent link.
        old = sum(1 for at, link in known if reading.since <= at and link not in spent)
        inside = [at for at in new if at >= reading.since]
        counted = max(reading.count - old, 0)
        linked = max(reading.count - reading.linkless, 0)
        for number, at in enumerate(inside):
            link = _link(look, at, name) if number < linked else None
            if number >= counted:
                if not (known and spent):
                    break
                link = spent[-1]
            late = _lateness(at, look, before, reading)
            reel.add(reading.name, at, link, late)
            known.append((at, link))
        _tardy(reel, look, before, reading, known, new, spent)
    for check, keys in ((FAILED, look.failed_lines), (TRAFFIC, look.good_lines)):
        for key in keys:
            reel.add(check, line_time(key), None, timedelta())


def _tardy(
    reel: _Reel,
    look: Looked,
    before: Looked | None,
    reading: CheckReading,
    known: list[tuple[datetime, str | None]],
    new: Sequence[datetime],
    spent: Sequence[str],
) -> None:
    """Lines from before the answer that came after it: in the total, in no count."""
    for at in new:
        if at < reading.since and known and spent:
            late = _lateness(at, look, before, reading)
            reel.add(reading.name, at, spent[-1], late)
            known.append((at, spent[-1]))


def _earlier(
    reel: _Reel,
    found: FirstErrorFound,
    before: Looked | None,
    told: Told,
    name: Name,
) -> None:
    """The walk back reads what no window reached: every check that counted, did."""
    for key in found.lines:
        at = line_time(key)
        for check, known in told.items():
            if known and at not in {other for other, _ in known}:
                link = _link(before, at, name) if before else None
                reel.add(check, at, link, timedelta())
                known.append((at, link))
    for key in found.failed_lines:
        reel.add(FAILED, line_time(key), None, timedelta())


def _link(look: Looked, at: datetime, name: Name) -> str | None:
    """The link that was in the logs at that time, as far as a look tells."""
    seen = sorted(look.candidates, key=lambda candidate: candidate.seen_at)
    later = [candidate for candidate in seen if candidate.seen_at >= at] or seen[-1:]
    return name(later[0].digest) if later else None


def _lateness(
    at: datetime, look: Looked, before: Looked | None, reading: CheckReading
) -> timedelta:
    """How long it could not be read: a look before this one should have seen it."""
    if before is None or at >= before.at or at < _since(before, reading):
        return timedelta()
    steps = -((at - look.at) // _STEP)
    # Told in steps, and no later than the look that saw it.
    return min(steps * _STEP, (look.at - at) // _MS * _MS)


def _since(look: Looked, reading: CheckReading) -> datetime:
    found = next((c for c in look.checks if c.name == reading.name), reading)
    return found.since


# Webhook bodies for cassettes: an alert as each sender writes it.


def body_of(
    sender: Sender,
    labels: Mapping[str, str],
    at: datetime,
    started: datetime,
    status: Status = Status.FIRING,
) -> dict[str, Any]:
    """The body that arrives at `at` for an alert that began at `started`."""
    return body(sender, labels, at, status, started)


def document_of(text: str) -> dict[str, Any] | None:
    """The object in a stored text; None where masking or cutting left none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def mapping_of(value: object) -> dict[str, Any]:
    """What was an object before it was masked still is one."""
    assert isinstance(value, dict)
    return value


MS = timedelta(milliseconds=1)
_TROUBLE = {Outcome.UNREACHABLE: "unreachable", Outcome.UNKNOWN: "unknown"}
_PRECISION = (
    "to the millisecond; which check counted which line is reckoned from the counts "
    "of each look"
)


def record(
    incident: Incident,
    events: Sequence[Event],
    bodies: Sequence[ReceivedBody],
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
    bodies: Sequence[ReceivedBody]
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
                RecordedProbe(
                    at=self._offset(event.at), why=self.hider.text(event.why)[:300]
                )
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

    def _deliveries(self) -> tuple[RecordedDelivery, ...]:
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
            RecordedDelivery(
                at=self._offset(body.received_at),
                sender=Sender(body.sender),
                body=mapping_of(self.hider.all(document)),
            )
            for body, document in known
        )

    def _reconstructed(self) -> Iterable[RecordedDelivery]:
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
            yield RecordedDelivery(at=at, sender=Sender.GRAFANA, body=hidden)

    def _calls(self) -> tuple[RecordedCall, ...]:
        found = [self._call(report) for report in self.incident.answered]
        for event in self.events:
            if isinstance(event, ReportedByHand):
                link = found[-1].link if found else self._first_link()
                at = self._offset(event.reported_at)
                found.append(RecordedCall(at=at, link=link, by=By.PERSON))
        return tuple(sorted(found, key=lambda call: call.at))

    def _first_link(self) -> str:
        seen = [c.digest for look in self._looks() for c in look.candidates]
        return self._name(seen[-1]) if seen else name_of(0)

    def _call(self, report: Report) -> RecordedCall:
        trouble = _TROUBLE.get(report.outcome) if report.outcome else None
        answered = report.status is not None
        return RecordedCall.model_validate(
            {
                "at": self._offset(report.at),
                "link": self._name(report.digest),
                "status": report.status,
                "message": self.hider.text(report.message)[:300],
                "trouble": None if answered else trouble,
                "takes": timedelta(milliseconds=round(report.seconds * 1000)),
            }
        )

    def _until(self, calls: Sequence[RecordedCall]) -> timedelta | None:
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
        self,
        calls: Sequence[RecordedCall],
        until: timedelta | None,
        lines: RecordedLines,
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

    def _blind(self) -> Iterable[UnreadableSpan]:
        since: Looked | None = None
        reason = None
        for look in self._looks():
            dark = next((c.unreadable for c in look.checks if c.unreadable), None)
            if dark is not None and since is None:
                since, reason = look, dark
            elif dark is None and since is not None and reason is not None:
                to = self._offset(look.at)
                yield UnreadableSpan(since=self._offset(since.at), to=to, reason=reason)
                since = None
        if since is not None and reason is not None:
            ends = self._offset(self.incident.ended_at or self._looks()[-1].at) + MS
            yield UnreadableSpan(since=self._offset(since.at), to=ends, reason=reason)

    def _expect(self, calls: Sequence[RecordedCall]) -> Expect:
        ours = [call.link for call in calls if call.by is By.RESPONDER]
        if not any(isinstance(event, AlertFired) for event in self.events):
            return Expect()  # Opened by hand: no webhook brings it back.
        if self.incident.ended_at is None:
            return Expect(calls=ours)
        return Expect(calls=ours, ends=[self.incident.state])


# Stored incidents as cassettes.

_PAGE = 200


def cassette_of(
    archive: Archive,
    incident: str,
    rules: Mapping[str, Rule],
    mask: Callable[[str], str],
) -> Cassette | None:
    """The cassette of a stored incident; None if there is no such incident.

    Of a rule that is configured no more, nothing but its name is known.
    """
    found = archive.timeline(incident)
    if found is None:
        return None
    known, events = found
    rule = rules.get(known.rule) or Rule(name=known.rule, match=(), checks=())
    return record(known, events, archive.bodies(incident), rule, mask)


def cassettes_since(
    archive: Archive,
    since: datetime,
    rules: Mapping[str, Rule],
    mask: Callable[[str], str],
) -> Iterator[Cassette]:
    """The cassettes of all incidents opened since then, newest first; no drills."""
    cursor: str | None = None
    while True:
        search = Search(since=since, limit=_PAGE, cursor=cursor, drills=False)
        page = archive.search(search)
        for summary in page.incidents:
            found = cassette_of(archive, summary.id, rules, mask)
            if found is not None:
                yield found
        cursor = page.cursor
        if cursor is None:
            return
