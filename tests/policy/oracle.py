"""Random moments of incidents, decided by the old policy and by `policy.py`.

Each begins as a timeline that a cassette replays to (or a built one), is cut anywhere
and disturbed. `python -m tests.policy.oracle COUNT SEED FILE` writes how often each
guard spoke.
"""

# mypy: ignore-errors
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache, wraps
from pathlib import Path
from typing import Any

from responder.incident import facts, policy
from responder.incident.alert import PersonAction
from responder.incident.events import (
    AlertFired,
    AlertResolved,
    Candidate,
    CheckReading,
    Decided,
    Event,
    FactoryProbed,
    Finished,
    FirstErrorFound,
    Looked,
    Opened,
    Paused,
    PersonActed,
    ReportAnswered,
    ReportIntended,
    ReportPlanned,
    ReportRequested,
    ReportShared,
    ReportWithheld,
    Resumed,
    Vetoed,
)
from responder.incident.incident import Incident, fold
from responder.incident.names import (
    Decision,
    Mode,
    Outcome,
    Reason,
    Sender,
    State,
    UnreadableReason,
)
from responder.incident.pause import Pause
from responder.incident.playbook import next_step
from responder.incident.policy import Plan
from responder.incident.rule import Rule
from responder.incident.service import Brakes, LinkRecord
from responder.incident.steps import (
    Finish,
    Gather,
    Lost,
    Note,
    Probe,
    Relapse,
    Rest,
    Send,
    Share,
    Step,
    TraceBack,
    Wait,
    Watch,
    Withhold,
)
from responder.worker.record import chosen, finished, lost, waited, without_call
from tests.cassettes import SHIPPED, replayed
from tests.policy import timelines

OTHERS = ("a" * 64, "b" * 64, "c" * 64)
MOMENTS = 12
"""Moments for each disturbed timeline: other times, settings and service states."""


def translated(step: Step, incident: Incident, now: datetime) -> Plan:
    """The old policy's step as the plan that it came to."""
    match step:
        case Gather():
            return Plan(do=policy.Evaluate())
        case TraceBack():
            return Plan(do=policy.TraceFirstError())
        case Probe():
            return Plan(do=policy.ProbeFactory())
        case Relapse():
            return Plan(do=policy.OpenRelapse())
        case Note():
            return Plan(write=(step.event,))
        case Lost():
            assert incident.outstanding
            return Plan(write=(lost(incident.outstanding, now),))
        case Share() | Withhold():
            return Plan(write=without_call(step, now))
        case Finish():
            return Plan(write=(finished(step, now),))
        case Send():
            intent = ReportIntended(
                at=now,
                link=step.name,
                digest=step.digest,
                reason=step.reason,
                by=step.by,
            )
            call = policy.CallFactory(digest=step.digest, method=step.method)
            return Plan(write=(chosen(step, now), intent), do=call)
        case Watch():
            return Plan(until=step.until)
        case Rest():
            return Plan(until=policy.NEVER)
        case Wait():
            same = (step.state, step.reason) == (incident.state, incident.reason)
            write = () if same else (waited(step, now),)
            return Plan(write=write, until=step.until)


@cache
def real() -> tuple[tuple[tuple[Event, ...], Rule], ...]:
    """Timelines of the cassettes with their rules, and some built ones."""
    found = [
        (tuple(lived.events), lived.rule)
        for file in SHIPPED
        for lived in replayed(file.stem).incidents
    ]
    t = timelines
    fired = AlertFired(
        at=t.T0, fingerprint="f1", starts_at=t.at(-10), sender=Sender.GRAFANA
    )
    start = (Opened(at=t.T0, rule=t.RULE.name, sender=Sender.GRAFANA), fired)
    for outcome in Outcome:
        again = t.call(15, outcome) if outcome is Outcome.UNKNOWN else []
        built = (*start, t.look(1), *t.call(2, outcome), *again, t.traced(18))
        seen = t.look(20, 0, links=(), good=2), t.look(50, 0, links=(), good=4)
        found += [((*built, *seen), t.RULE), ((*built, *seen), t.QUIET_RULE)]
    return tuple(found)


