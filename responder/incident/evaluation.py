"""What to ask the logs, and what the answers mean. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from responder.incident.events import Candidate, CheckReading, Looked
from responder.incident.evidence import (
    Counted,
    Evidence,
    LinkPlace,
    LogLine,
    Question,
    ReportLink,
    Unreadable,
)
from responder.incident.facts import live_request, verifying_since
from responder.incident.incident import ORDER_APART, Incident
from responder.incident.names import Outcome, State
from responder.incident.rule import Check, Rule
from responder.incident.service import Brakes, LinkRecord

AHEAD = timedelta(seconds=5)
"""How far the application's clock may be ahead of ours."""
MOST_LINES = 5000
"""Distinct lines that one incident remembers one by one."""
GAP = timedelta(minutes=2)
"""So long without an error line, and an earlier line is of something else."""
TRAFFIC = "traffic"
FAILED = "failed"
_SECOND = 10**9


def counted_since(
    incident: Incident, check: Check, brakes: Brakes, now: datetime
) -> datetime:
    """Rule 4: the later of the window's start and the floor (or the second unknown)."""
    since = verifying_since(incident)
    # Nothing was fixed in shadow: what came before its end is of the fault that ended.
    ended = incident.ended_at if incident.withheld_at else None
    starts = [now - check.window, brakes.floor, since, ended]
    return max(start for start in starts if start is not None)


def questions(
    incident: Incident, rule: Rule, brakes: Brakes, now: datetime
) -> tuple[Question, ...]:
    """The queries of one look, to be asked together. Traffic only once reported."""
    verified = verifying_since(incident)
    asked = [
        Question(
            name=check.name,
            query=check.query,
            since=_read_since(incident, check, brakes, now),
            until=now + AHEAD,
            count_beyond=check.threshold,
            links=True,
        )
        for check in rule.checks
    ]
    acted = verified or incident.withheld_at
    if rule.traffic and acted:
        since = max(acted, brakes.floor or acted)
        asked.append(_question(TRAFFIC, rule.traffic, since, now))
    elif rule.traffic and (incident.no_link_since or _waits_for_person(incident)):
        # Rule 12: who calls a person must know whether orders work again.
        since = incident.first_error_at or incident.opened_at
        asked.append(_question(TRAFFIC, rule.traffic, since, now))
    if rule.failed:
        # Whatever the state: whoever stops or closes it reads how many failed.
        window = now - rule.longest_window
        since = incident.first_error_at or max(brakes.floor or window, window)
        asked.append(_question(FAILED, rule.failed, since, now))
    return tuple(asked)


def _waits_for_person(incident: Incident) -> bool:
    return incident.state is State.NEEDS_HUMAN


def _question(name: str, query: str, since: datetime, now: datetime) -> Question:
    return Question(name=name, query=query, since=since, until=now + AHEAD)


def _asked_since(
    incident: Incident, check: Check, brakes: Brakes, now: datetime
) -> datetime:
    verified = verifying_since(incident)
    if verified is None or incident.first_error_at is None:
        return counted_since(incident, check, brakes, now)
    # Late lines from before the answer belong to the total of this incident.
    return min(verified, max(now - check.window, incident.first_error_at))


def _read_since(
    incident: Incident, check: Check, brakes: Brakes, now: datetime
) -> datetime:
    """A person's own call may take a link of before the answer: the whole window."""
    since = _asked_since(incident, check, brakes, now)
    asked = live_request(incident, now)
    return min(since, now - check.window) if asked else since


