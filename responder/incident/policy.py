"""`docs/policy.md` as code: in each phase the first rule that speaks decides.

A `Case` is one moment of one incident. Its phase has a table of rules in the order in
which they are asked; each guard returns a `Plan`, or None if its rule says nothing.
`BOUNDS` is one more table: what may hold a report that a guard wants to send.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from responder.incident import facts
from responder.incident.events import (
    Candidate,
    CheckReading,
    Decided,
    Event,
    Finished,
    Paused,
    ReportAnswered,
    ReportIntended,
    ReportPlanned,
    ReportRequested,
    ReportShared,
    ReportWithheld,
    Resumed,
)
from responder.incident.incident import Incident, Report
from responder.incident.method import first_method, other_method
from responder.incident.names import Decision, Mode, Outcome, Proof, Reason, State
from responder.incident.pause import extended
from responder.incident.rule import MOST_GOOD_IN_A_ROW, Rule
from responder.incident.service import Brakes, LinkRecord

HUMAN_LOOK = timedelta(seconds=30)
"""How often the logs are evaluated while a person has the incident (rule 12)."""
IN_FLIGHT_LOOK = timedelta(milliseconds=500)
MOST_WRONG_CODES = 5
MOST_BACKOFF = 30.0
SLOWEST_WATCH = timedelta(seconds=15)
AFTER_RESOLVE = timedelta(seconds=60)
"""The watch outlives the resolve by this and one evaluation: whoever has just said
"resolved" says nothing new of the group before its group interval is over."""
LONGEST_DRILL = timedelta(minutes=3)
"""How long a drill's incident lasts at most: nobody may be there to end it."""
NEVER = datetime.max.replace(tzinfo=UTC)
_IN_VAIN = (Outcome.REFUSED, Outcome.UNREACHABLE)


# What a plan says to do.


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate:
    """Read the logs now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceFirstError:
    """Walk back through the logs to the first error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeFactory:
    """Ask whether the factory answers at all; no report is sent (rule 12)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFactory:
    """Reserve and send one report. What the plan writes is durable before it."""

    digest: str
    """The link's. Where it is not at hand, the logs are evaluated first instead."""
    method: str = ""
    """The HTTP method to begin with, "" for the one of this kind of link (rule 9)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRelapse:
    """The fault is back in an ended incident: open the next one."""


Deed = Evaluate | TraceFirstError | ProbeFactory | CallFactory | OpenRelapse


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to append to the timeline, the one thing to do, and when to come back."""

    write: tuple[Event, ...] = ()
    do: Deed | None = None
    until: datetime | None = None
    """When to decide again. None: at once, the incident is another now."""
    rule: int = 0
    """The number of the policy's rule that spoke."""


class Phase(StrEnum):
    """Where an incident is in the policy. Computed, never stored."""

    SEEKING = "seeking"
    """No report has taken effect: evidence and a link are looked for."""
    VERIFYING = "verifying"
    """The factory answered: is the fault gone?"""
    SHADOWING = "shadowing"
    """In shadow mode, after the report that would have been sent."""
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One moment of one incident: every fact that a rule may ask for, computed once."""

    incident: Incident
    rule: Rule
    """As it holds for this incident: in shadow for a drill."""
    service: Brakes
    now: datetime

    @cached_property
    def phase(self) -> Phase:
        if self.incident.ended_at is not None:
            return Phase.ENDED
        if self.incident.withheld_at is not None and self.shadow:
            return Phase.SHADOWING
        return Phase.SEEKING if self.verifying_since is None else Phase.VERIFYING

    @property
    def shadow(self) -> bool:
        return self.rule.mode is Mode.SHADOW

    @property
    def needs_human(self) -> bool:
        return self.incident.state is State.NEEDS_HUMAN

    @cached_property
    def verifying_since(self) -> datetime | None:
        """The answer that verification counts from, None before there is one."""
        return facts.verifying_since(self.incident)

    @cached_property
    def answered_at(self) -> datetime:
        """`verifying_since` where there is one: in VERIFYING."""
        assert self.verifying_since is not None
        return self.verifying_since

    @cached_property
    def ended_at(self) -> datetime:
        assert self.incident.ended_at is not None
        return self.incident.ended_at

    @cached_property
    def handed_to_person(self) -> bool:
        """Whether a person was called for good: the automation acts no more."""
        return facts.handed_to_person(self.incident)

    @cached_property
    def may_act(self) -> bool:
        """Whether a report may follow from what the logs say."""
        return facts.may_act(self.incident, self.now)

    @cached_property
    def silence_holds(self) -> bool:
        return facts.silence_holds(self.incident, self.now)

    @cached_property
    def request(self) -> ReportRequested | None:
        """A person's *report now* that still waits for its call."""
        return facts.live_request(self.incident, self.now)

    @cached_property
    def unanswered_once(self) -> Report | None:
        """The last report, if it is a first `unknown`: its link is called once more."""
        return facts.unanswered_once(self.incident)

    @cached_property
    def failed_calls(self) -> tuple[Report, ...]:
        """The last reports in a row that were refused or reached nobody."""
        return facts.failed_calls(self.incident)

    @cached_property
    def last_was_wrong(self) -> bool:
        answered = self.incident.answered
        return bool(answered) and answered[-1].outcome is Outcome.WRONG_CODE

    @cached_property
    def confirming_check(self) -> CheckReading | None:
        """The first check of the last evaluation that confirms the fault."""
        checks = self.incident.look.checks if self.incident.look else ()
        return next((check for check in checks if check.reached), None)

    @cached_property
    def retrying(self) -> bool:
        """Rule 4: once confirmed, by logs or a person, retries need no threshold."""
        incident = self.incident
        asked = any(r.reason is Reason.ASKED_BY_PERSON for r in incident.reports)
        return bool(incident.answered) and (asked or incident.confirmed_at is not None)

    @cached_property
    def confirmed(self) -> bool:
        """Whether the fault is confirmed, now or for a retry."""
        return self.confirming_check is not None or self.retrying

    @cached_property
    def acts(self) -> bool:
        """SEEKING: confirmed, and nothing but a missing link or a bound is in the way.

        Outside `needs_human` earlier rules have dealt with what `may_act` asks.
        """
        return self.confirmed and (self.may_act or not self.needs_human)

    @cached_property
    def blind(self) -> bool:
        """Whether the logs became unreadable before anything was confirmed."""
        since = self.incident.unreadable_since
        return since is not None and self.incident.confirmed_at is None

    @cached_property
    def untraced(self) -> bool:
        """Whether a person has a confirmed incident whose first error is not known."""
        incident = self.incident
        known = incident.confirmed_at is None or incident.first_error_final
        return self.needs_human and not known

    @cached_property
    def link(self) -> Candidate | None:
        """The link to call next: an `unknown` one again, else the best at hand."""
        incident, lost = self.incident, self.unanswered_once
        if lost and facts.used_up(incident, self.rule.max_reports, lost.digest):
            # Only a newer link may be called.
            newer = [c for c in incident.candidates if c.digest != lost.digest]
            incident = replace(incident, candidates=tuple(newer)) if newer else incident
        elif lost and not self.service.fixed_link:
            for candidate in incident.candidates:
                if candidate.digest == lost.digest:
                    return candidate
        return best_candidate(incident, self.service)

    @cached_property
    def fresh_links(self) -> Sequence[Candidate]:
        """The last evaluation's links, but for those answered since: they are old."""
        seen = self.incident.look.candidates if self.incident.look else ()
        return [c for c in seen if not self._answered_since(c)]

    def _answered_since(self, seen: Candidate) -> bool:
        record = self.service.links.get(seen.digest)
        looked_at = self.incident.looked_at
        if record is None or record.answered_at is None or looked_at is None:
            return False
        return record.spent and record.answered_at > looked_at

    @cached_property
    def failing_link(self) -> Candidate | None:
        """VERIFYING: a link in the last evaluation that calls for one more report."""
        if not self.fresh_links:
            return None
        return best_candidate(self.incident, self.service)

    @cached_property
    def evidence_due(self) -> datetime:
        """When to read the logs next."""
        match self.phase:
            case Phase.SEEKING:
                return _due_seeking(self)
            case Phase.VERIFYING:
                return _due_verifying(self)
            case Phase.SHADOWING:
                return _due_shadowing(self)
            case Phase.ENDED:
                return _due_ended(self)

    @cached_property
    def watch_pause(self) -> timedelta:
        return max(self.rule.recheck, SLOWEST_WATCH)

    @property
    def human_look(self) -> datetime:
        return (self.incident.looked_at or self.now) + HUMAN_LOOK

    def patience(self, since: datetime, length: timedelta) -> datetime:
        """When `length` from `since` on is over; a pause does not count (rule 14)."""
        return extended(self.incident.pauses, since, length, self.now)

    def reads_now(self, due: datetime) -> bool:
        """Whether to read the logs now, which were `due` by then.

        An evaluation may take longer than until the next one is due: each is decided
        upon first, unless it is too old to decide anything.
        """
        if self.now < due or not self.service.undecided:
            return self.now >= due
        looked_at = self.incident.looked_at
        if looked_at is None or looked_at > self.now:
            return True
        old = facts.stale_before(self.incident, self.now)
        return old is not None and looked_at < old


