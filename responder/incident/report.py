"""What a timeline knows, as the sections of the incident report ask for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from responder.incident.alert import PersonAction
from responder.incident.events import (
    AlertFired,
    CheckReading,
    Decided,
    Event,
    FirstErrorFound,
    Looked,
    PersonActed,
)
from responder.incident.look import MOST_LINES
from responder.incident.model import Incident, Report, line_time
from responder.incident.names import Mode, State, UnreadableReason
from responder.incident.operator_events import ReportedByHand
from responder.incident.phrases import clock, count_of, span

Kind = TypeVar("Kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncounted:
    """A time in which the logs could not be counted. `until` None: to the end."""

    since: datetime
    until: datetime | None
    reason: UnreadableReason


class Record:
    """One incident's evidence. Every answer follows from the events alone."""

    def __init__(self, incident: Incident, events: Sequence[Event]) -> None:
        self.incident = incident
        self.events = tuple(events)
        self.looks = self.all_of(Looked)
        self.firings = self.all_of(AlertFired)
        lines = sorted(line_time(key) for key in incident.line_keys)
        self.lines = tuple(lines)
        self.failed = tuple(sorted(line_time(key) for key in incident.failed_keys))
        firsts = [*lines[:1], *filter(None, [incident.first_error_at])]
        self.first_error = min(firsts, default=None)
        self.last_error = max(lines, default=self.first_error)
        self.minutes_only = all(_whole(at) for at in self._moments())

    def all_of(self, kind: type[Kind]) -> tuple[Kind, ...]:
        return tuple(event for event in self.events if isinstance(event, kind))

    def _moments(self) -> list[datetime]:
        """The times that people and programs noted down, not those of log lines."""
        noted = [event.at for event in self.events]
        noted += [f.starts_at for f in self.firings]
        noted += [by_hand.reported_at for by_hand in self.all_of(ReportedByHand)]
        return noted + [f.first_error_at for f in self.all_of(FirstErrorFound)]

    # Times

    @property
    def began(self) -> datetime:
        """The first error; without one, the alert's start, or our hearing of it."""
        started = self.incident.alert_started_at or self.incident.opened_at
        return self.first_error or started

    def clock(self, at: datetime) -> str:
        """The time of day in UTC, with its day where that is not the first one."""
        text = clock(at)[:5] if self.minutes_only else clock(at)
        at, began = at.astimezone(UTC), self.began.astimezone(UTC)
        return text if at.date() == began.date() else f"{at:%Y-%m-%d} {text}"

    def length(self, length: timedelta) -> str:
        """A length in words, `about` where the record knows whole minutes only."""
        if not self.minutes_only:
            return span(length)
        return f"about {count_of(max(0, round(length.total_seconds() / 60)), 'minute')}"

    @property
    def heard_at(self) -> datetime:
        opened = self.incident.opened_at
        # An alert may come after our own watch has seen the fault.
        return min(self.firings[0].at, opened) if self.firings else opened

    @property
    def detection_delay(self) -> timedelta | None:
        """From the first error to our hearing of the alert; None if unknown."""
        if self.first_error is None or not self.firings:
            return None
        delay = self.heard_at - self.first_error
        return delay if delay >= timedelta(0) else None

    @property
    def outage(self) -> timedelta | None:
        """From the first error log to the last; None if none is known."""
        if self.first_error is None or self.last_error is None:
            return None
        return self.last_error - self.first_error

    # Evidence

    @property
    def counted(self) -> bool:
        """Whether any look could count: if none could, nothing is known of errors."""
        readings = [check for look in self.looks for check in look.checks]
        return bool(self.lines) or any(r.count is not None for r in readings)

    @property
    def errors(self) -> str:
        """`66 error logs`, `at least 5000 error logs`."""
        number = self.incident.errors
        partial = [t for t in self.all_of(FirstErrorFound) if not t.complete]
        beyond = any(c.at_least for look in self.looks for c in look.checks)
        least = "at least " if partial or beyond or number >= MOST_LINES else ""
        return least + count_of(number, "error log")

    @property
    def failed_orders(self) -> str | None:
        """None: the record holds none, because none could be counted."""
        counted = any(k.failed_asked and not k.failed_unreadable for k in self.looks)
        if not self.failed and not counted:
            return None
        least = "at least " if len(self.failed) >= MOST_LINES else ""
        return least + count_of(len(self.failed), "failed order")

    @property
    def confirming(self) -> CheckReading | None:
        """The reading that first reached a limit."""
        readings = (check for look in self.looks for check in look.checks)
        return next((reading for reading in readings if reading.reached), None)

    @property
    def linked(self) -> bool:
        """Whether failing lines carried a report link of the factory."""
        return any(look.candidates for look in self.looks)

    @property
    def good_orders(self) -> int | None:
        """Good orders from the report to the end; None: never asked or unreadable.

        What the watch over a relapse sees later proves nothing, and is not counted.
        """
        finished = self.incident.finished
        if finished and finished.good_orders is not None:
            return finished.good_orders
        counts = [k.good_orders for k in self.looks if k.good_orders is not None]
        return max(counts, default=None)

    @property
    def uncounted(self) -> tuple[Uncounted, ...]:
        return uncounted(self.looks)

    # What was done

    @property
    def calls(self) -> tuple[Report, ...]:
        return self.incident.reports

    @property
    def effective(self) -> Report | None:
        """The last call after which the factory said that nothing is wrong."""
        ended = (r for r in reversed(self.calls) if r.outcome and r.outcome.moves_floor)
        return next(ended, None)

    @property
    def by_hand(self) -> ReportedByHand | None:
        """A person's own report: the last that they told of."""
        return next(reversed(self.all_of(ReportedByHand)), None)

    @property
    def people(self) -> tuple[str, ...]:
        """Everyone who did something, in the order of the record."""
        names = [
            event.person if isinstance(event, PersonActed) else getattr(event, "by", "")
            for event in self.events
        ]
        return tuple(dict.fromkeys(name for name in names if name.strip()))

    @property
    def ended_by_call_at(self) -> datetime | None:
        """The report that ended it: by hand, our own, or another incident's."""
        if self.by_hand:
            return self.by_hand.reported_at
        if self.effective:
            return self.effective.answered_at or self.effective.at
        return self.incident.shared.answered_at if self.incident.shared else None

    @property
    def called_person(self) -> Decided | None:
        """The first time that Responder called a person."""
        decisions = self.all_of(Decided)
        return next((d for d in decisions if d.state is State.NEEDS_HUMAN), None)

    @property
    def acknowledged(self) -> PersonActed | None:
        for acted in self.all_of(PersonActed):
            if acted.action is PersonAction.ACKNOWLEDGED and acted.person.strip():
                return acted
        return None

    @property
    def mode(self) -> Mode:
        """Shadow if a report was withheld: the timeline tells nothing else of it."""
        return Mode.SHADOW if self.incident.withheld_at else Mode.AUTO


def uncounted(looks: Sequence[Looked]) -> tuple[Uncounted, ...]:
    """The times in which at least one check could not be read."""
    spans: list[Uncounted] = []
    since: datetime | None = None
    why = UnreadableReason.UNREACHABLE
    for look in looks:
        reason = next((c.unreadable for c in look.checks if c.unreadable), None)
        if reason and since is None:
            since, why = look.at, reason
        if not reason and since is not None:
            spans.append(Uncounted(since=since, until=look.at, reason=why))
            since = None
    if since is not None:
        spans.append(Uncounted(since=since, until=None, reason=why))
    return tuple(spans)


def after(times: Sequence[datetime], at: datetime) -> int:
    """How many of these times are not before `at`."""
    return sum(1 for time in times if time >= at)


def _whole(at: datetime) -> bool:
    return at.second == 0 and at.microsecond == 0
