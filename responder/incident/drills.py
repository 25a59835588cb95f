"""The steps of a drill, the result of each, and the port that stores it.

Pure. What a step means is read off the drill's own incident (`followed`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from responder.incident.actions import Standing
from responder.incident.incident import Incident
from responder.incident.names import Mode
from responder.incident.phrases import clock
from responder.incident.rule import Rule
from responder.incident.words import reading_words


class DrillStep(StrEnum):
    """The steps from an alert to a report, in their order."""

    DELIVERED = "delivered"
    STORED = "stored"
    MATCHED = "matched"
    COUNTED = "counted"
    LINK = "link_found"
    """Taken only while the real logs hold a fault: without one there is no link."""
    REPORT = "would_report"


class Came(StrEnum):
    """What a step came to."""

    DONE = "done"
    BROKEN = "broken"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One step. `mend` is the line that fixes it, "" where nothing has to be."""

    part: DrillStep
    came: Came
    words: str
    mend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """One drill. `seconds` is the time from the alert to the decision."""

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
        proven = all(t.came is Came.DONE for t in self.taken)
        return self.ended_at is not None and proven and done >= _NEEDED

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
        """What it came to; after `Next: ` the line that fixes it."""
        if self.passed:
            how = "" if self.seconds is None else f"{self.seconds:.1f} s "
            if any(t.part is DrillStep.LINK for t in self.taken):
                return f"You are ready: {how}from alert to would-be report."
            return f"You are ready: {how}from alert to decision. {_QUIET}."
        halted = self.broken or (self.unproven if self.ended_at else None)
        if halted is not None:
            verb = "Broken at" if halted is self.broken else "Not proven:"
            words = f"{verb} {part_words(halted.part)}: {halted.words}."
            return f"{words} Next: {halted.mend}." if halted.mend else words
        last = f": {part_words(self.taken[-1].part)}" if self.taken else ""
        return f"The drill of {self.rule} is under way{last}."


_NEEDED = set(DrillStep) - {DrillStep.LINK}
_QUIET = "The real logs hold no fault now, so nothing would be reported"


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
    DrillStep.DELIVERED: "alert delivered",
    DrillStep.STORED: "alert stored",
    DrillStep.MATCHED: "rule matched",
    DrillStep.COUNTED: "error logs counted",
    DrillStep.LINK: "link found",
    DrillStep.REPORT: "report not held back",
}


def part_words(part: DrillStep) -> str:
    """The step in a few words."""
    return _PARTS[part]


def settled(incident: Incident) -> bool:
    """Whether more waiting can tell more of the drill."""
    decided = incident.withheld_at is not None or incident.ended_at is not None
    return decided or _quiet(incident)


def _quiet(incident: Incident) -> bool:
    """Whether the real logs were read, and hold no fault."""
    checks = incident.look.checks if incident.look else ()
    return bool(checks) and not any(c.reached or c.unreadable for c in checks)


def followed(
    incident: Incident, rule: Rule, standing: Standing, *, fixed_link: bool
) -> tuple[Taken, ...]:
    """The last steps, by the drill's incident; they end at the first broken."""
    return tuple(_followed(incident, rule, standing, fixed_link))


def _followed(
    incident: Incident, rule: Rule, standing: Standing, fixed: bool
) -> Iterator[Taken]:
    counted = _counted(incident)
    yield counted
    if counted.came is Came.BROKEN:
        return
    if not _quiet(incident):
        link = _link(incident, rule, fixed)
        yield link
        if link.came is Came.BROKEN:
            return
    yield _report(incident, rule, standing)


def _link(incident: Incident, rule: Rule, fixed: bool) -> Taken:
    if fixed or incident.candidates:
        address = "the configured report address"
        found = address if fixed else incident.candidates[0].name
        return Taken(part=DrillStep.LINK, came=Came.DONE, words=found)
    words = "the lines were counted, but no link was found in them"
    mend = (
        f"let a check of rule {rule.name} take lines that carry the factory's "
        "answer, and compare factory.url with the host in them"
    )
    return Taken(part=DrillStep.LINK, came=Came.BROKEN, words=words, mend=mend)


def _counted(incident: Incident) -> Taken:
    part, look = DrillStep.COUNTED, incident.look
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
    return Taken(part=part, came=Came.DONE, words=words)


def _report(incident: Incident, rule: Rule, standing: Standing) -> Taken:
    part, broken = DrillStep.REPORT, Came.BROKEN
    decided, quiet = incident.withheld_at, _quiet(incident)
    if decided is None and not quiet:
        words, mend = "it was not decided in time", "see /-/healthy: the worker"
        return Taken(part=part, came=broken, words=words, mend=mend)
    if standing.pause is not None:
        words = f"{standing.pause.by} paused automatic reports"
        return Taken(part=part, came=broken, words=words, mend="`responder resume`")
    if standing.breaker_open:
        words = "all reports allowed within an hour are used"
        mend = "wait, or raise limits.max_reports_per_hour"
        return Taken(part=part, came=broken, words=words, mend=mend)
    words = f"at {clock(decided)} UTC" if decided else "nothing would hold a report"
    if rule.mode is Mode.SHADOW:
        words += "; the rule is in shadow: a real alert is not reported either"
    return Taken(part=part, came=Came.DONE, words=words)
