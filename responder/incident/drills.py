"""One drill: its steps, what each came to, and the port through which it is kept.

Pure. What a step means is read off the drill's own incident (`followed`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from responder.incident.controls import Standing
from responder.incident.event_words import reading_words
from responder.incident.model import Incident
from responder.incident.names import Mode
from responder.incident.phrases import clock
from responder.incident.rule import Rule


class Part(StrEnum):
    """The steps from a failing order to a report, in their order."""

    LINES = "lines_written"
    DELIVERED = "delivered"
    STORED = "stored"
    MATCHED = "matched"
    COUNTED = "counted"
    LINK = "link_found"
    REPORT = "would_report"


class Came(StrEnum):
    """What a step came to."""

    DONE = "done"
    BROKEN = "broken"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One step. `mend` is the line that mends it, "" where nothing has to be."""

    part: Part
    came: Came
    words: str
    mend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """One drill. `seconds` is the time from the alert to the would-be report."""

    id: str
    rule: str
    by: str
    at: datetime
    taken: tuple[Taken, ...] = ()
    incident: str | None = None
    seconds: float | None = None
    ended_at: datetime | None = None

    @property
    def broken(self) -> Taken | None:
        """The first step that broke."""
        return next((t for t in self.taken if t.came is Came.BROKEN), None)

    @property
    def unproven(self) -> Taken | None:
        return next((t for t in self.taken if t.came is Came.UNPROVEN), None)

    @property
    def passed(self) -> bool:
        """Whether every step was taken, and proven."""
        done = {t.part for t in self.taken if t.came is Came.DONE}
        return self.ended_at is not None and done == set(Part)

    @property
    def result(self) -> str:
        """`running`, `passed`, `broken` or `unproven`."""
        if self.broken:
            return "broken"
        if self.ended_at is None:
            return "running"
        return "passed" if self.passed else "unproven"

    @property
    def sentence(self) -> str:
        """What it came to; after `Next: ` the line that mends it."""
        if self.passed:
            how = "" if self.seconds is None else f"{self.seconds:.1f} s "
            return f"You are ready: {how}from alert to would-be report."
        halted = self.broken or (self.unproven if self.ended_at else None)
        if halted is not None:
            verb = "Broken at" if halted is self.broken else "Not proven:"
            words = f"{verb} {part_words(halted.part)}: {halted.words}."
            return f"{words} Next: {halted.mend}." if halted.mend else words
        last = f": {part_words(self.taken[-1].part)}" if self.taken else ""
        return f"The drill of {self.rule} is under way{last}."


class Drills(Protocol):
    """Where drills are kept. All raise `StorageUnavailable`."""

    def save(self, drill: Drill) -> None:
        """Keep it as it is now."""

    def find(self, drill: str) -> Drill | None: ...

    def last(self, rule: str | None = None) -> Drill | None:
        """The one that began last."""


class Drilling(Protocol):
    """Who runs drills."""

    def start(self, rule: str | None, by: str, listening: str) -> Drill:
        """Begin one, or the one that runs already. Raises `NoSuchRule`.

        `listening` is our own address, for want of a `server.public_url`.
        """


_PARTS = {
    Part.LINES: "log lines written",
    Part.DELIVERED: "alert delivered",
    Part.STORED: "alert stored",
    Part.MATCHED: "rule matched",
    Part.COUNTED: "error logs counted",
    Part.LINK: "link found",
    Part.REPORT: "would have reported",
}


def part_words(part: Part) -> str:
    """The step in a few words."""
    return _PARTS[part]


def settled(incident: Incident) -> bool:
    """Whether more waiting can tell more of the drill."""
    return incident.withheld_at is not None or incident.ended_at is not None


def followed(
    incident: Incident,
    rule: Rule,
    standing: Standing,
    *,
    written: bool,
    fixed_link: bool,
) -> tuple[Taken, ...]:
    """The last three steps, by the drill's incident; they end at the first broken."""
    return tuple(_followed(incident, rule, standing, written, fixed_link))


def _followed(
    incident: Incident, rule: Rule, standing: Standing, written: bool, fixed: bool
) -> Iterator[Taken]:
    counted = _counted(incident, written)
    yield counted
    if counted.came is Came.BROKEN:
        return
    if counted.came is Came.UNPROVEN:
        words = "it follows from the lines"
        for part in (Part.LINK, Part.REPORT):
            yield Taken(part=part, came=Came.UNPROVEN, words=words)
        return
    if not (fixed or incident.candidates):
        words = "the lines were counted, but no link was found in them"
        mend = (
            f"let a check of rule {rule.name} take lines that carry the factory's "
            "answer, and compare factory.url with the host in them"
        )
        yield Taken(part=Part.LINK, came=Came.BROKEN, words=words, mend=mend)
        return
    found = "the configured report address" if fixed else incident.candidates[0].name
    yield Taken(part=Part.LINK, came=Came.DONE, words=found)
    yield _report(incident, rule, standing)


def _counted(incident: Incident, written: bool) -> Taken:
    part, look = Part.COUNTED, incident.look
    if look is None:
        words, mend = "nobody looked at the logs in time", "see /-/healthy: the worker"
        return Taken(part=part, came=Came.BROKEN, words=words, mend=mend)
    reached = next((check for check in look.checks if check.reached), None)
    if reached is not None:
        return Taken(part=part, came=Came.DONE, words=reading_words(reached))
    words = "; ".join(reading_words(check) for check in look.checks)
    if any(check.unreadable for check in look.checks):
        mend = "mend `logs` in the configuration; `responder doctor` tells more"
        return Taken(part=part, came=Came.BROKEN, words=words, mend=mend)
    if not written:
        words = "the logs can be read, but no line was written that should be counted"
        mend = "mend the first step"
        return Taken(part=part, came=Came.UNPROVEN, words=words, mend=mend)
    mend = (
        "compare rules[].checks[].query with the labels of the lines in the log source"
        ", and threshold with what a fault writes within window"
    )
    return Taken(part=part, came=Came.BROKEN, words=words, mend=mend)


def _report(incident: Incident, rule: Rule, standing: Standing) -> Taken:
    part, broken = Part.REPORT, Came.BROKEN
    if incident.withheld_at is None:
        words, mend = "it was not decided in time", "see /-/healthy: the worker"
        return Taken(part=part, came=broken, words=words, mend=mend)
    if standing.pause is not None:
        words = f"{standing.pause.by} paused automatic reports"
        return Taken(part=part, came=broken, words=words, mend="`responder resume`")
    if standing.breaker_open:
        words = "all reports allowed within an hour are used"
        mend = "wait, or raise limits.max_reports_per_hour"
        return Taken(part=part, came=broken, words=words, mend=mend)
    words = f"at {clock(incident.withheld_at)} UTC"
    if rule.mode is Mode.SHADOW:
        words += "; the rule is in shadow: a real alert is not reported either"
    return Taken(part=part, came=Came.DONE, words=words)