Guard = Callable[[Case], Plan | None]


def next_plan(incident: Incident, rule: Rule, service: Brakes, now: datetime) -> Plan:
    """What to do next. Touches no clock, network, database, log or setting."""
    held = in_shadow(rule, incident)
    case = Case(incident=incident, rule=held, service=service, now=now)
    for number, guard in RULES[case.phase]:
        if (plan := guard(case)) is not None:
            return plan if plan.rule else replace(plan, rule=number)
    raise AssertionError("the last rule of each phase always speaks")


def in_shadow(rule: Rule, incident: Incident) -> Rule:
    """The rule as it holds for the incident: in shadow for a drill (rules 13, 19)."""
    if not incident.drill or rule.mode is Mode.SHADOW:
        return rule
    return replace(rule, mode=Mode.SHADOW)


# The plans that guards return.


class Figures(NamedTuple):
    """The numbers that a decision rests on."""

    check: str = ""
    observed: int | None = None
    limit: int | None = None

    @classmethod
    def of(cls, reading: CheckReading | None) -> "Figures":
        if reading is None:
            return cls()
        return cls(reading.name, reading.count, reading.threshold)


_VERB = {
    State.NEEDS_HUMAN: Decision.NEEDS_HUMAN,
    State.VERIFYING: Decision.VERIFY,
    State.REPORTING: Decision.REPORT,
}


def _wait(
    case: Case,
    state: State,
    reason: Reason,
    until: datetime,
    figures: Figures = Figures(),  # noqa: B008
    *,
    shown: datetime | None = None,
    link: str = "",
) -> Plan:
    """Be in this state for this reason until then: written if it is another one.

    `shown`: the time to show people, where evaluations come before it.
    """
    if case.incident.drill and state is State.NEEDS_HUMAN:
        return _end_drill(case)
    if (state, reason) == (case.incident.state, case.incident.reason):
        return Plan(until=until)
    decided = Decided(
        at=case.now,
        decision=_VERB.get(state, Decision.HOLD),
        state=state,
        reason=reason,
        check=figures.check,
        observed=figures.observed,
        limit=figures.limit,
        until=shown or until,
        link=link,
    )
    return Plan(write=(decided,), until=until)


def _hold(
    case: Case,
    reason: Reason,
    until: datetime,
    figures: Figures = Figures(),  # noqa: B008
) -> Plan:
    return _wait(case, State.HOLDING, reason, until, figures)


def _call_person(
    case: Case,
    reason: Reason,
    until: datetime,
    figures: Figures = Figures(),  # noqa: B008
) -> Plan:
    return _wait(case, State.NEEDS_HUMAN, reason, until, figures)


def _keep_verifying(case: Case, until: datetime) -> Plan:
    """VERIFYING goes on; a person who was called stays called."""
    incident = case.incident
    lasting = (
        Reason.UNPROVEN,
        Reason.MAX_REPORTS,
        Reason.BREAKER_OPEN,
        Reason.ERRORS_CONTINUE,
    )
    if case.needs_human and incident.reason in lasting:
        return _call_person(case, incident.reason, until)
    shared = incident.shared is not None and not incident.answered
    reason = Reason.REPORT_SHARED if shared else Reason.REPORTED
    if facts.verified_outcome(incident) is Outcome.UNKNOWN:
        reason = Reason.UNANSWERED
    return _wait(case, State.VERIFYING, reason, until)


