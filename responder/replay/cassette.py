"""The cassette file, version 1: what it may hold, read and written without secrets."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from string import ascii_lowercase
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)

from responder.config.settings import duration, said
from responder.incident.names import (
    Mode,
    Proof,
    Reason,
    Sender,
    State,
    UnreadableReason,
)
from responder.masking import Masker

# Times in a cassette: offsets from its start, one by one or as an even spread.

MOST = 20_000
"""Lines of one entry."""

Offset = Annotated[
    timedelta, BeforeValidator(duration), PlainSerializer(said, return_type=str)
]
"""`2m30s`: this long after the cassette's start, to the millisecond."""


class CassettePart(BaseModel):
    """A mapping of a cassette: unknown keys are refused, inputs never repeated."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )


class Spread(CassettePart):
    """Times at even distances: `count` of them, or one `every` so often.

    The first is at `from`, the last of a `count` at `to`. With `every` and without
    `to` it goes on as long as the world does.
    """

    since: Offset = Field(
        default=timedelta(), validation_alias="from", serialization_alias="from"
    )
    to: Offset | None = None
    count: Annotated[int, Field(ge=1, le=MOST)] | None = None
    every: Offset | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.count is None) == (self.every is None):
            raise ValueError("give either count (with to) or every")
        if self.count is not None and self.to is None:
            raise ValueError("count needs to, the time of the last")
        if self.to is not None and self.to < self.since:
            raise ValueError("to is before from")
        if self.every is not None and self.every < timedelta(milliseconds=10):
            raise ValueError("every is less than 10ms")
        return self

    def times(self, end: timedelta) -> list[timedelta]:
        """The offsets, none later than `end`."""
        if self.count is not None and self.to is not None:
            gaps = max(self.count - 1, 1)
            found = [
                self.since + (self.to - self.since) * n / gaps
                for n in range(self.count)
            ]
            return [at for at in found if at <= end]
        assert self.every is not None
        last = min(end, self.to) if self.to is not None else end
        many = max((last - self.since) // self.every + 1, 0)
        return [self.since + self.every * n for n in range(min(many, MOST))]


Times = Annotated[list[Offset | Spread], Field(min_length=1, max_length=MOST)]


# Keep credentials out of a cassette, before anything is kept.
#
# A report link in a text is masked, and its token and code wherever they stand again.

PLACE = re.compile(r"\{link:([a-z][a-z0-9-]{0,30})(?:@([A-Za-z0-9.-]+))?\}")
"""Where a link stands in a line's text: its name, and a host that is not ours."""
_LINK = re.compile(
    r"(?:https?://(?P<host>[^/\s\"'\\<>]*))?/api/support/(?P<token>[^/\s\"'\\]+)"
    r"/report/(?P<code>[^\s\"'\\<>&?/]+)",
    re.IGNORECASE,
)
_OLD_LINK = re.compile(
    r"https?://[^\s\"'\\<>?]*\?[^\s\"'\\<>]*(?:apiKey|fixCode)=[^\s\"'\\<>]*",
    re.IGNORECASE,
)
_PATH = re.compile(r"/api/support/[^/\s\"'\\*]|(?:apiKey|fixCode)=[^&\s\"'\\*]", re.I)


