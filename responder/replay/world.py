"""The logs and the factory of a cassette, on a virtual clock."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256

from responder.factory import decipher
from responder.incident.evidence import (
    Counted,
    Evidence,
    LogLine,
    Question,
    ReportLink,
    Unreadable,
    to_ns,
)
from responder.incident.names import Outcome, UnreadableReason
from responder.incident.ports import Answer
from responder.logs.lines import LineReader
from responder.logs.query import BadQuery, LogQuery, parse_logql
from responder.replay.cassette import (
    MOST,
    PLACE,
    RESOLVED,
    By,
    Cassette,
    Fault,
    Lines,
    RecordedCall,
    Spread,
)

HALF_HOUR = timedelta(minutes=30)
_NOTHING = "No chaos currently executing"
_WRONG = "Problem unresolved"
_SLOWEST = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A call that was made in the replay. `healed` names the fault it ended."""

    at: timedelta
    link: str
    answered: RecordedCall
    healed: str = ""


@dataclass
class World:
    """What is true at a time. `reported` changes it; reading it does not."""

    cassette: Cassette
    made: list[Made] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._healed: dict[str, timedelta] = {}
        self._end = length_of(self.cassette)

    @property
    def end(self) -> timedelta:
        """How long the world goes on."""
        return self._end

    def at(self, offset: timedelta) -> datetime:
        return self.cassette.start + offset

    def over(self, fault: Fault) -> timedelta | None:
        """When the fault ends, as far as is known; None while it goes on."""
        then = None if self._by_us(fault) else fault.until
        healed = self._healed.get(fault.name)
        known = [at for at in (then, healed) if at is not None]
        return min(known, default=None)

    def times(self, entry: Lines, now: timedelta) -> Iterator[timedelta]:
        """When these lines were written, as far as can be read at `now`."""
        latest = now - entry.late
        for at in self._written(entry, min(latest, self._end)):
            if at <= latest:
                yield at

    def reported(self, link: str, at: timedelta) -> RecordedCall:
        """A report is made: the recorded answer, else the model's. Faults may end."""
        before = sum(1 for call in self.made if call.link == link)
        then = [c for c in self._ours() if c.link == link]
        fault = self._active(link, at)
        recorded = then[before] if before < len(then) else None
        answer = recorded or self._answer(link, at, fault)
        ends = fault is not None and fault.heals and _resolves(answer)
        done = at + answer.takes
        if ends and fault is not None:
            self._healed.setdefault(fault.name, done)
        healed = fault.name if ends and fault else ""
        self.made.append(Made(at=at, link=link, answered=answer, healed=healed))
        return answer

    def probed(self, at: timedelta) -> str:
        """Why the factory does not answer: as it was at the nearest recorded time."""
        nearest = min(
            self.cassette.probes, key=lambda probe: abs(probe.at - at), default=None
        )
        return nearest.why if nearest else ""

    def differs(self) -> list[str]:
        """What is done now that was not done then, and the other way round."""
        then, now = self._ours(), self.made
        told = [self._new(call) for call in now[len(then) :]]
        for was, made in zip(then, now, strict=False):
            if was.link != made.link:
                told.append(
                    f"at {clock(self.at(made.at))} link {made.link} is called; then "
                    f"it was link {was.link}"
                )
            elif abs(was.at - made.at) > timedelta(seconds=2):
                told.append(
                    f"link {made.link} is called at {clock(self.at(made.at))}; then "
                    f"Responder called it at {clock(self.at(was.at))}"
                )
        for was in then[len(now) :]:
            told.append(
                f"link {was.link} is not called; then Responder called it at "
                f"{clock(self.at(was.at))}, and the fault goes on in the model"
            )
        return told

    def _new(self, made: Made) -> str:
        words = (
            f"link {made.link} is called at {clock(self.at(made.at))}, which "
            "Responder did not do then"
        )
        people = [c for c in self.cassette.calls if c.by is By.PERSON]
        same = [c for c in people if c.link == made.link] or people
        if same:
            words += f" (a person called at {clock(self.at(same[0].at))})"
        if made.healed:
            return f"{words}; from there on the fault model ends {made.healed}"
        return f"{words}; the answer is the fault model's"

    def _ours(self) -> list[RecordedCall]:
        return [c for c in self.cassette.calls if c.by is By.RESPONDER]

    def _by_us(self, fault: Fault) -> bool:
        """Whether it was Responder's report that ended it then."""
        return any(call.link == fault.link and _resolves(call) for call in self._ours())

    def _lasts(self, fault: Fault, at: timedelta) -> bool:
        over = self.over(fault)
        return fault.since <= at and (over is None or at < over)

    def _active(self, link: str, at: timedelta) -> Fault | None:
        found = (f for f in self.cassette.faults if self._lasts(f, at))
        return next((f for f in found if f.link == link), None)

    def _answer(self, link: str, at: timedelta, fault: Fault | None) -> RecordedCall:
        if fault is not None:
            return RecordedCall(at=at, link=link, status=200, message=RESOLVED)
        failing = [f for f in self.cassette.faults if f.link and self._lasts(f, at)]
        if failing:
            return RecordedCall(at=at, link=link, status=400, message=_WRONG)
        return RecordedCall(at=at, link=link, status=200, message=_NOTHING)

    def _written(self, entry: Lines, latest: timedelta) -> list[timedelta]:
        then = sorted(_offsets(entry, self._end))
        fault = self._fault(entry.during)
        if fault is not None:
            return [at for at in self._during(fault, entry, then) if at <= latest]
        cause = self._fault(entry.after)
        if cause is None:
            return then
        over = self.over(cause)
        if over is None:
            return []
        shift = over - (cause.until if cause.until is not None else over)
        return [at + shift for at in then if at + shift >= over]

    def _during(
        self, fault: Fault, entry: Lines, then: list[timedelta]
    ) -> list[timedelta]:
        """Lines until the fault is over; past its end then, at the pace it had."""
        over = self.over(fault)
        until = self._end if over is None else over + fault.drains
        found = [at for at in then if at <= until]
        if fault.name in self._healed and over == self._healed[fault.name]:
            return found
        ended = fault.until
        if ended is not None and self._by_us(fault) and then:
            found += _on(then, ended, until)
        return found

    def _fault(self, name: str | None) -> Fault | None:
        return next((f for f in self.cassette.faults if f.name == name), None)


