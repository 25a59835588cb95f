"""May this report be sent now? Rules 2, 10, 11 and 13, in that order. Pure."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from responder.incident.events import Candidate, ReportShared
from responder.incident.facts import (
    effective_calls,
    failed_calls,
    unanswered_once,
    used_up,
    verifying_since,
    wrong_codes,
)
from responder.incident.incident import Incident, Report
from responder.incident.method import first_method, other_method
from responder.incident.names import Mode, Outcome, Reason, State
from responder.incident.pause import extended
from responder.incident.rule import Rule
from responder.incident.service import Brakes, LinkRecord
from responder.incident.steps import Send, Share, Step, Wait, Withhold
from responder.incident.window import window

IN_FLIGHT_LOOK = timedelta(milliseconds=500)
MOST_WRONG_CODES = 5
MOST_BACKOFF = 30.0
HUMAN_LOOK = timedelta(seconds=30)
_IN_VAIN = (Outcome.REFUSED, Outcome.UNREACHABLE)


def shared_answer(incident: Incident, brakes: Brakes) -> Share | None:
    """Rule 2: another incident's answer for our link, after our first evidence."""
    if incident.confirmed_at is None or verifying_since(incident) is not None:
        return None
    first = incident.first_error_at or incident.confirmed_at
    digests = [(c.digest, c.name) for c in incident.candidates]
    if brakes.fixed_link:
        digests = [(brakes.fixed_link, brakes.fixed_name)]
    for digest, name in digests:
        record = brakes.links.get(digest)
        if (
            record
            and record.outcome
            and record.outcome.moves_floor
            and record.answered_at
            and record.answered_at >= first
            and record.incident != incident.id
        ):
            return Share(name=name, record=record)
    return None


def best_candidate(incident: Incident, brakes: Brakes) -> Candidate | None:
    """The link at hand: the fixed one, else the first that is still worth a call."""
    if brakes.fixed_link:
        if _known_wrong(incident, brakes.fixed_link):
            return None
        return Candidate(
            name=brakes.fixed_name, digest=brakes.fixed_link, seen_at=incident.opened_at
        )
    for candidate in incident.candidates:
        record = brakes.links.get(candidate.digest)
        if candidate.late and _worth_another(record):
            return candidate
        if not candidate.late and not (record and record.spent):
            return candidate
    return None


def link_for_person(incident: Incident, brakes: Brakes) -> Candidate | None:
    """Rule 13: the link that a person's own call takes, a spent one too."""
    best = best_candidate(incident, brakes)
    if best is not None or brakes.fixed_link:
        return best
    spent = incident.look.spent if incident.look else ()
    for candidate in (*incident.candidates, *spent):
        record = brakes.links.get(candidate.digest)
        if record is None or record.outcome is not Outcome.WRONG_CODE:
            return candidate
    return None


def link_at_hand(incident: Incident, brakes: Brakes | None = None) -> Candidate | None:
    """The link that *report now* would call, None without one.

    One that was called may be in the logs yet: the call looks for it. Without `brakes`
    as far as this incident's calls tell.
    """
    known = brakes or Brakes(links=_own_records(incident))
    found = link_for_person(incident, known)
    if found is not None or known.fixed_link:
        return found
    calls: list[Report | ReportShared] = [*reversed(incident.reports)]
    calls += [incident.shared] if incident.shared else []
    for call in calls:
        record = known.links.get(call.digest)
        outcome = record.outcome if record else call.outcome
        if outcome is not Outcome.WRONG_CODE:
            return Candidate(name=call.link, digest=call.digest, seen_at=call.at)
    return None


def _own_records(incident: Incident) -> dict[str, LinkRecord]:
    links: dict[str, LinkRecord] = {}
    for report in incident.answered:
        known, vain = links.get(report.digest), report.outcome in _IN_VAIN
        if known and known.spent and vain:
            continue
        unknown = report.outcome is Outcome.UNKNOWN
        again = known is not None and known.outcome is Outcome.UNKNOWN
        links[report.digest] = LinkRecord(
            digest=report.digest,
            outcome=report.outcome,
            spent=not vain and (again or not unknown),
            again=known is not None and known.spent,
        )
    return links