def _end(
    case: Case,
    state: State,
    reason: Reason,
    *,
    proof: Proof | None = None,
    good_orders: int | None = None,
    stray: int = 0,
) -> Plan:
    if case.incident.drill:
        return _end_drill(case)
    finished = Finished(
        at=case.now,
        state=state,
        reason=reason,
        proof=proof,
        good_orders=good_orders,
        stray=stray,
    )
    return Plan(write=(finished,))


def _end_drill(case: Case) -> Plan:
    """Rule 19: whatever would call a person or end the incident ends a drill."""
    drill = Finished(at=case.now, state=State.STOOD_DOWN, reason=Reason.DRILL)
    return Plan(write=(drill,), rule=19)


def _stand_in(case: Case, decision: Decision, reason: Reason, event: Event) -> Plan:
    """Verify without a call of our own, with the event that stands in for it."""
    decided = Decided(
        at=case.now, decision=decision, state=State.VERIFYING, reason=reason
    )
    return Plan(write=(decided, event))


def _withhold(case: Case, link: str, digest: str, reason: Reason) -> Plan:
    withheld = ReportWithheld(at=case.now, link=link, digest=digest, reason=reason)
    return _stand_in(case, Decision.WITHHOLD, Reason.SHADOW, withheld)


# Always, before a phase's own rules.


def drill_over(case: Case) -> Plan | None:
    """A drill ends after three minutes at the latest."""
    over = case.now >= case.incident.opened_at + LONGEST_DRILL
    return _end_drill(case) if case.incident.drill and over else None


def intent_without_answer(case: Case) -> Plan | None:
    """The process that sent it is gone, or still waits for its answer."""
    report = case.incident.outstanding
    if report is None:
        return None
    until = report.at + timedelta(seconds=case.service.timeout + 1)
    if case.now < until:
        return _wait(case, State.REPORTING, report.reason, until)
    lost = ReportAnswered(
        at=case.now,
        link=report.link,
        digest=report.digest,
        outcome=Outcome.UNKNOWN,
        message="no answer is known: Responder stopped while it waited",
        seconds=(case.now - report.at).total_seconds(),
    )
    return Plan(write=(lost,))


def pause_changed(case: Case) -> Plan | None:
    """The pause as the switch has it, where the timeline says otherwise."""
    incident, pause, now = case.incident, case.service.pause, case.now
    known = incident.pauses[-1] if incident.pauses else None
    if pause and pause.holds(now):
        start = max(pause.at, incident.opened_at)
        if known and (known.at, known.by, known.until, known.ended_at) == (
            start,
            pause.by,
            pause.until,
            None,
        ):
            return None
        paused = Paused(at=start, by=pause.by, until=pause.until, pressed_at=pause.at)
        return Plan(write=(paused,))
    if known is None or known.ended_at is not None:
        return None
    end, by = known.until, ""
    resumed = pause.ended_at if pause else None
    if pause and resumed and known.at <= resumed and (end is None or resumed < end):
        end, by = resumed, pause.ended_by
    return Plan(write=(Resumed(at=min(end or now, now), by=by),))


def resolved_by_sender(case: Case) -> Plan | None:
    """All alerts resolved by themselves, before a report or while a person waits."""
    incident = case.incident
    if not incident.resolved_cleanly:
        return None
    early = incident.state in (State.INVESTIGATING, State.HOLDING)
    unreported = early and not facts.may_have_reached_factory(incident)
    if not unreported and not case.needs_human:
        return None
    reason = Reason.SHADOW if incident.withheld_at else Reason.ALERT_RESOLVED
    return _end(case, State.STOOD_DOWN, reason)


def vetoed(case: Case) -> Plan | None:
    """With a veto the incident is that person's, but for a *report now* since."""
    veto, since = case.incident.vetoed, case.verifying_since
    if veto is None or case.handed_to_person or case.request:
        return None
    if since is not None and since >= veto.at:
        return None
    return _call_person(case, Reason.VETOED, case.now + HUMAN_LOOK)


# SEEKING: no report has taken effect.


def _due_seeking(case: Case) -> datetime:
    """At once at first, then as rules 6, 7 and 12 say."""
    incident, now = case.incident, case.now
    if incident.looked_at is None or incident.looked_at > now:
        # Not yet, or the clock was set back since: what was read then is too old.
        return min(incident.opened_at, now)
    old = facts.stale_before(incident, now)
    if old and incident.looked_at < old:
        return old
    if case.needs_human:
        return incident.looked_at + HUMAN_LOOK
    if incident.unreadable_since:
        return incident.looked_at + _unreadable_pause(case)
    return incident.looked_at + case.rule.recheck


def _unreadable_pause(case: Case) -> timedelta:
    """Rule 7's growing intervals: 1 s doubling to 30 s."""
    looks = case.incident.unreadable_looks
    pause = timedelta(seconds=min(2.0 ** min(looks - 1, 6), MOST_BACKOFF))
    # Nobody is called on the strength of one evaluation.
    return min(pause, case.rule.unreadable_for) if looks == 1 else pause


def silenced(case: Case) -> Plan | None:
    """A silence holds every report, not the count of what fails meanwhile."""
    if not case.silence_holds or case.needs_human or case.request:
        return None
    looked_at = case.incident.looked_at
    if case.reads_now(looked_at + HUMAN_LOOK if looked_at else case.now):
        return Plan(do=Evaluate())
    soon = case.now + HUMAN_LOOK
    return _hold(case, Reason.SILENCED, min(case.incident.silenced_until or soon, soon))


def anothers_answer(case: Case) -> Plan | None:
    """Another incident's answer for our link, after our first evidence."""
    incident = case.incident
    if case.handed_to_person or case.shadow or incident.confirmed_at is None:
        return None
    first = incident.first_error_at or incident.confirmed_at
    links = [(c.digest, c.name) for c in incident.candidates]
    if case.service.fixed_link:
        links = [(case.service.fixed_link, case.service.fixed_name)]
    for digest, name in links:
        record = case.service.links.get(digest)
        if (
            record
            and record.outcome
            and record.outcome.moves_floor
            and record.answered_at
            and record.answered_at >= first
            and record.incident != incident.id
        ):
            shared = ReportShared(
                at=case.now,
                link=name,
                digest=record.digest,
                incident=record.incident or "",
                outcome=record.outcome,
                answered_at=record.answered_at,
            )
            return _stand_in(case, Decision.SHARE, Reason.REPORT_SHARED, shared)
    return None