def length_of(cassette: Cassette) -> timedelta:
    """How long the world goes on: as said, or half an hour after its last thing."""
    if cassette.length is not None:
        return cassette.length
    last = [timedelta()]
    last += [delivery.at for delivery in cassette.deliveries]
    last += [call.at for call in cassette.calls]
    last += [fault.until or fault.since for fault in cassette.faults]
    last += [blind.to for blind in cassette.unreadable]
    for entry in cassette.lines:
        for item in entry.at:
            if isinstance(item, Spread):
                last.append(item.to if item.to is not None else item.since)
            else:
                last.append(item)
    return max(last) + HALF_HOUR


def clock(at: datetime) -> str:
    """The time of day, to the second."""
    return at.strftime("%H:%M:%S")


def _offsets(entry: Lines, end: timedelta) -> Iterator[timedelta]:
    for item in entry.at:
        if isinstance(item, Spread):
            yield from item.times(end)
        else:
            yield item


def _on(then: list[timedelta], ended: timedelta, until: timedelta) -> list[timedelta]:
    """The same pace, past the end that the fault had.

    A burst at its beginning is no pace: its lines are spread over the whole fault.
    """
    pace = _SLOWEST
    if len(then) > 1:
        steady, spread = then[-1] - then[0], (ended - then[0]) / len(then)
        pace = max(steady / (len(then) - 1), spread, timedelta(milliseconds=50))
    many = max(int((until - then[-1]) / pace), 0)
    later = (then[-1] + pace * n for n in range(1, min(many, MOST) + 1))
    return [at for at in later if at > ended]


def _resolves(call: RecordedCall) -> bool:
    return call.status == 200 and call.message.startswith(("Problem res", "Chaos res"))


# A virtual clock: hours pass in as long as the work takes.

_STEP = timedelta(seconds=1)


class VirtualClock:
    """The port `Clock`, moved by the replay.

    `passing` is called after each second of a wait and at its end: leases are renewed
    and webhooks come while a call is under way, as they do in a service.
    """

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._now = start
        self.passing: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    def move(self, to: datetime) -> None:
        """It is this late now; time never goes back."""
        self._now = max(self._now, to)

    def wait(self, span: timedelta) -> None:
        """Something takes this long, and meanwhile the world goes on."""
        ends = self._now + span
        while self._now < ends:
            self._now = min(self._now + _STEP, ends)
            self.passing()


# The log source and the factory of a cassette: the world, through real readers.

LIMIT = 1000
"""Lines of one answer, as a log source gives them."""