def disturbed(rng: random.Random, events: tuple[Event, ...]) -> list[Event]:
    """The timeline cut anywhere, with events dropped, added, moved and changed."""
    kept = list(events[: rng.randint(1, len(events))])
    for _ in range(rng.choice((0, 1, 1, 2, 3, 4, 6))):
        place = rng.randint(1, len(kept))
        at = kept[place - 1].at + timedelta(seconds=rng.choice(GAPS))
        match rng.randrange(6):
            case 0 if place < len(kept):
                del kept[place]
            case 1 if place < len(kept) - 1:
                kept[place], kept[-1] = kept[-1], kept[place]
            case 2 if place < len(kept):
                kept[place:] = [_later(e, rng.choice(GAPS)) for e in kept[place:]]
            case 3 if place < len(kept) and isinstance(kept[place], Looked):
                kept[place] = _looked(rng, kept[place].at)
            case 4:
                kept[place:place] = _added(rng, at)
            case _:
                kept += _added(rng, kept[-1].at + timedelta(seconds=rng.choice(GAPS)))
    if rng.random() < 0.6:
        # A chain towards what few timelines reach.
        for made in rng.choice(CHAINS):
            kept += made(rng, kept[-1].at + timedelta(seconds=rng.choice((0, 1, 5))))
    opened = kept[0]
    if rng.random() < 0.07:
        kept[0] = replace(opened, drill="d1")  # type: ignore[type-var]
    elif rng.random() < 0.1:
        kept[0] = replace(opened, reason=Reason.SELF_DETECTED, sender=None)  # type: ignore[type-var]
        if rng.random() < 0.7:
            kept = [e for e in kept if not isinstance(e, AlertFired)]
    return _consistent(kept)


GAPS = (0, 0.1, 0.5, 1, 2, 5, 6, 10, 15, 30, 31, 60, 120, 300, 900, -1, -20)


def _later(event: Event, seconds: float) -> Event:
    return replace(event, at=event.at + timedelta(seconds=seconds))


def _consistent(events: list[Event]) -> list[Event]:
    """Without answers to no call, and with one answer for each call."""
    kept: list[Event] = []
    waits = False
    for event in events:
        if isinstance(event, ReportAnswered):
            if not waits:
                continue
            waits = False
        if isinstance(event, ReportIntended):
            if waits:
                continue
            waits = True
        kept.append(event)
    return kept


def _digests(rng: random.Random) -> str:
    return rng.choice(OTHERS)


def _looked(rng: random.Random, at: datetime) -> Looked:
    counts = [rng.choice((None, 0, 0, 2, 6, 40)) for _ in range(rng.choice((1, 1, 2)))]
    checks = tuple(
        CheckReading(
            name=f"check-{n}",
            count=count,
            threshold=5,
            since=at - timedelta(minutes=5),
            until=at,
            unreadable=UnreadableReason.TIMEOUT if count is None else None,
        )
        for n, count in enumerate(counts)
    )
    links = rng.sample(OTHERS, rng.choice((0, 0, 1, 1, 2)))
    failures = rng.choice((0, 0, 0, 1, 3, 20))
    stale = rng.choice((0, 0, 0, 2))
    failed_at = at - timedelta(seconds=rng.choice((0, 5, 40, 100)))
    good = rng.choice((None, 0, 1, 3, 12))
    return Looked(
        at=at,
        since=at - timedelta(minutes=5),
        checks=checks,
        candidates=tuple(
            Candidate(
                name=d[:4],
                digest=d,
                seen_at=at - timedelta(seconds=rng.choice((0, 5, 60))),
                late=rng.random() < 0.35,
            )
            for d in links
        ),
        good_orders=good,
        good_since_failure=rng.choice((0, good or 0, good or 0)),
        traffic_unreadable=rng.random() < 0.12,
        failed_unreadable=rng.random() < 0.05,
        failures=failures,
        stale_failures=stale,
        last_failure_at=failed_at if failures or stale else None,
        working_since=at if rng.random() < 0.1 else None,
        foreign_links=rng.choice((0, 0, 0, 2)),
        first_line_at=at - timedelta(seconds=60) if rng.random() < 0.5 else None,
        spent=tuple(
            Candidate(name=d[:4], digest=d, seen_at=at)
            for d in OTHERS
            if rng.random() < 0.1
        ),
        matched=rng.choice((0, 0, 3)),
        lines=(f"{int(at.timestamp()) * 10**9}-x",),
        failed_lines=(f"{int(at.timestamp()) * 10**9}-f",) * (rng.random() < 0.5),
    )