def call_may_still_run(case: Case) -> Plan | None:
    """An unknown call may still be running at the factory for a while."""
    if case.unanswered_once is None:
        return None
    lasts = timedelta(seconds=case.service.timeout + 1)
    until = case.unanswered_once.at + lasts
    return None if case.now >= until else _hold(case, Reason.UNANSWERED, until)


def evidence_due(case: Case) -> Plan | None:
    """It is time to read the logs."""
    return Plan(do=Evaluate()) if case.reads_now(case.evidence_due) else None


def report_now(case: Case) -> Plan | None:
    """A person asked for a report, also with a link that is spent."""
    if case.request is None:
        return None
    candidate = case.link or link_for_person(case.incident, case.service)
    if candidate is None:
        return None
    by = case.request.by or "a person"
    return _report(case, candidate, Reason.ASKED_BY_PERSON, by=by)


def nothing_fired(case: Case) -> Plan | None:
    """Opened by a sender that has told of no firing yet: no reason to act."""
    if case.needs_human or not case.incident.never_fired:
        return None
    return below_threshold(case)


def calm_long_enough(case: Case) -> Plan | None:
    """A person is not needed any more: the errors stopped, or orders work."""
    if not case.needs_human:
        return None
    incident = case.incident
    calm = facts.below_threshold_since(incident)
    if calm and case.now >= case.patience(calm, case.rule.give_up_after):
        return _end(case, State.STOOD_DOWN, Reason.ERRORS_STOPPED)
    answered = case.verifying_since
    since = answered or incident.first_error_at or incident.opened_at
    if not orders_prove(incident, case.rule, since, answered=answered is not None):
        return None
    good = incident.look.good_since_failure if incident.look else 0
    return _end(case, State.STOOD_DOWN, Reason.ORDER_SEEN, good_orders=good)


def person_has_called(case: Case) -> Plan | None:
    """Once a person's own call may have arrived, the automation sends no further."""
    called = facts.person_called(case.incident)
    if case.needs_human or not case.confirmed or not called:
        return None
    return _call_person(case, Reason.WRONG_CODE, case.now + HUMAN_LOOK)


def confirmed_with_link(case: Case) -> Plan | None:
    """The fault is confirmed and a link is at hand: report, or what holds it."""
    if not case.acts or case.link is None:
        return None
    plan = _report(case, case.link, _why_report(case, case.link))
    # While it is held, the first error of what a person has is traced.
    return None if plan.until is not None and case.untraced else plan


def _why_report(case: Case, candidate: Candidate) -> Reason:
    lost = case.unanswered_once
    if lost and lost.digest == candidate.digest:
        return Reason.UNANSWERED
    if candidate.late:
        return Reason.FIX_DID_NOT_HOLD
    if lost or case.last_was_wrong:
        return Reason.NEWER_LINK
    if case.incident.confirmed_at is None:
        return Reason.ASKED_BY_PERSON
    return Reason.THRESHOLD_REACHED


def shadow_without_link(case: Case) -> Plan | None:
    """In shadow, a confirmed fault is watched even where no link was found."""
    if not case.acts or case.link or not case.confirming_check or not case.shadow:
        return None
    return _withhold(case, "", "", Reason.NO_LINK)


def trace_for_person(case: Case) -> Plan | None:
    """A person has it: find the first error, for duration and failed orders."""
    return Plan(do=TraceFirstError()) if case.untraced else None


def fixed_twice(case: Case) -> Plan | None:
    """The factory said twice that this link is fixed, and it fails again."""
    if not case.acts or case.link:
        return None
    link = said_twice(case.incident.candidates, case.service)
    if not link:
        return None
    human, until = State.NEEDS_HUMAN, case.now + HUMAN_LOOK
    return _wait(case, human, Reason.ERRORS_CONTINUE, until, link=link)


def factory_takes_no_report(case: Case) -> Plan | None:
    """Calls failed, and the lines with the factory's link are out of sight."""
    failed = case.failed_calls
    if case.needs_human or case.blind or case.confirming_check or not case.retrying:
        return None
    if not failed:
        return None
    lasting = case.now >= case.patience(failed[0].at, case.rule.give_up_after)
    state = State.NEEDS_HUMAN if lasting else State.HOLDING
    return _wait(case, state, _why_failed(failed), case.evidence_due)


def _why_failed(failed: Sequence[Report]) -> Reason:
    refused = failed[-1].outcome is Outcome.REFUSED
    return Reason.FACTORY_REFUSED if refused else Reason.FACTORY_UNREACHABLE


def confirmed_without_link(case: Case) -> Plan | None:
    """Confirmed, and nothing to call: look on, probe the factory, call a person."""
    incident = case.incident
    if case.needs_human:
        # The logs can be read again, and say whose fault it is not.
        readable = case.confirming_check and not incident.unreadable_since
        unread = incident.reason is Reason.LOGS_UNREADABLE
        if not (readable and incident.no_link_since and unread):
            return None
    elif case.blind or not case.confirmed:
        return None
    wrong, best = case.last_was_wrong, case.confirming_check
    last_wrong = incident.answered[-1].answered_at if wrong else None
    since = incident.no_link_since or last_wrong or incident.confirmed_at or case.now
    calls_at = since + case.rule.no_link_for
    waited = case.now >= calls_at and _orders_fail(case)
    foreign = incident.look is not None and incident.look.foreign_links > 0
    probed = incident.probed is not None and incident.probed.at >= calls_at
    if waited and not (wrong or foreign or probed):
        return Plan(do=ProbeFactory())
    figures = Figures.of(best) if best else Figures(observed=incident.errors)
    if waited:
        return _call_person(case, Reason.NO_LINK, case.human_look, figures)
    if case.needs_human:
        return None
    reason = Reason.WRONG_CODE if wrong else Reason.NO_LINK
    return _hold(case, reason, case.evidence_due, figures)


def _orders_fail(case: Case) -> bool:
    """Whether a person is worth calling: not if orders work again, or none failed.

    The latter where only a watch saw the fault (rule 3) and failed orders are known.
    """
    incident = case.incident
    if incident.look is not None and incident.look.working_since is not None:
        return False
    unseen = incident.opened_as is Reason.SELF_DETECTED and not incident.firings
    return not (unseen and case.rule.failed and not incident.failed_keys)


