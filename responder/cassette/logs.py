"""The log source and the factory of a cassette: the world, through real readers."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

from responder.cassette.clock import VirtualClock
from responder.cassette.masked import PLACE
from responder.cassette.schema import Lines
from responder.cassette.world import World
from responder.evidence.lines import LineReader
from responder.evidence.selector import BadQuery, LogQuery, parse
from responder.factory import decipher
from responder.incident.evidence import (
    Counted,
    Evidence,
    LogLine,
    Question,
    Unreadable,
    to_ns,
)
from responder.incident.link import ReportLink
from responder.incident.names import Outcome, UnreadableReason
from responder.incident.ports import Answer

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
            query = parse(question.query)
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
        queries: list[LogQuery] = [parse(one), parse(other)]
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