def _call(rng: random.Random, at: datetime, outcome: Outcome | None) -> list[Event]:
    digest, by = _digests(rng), rng.choice(("", "", "", "kim"))
    intent = ReportIntended(
        at=at,
        link=digest[:4],
        digest=digest,
        reason=Reason.ASKED_BY_PERSON if by else Reason.THRESHOLD_REACHED,
        by=by,
    )
    if outcome is None:
        return [intent]
    answer = ReportAnswered(
        at=at + timedelta(seconds=rng.choice((0.2, 1, 6))),
        link=digest[:4],
        digest=digest,
        outcome=outcome,
        method=rng.choice(("", "GET", "POST")),
    )
    return [intent, answer]


def _added(rng: random.Random, at: datetime) -> list[Event]:
    return rng.choice(ADDED)(rng, at)


def _calls(rng: random.Random, at: datetime) -> list[Event]:
    return _call(rng, at, rng.choice((None, *Outcome)))


def _wrong(rng: random.Random, at: datetime) -> list[Event]:
    many = rng.choice((1, 1, 5, 6))
    return [
        e
        for n in range(many)
        for e in _call(rng, at + timedelta(seconds=n), Outcome.WRONG_CODE)
    ]


def _failed(rng: random.Random, at: datetime) -> list[Event]:
    outcome = rng.choice((Outcome.REFUSED, Outcome.UNREACHABLE))
    return [
        e
        for n in range(rng.choice((1, 2, 4)))
        for e in _call(rng, at + timedelta(seconds=n), outcome)
    ]


def _decided(rng: random.Random, at: datetime) -> list[Event]:
    state = rng.choice((State.HOLDING, State.VERIFYING, *[State.NEEDS_HUMAN] * 4))
    human = (
        Reason.LOGS_UNREADABLE,
        Reason.LOGS_UNREADABLE,
        Reason.NO_LINK,
        Reason.ERRORS_CONTINUE,
        Reason.MAX_REPORTS,
        Reason.MAX_REPORTS,
        Reason.WRONG_CODE,
        Reason.VETOED,
        Reason.UNPROVEN,
        Reason.BREAKER_OPEN,
        Reason.FACTORY_REFUSED,
    )
    held = (Reason.BELOW_THRESHOLD, Reason.PAUSED, Reason.VETO_WINDOW, Reason.REPORTED)
    reason = rng.choice(human if state is State.NEEDS_HUMAN else held)
    return [
        Decided(
            at=at,
            decision=Decision.HOLD,
            state=state,
            reason=reason,
            link=rng.choice(("", "", "7f3a")),
        )
    ]


def _shared(rng: random.Random, at: datetime) -> list[Event]:
    outcome = rng.choice((Outcome.RESOLVED, Outcome.NOTHING_TO_RESOLVE))
    digest = _digests(rng)
    shared = ReportShared(
        at=at, link="x", digest=digest, incident="i9", outcome=outcome, answered_at=at
    )
    return [shared]


def _withheld(rng: random.Random, at: datetime) -> list[Event]:
    digest = _digests(rng)
    return [
        ReportWithheld(at=at, link="x", digest=digest, reason=Reason.THRESHOLD_REACHED)
    ]


def _finished(rng: random.Random, at: datetime) -> list[Event]:
    ends = (State.RECOVERED, State.RECOVERED, State.STOOD_DOWN, State.CLOSED)
    return [Finished(at=at, state=rng.choice(ends), reason=Reason.ORDER_SEEN)]


def _fires(rng: random.Random, at: datetime) -> list[Event]:
    starts = at - timedelta(seconds=rng.choice((0, 10, 300)))
    sender = Sender.GRAFANA
    return [
        AlertFired(at=at, fingerprint=rng.choice("fg"), starts_at=starts, sender=sender)
    ]