def person_has_it(case: Case) -> Plan | None:
    """A person was called, and nothing has changed since."""
    if not case.needs_human:
        return None
    return _call_person(case, case.incident.reason, case.evidence_due)


def logs_unreadable(case: Case) -> Plan | None:
    """Never permission to act; a person is called after `unreadable_for`."""
    since = case.incident.unreadable_since
    if since is None or case.handed_to_person:
        return None
    verifying = case.phase is Phase.VERIFYING
    patient = case.patience(since, case.rule.unreadable_for)
    if case.now >= patient:
        until = case.evidence_due if verifying else case.human_look
        return _call_person(case, Reason.LOGS_UNREADABLE, until)
    until = min(case.evidence_due, patient)
    if verifying:
        return _keep_verifying(case, until)
    return _hold(case, Reason.LOGS_UNREADABLE, until)


def below_threshold(case: Case) -> Plan:
    """Logs arrive late: look again until nobody alerts any more."""
    incident = case.incident
    if case.now >= case.patience(incident.last_firing_at, case.rule.give_up_after):
        return _end(case, State.STOOD_DOWN, Reason.NOT_CONFIRMED)
    checks = incident.look.checks if incident.look else ()
    nearest = max(checks, key=lambda c: (c.count or 0) / c.threshold, default=None)
    figures = Figures.of(nearest)
    return _hold(case, Reason.BELOW_THRESHOLD, case.evidence_due, figures)


# VERIFYING: the factory answered.


def _due_verifying(case: Case) -> datetime:
    """Every `recheck`, and once exactly at each time that decides."""
    incident, rule, since = case.incident, case.rule, case.answered_at
    last = max(incident.looked_at or since, since)
    old = facts.stale_before(incident, case.now)
    if old and last < old:
        return old
    pause = HUMAN_LOOK if case.needs_human else rule.recheck
    if incident.unreadable_since and not case.needs_human:
        pause = min(rule.recheck, _unreadable_pause(case))
    marks = [since + rule.verify_after, since + rule.verify_for]
    if rule.traffic is None:
        marks.append(since + rule.longest_window)
    elif incident.look and incident.look.stale_failures:
        # A line that is too late to be stale has had time to show by then.
        marks.append(since + rule.settle + rule.recheck)
    return min([last + pause, *(mark for mark in marks if mark > last)])


def call_once_more(case: Case) -> Plan | None:
    """A call without an answer in verification is made once more too."""
    lost = case.unanswered_once
    if lost is None or not case.may_act:
        return None
    if (waiting := call_may_still_run(case)) is not None:
        return waiting
    if facts.used_up(case.incident, case.rule.max_reports, lost.digest):
        return None
    candidates = case.incident.candidates
    found = next((c for c in candidates if c.digest == lost.digest), None)
    if found is None and lost.digest == case.service.fixed_link:
        found = best_candidate(case.incident, case.service)
    if found is None:
        return None
    plan = _report(case, found, Reason.UNANSWERED)
    return None if plan.until is not None else plan


def before_first_evaluation(case: Case) -> Plan | None:
    """Nothing was read since the answer."""
    looked_at = case.incident.looked_at
    if case.incident.look and looked_at and looked_at > case.answered_at:
        return None
    return _keep_verifying(case, case.evidence_due)


def link_again(case: Case) -> Plan | None:
    """(a), (b): an unspent link, or one whose fix did not hold: report it."""
    link = case.failing_link
    if case.handed_to_person or link is None or not case.may_act:
        return None
    again = link.late or link.digest == case.service.fixed_link
    reason = Reason.FIX_DID_NOT_HOLD if again else Reason.NEWER_LINK
    return _report(case, link, reason)


def silence_holds_link(case: Case) -> Plan | None:
    """A silence holds the report of a link that is seen again."""
    if case.needs_human or case.failing_link is None or not case.silence_holds:
        return None
    return _hold(case, Reason.SILENCED, case.evidence_due)


def links_answered_since(case: Case) -> Plan | None:
    """A wrong code was the answer: only the next evaluation tells what goes on."""
    seen = case.incident.look.candidates if case.incident.look else ()
    if case.handed_to_person or not seen or case.fresh_links:
        return None
    return _keep_verifying(case, case.evidence_due)


def errors_continue(case: Case) -> Plan | None:
    """(b), (c): errors that no call may or can answer: a person is called."""
    if case.handed_to_person or not (case.confirming_check or case.fresh_links):
        return None
    incident, reason = case.incident, Reason.ERRORS_CONTINUE
    spent = facts.effective_calls(incident) >= case.rule.max_reports
    if spent and facts.only_unknown(incident):
        # Unanswered calls alone end nothing (rule 9): a newer link may yet come.
        reason = Reason.MAX_REPORTS
    return _wait(
        case,
        State.NEEDS_HUMAN,
        reason,
        case.now + HUMAN_LOOK,
        Figures.of(case.confirming_check),
        link=said_twice(case.fresh_links, case.service),
    )


def trace(case: Case) -> Plan | None:
    """The fault is over as far as known: find where it began."""
    return None if case.incident.first_error_final else Plan(do=TraceFirstError())


def proof(case: Case) -> Plan | None:
    """(d): good orders, quiet, or at last the factory's word."""
    incident, rule, look = case.incident, case.rule, case.incident.look
    looked_at = incident.looked_at
    if case.handed_to_person or look is None or looked_at is None:
        return None
    if looked_at < case.answered_at + rule.verify_after:
        return None
    recovered, stray = State.RECOVERED, look.matched
    if rule.traffic is None:
        if look.matched and looked_at < case.answered_at + rule.longest_window:
            return None
        stopped = Reason.ERRORS_STOPPED
        return _end(case, recovered, stopped, proof=Proof.QUIET, stray=stray)
    good = look.good_orders
    if orders_prove(incident, rule, case.answered_at):
        seen, orders = Reason.ORDER_SEEN, Proof.ORDERS
        return _end(case, recovered, seen, proof=orders, good_orders=good, stray=stray)
    if not _proof_overdue(case) or incident.traffic_unreadable_since:
        return None
    outcome = facts.verified_outcome(incident)
    if outcome is not Outcome.RESOLVED or look.failures:
        return None
    word, supplier = Reason.SUPPLIER_CONFIRMED, Proof.SUPPLIER
    return _end(case, recovered, word, proof=supplier, good_orders=0, stray=stray)