def code_of(link: str) -> str:
    """The invented code of a link's name: eight characters, as the factory's are."""
    number = int.from_bytes(sha256(link.encode()).digest()[:6], "big")
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    return "".join(digits[number // 36**n % 36] for n in range(8))


class RecordedLogs:
    """`LogSource` over a world; it opens nothing.

    `host` is the factory's and `token` what its links carry here, so that the real
    reader of lines judges them.
    """

    def __init__(
        self,
        world: World,
        clock: VirtualClock,
        reader: LineReader,
        host: str,
        token: str,
    ) -> None:
        self._world = world
        self._clock = clock
        self._reader = reader
        self._host = host
        self._token = token
        self._read: dict[int, LogLine] = {}
        self.unknown: set[str] = set()
        """Checks that the cassette cannot answer: it recorded other queries."""

    def read(self, questions: Sequence[Question]) -> tuple[Evidence, ...]:
        return tuple(self._answer(question) for question in questions)

    def _answer(self, question: Question) -> Evidence:
        now = self._clock.now() - self._world.cassette.start
        for blind in self._world.cassette.unreadable:
            if blind.since <= now < blind.to:
                return _unreadable(question, blind.reason, "as the cassette has it")
        found: list[LogLine] = []
        for number, entry in enumerate(self._world.cassette.lines):
            told = self._matches(entry, question)
            if told is None:
                self.unknown.add(question.name)
                why = "the cassette holds what another query counted"
                return _unreadable(question, UnreadableReason.BAD_QUERY, why)
            if told:
                found += self._lines(number, entry, question, now)
        found.sort(key=lambda line: line.at_ns, reverse=True)
        exact = len(found) if question.count_beyond > LIMIT else None
        return Counted(
            name=question.name,
            lines=tuple(found[:LIMIT]),
            since=question.since,
            until=question.until,
            at_least=len(found) >= LIMIT,
            total=exact,
            linked=_linked(found) if question.links else (),
        )

    def _lines(
        self, number: int, entry: Lines, question: Question, now: timedelta
    ) -> Iterator[LogLine]:
        read = self._read.get(number)
        if read is None:
            read = self._read[number] = self._reader.read(0, self._text(entry))
        for offset in self._world.times(entry, now):
            at = self._world.at(offset)
            if question.since <= at < question.until:
                yield replace(read, at_ns=to_ns(at))

    def _text(self, entry: Lines) -> str:
        if entry.text is not None:
            return PLACE.sub(lambda found: self._url(found[1], found[2]), entry.text)
        # The same for every check: a line that two of them counted is one line.
        link = {"reportUrl": self._url(entry.link, None)} if entry.link else {}
        return json.dumps({"resBody": json.dumps(link)})

    def _url(self, name: str, host: str | None) -> str:
        path = f"/api/support/{self._token}/report/{code_of(name)}"
        return f"https://{host or self._host}{path}"

    def _matches(self, entry: Lines, question: Question) -> bool | None:
        """Whether the query counts these lines; None if that cannot be known."""
        if entry.text is None:
            return self._counted(entry, question)
        if entry.check == question.name and self._same(question):
            return True
        try:
            query = parse_logql(question.query)
        except BadQuery:
            return None
        if not query.matches_labels(entry.labels):
            return False
        if not query.matches_line(self._text(entry)):
            return False
        return None if query.rest else True

    def _counted(self, entry: Lines, question: Question) -> bool | None:
        if self._same(question):
            return entry.check == question.name
        then = self._world.cassette.queries.get(entry.check or "")
        if then is None or entry.check != question.name:
            return then is not None and then.strip() == question.query.strip()
        return False if _apart(then, question.query) else None

    def _same(self, question: Question) -> bool:
        then = self._world.cassette.queries.get(question.name)
        return then is not None and then.strip() == question.query.strip()


def _linked(found: Sequence[LogLine]) -> tuple[LogLine, ...]:
    """Lines with a link beyond the limit, where none within it has one."""
    if any(line.links for line in found[:LIMIT]):
        return ()
    return tuple(line for line in found[LIMIT:] if line.links)[:LIMIT]


def _apart(one: str, other: str) -> bool:
    """Whether two queries can have no line in common."""
    try:
        queries: list[LogQuery] = [parse_logql(one), parse_logql(other)]
    except BadQuery:
        return False
    wanted = [
        {m.label: m.value for m in query.matchers if m.op == "="} for query in queries
    ]
    return any(wanted[1].get(name, value) != value for name, value in wanted[0].items())


def _unreadable(question: Question, why: UnreadableReason, said: str) -> Unreadable:
    return Unreadable(name=question.name, reason=why, detail=said)


class RecordedFactory:
    """`Factory` over a world: the answers of then, else the model's, deciphered."""

    def __init__(
        self,
        world: World,
        clock: VirtualClock,
        name: str,
        timeout: timedelta,
        name_of: Callable[[ReportLink], str],
    ) -> None:
        self.name = name
        self._world = world
        self._clock = clock
        self._timeout = timeout
        self._name_of = name_of

    def report(self, link: ReportLink, late: float = 0.0, first: str = "") -> Answer:
        at = self._clock.now() - self._world.cassette.start
        call = self._world.reported(self._name_of(link), at)
        takes = min(call.takes, self._timeout)
        self._clock.wait(takes)
        outcome, said = Outcome.UNKNOWN, "The report was sent; no complete answer came"
        status = None
        if call.trouble == "unreachable":
            outcome, said = Outcome.UNREACHABLE, "The factory cannot be reached"
        elif call.trouble is None and call.status and call.takes <= self._timeout:
            status = call.status
            body = json.dumps({"message": call.message}).encode()
            outcome, said = decipher(status, body)
        return Answer(
            outcome=outcome,
            method="GET",
            status=status,
            message=said,
            seconds=takes.total_seconds(),
        )

    def probe(self) -> str:
        return self._world.probed(self._clock.now() - self._world.cassette.start)