def _planned(rng: random.Random, at: datetime) -> list[Event]:
    acts = at + timedelta(seconds=rng.choice((0, 5, 20, 60)))
    planned = ReportPlanned(
        at=at,
        act_at=acts,
        link="x",
        digest=_digests(rng),
        reason=Reason.THRESHOLD_REACHED,
    )
    return [planned]


def _paused(rng: random.Random, at: datetime) -> list[Event]:
    ends = rng.choice((None, at + timedelta(seconds=30), at + timedelta(minutes=10)))
    paused = Paused(at=at, by="kim", until=ends, pressed_at=at)
    if rng.random() < 0.5:
        return [paused]
    return [paused, Resumed(at=at + timedelta(seconds=20), by="kim")]


def _silenced(rng: random.Random, at: datetime) -> list[Event]:
    until = rng.choice((None, at + timedelta(seconds=60), at + timedelta(minutes=30)))
    action = rng.choice((PersonAction.SILENCED,) * 3 + (PersonAction.UNSILENCED,))
    return [PersonActed(at=at, action=action, person="kim", until=until)]


ADDED: tuple[Callable[[random.Random, datetime], list[Event]], ...] = (
    *[lambda rng, at: [_looked(rng, at)]] * 9,
    *[_calls] * 3,
    _wrong,
    _failed,
    *[_decided] * 4,
    _shared,
    _withheld,
    _withheld,
    _finished,
    _finished,
    _fires,
    _planned,
    _planned,
    _paused,
    _silenced,
    _silenced,
    lambda rng, at: [Vetoed(at=at, by="kim")],
    *[lambda rng, at: [ReportRequested(at=at, by=rng.choice(("", "kim")))]] * 2,
    lambda rng, at: [FirstErrorFound(at=at, first_error_at=at)],
    lambda rng, at: [FactoryProbed(at=at, reachable=True)],
    *[lambda rng, at: _resolves(rng, at)] * 2,
)


def _fully_answered(rng: random.Random, at: datetime) -> list[Event]:
    return _call(rng, at, Outcome.RESOLVED)


def _calm(rng: random.Random, at: datetime) -> list[Event]:
    seen = _looked(rng, at)
    checks = tuple(replace(c, count=0, unreadable=None) for c in seen.checks)
    return [
        replace(seen, checks=checks, candidates=(), failures=0, failed_unreadable=False)
    ]


def _blind(rng: random.Random, at: datetime) -> list[Event]:
    seen = _looked(rng, at)
    checks = tuple(
        replace(c, count=None, unreadable=UnreadableReason.TIMEOUT) for c in seen.checks
    )
    return [replace(seen, checks=checks, candidates=())]


def _reached(rng: random.Random, at: datetime) -> list[Event]:
    seen = _looked(rng, at)
    checks = tuple(replace(c, count=6, unreadable=None) for c in seen.checks)
    return [replace(seen, checks=checks)]


def _uncounted(rng: random.Random, at: datetime) -> list[Event]:
    (seen,) = _calm(rng, at + timedelta(seconds=rng.choice((90, 600))))
    assert isinstance(seen, Looked)
    return [replace(seen, traffic_unreadable=True)]


def _late_calm(rng: random.Random, at: datetime) -> list[Event]:
    (seen,) = _calm(rng, at + timedelta(seconds=rng.choice((60, 120, 600))))
    return [seen]


def _lost(rng: random.Random, at: datetime) -> list[Event]:
    return _call(rng, at, Outcome.UNKNOWN)


def _traced(rng: random.Random, at: datetime) -> list[Event]:
    return [FirstErrorFound(at=at, first_error_at=at)]


def _asked(rng: random.Random, at: datetime) -> list[Event]:
    return [ReportRequested(at=at, by=rng.choice(("", "kim")))]


def _human(rng: random.Random, at: datetime) -> list[Event]:
    decided = _decided(rng, at)[0]
    assert isinstance(decided, Decided)
    return [replace(decided, state=State.NEEDS_HUMAN, reason=Reason.WRONG_CODE)]


def _same_lost(rng: random.Random, at: datetime) -> list[Event]:
    return [
        replace(e, digest=OTHERS[0], by="")
        if isinstance(e, ReportIntended)
        else replace(e, digest=OTHERS[0])
        for e in _lost(rng, at)
    ]  # type: ignore[call-arg]