def orders_prove(
    incident: Incident, rule: Rule, since: datetime, *, answered: bool = True
) -> bool:
    """Rule 15(d): whether good orders of the last evaluation prove recovery.

    `since`: the factory's answer; where there is none (not `answered`), the first
    error, and then something did fail.
    """
    look, looked_at = incident.look, incident.looked_at
    if look is None or looked_at is None or incident.unreadable_since:
        return False
    if look.traffic_unreadable or look.failed_unreadable:
        return False
    # One that an earlier version stored has none, and waits for the next one.
    if not look.good_since_failure or looked_at < since + rule.verify_after:
        return False
    if answered and not look.failures:
        settled = looked_at >= since + rule.settle + rule.recheck
        return settled or not look.stale_failures
    failed_at = incident.last_failure_at or since
    if looked_at < failed_at + rule.verify_after:
        return False
    failures = look.failures + look.stale_failures
    needed = min(max(failures, rule.good_in_a_row), MOST_GOOD_IN_A_ROW)
    return look.good_since_failure >= needed


def _proof_overdue(case: Case) -> bool:
    """Whether `verify_for` is over for a rule that could have been proven by orders."""
    longest = max(case.rule.verify_after, case.rule.verify_for)
    looked_at = case.incident.looked_at or case.answered_at
    return case.rule.traffic is not None and looked_at >= case.answered_at + longest


def orders_unreadable(case: Case) -> Plan | None:
    """Orders could not be counted: they prove nothing, and deny nothing."""
    blind = case.incident.traffic_unreadable_since
    if blind is None or not _proof_overdue(case):
        return None
    patient = case.patience(blind, case.rule.unreadable_for)
    if case.now < patient:
        return _keep_verifying(case, min(case.evidence_due, patient))
    return _call_person(case, Reason.LOGS_UNREADABLE, case.evidence_due)


def unproven(case: Case) -> Plan | None:
    """`verify_for` is over without a proof."""
    if not _proof_overdue(case):
        return None
    return _call_person(case, Reason.UNPROVEN, case.evidence_due)


def handed_over(case: Case) -> Plan | None:
    """A person was called for good: it is theirs, and is evaluated on."""
    return person_has_it(case) if case.handed_to_person else None


def wait_for_proof(case: Case) -> Plan:
    """Silence is not recovery."""
    return _keep_verifying(case, case.evidence_due)


# SHADOWING: after the report that would have been sent.


def _due_shadowing(case: Case) -> datetime:
    looked_at, decides = _shadow_evaluated_at(case), _shadow_decides_at(case)
    due = max(looked_at, _withheld_at(case)) + case.rule.recheck
    return min(due, decides) if looked_at < decides else due


def _withheld_at(case: Case) -> datetime:
    assert case.incident.withheld_at is not None
    return case.incident.withheld_at


def _shadow_decides_at(case: Case) -> datetime:
    return _withheld_at(case) + case.rule.verify_after


def _shadow_evaluated_at(case: Case) -> datetime:
    return case.incident.looked_at or _withheld_at(case)


def alert_over(case: Case) -> Plan | None:
    """The alert resolved."""
    return None if case.incident.fires else _end_shadow(case)


def _end_shadow(case: Case) -> Plan:
    return _end(case, State.STOOD_DOWN, Reason.SHADOW)


def trace_in_shadow(case: Case) -> Plan | None:
    """Find where the fault began, if the logs can be read."""
    known = case.incident.first_error_final or case.incident.unreadable_since
    return None if known else Plan(do=TraceFirstError())


def calm_in_shadow(case: Case) -> Plan | None:
    """The errors stopped."""
    quiet = not (case.confirming_check or case.incident.unreadable_since)
    decided = _shadow_evaluated_at(case) >= _shadow_decides_at(case)
    return _end_shadow(case) if quiet and decided else None


def watch_in_shadow(case: Case) -> Plan:
    """Watch as after a call."""
    return _wait(case, State.VERIFYING, Reason.SHADOW, case.evidence_due)


# ENDED: the watch.


def _due_ended(case: Case) -> datetime:
    looked_at = max(case.incident.looked_at or case.ended_at, case.ended_at)
    fired_at = case.incident.fired_at
    if fired_at and fired_at > looked_at:
        # A late alert: whether its errors are old ones only the logs can say.
        return fired_at
    return looked_at + case.watch_pause


def drill_ended(case: Case) -> Plan | None:
    """A drill is not watched."""
    return Plan(until=NEVER) if case.incident.drill else None


def watch_over(case: Case) -> Plan | None:
    """The watch is over, or an open incident of the rule and group has it."""
    until = _watched_until(case)
    over = until is None or case.now >= until or case.service.open_elsewhere
    return Plan(until=NEVER) if over else None


def _watched_until(case: Case) -> datetime | None:
    """When the watch is over, None for an incident that has none."""
    incident, rule = case.incident, case.rule
    if incident.state not in (State.RECOVERED, State.STOOD_DOWN):
        return None
    if not incident.firings:
        return None
    if incident.fires:
        longest = max(rule.longest_window + timedelta(seconds=60), rule.give_up_after)
        return max(case.ended_at, incident.last_firing_at) + longest
    resolved_at = incident.resolved_at or case.ended_at
    if incident.state is State.STOOD_DOWN and resolved_at <= case.ended_at:
        # What the resolve ended is over: its lines may still be in the window.
        return None
    return resolved_at + AFTER_RESOLVE + case.watch_pause


def relapse(case: Case) -> Plan | None:
    """A check fails since the end, or a link calls for a report."""
    incident = case.incident
    if (incident.looked_at or case.ended_at) <= case.ended_at:
        return None
    reported = case.verifying_since is not None
    linked = reported and incident.look is not None and incident.look.candidates
    return Plan(do=OpenRelapse()) if case.confirming_check or linked else None


def _late_alert_patience(case: Case) -> datetime | None:
    """How long a late alert waits for logs that cannot be read, None without one."""
    blind, late = case.incident.unreadable_since, case.incident.fired_at
    if not blind or not late or late <= case.ended_at:
        return None
    return case.patience(blind, case.rule.unreadable_for)


def late_alert_unreadable(case: Case) -> Plan | None:
    """An alert came after the end, and what it means could not be counted."""
    patient = _late_alert_patience(case)
    late = patient is not None and case.now >= patient
    return Plan(do=OpenRelapse()) if late else None