def _known_wrong(incident: Incident, digest: str) -> bool:
    """Rule 10: each code once, the fixed one too although it is never spent."""
    return any(
        r.digest == digest and r.outcome is Outcome.WRONG_CODE for r in incident.reports
    )


def _worth_another(record: LinkRecord | None) -> bool:
    """Rule 15(b): the fix did not hold; its link is called once more, ever."""
    outcomes = (Outcome.RESOLVED, Outcome.UNKNOWN)
    return record is not None and record.outcome in outcomes and not record.again


def said_twice(links: Iterable[Candidate], brakes: Brakes) -> str:
    """The name of a link that fails again after two answers `resolved`, or ""."""
    for candidate in links:
        record = brakes.links.get(candidate.digest)
        if (
            candidate.late
            and record
            and record.again
            and record.outcome is Outcome.RESOLVED
            and record.answered_at
            and candidate.seen_at > record.answered_at
        ):
            return candidate.name
    return ""


def looking_on(step: Step, due: datetime) -> Step:
    """The step, with the next look in time however long its reason lasts."""
    if not isinstance(step, Wait) or step.state is State.NEEDS_HUMAN:
        return step
    if step.until <= due:
        return step
    return replace(step, until=due, told=step.told or step.until)


def attempt(
    incident: Incident,
    rule: Rule,
    brakes: Brakes,
    now: datetime,
    candidate: Candidate,
    reason: Reason,
    *,
    by: str = "",
) -> Step:
    """Send the report, or say what holds it.

    `by`: the person who said *report now*. Only rule 10's wrong codes, the hour's limit
    and a call in flight hold that (rule 13).
    """
    if rule.mode is Mode.SHADOW:
        return Withhold(name=candidate.name, digest=candidate.digest, reason=reason)
    if wrong_codes(incident) >= MOST_WRONG_CODES:
        return _call_person(now, Reason.WRONG_CODE, MOST_WRONG_CODES)
    person = _call_person(now, Reason.MAX_REPORTS, rule.max_reports)
    if not by and _used_up(incident, rule, candidate):
        return person
    if (held := _held(rule, brakes, now, by)) is not None:
        return held
    if by:
        return _send(incident, brakes, candidate, reason, by)
    cooled = _cooling_until(rule, brakes, candidate, reason)
    if cooled is not None and cooled > now:
        return _hold(cooled, Reason.COOLDOWN)
    if (backing := _backing_off(incident, rule, now)) is not None:
        return backing
    if rule.mode is Mode.VETO:
        announced = window(incident, rule, brakes, now, candidate, reason)
        if announced is not None:
            return announced
    if _beyond_limit(incident, rule, candidate):
        # The person is called before the newer link is. Not before what holds the
        # call is over: that would take the incident out of this state again.
        return replace(person, until=now)
    return _send(incident, brakes, candidate, reason)


def _used_up(incident: Incident, rule: Rule, candidate: Candidate) -> bool:
    """Rules 9 and 11: whether `max_reports` leaves no call with this link."""
    if effective_calls(incident) < rule.max_reports:
        return False
    return candidate.late or used_up(incident, rule.max_reports, candidate.digest)


def _beyond_limit(incident: Incident, rule: Rule, candidate: Candidate) -> bool:
    """Rule 9: whether a person is still to be called before this newer link is."""
    if effective_calls(incident) < rule.max_reports:
        return False
    began = any(r.digest == candidate.digest for r in incident.reports)
    called = (State.NEEDS_HUMAN, Reason.MAX_REPORTS)
    return not began and (incident.state, incident.reason) != called