def evaluate(
    incident: Incident,
    rule: Rule,
    brakes: Brakes,
    answers: Sequence[Evidence],
    now: datetime,
) -> tuple[Looked, Mapping[str, ReportLink]]:
    """One look from the answers to `questions` in their order, and links by digest."""
    readings: list[CheckReading] = []
    counted, matched, read = dict[str, LogLine](), dict[str, LogLine](), list[LogLine]()
    for check, answer in zip(rule.checks, answers[: len(rule.checks)], strict=True):
        since = counted_since(incident, check, brakes, now)
        fresh = _fresh(answer, rule, brakes)
        readings.append(_reading(check, answer, fresh, since, now))
        if isinstance(answer, Counted):
            # What lies beyond the source's limit counts by `total` alone.
            fresh += _not_old(answer.linked, rule, brakes)
            read.extend(given := (*answer.lines, *answer.linked))
            asked = _asked_since(incident, check, brakes, now)
            matched.update((line.key, line) for line in given if line.at >= asked)
        counted.update((line.key, line) for line in fresh if line.at >= since)
    verified = verifying_since(incident)
    anew = _since_answer(matched.values(), rule, brakes, verified)
    kept, sought = (counted, counted.values()) if verified is None else (matched, anew)
    looked = Looked(
        at=now,
        since=min((r.since for r in readings), default=now),
        checks=tuple(readings),
        candidates=_candidates(sought, brakes.links, rule.settle, verified),
        foreign_links=sum(1 for line in sought if line.foreign),
        spent=_spent(read, brakes) if live_request(incident, now) else (),
        floor=brakes.floor,
        matched=len(anew) if verified else 0,
    )
    kept, orders = _begun(kept, incident), answers[len(rule.checks) :]
    looked = replace(looked, lines=_new(kept, incident.line_keys))
    looked = _with_first(looked, incident, brakes, counted.values())
    looked = _with_orders(looked, incident, rule, brakes, matched.values(), orders)
    looked = _with_failed(looked, incident, kept.values(), orders)
    return looked, _links(read if looked.spent else sought)


def begins(
    incident: Incident, candidates: Sequence[Candidate], brakes: Brakes
) -> Callable[[LogLine], bool] | None:
    """Whether a line can begin the incident; None while it has no link.

    Then it is a line with a link that it reports or would report. One that was of an
    earlier fault (`wrong_code`) is that only while there is no other. A fixed link is
    in no line: there any link will do.
    """
    if brakes.fixed_link:
        return lambda line: bool(line.links)
    called = {r.digest for r in incident.reports}
    called |= {incident.shared.digest} if incident.shared else set()
    wrong = {r.digest for r in incident.reports if r.outcome is Outcome.WRONG_CODE}
    wanted = called - wrong or {c.digest for c in candidates[:1]} or called
    if not wanted:
        return None
    return lambda line: any(found.link.digest in wanted for found in line.links)


def _with_first(
    looked: Looked, incident: Incident, brakes: Brakes, lines: Iterable[LogLine]
) -> Looked:
    """The look with the first error among the counted lines."""
    ended = brakes.earlier_ended_at
    later = [line for line in lines if ended is None or line.at >= ended]
    begin = begins(incident, looked.candidates, brakes)
    linked = [line.at for line in later if begin and begin(line)]
    if linked or (begin and not brakes.fixed_link):
        first = min(linked, default=None)
    else:
        first = _back_from([line.at for line in later])
    return replace(looked, first_line_at=first, first_linked=bool(linked))


def _back_from(times: Iterable[datetime]) -> datetime | None:
    """From the newest of these times back, as long as no gap is longer than `GAP`."""
    first: datetime | None = None
    for at in sorted(times, reverse=True):
        if first is not None and first - at > GAP:
            break
        first = at
    return first


def _begun(lines: dict[str, LogLine], incident: Incident) -> dict[str, LogLine]:
    """Without what came before the first error, once that is known."""
    first = incident.first_error_at
    if first is None or not incident.first_error_final:
        return lines
    return {key: line for key, line in lines.items() if line.at >= first}


def _with_orders(
    looked: Looked,
    incident: Incident,
    rule: Rule,
    brakes: Brakes,
    checked: Iterable[LogLine],
    answers: Sequence[Evidence],
) -> Looked:
    """The look with what it says of failed and of good orders."""
    of_orders = {answer.name: answer for answer in answers}
    traffic, failed = of_orders.get(TRAFFIC), of_orders.get(FAILED)
    verified = verifying_since(incident)
    fresh, stale = _failures(rule, brakes, checked, failed, verified)
    times = [line.at for line in (*fresh, *stale)]
    if incident.last_failure_at:
        times.append(incident.last_failure_at)
    last_failure = max(times, default=None)
    good = _good_since(traffic, last_failure)
    acted = verified or incident.withheld_at
    return replace(
        looked,
        good_orders=(
            len(traffic.lines) if acted and isinstance(traffic, Counted) else None
        ),
        traffic_unreadable=isinstance(traffic, Unreadable),
        failed_unreadable=isinstance(failed, Unreadable),
        failures=len(fresh),
        stale_failures=len(stale),
        last_failure_at=last_failure,
        good_since_failure=len(good),
        working_since=min(good, default=None),
        good_lines=_new_orders(traffic, incident.good_keys),
    )