def keep_watching(case: Case) -> Plan:
    """Ended, and evaluated on."""
    patient = _late_alert_patience(case) or case.evidence_due
    return Plan(until=min(case.evidence_due, patient))


# A report, and what may hold it.


class Wanted(NamedTuple):
    """The report that a guard wants to send."""

    link: Candidate
    reason: Reason
    by: str
    """The person who asked for it, "" if none did."""


Bound = Callable[[Case, Wanted], Plan | None]


def _report(case: Case, link: Candidate, reason: Reason, *, by: str = "") -> Plan:
    """Send the report, or say what holds it.

    `by`: the person who said *report now*, whom fewer bounds hold (rule 13).
    """
    wanted = Wanted(link, reason, by)
    for number, bound in BOUNDS:
        if by and bound in REPORT_NOW_SKIPS:
            continue
        if (plan := bound(case, wanted)) is not None:
            plan = plan if plan.rule else replace(plan, rule=number)
            return plan if by else _looking_on(case, plan)
    return _send(case, wanted)


def _looking_on(case: Case, plan: Plan) -> Plan:
    """The plan, with the next evaluation in time however long its reason lasts."""
    written = plan.write[-1] if plan.write else case.incident
    state = getattr(written, "state", None)
    if plan.until is None or state is State.NEEDS_HUMAN:
        return plan
    return replace(plan, until=min(plan.until, case.evidence_due))


def _send(case: Case, wanted: Wanted) -> Plan:
    best, link = Figures.of(case.confirming_check), wanted.link
    decided = Decided(
        at=case.now,
        decision=Decision.REPORT,
        state=State.REPORTING,
        reason=wanted.reason,
        check=best.check,
        observed=best.observed,
        limit=best.limit,
    )
    intended = ReportIntended(
        at=case.now,
        link=link.name,
        digest=link.digest,
        reason=wanted.reason,
        by=wanted.by,
    )
    method = case.service.method or _other_than_lost(case, link)
    call = CallFactory(digest=link.digest, method=method)
    return Plan(write=(decided, intended), do=call)


def _other_than_lost(case: Case, link: Candidate) -> str:
    """Rule 9: the repeat after an `unknown` begins with the other method."""
    lost = case.unanswered_once
    if lost is None or lost.digest != link.digest:
        return ""
    fixed = link.digest == case.service.fixed_link
    return other_method(lost.method or first_method(fixed=fixed))


def in_shadow_mode(case: Case, wanted: Wanted) -> Plan | None:
    """In shadow, note where a report would have been sent."""
    if not case.shadow:
        return None
    return _withhold(case, wanted.link.name, wanted.link.digest, wanted.reason)


def five_wrong_codes(case: Case, wanted: Wanted) -> Plan | None:
    """At most 5 codes in an incident."""
    if facts.wrong_codes(case.incident) < MOST_WRONG_CODES:
        return None
    limit, until = Figures(limit=MOST_WRONG_CODES), case.now + HUMAN_LOOK
    return _call_person(case, Reason.WRONG_CODE, until, limit)


def max_reports(case: Case, wanted: Wanted) -> Plan | None:
    """`max_reports` leaves no call with this link."""
    most, link = case.rule.max_reports, wanted.link
    if facts.effective_calls(case.incident) < most:
        return None
    if not link.late and not facts.used_up(case.incident, most, link.digest):
        return None
    until = case.now + HUMAN_LOOK
    return _call_person(case, Reason.MAX_REPORTS, until, Figures(limit=most))


def paused(case: Case, wanted: Wanted) -> Plan | None:
    """A pause stops the automation, not a person."""
    if not case.service.paused(case.now):
        return None
    due = case.now + case.rule.recheck
    ends = case.service.pause.ends if case.service.pause else None
    return _hold(case, Reason.PAUSED, min(ends, due) if ends else due)


def hour_used(case: Case, wanted: Wanted) -> Plan | None:
    """The service's reports of the last hour are used."""
    service, now = case.service, case.now
    if not service.breaker_open:
        return None
    until = min(service.hour_frees_at or now + HUMAN_LOOK, now + HUMAN_LOOK)
    return _wait(
        case,
        State.NEEDS_HUMAN,
        Reason.BREAKER_OPEN,
        max(until, now + timedelta(seconds=1)),
        Figures("", service.reports_last_hour, service.max_reports_per_hour),
        shown=service.hour_frees_at,
    )


def report_in_flight(case: Case, wanted: Wanted) -> Plan | None:
    """Only one report to a factory is under way at a time."""
    if not case.service.in_flight:
        return None
    return _hold(case, Reason.REPORT_IN_FLIGHT, case.now + IN_FLIGHT_LOOK)


def cooling_down(case: Case, wanted: Wanted) -> Plan | None:
    """The shortest time between two calls of one code, but for a lost answer's."""
    record = case.service.links.get(wanted.link.digest)
    if wanted.reason is Reason.UNANSWERED or not (record and record.effective_at):
        return None
    until = record.effective_at + case.rule.cooldown
    return _hold(case, Reason.COOLDOWN, until) if until > case.now else None


def backing_off(case: Case, wanted: Wanted) -> Plan | None:
    """Refused or unreachable: 1 s doubling to 30 s, then a person too."""
    failed = case.failed_calls
    if not failed or failed[-1].answered_at is None:
        return None
    lasting = case.now >= case.patience(failed[0].at, case.rule.give_up_after)
    pause = HUMAN_LOOK if lasting else backoff(case.incident.id, len(failed))
    until = failed[-1].answered_at + pause
    state = State.NEEDS_HUMAN if lasting else State.HOLDING
    if lasting and not case.needs_human:
        until = max(until, case.now + timedelta(seconds=1))
    return None if case.now >= until else _wait(case, state, _why_failed(failed), until)


def backoff(seed: str, failures: int) -> timedelta:
    """1 s doubling to 30 s, spread by a fifth so that calls do not come in step."""
    digest = hashlib.sha256(f"{seed}:{failures}".encode()).digest()
    spread = 0.8 + 0.4 * digest[0] / 255
    return timedelta(seconds=min(2.0 ** (failures - 1), MOST_BACKOFF) * spread)


