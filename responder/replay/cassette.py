"""The file: what a cassette may hold, version 1.

Everything is an offset from `start`, so that files can be compared line by line.
There is no place for a token or a code: links have names, and a text that holds a
report path is refused when a cassette is read and when it is written.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from responder.cassette.masked import PLACE, tells
from responder.cassette.times import Offset, Part, Times
from responder.incident.names import (
    Mode,
    Proof,
    Reason,
    Sender,
    State,
    UnreadableReason,
)

RESOLVED = "Problem resolved. Pizza is back on the menu!"
_NAME = r"[a-z0-9][a-z0-9_.-]{0,80}"


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("write the time with its zone, as 2025-04-07T18:44:00Z")
    return at.astimezone(UTC)


LinkName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Moment = Annotated[datetime, AfterValidator(_aware)]


class Delivery(Part):
    """One webhook: when it came, whose form it has, and its masked body."""

    at: Offset
    sender: Sender
    body: dict[str, Any]


class Lines(Part):
    """Log lines that differ only in their time.

    With `text` the configured queries are asked of it (`labels`, line filters); with
    `check` alone the lines are those that this check counted then. `{link:a}` in the
    text is a link to the factory; `link` says it of lines without text. `during` a
    fault they come as long as it lasts, `after` it once it is over. `late` is how
    long after its time a line could be read.
    """

    at: Times
    labels: dict[str, str] = Field(default_factory=dict)
    text: Annotated[str, Field(max_length=262_144)] | None = None
    check: str | None = None
    link: LinkName | None = None
    during: str | None = None
    after: str | None = None
    late: Offset = timedelta()

    @model_validator(mode="after")
    def _known_by_something(self) -> Self:
        if self.text is None and self.check is None:
            raise ValueError("give text (with labels), or the check that counted them")
        if self.text is not None and not self.labels:
            raise ValueError("a text needs labels, such as {component: ...}")
        if self.during and self.after:
            raise ValueError("lines come during a fault or after one, not both")
        return self


class Kind(StrEnum):
    """What the factory does wrong."""

    FAIL = "fail"
    SLOW = "slow"
    BAD_JWT = "badjwt"
    OTHER = "other"


class Fault(Part):
    """A fault of the factory, as long as it lasted then.

    `until` is when it ended then; without, it outlasted the recording. `link` is the
    code that ends it. With `heals: false` the factory takes the report and goes on
    failing. Orders in flight when it ends log for `drains` more.
    """

    name: Annotated[str, Field(pattern=f"^{_NAME}$")]
    kind: Kind = Kind.FAIL
    since: Offset = Field(
        default=timedelta(), validation_alias="from", serialization_alias="from"
    )
    until: Offset | None = None
    link: LinkName | None = None
    heals: bool = True
    drains: Offset = timedelta()


class By(StrEnum):
    """Who called the factory then."""

    RESPONDER = "responder"
    PERSON = "person"


class Call(Part):
    """A report to the factory as it was made then, and what became of it.

    `status` and `message` are its answer; `trouble` says that there was none.
    """

    at: Offset
    link: LinkName
    by: By = By.RESPONDER
    status: Annotated[int, Field(ge=100, le=599)] | None = 200
    message: Annotated[str, Field(max_length=300)] = RESOLVED
    trouble: Literal["unreachable", "unknown"] | None = None
    takes: Offset = timedelta(milliseconds=200)


class Blind(Part):
    """A time in which the logs could not be read."""

    since: Offset = Field(validation_alias="from", serialization_alias="from")
    to: Offset
    reason: UnreadableReason = UnreadableReason.UNREACHABLE


class Probe(Part):
    """Whether the factory answered when it was asked: `why` not, "" if it did."""

    at: Offset
    why: Annotated[str, Field(max_length=300)] = ""


class Expect(Part):
    """What must come of it. What is not given is not judged.

    `calls` are the links called, in order; `ends` the last states of the incidents in
    order of their opening; `passes` states that one of them goes through and `never`
    states that none does; `within` is from the first webhook to the first call.
    """

    incidents: Annotated[int, Field(ge=0)] | None = None
    calls: list[LinkName] | None = None
    reported: bool | None = None
    ends: list[State] | None = None
    passes: list[State] | None = None
    never: list[State] | None = None
    reasons: list[Reason] | None = None
    proof: Proof | None = None
    within: Offset | None = None


class Cassette(Part):
    """One incident, or what looked like one."""

    cassette: Literal[1]
    name: Annotated[str, Field(pattern=f"^{_NAME}$")]
    about: str = ""
    precision: str = ""
    """How exactly the times are known, where that is not to the millisecond."""
    start: Moment
    length: Offset | None = None
    """How long the world goes on; else half an hour after the last thing in it."""
    mode: Mode | None = None
    """The mode of the rule when this was recorded."""
    queries: dict[str, str] = Field(default_factory=dict)
    """What each check asked then, for lines without text."""
    deliveries: tuple[Delivery, ...] = ()
    faults: tuple[Fault, ...] = ()
    lines: tuple[Lines, ...] = ()
    calls: tuple[Call, ...] = ()
    unreadable: tuple[Blind, ...] = ()
    probes: tuple[Probe, ...] = ()
    """What the factory said to be asked; without one, it answers."""
    expect: Expect = Expect()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        faults = [fault.name for fault in self.faults]
        if len(set(faults)) != len(faults):
            raise ValueError("two faults have the same name")
        for number, entry in enumerate(self.lines):
            named = entry.during or entry.after
            if named and named not in faults:
                raise ValueError(f"lines[{number}]: there is no fault {named!r}")
        for text in _texts(self.model_dump(mode="json")):
            if tells(text):
                raise ValueError(
                    "a text holds a report path: write {link:a} where the link was"
                )
        return self

    def links(self) -> set[str]:
        """The names of all links in it."""
        named = {entry.link for entry in self.lines if entry.link}
        named |= {fault.link for fault in self.faults if fault.link}
        named |= {call.link for call in self.calls}
        texts = (entry.text for entry in self.lines if entry.text)
        return named | {found[1] for text in texts for found in PLACE.finditer(text)}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
