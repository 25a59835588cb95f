"""The walk back through the logs to the first error of an incident."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from responder.incident.evaluation import (
    AHEAD,
    FAILED,
    GAP,
    MOST_LINES,
    affected,
    begins,
)
from responder.incident.events import FirstErrorFound
from responder.incident.evidence import Counted, Evidence, LogLine, Question
from responder.incident.incident import ORDER_APART, Incident
from responder.incident.names import Reason
from responder.incident.ports import LogSource
from responder.incident.rule import Rule
from responder.incident.service import Brakes

FARTHEST = timedelta(hours=1)
MOST_READS = 40
_TICK = timedelta(microseconds=1)


def trace_back(
    logs: LogSource, incident: Incident, rule: Rule, brakes: Brakes, now: datetime
) -> FirstErrorFound:
    """Read page by page to the first error: rule 4, an hour at most.

    With a link, back from the first line known to carry it until one longest window
    has none; without, back from the confirming evaluation until `GAP` has no line. An
    answer that cannot be read ends the walk where it is, marked incomplete.
    """
    begin = begins(incident, incident.candidates, brakes)
    linked = incident.first_error_linked or (begin and not brakes.fixed_link)
    confirmed = incident.confirmed_at or now
    known = incident.first_error_at if incident.first_error_linked else None
    last = known or (now if linked else confirmed) + AHEAD
    # The hour counts from the newest line, which may be a page older than `last`.
    farthest = last - FARTHEST - (timedelta() if known else rule.longest_window)
    walk = _Trace(
        logs=logs,
        rule=rule,
        begins=begin if linked and begin else lambda line: True,
        reach=rule.longest_window if linked else GAP,
        earliest=max([farthest, *_bounds(incident, rule, brakes)]),
        first=known,
    )
    walk.back_from(last)
    first = walk.first or incident.first_error_at or confirmed
    errors = _since(first, walk.errors)
    failed = _since(first - ORDER_APART, walk.failed)
    asked = rule.failed is not None and walk.complete
    others = affected(errors.values(), failed.values()) if asked else {}
    return FirstErrorFound(
        at=now,
        first_error_at=first,
        lines=tuple(sorted(errors)[:MOST_LINES]),
        failed_lines=tuple(sorted(failed)[:MOST_LINES]),
        affected_lines=tuple(sorted(others)[:MOST_LINES]),
        complete=walk.complete,
    )


def _bounds(incident: Incident, rule: Rule, brakes: Brakes) -> list[datetime]:
    """No line before these is of this incident."""
    found = [at for at in (incident.base_floor, brakes.earlier_ended_at) if at]
    reports, seen = incident.reports[:1], incident.candidates[:1]
    spent = any(r.reason is Reason.FIX_DID_NOT_HOLD for r in reports)
    spent = spent or (not reports and any(c.late for c in seen))
    if spent and incident.base_floor:
        # It relapsed on a spent link: until then its lines were old news.
        found.append(incident.base_floor + rule.settle)
    return found


@dataclass(slots=True, kw_only=True)
class _Trace:
    """What was read on the way back; `first` is the earliest line that counts."""

    logs: LogSource
    rule: Rule
    begins: Callable[[LogLine], bool]
    reach: timedelta
    earliest: datetime
    first: datetime | None
    errors: dict[str, LogLine] = field(default_factory=dict)
    failed: dict[str, LogLine] = field(default_factory=dict)
    complete: bool = True

    def back_from(self, until: datetime) -> None:
        page = max(self.rule.longest_window, GAP)
        for _ in range(MOST_READS):
            since = max(self.earliest, until - page)
            if since >= until:
                return
            until = self._read(since, until)
            far = self.first is None or self.first - until >= self.reach
            if not self.complete or until <= self.earliest or far:
                return

    def _read(self, since: datetime, until: datetime) -> datetime:
        """Read a page; from when on everything is known by now."""
        answers = self.logs.read(_questions(self.rule, since, until))
        self.complete = all(isinstance(a, Counted) for a in answers)
        # In the order of the questions: a check may be named as failed orders are.
        checks = answers[: len(self.rule.checks)]
        errors = _lines(checks)
        self.errors |= errors
        self.failed |= _lines(answers[len(self.rule.checks) :])
        times = [line.at for line in errors.values() if self.begins(line)]
        for at in sorted(times, reverse=True):
            if self.first is None:
                self.earliest = max(self.earliest, at - FARTHEST)
            elif self.first - at > self.reach or at < self.earliest:
                break
            self.first = at
        cut = [
            min(line.at for line in answer.lines) + _TICK
            for answer in checks
            if isinstance(answer, Counted) and answer.at_least and answer.lines
        ]
        return max([since, *cut])


def _since(first: datetime, lines: Mapping[str, LogLine]) -> dict[str, LogLine]:
    return {key: line for key, line in lines.items() if line.at >= first}


def _lines(answers: Sequence[Evidence]) -> dict[str, LogLine]:
    counted = (answer for answer in answers if isinstance(answer, Counted))
    return {line.key: line for answer in counted for line in answer.lines}


def _questions(rule: Rule, since: datetime, until: datetime) -> list[Question]:
    asked = [
        Question(name=c.name, query=c.query, since=since, until=until)
        for c in rule.checks
    ]
    if rule.failed:
        # One window more on this side: orders whose log line came with the first.
        asked.append(
            Question(
                name=FAILED,
                query=rule.failed,
                since=since,
                until=until + rule.longest_window,
            )
        )
    return asked