def veto_window(case: Case, wanted: Wanted) -> Plan | None:
    """What veto mode does before a report leaves; None once it may."""
    if case.rule.mode is not Mode.VETO:
        return None
    now, window, incident = case.now, case.rule.veto_window, case.incident
    plan, act_at = facts.live_plan(incident), facts.acts_at(incident, now)
    if plan is None or act_at is None:
        return _announce(case, wanted, now + window)
    ready = case.service.ready_at
    if ready and plan.at < ready and act_at < ready + window:
        # Nobody could stop it while Responder was down.
        return _announce(case, wanted, ready + window)
    if now < act_at:
        evaluated = (incident.looked_at or now) + case.rule.recheck
        until = min(act_at, max(evaluated, now))
        held, why = State.HOLDING, Reason.VETO_WINDOW
        return _wait(case, held, why, until, shown=act_at)
    if incident.looked_at is None or incident.looked_at < act_at:
        return Plan(do=Evaluate())
    return None


def _announce(case: Case, wanted: Wanted, act_at: datetime) -> Plan:
    planned = ReportPlanned(
        at=case.now,
        act_at=act_at,
        link=wanted.link.name,
        digest=wanted.link.digest,
        reason=wanted.reason,
    )
    return Plan(write=(planned,))


def newer_link_beyond_limit(case: Case, wanted: Wanted) -> Plan | None:
    """A person is called before a newer link is, beyond `max_reports`.

    Not before what holds the call is over: that would take the incident out of this
    state again.
    """
    incident, most = case.incident, case.rule.max_reports
    if facts.effective_calls(incident) < most:
        return None
    began = any(r.digest == wanted.link.digest for r in incident.reports)
    called = (State.NEEDS_HUMAN, Reason.MAX_REPORTS)
    if began or (incident.state, incident.reason) == called:
        return None
    return _wait(case, *called, case.now, Figures(limit=most))


# The tables.

ALWAYS: tuple[tuple[int, Guard], ...] = (
    (19, drill_over),
    (10, intent_without_answer),
    (14, pause_changed),
    (17, resolved_by_sender),
    (13, vetoed),
)
RULES: Mapping[Phase, tuple[tuple[int, Guard], ...]] = {
    Phase.SEEKING: (
        *ALWAYS,
        (18, silenced),
        (2, anothers_answer),
        (10, call_may_still_run),
        (6, evidence_due),
        (13, report_now),
        (3, nothing_fired),
        (12, calm_long_enough),
        (13, person_has_called),
        (8, confirmed_with_link),
        (13, shadow_without_link),
        (12, trace_for_person),
        (15, fixed_twice),
        (10, factory_takes_no_report),
        (12, confirmed_without_link),
        (12, person_has_it),
        (7, logs_unreadable),
        (6, below_threshold),
    ),
    Phase.VERIFYING: (
        *ALWAYS,
        (10, call_once_more),
        (15, evidence_due),
        (15, before_first_evaluation),
        (13, report_now),
        (15, link_again),
        (18, silence_holds_link),
        (10, links_answered_since),
        (15, errors_continue),
        (7, logs_unreadable),
        (15, trace),
        (15, proof),
        (12, calm_long_enough),
        (12, handed_over),
        (7, orders_unreadable),
        (15, unproven),
        (15, wait_for_proof),
    ),
    Phase.SHADOWING: (
        *ALWAYS,
        (13, alert_over),
        (13, evidence_due),
        (13, trace_in_shadow),
        (13, calm_in_shadow),
        (13, watch_in_shadow),
    ),
    Phase.ENDED: (
        (19, drill_ended),
        (16, watch_over),
        (16, evidence_due),
        (16, relapse),
        (7, late_alert_unreadable),
        (16, keep_watching),
    ),
}
"""The rules by number, in the order in which they are asked."""

BOUNDS: tuple[tuple[int, Bound], ...] = (
    (13, in_shadow_mode),
    (10, five_wrong_codes),
    (11, max_reports),
    (14, paused),
    (11, hour_used),
    (2, report_in_flight),
    (11, cooling_down),
    (10, backing_off),
    (13, veto_window),
    (9, newer_link_beyond_limit),
)
"""What may hold a report, in the order in which it is asked."""
REPORT_NOW_SKIPS: frozenset[Bound] = frozenset(
    {
        max_reports,
        paused,
        cooling_down,
        backing_off,
        veto_window,
        newer_link_beyond_limit,
    }
)
"""What does not hold a person's own call (rule 13)."""


# Links.


def best_candidate(incident: Incident, service: Brakes) -> Candidate | None:
    """The link at hand: the fixed one, else the first that is still worth a call."""
    if service.fixed_link:
        if _known_wrong(incident, service.fixed_link):
            return None
        name, digest = service.fixed_name, service.fixed_link
        return Candidate(name=name, digest=digest, seen_at=incident.opened_at)
    for candidate in incident.candidates:
        record = service.links.get(candidate.digest)
        if candidate.late and _worth_another(record):
            return candidate
        if not candidate.late and not (record and record.spent):
            return candidate
    return None


def _known_wrong(incident: Incident, digest: str) -> bool:
    """Rule 10: each code once, the fixed one too although it is never spent."""
    return any(
        r.digest == digest and r.outcome is Outcome.WRONG_CODE for r in incident.reports
    )


def _worth_another(record: LinkRecord | None) -> bool:
    """Rule 15(b): the fix did not hold; its link is called once more, ever."""
    outcomes = (Outcome.RESOLVED, Outcome.UNKNOWN)
    return record is not None and record.outcome in outcomes and not record.again


def said_twice(links: Iterable[Candidate], service: Brakes) -> str:
    """The name of a link that fails again after two answers `resolved`, or ""."""
    for candidate in links:
        record = service.links.get(candidate.digest)
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


def link_for_person(incident: Incident, service: Brakes) -> Candidate | None:
    """Rule 13: the link that a person's own call takes, a spent one too."""
    best = best_candidate(incident, service)
    if best is not None or service.fixed_link:
        return best
    spent = incident.look.spent if incident.look else ()
    for candidate in (*incident.candidates, *spent):
        record = service.links.get(candidate.digest)
        if record is None or record.outcome is not Outcome.WRONG_CODE:
            return candidate
    return None


def link_at_hand(incident: Incident, service: Brakes | None = None) -> Candidate | None:
    """The link that *report now* would call, None without one.

    One that was called may be in the logs yet: the call looks for it. Without
    `service` as far as this incident's calls tell.
    """
    known = service or Brakes(links=_own_records(incident))
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