def _with_failed(
    looked: Looked,
    incident: Incident,
    kept: Iterable[LogLine],
    answers: Sequence[Evidence],
) -> Looked:
    """The look with the orders that failed or were affected since the first error."""
    failed = next((answer for answer in answers if answer.name == FAILED), None)
    begun = incident.first_error_at or looked.first_line_at
    if not isinstance(failed, Counted) or begun is None:
        return replace(looked, failed_asked=failed is not None)
    since = begun - ORDER_APART
    orders = {line.key: line for line in failed.lines if line.at >= since}
    others = affected(kept, failed.lines)
    return replace(
        looked,
        failed_asked=True,
        failed_lines=_new(orders, incident.failed_keys),
        affected_lines=_new(others, incident.failed_keys),
    )


def affected(lines: Iterable[LogLine], failed: Iterable[LogLine]) -> dict[str, LogLine]:
    """Orders that were answered with a link and no error, by one line each.

    That line is the service's answer to the order; the factory's answer counts only
    where no line shows the service's. A line beside one of `failed`, by a second, shows
    the same order.
    """
    linked = [line for line in lines if line.links]
    answers = [line for line in linked if line.to_customer] or linked
    seconds = {line.at_ns // _SECOND for line in failed}
    near = {second + apart for second in seconds for apart in (-1, 0, 1)}
    return {line.key: line for line in answers if line.at_ns // _SECOND not in near}


def _failures(
    rule: Rule,
    brakes: Brakes,
    checked: Iterable[LogLine],
    failed: Evidence | None,
    verified: datetime | None,
) -> tuple[list[LogLine], list[LogLine]]:
    """Rule 15(d): lines of failed or affected orders, the stale ones apart.

    A line of `failed`, or one with a link; without that query any line of a check.
    """
    found = {line.key: line for line in checked if line.links or not rule.failed}
    if isinstance(failed, Counted):
        found |= {line.key: line for line in failed.lines}
    since = max(verified, brakes.floor or verified) if verified else None
    fresh: list[LogLine] = []
    stale: list[LogLine] = []
    for line in found.values():
        if since is None or line.at >= since:
            old = old_news(line, brakes, rule.settle)
            (stale if old else fresh).append(line)
    return fresh, stale


def _good_since(
    traffic: Evidence | None, last_failure: datetime | None
) -> list[datetime]:
    """When good orders came after the last failed one."""
    if not isinstance(traffic, Counted):
        return []
    times = [line.at for line in traffic.lines]
    return [at for at in times if last_failure is None or at > last_failure]


def _since_answer(
    lines: Iterable[LogLine], rule: Rule, brakes: Brakes, verified: datetime | None
) -> list[LogLine]:
    if verified is None:
        return []
    since = max(verified, brakes.floor or verified)
    return [
        line
        for line in lines
        if line.at >= since and not old_news(line, brakes, rule.settle)
    ]


def _reading(
    check: Check,
    answer: Evidence,
    fresh: Sequence[LogLine],
    since: datetime,
    now: datetime,
) -> CheckReading:
    if isinstance(answer, Unreadable):
        return CheckReading(
            name=check.name,
            count=None,
            threshold=check.threshold,
            since=since,
            until=now,
            unreadable=answer.reason,
            detail=answer.detail,
        )
    lines = [line for line in fresh if line.at >= since]
    count = len(lines)
    # The newest lines were given: if they reach back beyond `since`, none is missing.
    more = answer.at_least and all(line.at >= since for line in answer.lines)
    if more and answer.total is not None:
        count = max(count, answer.total - (len(answer.lines) - len(lines)))
    return CheckReading(
        name=check.name,
        count=count,
        linkless=sum(1 for line in lines if not line.links),
        at_least=more and answer.total is None,
        threshold=check.threshold,
        since=since,
        until=now,
    )


def _fresh(answer: Evidence, rule: Rule, brakes: Brakes) -> list[LogLine]:
    if isinstance(answer, Unreadable):
        return []
    return _not_old(answer.lines, rule, brakes)


def _not_old(lines: Iterable[LogLine], rule: Rule, brakes: Brakes) -> list[LogLine]:
    return [line for line in lines if not old_news(line, brakes, rule.settle)]


def old_news(line: LogLine, brakes: Brakes, settle: timedelta) -> bool:
    """Rule 5: every link in the line is spent, and it is before the answer + settle.

    A fixed link is never spent, but its answer speaks for whatever links are logged.
    """
    fixed = brakes.links.get(brakes.fixed_link) if brakes.fixed_link else None
    if fixed and fixed.answered_at and fixed.outcome and fixed.outcome.moves_floor:
        return bool(line.links) and line.at < fixed.answered_at + settle
    return bool(line.links) and all(
        (record := brakes.links.get(found.link.digest)) is not None
        and record.spent
        and record.answered_at is not None
        and line.at < record.answered_at + settle
        for found in line.links
    )


def _candidates(
    lines: Iterable[LogLine],
    links: Mapping[str, LinkRecord],
    settle: timedelta,
    verified: datetime | None,
) -> tuple[Candidate, ...]:
    """Rule 8's order: unspent before late; in response fields first; newest first.

    Late ones that are of no use are told of in verification only: a failure (15b).
    """
    found: dict[str, tuple[bool, bool, datetime, Candidate]] = {}
    for line in lines:
        for entry in line.links:
            record = links.get(entry.link.digest)
            spent = record is not None and record.spent
            if spent and not _is_late(record, line, settle, verified):
                continue
            candidate = Candidate(
                name=entry.link.name,
                digest=entry.link.digest,
                seen_at=line.at,
                late=spent,
            )
            rank = (not spent, entry.place is LinkPlace.RESPONSE, line.at, candidate)
            held = found.get(candidate.digest)
            if held is None or rank[:3] > held[:3]:
                found[candidate.digest] = rank
    best = sorted(found.values(), key=lambda rank: rank[:3], reverse=True)
    return tuple(rank[3] for rank in best)


def _spent(lines: Iterable[LogLine], brakes: Brakes) -> tuple[Candidate, ...]:
    """Rule 13: links that only a person may have called again, newest first."""
    found: dict[str, Candidate] = {}
    for line in sorted(lines, key=lambda line: line.at, reverse=True):
        for entry in line.links:
            record = brakes.links.get(entry.link.digest)
            if record and record.spent and record.outcome is not Outcome.WRONG_CODE:
                found.setdefault(
                    record.digest,
                    Candidate(
                        name=entry.link.name, digest=record.digest, seen_at=line.at
                    ),
                )
    return tuple(found.values())


def _is_late(
    record: LinkRecord | None,
    line: LogLine,
    settle: timedelta,
    verified: datetime | None,
) -> bool:
    """Rule 15(b): the fix did not hold. A wrong link is never called again."""
    again = (Outcome.RESOLVED, Outcome.UNKNOWN)
    return (
        record is not None
        and (verified is not None or record.outcome in again)
        and record.answered_at is not None
        and line.at >= record.answered_at + settle
    )


def _links(lines: Iterable[LogLine]) -> dict[str, ReportLink]:
    return {f.link.digest: f.link for line in lines for f in line.links}


def _new(lines: Mapping[str, LogLine], seen: frozenset[str]) -> tuple[str, ...]:
    room = max(0, MOST_LINES - len(seen))
    return tuple(sorted(key for key in lines if key not in seen)[:room])


def _new_orders(answer: Evidence | None, seen: frozenset[str]) -> tuple[str, ...]:
    if not isinstance(answer, Counted):
        return ()
    return _new({line.key: line for line in answer.lines}, seen)