def _held_silent(rng: random.Random, at: datetime) -> list[Event]:
    return [PersonActed(at=at, action=PersonAction.SILENCED, person="kim")]


def _five_wrong(rng: random.Random, at: datetime) -> list[Event]:
    return [e for _ in range(5) for e in _call(rng, at, Outcome.WRONG_CODE)]


def _late_link(rng: random.Random, at: datetime) -> list[Event]:
    (seen,) = _reached(rng, at)
    assert isinstance(seen, Looked)
    late = Candidate(name="cccc", digest=OTHERS[2], seen_at=at, late=True)
    return [replace(seen, candidates=(late,))]


def _held(rng: random.Random, at: datetime) -> list[Event]:
    return [Paused(at=at, by="kim", pressed_at=at)]


def _failing(rng: random.Random, at: datetime) -> list[Event]:
    (seen,) = _late_calm(rng, at)
    assert isinstance(seen, Looked)
    seen = replace(seen, failures=4, good_since_failure=0, traffic_unreadable=False)
    return [replace(seen, last_failure_at=seen.at)]


CHAINS: tuple[tuple[Callable[[random.Random, datetime], list[Event]], ...], ...] = (
    (_reached, _withheld, _calm),
    (_reached, _withheld, _traced, _late_calm),
    (_reached, _withheld, _traced, _reached),
    (_reached, _withheld, _traced, _blind),
    (_reached, _withheld, lambda rng, at: _resolves(rng, at)),
    (_reached, lambda rng, at: [Vetoed(at=at, by="kim")], _withheld),
    (_reached, _lost, _reached),
    (_fully_answered, _lost, _reached),
    (_asked, _reached),
    (_fully_answered, _asked, _reached),
    (_fully_answered, _traced, _uncounted),
    (_fully_answered, _traced, _uncounted, _uncounted),
    (_fully_answered, _traced, _late_calm),
    (_fully_answered, _traced, _human, _late_calm),
    (_fully_answered, _human, lambda rng, at: _resolves(rng, at)),
    (_fully_answered, _human, _late_calm, _late_calm),
    (_finished, _fires, _blind),
    (_finished, _fires, _blind, _blind),
    (_human, _late_calm, _late_calm),
    (_human, _calm, _late_calm),
    *((_failed, _reached),) * 3,
    (_blind, _blind),
    (_blind,),
    (_wrong, _reached),
    (_lost, _lost, _reached),
    (_lost, _lost, _traced, _reached),
    (_lost, _lost, _traced, _reached),
    (_lost, _same_lost, _reached),
    (_same_lost, _same_lost, _traced, _reached),
    (_fully_answered, _held_silent, _reached),
    *((_held, _reached),) * 4,
    *((_five_wrong, _reached),) * 6,
    *((_lost, _traced, _reached),) * 6,
    (_late_link,),
    (_late_link,),
    (_same_lost, _same_lost, _traced, _reached),
    (_fully_answered, _same_lost, _traced, _reached),
    (_fully_answered, _held, _reached),
    (_fully_answered, _traced, _failing),
    (_fully_answered, _traced, _failing),
)
"""Steps towards what is rare, at the end of some timelines."""


def _resolves(rng: random.Random, at: datetime) -> list[Event]:
    return [
        AlertResolved(
            at=at, fingerprint="?", starts_at=at, sender=Sender.GRAFANA, truncated=False
        )
    ]


def _resolved(rng: random.Random, events: list[Event]) -> list[Event]:
    """The placeholders of resolves, made to name a firing before them."""
    fired: list[AlertFired] = []
    named: list[Event] = []
    for event in events:
        if isinstance(event, AlertFired):
            fired.append(event)
        if isinstance(event, AlertResolved) and event.fingerprint == "?":
            truncated = rng.random() < 0.2
            named += [
                replace(
                    event,
                    fingerprint=f.fingerprint,
                    starts_at=f.starts_at,
                    truncated=truncated,
                )
                for f in fired
            ]
            continue
        named.append(event)
    return named


