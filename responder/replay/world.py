"""The world of a cassette: as it was, and as it goes on where something else is done.

A fault lasts as it did then until a report ends it that nobody made then. One that
Responder ended then goes on, at its own pace, until it is reported.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from responder.cassette.schema import RESOLVED, By, Call, Cassette, Fault, Lines
from responder.cassette.times import MOST, Spread

HALF_HOUR = timedelta(minutes=30)
_NOTHING = "No chaos currently executing"
_WRONG = "Problem unresolved"
_SLOWEST = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A call that was made in the replay. `healed` names the fault it ended."""

    at: timedelta
    link: str
    answered: Call
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

    def reported(self, link: str, at: timedelta) -> Call:
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

    def _ours(self) -> list[Call]:
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

    def _answer(self, link: str, at: timedelta, fault: Fault | None) -> Call:
        if fault is not None:
            return Call(at=at, link=link, status=200, message=RESOLVED)
        failing = [f for f in self.cassette.faults if f.link and self._lasts(f, at)]
        if failing:
            return Call(at=at, link=link, status=400, message=_WRONG)
        return Call(at=at, link=link, status=200, message=_NOTHING)

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


def _resolves(call: Call) -> bool:
    return call.status == 200 and call.message.startswith(("Problem res", "Chaos res"))