class Hider:
    """Takes links out of texts.

    Every text must be seen (`see`) before the first is hidden: a token may stand
    alone in a line before the line whose link gives it away. `mask` hides what is
    configured to be secret.
    """

    def __init__(self, mask: Callable[[str], str] = lambda text: text) -> None:
        self._parts: set[str] = set()
        self._secrets = mask
        self._masker: Masker | None = None

    def see(self, text: str) -> None:
        """Learn the links of a text."""
        for found in _LINK.finditer(text):
            self._parts |= {found["token"], found["code"]}
        self._masker = None

    def see_all(self, value: object) -> None:
        """Learn the links of every text in a JSON value."""
        if isinstance(value, str):
            self.see(value)
        elif isinstance(value, Mapping):
            for key, inner in value.items():
                self.see(str(key))
                self.see_all(inner)
        elif isinstance(value, list | tuple):
            for inner in value:
                self.see_all(inner)

    def text(self, text: str) -> str:
        """The text with its links masked."""
        mask = self._mask()
        return mask(_plain(_LINK.sub("***", text)))

    def all(self, value: object) -> object:
        """The same JSON value with every text in it masked."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(k)): self.all(inner) for k, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.all(inner) for inner in value]
        return value

    def _mask(self) -> Callable[[str], str]:
        masker = self._masker = self._masker or Masker(self._parts)
        return lambda text: self._secrets(masker(text))


def name_of(number: int) -> str:
    """`a`, `b`, ... `z`, then `a1`: names for links in the order they are met."""
    more, letter = divmod(number, len(ascii_lowercase))
    return ascii_lowercase[letter] + (str(more) if more else "")


def tells(text: str) -> bool:
    """Whether a text holds a report path: no cassette may."""
    return bool(_PATH.search(text))


def _plain(text: str) -> str:
    return PLACE.sub("***", _OLD_LINK.sub("***", text))


RESOLVED = "Problem resolved. Pizza is back on the menu!"
_NAME = r"[a-z0-9][a-z0-9_.-]{0,80}"


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("write the time with its zone, as 2025-04-07T18:44:00Z")
    return at.astimezone(UTC)


LinkName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Moment = Annotated[datetime, AfterValidator(_aware)]


class RecordedDelivery(CassettePart):
    """One webhook: when it came, whose form it has, and its masked body."""

    at: Offset
    sender: Sender
    body: dict[str, Any]


class Lines(CassettePart):
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


class Fault(CassettePart):
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


class RecordedCall(CassettePart):
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


class UnreadableSpan(CassettePart):
    """A time in which the logs could not be read."""

    since: Offset = Field(validation_alias="from", serialization_alias="from")
    to: Offset
    reason: UnreadableReason = UnreadableReason.UNREACHABLE


class RecordedProbe(CassettePart):
    """Whether the factory answered when it was asked: `why` not, "" if it did."""

    at: Offset
    why: Annotated[str, Field(max_length=300)] = ""


class Expect(CassettePart):
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


class Cassette(CassettePart):
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
    deliveries: tuple[RecordedDelivery, ...] = ()
    faults: tuple[Fault, ...] = ()
    lines: tuple[Lines, ...] = ()
    calls: tuple[RecordedCall, ...] = ()
    unreadable: tuple[UnreadableSpan, ...] = ()
    probes: tuple[RecordedProbe, ...] = ()
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


# Cassettes as YAML text, in and out.

VERSION = 1
MAX_BYTES = 16 * 1024 * 1024


class BadCassette(ValueError):
    """A file that is no cassette: what is wrong, without a value of it."""


def is_cassette(text: str) -> bool:
    """Whether a file means to be a cassette, rather than a webhook body."""
    return re.search(r"^cassette\s*:", text, re.MULTILINE) is not None


def load(text: str) -> Cassette:
    """The cassette in a YAML text. Raises `BadCassette`, which repeats no value."""
    if len(text) > MAX_BYTES:
        raise BadCassette("the document is larger than 16 MiB")
    try:
        found = yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise BadCassette(f"the document is no YAML{where}") from None
    if not isinstance(found, dict):
        raise BadCassette("the document is no mapping; begin with cassette: 1")
    if found.get("cassette") != VERSION:
        raise BadCassette(f"cassette: this version reads cassette: {VERSION} only")
    try:
        return Cassette.model_validate(found)
    except ValidationError as error:
        raise BadCassette("; ".join(_said(e) for e in error.errors()[:8])) from None


def _said(error: Any) -> str:
    path = ""
    for part in error["loc"]:
        if isinstance(part, int):
            path += f"[{part}]"
        elif re.fullmatch(r"[a-z_]{1,30}", part):
            path += f".{part}" if path else part
    return f"{path or 'cassette'}: {error['msg'].removeprefix('Value error, ')}"


class _Loader(yaml.SafeLoader):
    """Times stay texts: a body's `startsAt` must reach the sender as it was sent.

    No aliases either: they could make a small file huge.
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not used in cassettes")
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Row(list[Any]):
    """A list that is written in one line."""


# PyYAML writes these line breaks as they are and reads them as another or none.
_BREAKS = re.compile("[\x85\u2028\u2029]")


class _Dumper(yaml.SafeDumper):
    """Writes times in rows, rare line breaks escaped, and no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(
    _Row,
    lambda dumper, row: dumper.represent_sequence(
        "tag:yaml.org,2002:seq", row, flow_style=True
    ),
)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if _BREAKS.search(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def dump(cassette: Cassette) -> str:
    """The YAML text that `load` reads as the same cassette."""
    found = cassette.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    found = {"cassette": VERSION, "name": cassette.name, **found}
    for entry in found.get("lines", ()):
        entry["at"] = _Row(entry["at"])
    return yaml.dump(
        found, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
    )