def ruled(rng: random.Random, rule: Rule, *, shadow: bool = False) -> Rule:
    """The rule with some settings of it changed."""
    seconds = lambda *choice: timedelta(seconds=rng.choice(choice))  # noqa: E731
    changed: dict[str, Any] = {}
    choices: dict[str, Callable[[], Any]] = {
        "recheck": lambda: seconds(1, 10, 45),
        "give_up_after": lambda: seconds(30, 900),
        "no_link_for": lambda: seconds(0, 5, 60, 600),
        "settle": lambda: seconds(0, 35),
        "verify_after": lambda: seconds(1, 30, 90),
        "verify_for": lambda: seconds(20, 60, 600),
        "good_in_a_row": lambda: rng.choice((1, 3, 10)),
        "max_reports": lambda: rng.choice((1, 2, 5)),
        "cooldown": lambda: seconds(0, 120, 600),
        "unreadable_for": lambda: seconds(0, 0.5, 60),
        "veto_window": lambda: seconds(1, 20, 120),
        "traffic": lambda: rng.choice((None, "{a='b'}")),
        "failed": lambda: rng.choice((None, "{a='c'}")),
    }
    for name in rng.sample(sorted(choices), rng.choice((0, 1, 3, 6))):
        changed[name] = choices[name]()
    modes = [Mode.AUTO, Mode.AUTO, Mode.AUTO, Mode.VETO, Mode.SHADOW]
    modes += [Mode.SHADOW] * 5 * shadow
    return replace(rule, mode=rng.choice(modes), **changed)


def service(rng: random.Random, incident: Incident, now: datetime) -> Brakes:
    """What the store may say beside the timeline, plausible or not."""
    near = lambda: now + timedelta(seconds=rng.choice(NEAR))  # noqa: E731
    digests = {*OTHERS, *(c.digest for c in incident.candidates)}
    digests |= {r.digest for r in incident.reports}
    links = {}
    for digest in sorted(digests):
        if rng.random() < 0.55:
            continue
        outcome = rng.choice((None, *Outcome, Outcome.RESOLVED, Outcome.RESOLVED))
        links[digest] = LinkRecord(
            digest=digest,
            outcome=outcome,
            answered_at=near() if outcome else None,
            incident=rng.choice((incident.id, "i9")),
            spent=rng.random() < 0.5,
            effective_at=near() if rng.random() < 0.5 else None,
            unknowns=rng.choice((0, 1, 2)),
            again=rng.random() < 0.4,
        )
    twice = any(c.late for c in incident.candidates)
    if rng.random() < (0.4 if twice else 0.05):
        links |= {c.digest: _twice(c) for c in incident.candidates}
    paused = None
    if rng.random() < 0.12:
        paused = Pause(
            at=near(),
            by="kim",
            until=near() if rng.random() < 0.5 else None,
            ended_at=near() if rng.random() < 0.3 else None,
            ended_by="lee",
        )
    if incident.pauses and rng.random() < 0.75:
        paused = incident.pauses[-1]
    fixed = rng.choice((None,) * 7 + (OTHERS[0],))
    return Brakes(
        links=links,
        in_flight=rng.random() < 0.07,
        reports_last_hour=rng.choice((0, 0, 0, 0, 3, 6)),
        hour_frees_at=near() if rng.random() < 0.5 else None,
        pause=paused,
        ready_at=near() if rng.random() < 0.2 else None,
        fixed_link=fixed,
        fixed_name="fixed" if fixed else "",
        method=rng.choice(("", "", "GET")),
        undecided=rng.random() < 0.5,
        open_elsewhere=rng.random() < 0.1,
    )


def _twice(seen: Candidate) -> LinkRecord:
    """The factory said twice that this link is fixed, before it was seen again."""
    return LinkRecord(
        digest=seen.digest,
        outcome=Outcome.RESOLVED,
        answered_at=seen.seen_at - timedelta(seconds=40),
        spent=True,
        again=True,
    )


NEAR = (-900, -120, -60, -30, -10, -5, -1, 0, 0, 0.5, 5, 30, 120, 900)