def _held(rule: Rule, brakes: Brakes, now: datetime, by: str) -> Wait | None:
    """What holds every report: pause, breaker, a call in flight (rules 2, 11, 14).

    A pause stops the automation, not a person.
    """
    if brakes.paused(now) and not by:
        due = now + rule.recheck
        ends = brakes.pause.ends if brakes.pause else None
        return _hold(min(ends, due) if ends else due, Reason.PAUSED)
    if brakes.breaker_open:
        until = min(brakes.hour_frees_at or now + HUMAN_LOOK, now + HUMAN_LOOK)
        return Wait(
            until=max(until, now + timedelta(seconds=1)),
            state=State.NEEDS_HUMAN,
            reason=Reason.BREAKER_OPEN,
            observed=brakes.reports_last_hour,
            limit=brakes.max_reports_per_hour,
            told=brakes.hour_frees_at,
        )
    if brakes.in_flight:
        return _hold(now + IN_FLIGHT_LOOK, Reason.REPORT_IN_FLIGHT)
    return None


def _send(
    incident: Incident,
    brakes: Brakes,
    candidate: Candidate,
    reason: Reason,
    by: str = "",
) -> Send:
    checks = incident.look.checks if incident.look else ()
    best = next((c for c in checks if c.reached), None)
    return Send(
        name=candidate.name,
        digest=candidate.digest,
        reason=reason,
        check=best.name if best else "",
        observed=best.count if best else None,
        limit=best.threshold if best else None,
        by=by,
        method=brakes.method or _other_than_lost(incident, brakes, candidate),
    )


def _other_than_lost(incident: Incident, brakes: Brakes, candidate: Candidate) -> str:
    """Rule 9: the repeat after an `unknown` begins with the other method."""
    lost = unanswered_once(incident)
    if lost is None or lost.digest != candidate.digest:
        return ""
    fixed = candidate.digest == brakes.fixed_link
    return other_method(lost.method or first_method(fixed=fixed))


def _cooling_until(
    rule: Rule, brakes: Brakes, candidate: Candidate, reason: Reason
) -> datetime | None:
    """Rule 11: the one call after an intent without an answer is not held."""
    record = brakes.links.get(candidate.digest)
    if reason is Reason.UNANSWERED or record is None or record.effective_at is None:
        return None
    return record.effective_at + rule.cooldown


def _backing_off(incident: Incident, rule: Rule, now: datetime) -> Wait | None:
    """Rule 10: refused or unreachable: 1 s doubling to 30 s, then a person too."""
    failed = failed_calls(incident)
    if not failed or failed[-1].answered_at is None:
        return None
    refused = failed[-1].outcome is Outcome.REFUSED
    reason = Reason.FACTORY_REFUSED if refused else Reason.FACTORY_UNREACHABLE
    lasting = now >= extended(incident.pauses, failed[0].at, rule.give_up_after, now)
    pause = HUMAN_LOOK if lasting else backoff(incident.id, len(failed))
    until = failed[-1].answered_at + pause
    state = State.NEEDS_HUMAN if lasting else State.HOLDING
    if lasting and incident.state is not State.NEEDS_HUMAN:
        until = max(until, now + timedelta(seconds=1))
    if now >= until:
        return None
    return Wait(until=until, state=state, reason=reason)


def backoff(seed: str, failures: int) -> timedelta:
    """1 s doubling to 30 s, spread by a fifth so that calls do not come in step."""
    digest = hashlib.sha256(f"{seed}:{failures}".encode()).digest()
    spread = 0.8 + 0.4 * digest[0] / 255
    return timedelta(seconds=min(2.0 ** (failures - 1), MOST_BACKOFF) * spread)


def _hold(until: datetime, reason: Reason) -> Wait:
    return Wait(until=until, state=State.HOLDING, reason=reason)


def _call_person(now: datetime, reason: Reason, limit: int) -> Wait:
    return Wait(
        until=now + HUMAN_LOOK, state=State.NEEDS_HUMAN, reason=reason, limit=limit
    )
