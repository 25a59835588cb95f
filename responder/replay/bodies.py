"""Recorded webhook bodies through the real senders, triage and policy."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from responder.incident.alert import AlertVerdict, Delivery, Notification
from responder.incident.evaluation import evaluate, questions
from responder.incident.events import (
    Decided,
    Event,
    FactoryProbed,
    Finished,
    ReportWithheld,
)
from responder.incident.evidence import ReportLink
from responder.incident.facts import handed_to_person
from responder.incident.incident import Incident, apply, fold
from responder.incident.names import Decision, Reason, Sender, State
from responder.incident.playbook import next_step
from responder.incident.ports import LogSource
from responder.incident.rule import Rule
from responder.incident.service import Brakes
from responder.incident.steps import Finish, Gather, Note, Probe, Send, Wait, Withhold
from responder.incident.triage import TriageContext, triage
from responder.incident.words import sentence
from responder.senders import body, grafana, irm


@dataclass(slots=True, kw_only=True)
class Replayed:
    """One incident of a replay: what was decided for it last, and why."""

    incident: Incident
    rule: Rule
    decision: Decision = Decision.HOLD
    reasons: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        return {
            "rule": self.rule.name,
            "group": self.incident.group,
            "decision": str(self.decision),
            "state": str(self.incident.state),
            "reason": str(self.incident.reason),
            "alerts": sorted(self.incident.firings),
            "reasons": self.reasons,
        }


def understand(raw: bytes, sender: Sender | None = None) -> Notification:
    """The notification in a recorded body; its shape tells the sender if none is given.

    Raises `BadBody` exactly where the live service would refuse it.
    """
    document = body.decode(raw)
    if sender is None and "alert_group" in document:
        sender = Sender.IRM
    if sender is None:
        old = document.get("version") == "4" and "orgId" not in document
        sender = Sender.ALERTMANAGER if old else Sender.GRAFANA
    if sender is Sender.IRM:
        return irm.parse(document)
    return grafana.parse(document, sender)


class Replay:
    """Feeds notifications in order; `incidents` has one entry for each incident."""

    def __init__(
        self,
        rules: Sequence[Rule],
        logs: LogSource,
        *,
        fixed_link: ReportLink | None = None,
        max_reports_per_hour: int = 6,
    ) -> None:
        self._rules = {rule.name: rule for rule in rules}
        self._logs = logs
        self._known = TriageContext()
        self._brakes = Brakes(
            max_reports_per_hour=max_reports_per_hour,
            fixed_link=fixed_link.digest if fixed_link else None,
            fixed_name=fixed_link.name if fixed_link else "",
        )
        self.incidents: dict[str, Replayed] = {}
        self._numbers = 0

    def feed(self, notification: Notification, at: datetime) -> list[AlertVerdict]:
        """The verdicts; incidents that were touched are decided anew."""
        self._numbers += 1
        delivery = Delivery(
            id=f"replay-{self._numbers}", received_at=at, notification=notification
        )
        rules = list(self._rules.values())
        triaged = triage(delivery, rules, self._known, self._new_id)
        for name, events in triaged.events.items():
            self._hear(name, events)
            self._decide(self.incidents[name], at)
            self._remember(self.incidents[name].incident)
        return triaged.verdicts

    def _remember(self, incident: Incident) -> None:
        """What the store would know of it when the next delivery comes."""
        key = (incident.rule, incident.group)
        current = self._known.open.get(key)
        if current is None or current.id != incident.id:
            return
        if incident.ended_at is not None:
            del self._known.open[key]
            return
        over = handed_to_person(incident)
        self._known.open[key] = replace(current, automation_over=over)

    def _new_id(self) -> str:
        return f"incident-{len(self.incidents) + 1}"

    def _hear(self, name: str, events: Sequence[Event]) -> None:
        replayed = self.incidents.get(name)
        if replayed is None:
            incident = fold(name, events)
            rule = self._rules[incident.rule]
            self.incidents[name] = Replayed(incident=incident, rule=rule)
            return
        for event in events:
            replayed.incident = apply(replayed.incident, event)

    def _decide(self, replayed: Replayed, at: datetime) -> None:
        """Step until something must wait; a decided report is where a replay ends."""
        if replayed.decision in (Decision.REPORT, Decision.WITHHOLD):
            return
        for _ in range(10):
            now = at + timedelta(milliseconds=1)
            incident, rule = replayed.incident, replayed.rule
            step = next_step(incident, rule, self._brakes, now)
            match step:
                case Gather():
                    asked = questions(incident, rule, self._brakes, now)
                    answers = self._logs.read(asked)
                    looked, _ = evaluate(incident, rule, self._brakes, answers, now)
                    replayed.incident = apply(incident, looked)
                case Probe():
                    replayed.incident = apply(incident, _answers(now))
                case Note():
                    replayed.incident = apply(incident, step.event)
                case Send():
                    self._say(replayed, step, Decision.REPORT, State.REPORTING, now)
                    return
                case Withhold():
                    self._withhold(replayed, step, now)
                    return
                case Wait():
                    human = step.state is State.NEEDS_HUMAN
                    decision = Decision.NEEDS_HUMAN if human else Decision.HOLD
                    self._say(replayed, step, decision, step.state, now)
                    return
                case Finish():
                    replayed.decision = Decision.FINISH
                    replayed.incident = apply(
                        incident,
                        Finished(at=now, state=step.state, reason=step.reason),
                    )
                    replayed.reasons.append(sentence(replayed.incident, rule))
                    return
                case _:
                    return

    def _say(
        self,
        replayed: Replayed,
        step: Send | Wait,
        decision: Decision,
        state: State,
        now: datetime,
    ) -> None:
        replayed.decision = decision
        decided = Decided(
            at=now,
            decision=decision,
            state=state,
            reason=step.reason,
            check=step.check,
            observed=step.observed,
            limit=step.limit,
        )
        replayed.incident = apply(replayed.incident, decided)
        replayed.reasons.append(sentence(replayed.incident, replayed.rule))

    def _withhold(self, replayed: Replayed, step: Withhold, now: datetime) -> None:
        """What a rule in shadow mode does where another would report."""
        replayed.decision = Decision.WITHHOLD
        for event in (
            Decided(
                at=now,
                decision=Decision.WITHHOLD,
                state=State.VERIFYING,
                reason=Reason.SHADOW,
            ),
            ReportWithheld(
                at=now, link=step.name, digest=step.digest, reason=step.reason
            ),
        ):
            replayed.incident = apply(replayed.incident, event)
        replayed.reasons.append(sentence(replayed.incident, replayed.rule))


def _answers(now: datetime) -> FactoryProbed:
    """A replay asks no factory: it passes for one that answers."""
    return FactoryProbed(at=now, reachable=True)