def moments(
    rng: random.Random, most: int
) -> Iterator[tuple[Incident, Rule, Brakes, datetime]]:
    """At least `most` moments to decide upon."""
    made = 0
    while made < most:
        events, rule = rng.choice(real())
        kept = _resolved(rng, disturbed(rng, events))
        incident = fold("i1", kept)
        last = max(e.at for e in kept[-3:])
        for _ in range(MOMENTS):
            made += 1
            lived = incident
            if rng.random() < 0.3 and incident.looked_at:
                # A row's own times may be later than the timeline's.
                moved = incident.looked_at + timedelta(seconds=rng.choice(GAPS))
                lived = replace(incident, looked_at=moved)
            now = last + timedelta(seconds=rng.choice(GAPS) + rng.choice((0, 0.003)))
            shadow = incident.withheld_at is not None
            held = ruled(rng, rule, shadow=shadow)
            calls = facts.effective_calls(incident)
            if calls and rng.random() < 0.4:
                held = replace(held, max_reports=calls)
            yield lived, held, service(rng, lived, now), now


class Counting:
    """Counts who decides: replaces the tables of `policy` while it is entered."""

    def __init__(self) -> None:
        self.spoke: Counter[tuple[str, int, str]] = Counter()
        self._bounds: list[tuple[str, int, str]] = []
        self._kept = (policy.RULES, policy.BOUNDS, policy.REPORT_NOW_SKIPS)

    def __enter__(self) -> "Counting":
        rules, bounds, skips = self._kept
        made = {b: self._bound(n, b) for n, b in bounds}
        policy.RULES = {
            phase: tuple((n, self._guard(str(phase), n, g)) for n, g in table)
            for phase, table in rules.items()
        }
        policy.BOUNDS = tuple((n, made[b]) for n, b in bounds)
        policy.REPORT_NOW_SKIPS = frozenset(made[b] for b in skips)
        for phase, table in rules.items():
            self.spoke.update({(str(phase), n, g.__name__): 0 for n, g in table})
        self.spoke.update({("bounds", n, b.__name__): 0 for n, b in bounds})
        return self

    def __exit__(self, *_: object) -> None:
        policy.RULES, policy.BOUNDS, policy.REPORT_NOW_SKIPS = self._kept

    def _guard(self, phase: str, number: int, guard: policy.Guard) -> policy.Guard:
        @wraps(guard)
        def counted(case: policy.Case) -> Plan | None:
            self._bounds = []
            plan = guard(case)
            if plan is not None:
                self.spoke[phase, number, guard.__name__] += 1
                self.spoke.update(self._bounds)
            return plan

        return counted

    def _bound(self, number: int, bound: policy.Bound) -> policy.Bound:
        @wraps(bound)
        def counted(case: policy.Case, wanted: policy.Wanted) -> Plan | None:
            plan = bound(case, wanted)
            if plan is not None:
                self._bounds = [("bounds", number, bound.__name__)]
            return plan

        return counted


def compare(seed: int, most: int) -> Counting:
    """Raises AssertionError for the first moment where the two disagree."""
    rng = random.Random(seed)
    counting = Counting()
    with counting:
        for incident, rule, held, now in moments(rng, most):
            step = next_step(incident, rule, held, now)
            expected = translated(step, incident, now)
            plan = policy.next_plan(incident, rule, held, now)
            got = replace(plan, rule=0)
            if got != expected:
                raise AssertionError(
                    f"{plan}\n  instead of {step}\n  of {incident}\n  under {rule}\n"
                    f"  with {held}\n  at {now}"
                )
            # The exact moment at which it wants to come back.
            until = plan.until
            if until and now < until < policy.NEVER:
                again = next_step(incident, rule, held, until)
                later = policy.next_plan(incident, rule, held, until)
                assert replace(later, rule=0) == translated(again, incident, until), (
                    later,
                    again,
                )
    return counting


def main() -> None:
    most, seed, file = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    began = time.monotonic()
    counting = compare(seed, most)
    least = min(counting.spoke.values())
    took = time.monotonic() - began
    lines = [
        f"{most:,} moments, seed {seed}, {took:.0f} s: all agree. "
        f"The rarest guard spoke {least:,} times.",
        "",
        "| phase | rule | guard | spoke |",
        "| --- | ---: | --- | ---: |",
    ]
    lines += [
        f"| {phase} | {number} | `{name}` | {count:,} |"
        for (phase, number, name), count in counting.spoke.items()
    ]
    file.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
