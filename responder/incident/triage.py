"""What each alert of a delivery means, given the rules and what is already known."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from responder.incident.alert import (
    Alert,
    AlertVerdict,
    Delivery,
    Notification,
    PersonAction,
    drill_of,
    measurement_failed,
)
from responder.incident.drill import marked
from responder.incident.events import (
    AlertFired,
    AlertResolved,
    Event,
    Finished,
    Opened,
    PersonActed,
)
from responder.incident.names import Reason, State, Status, Verdict
from responder.incident.rule import Rule, why_ignored

# What triage needs to know, and what it returns.


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIncident:
    """The open incident of a (rule, group)."""

    id: str
    automation_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedIncident:
    """An incident that recovered, or ended in shadow: an alert of it may yet come."""

    id: str
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A silence in IRM: by whom, "" for nobody, and until when, None for ever."""

    by: str
    until: datetime | None = None

    def holds(self, at: datetime) -> bool:
        return self.until is None or at < self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFiring:
    """A firing received before.

    `incident` is None if only its resolve was received, or a `silence` of it.
    """

    incident: str | None
    resolved: bool = False
    silence: Silence | None = None


@dataclass(slots=True, kw_only=True)
class TriageContext:
    """What is known before a delivery; `triage` keeps it current for the next one.

    `open` is keyed by (rule, group), `firings` by (rule, fingerprint) and startsAt.
    """

    open: dict[tuple[str, str], OpenIncident] = field(default_factory=dict)
    firings: dict[tuple[str, str], dict[datetime, KnownFiring]] = field(
        default_factory=dict
    )
    recovered: dict[tuple[str, str], EndedIncident] = field(default_factory=dict)
    """The newest incident of each, if it recovered or ended in shadow lately."""
    groups: dict[str, list[str]] = field(default_factory=dict)
    """Open incidents that an IRM alert group belongs to, by the group's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FiringRow:
    """One firing to remember: upsert by (rule, fingerprint, starts_at)."""

    rule: str
    fingerprint: str
    starts_at: datetime
    incident: str | None
    resolved: bool
    silence: Silence | None = None


@dataclass(slots=True, kw_only=True)
class Triaged:
    """What follows from one delivery, for the store to write in one transaction.

    `events` are appended per incident in order (a new incident's begin with
    `Opened`); `heard` incidents had a firing notice (`last_firing_at` moves);
    `hurry` incidents become due now; `ended` are superseded.
    """

    verdicts: list[AlertVerdict] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    events: dict[str, list[Event]] = field(default_factory=dict)
    heard: set[str] = field(default_factory=set)
    hurry: set[str] = field(default_factory=set)
    firings: list[FiringRow] = field(default_factory=list)


# Which firing a notice speaks of, where its start alone does not say. Pure.

STAYS = timedelta(seconds=60)
"""How long an alert may go on after its window has emptied (rule 16)."""


def known_start(seen: Mapping[datetime, KnownFiring], start: datetime) -> datetime:
    """The same start as it was heard first, else this one.

    A webhook tells a start to the nanosecond; others cut the very same one off after
    the millisecond.
    """
    if start in seen:
        return start
    cut = _to_millisecond(start)
    same = (
        at for at in seen if _to_millisecond(at) == cut and (at == cut or start == cut)
    )
    return next(same, start)


def _to_millisecond(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def newest_unresolved(
    seen: Mapping[datetime, KnownFiring],
) -> tuple[datetime, KnownFiring] | None:
    """The latest firing that has not ended yet."""
    open_ones = [(at, firing) for at, firing in seen.items() if not firing.resolved]
    return max(open_ones, key=lambda pair: pair[0]) if open_ones else None


def is_late(
    ended: EndedIncident | None,
    seen: Mapping[datetime, KnownFiring],
    rule: Rule,
    at: datetime,
) -> bool:
    """Whether an alert that comes now may be about the errors of that incident.

    Grafana fires as long as the errors are in its window, and one of two alerts may be
    slower than the other. An alert that fired in that incident (its firings are `seen`)
    fires anew.
    """
    if ended is None or any(firing.incident == ended.id for firing in seen.values()):
        return False
    return at < ended.ended_at + rule.longest_window + STAYS


def triage(
    delivery: Delivery,
    rules: Sequence[Rule],
    known: TriageContext,
    new_id: Callable[[], str],
) -> Triaged:
    """The verdict on every alert of the delivery, and what to write down."""
    work = _Triage(delivery, rules, known, new_id)
    for alert in delivery.notification.alerts:
        work.out.verdicts.append(marked(alert, work.verdict(alert)))
    work.note_person()
    work.remember_group()
    return work.out


class _Triage:
    """One delivery on its way through."""

    def __init__(
        self,
        delivery: Delivery,
        rules: Sequence[Rule],
        known: TriageContext,
        new_id: Callable[[], str],
    ) -> None:
        self.delivery = delivery
        self.notice: Notification = delivery.notification
        self.at = delivery.received_at
        self.rules = rules
        self.known = known
        self.new_id = new_id
        self.out = Triaged()

    def verdict(self, alert: Alert) -> AlertVerdict:
        if self.notice.test:
            return self._say(alert, Verdict.TEST)
        if alert.labels.get("heartbeat") == "true":
            return self._say(alert, Verdict.HEARTBEAT)
        if measurement_failed(alert):
            return self._say(alert, Verdict.NO_DATA)
        rule = next((r for r in self.rules if r.takes(alert.labels)), None)
        if rule is None:
            why = why_ignored(alert.labels, self.rules)
            return self._say(alert, Verdict.IGNORED, why=why)
        seen = self.known.firings.setdefault((rule.name, alert.fingerprint), {})
        alert = replace(alert, starts_at=known_start(seen, alert.starts_at))
        if alert.status is Status.RESOLVED:
            return self._resolved(alert, rule, seen)
        return self._firing(alert, rule, seen)

    def _firing(
        self, alert: Alert, rule: Rule, seen: dict[datetime, KnownFiring]
    ) -> AlertVerdict:
        key = (rule.name, rule.group_of(alert.labels))
        current = self.known.open.get(key)
        before = seen.get(alert.starts_at)
        if known := self._known_firing(alert, rule, before, current):
            return known
        may_open = self.notice.may_open or self._acted(PersonAction.UNRESOLVED)
        if not may_open and current is None:
            self._remember_silence(alert, rule, before)
            why = "acknowledged or silenced in IRM, and nothing is open to join"
            return self._say(alert, Verdict.IGNORED, rule=rule, why=why)
        again = current and any(f.incident == current.id for f in seen.values())
        if current and again and current.automation_over and may_open:
            self._supersede(current.id)
            current = None
        return self._join_or_open(alert, rule, key, current, seen)

    def _known_firing(
        self,
        alert: Alert,
        rule: Rule,
        before: KnownFiring | None,
        current: OpenIncident | None,
    ) -> AlertVerdict | None:
        """A repeat or an echo; None if it fires for the first time, or again.

        Rule 18: an unresolve in IRM fires again, whatever start its alert names.
        """
        if before is None:
            return None
        incident = before.incident
        if incident and not before.resolved and current and incident == current.id:
            self.out.heard.add(incident)
            return self._say(alert, Verdict.REPEATED, incident, rule)
        if self._acted(PersonAction.UNRESOLVED):
            return None
        if incident is None and not before.resolved:
            # Only a silence of it was received.
            return None
        if incident and not before.resolved:
            self.out.heard.add(incident)
            self.out.hurry.add(incident)
        return self._say(alert, Verdict.ECHO, incident, rule)

    def _acted(self, action: PersonAction) -> bool:
        """Whether the delivery is about this action in IRM."""
        return self.notice.person is not None and self.notice.person.action is action

    def _remember_silence(
        self, alert: Alert, rule: Rule, before: KnownFiring | None
    ) -> None:
        """Rule 18: a silence that comes before its alert holds it all the same."""
        person = self.notice.person
        if person and person.action is PersonAction.SILENCED:
            silence = Silence(by=person.name, until=person.until)
            self._remember(alert, rule, None, resolved=False, silence=silence)
        elif before and before.silence and self._acted(PersonAction.UNSILENCED):
            self._remember(alert, rule, None, resolved=False)

    def _join_or_open(
        self,
        alert: Alert,
        rule: Rule,
        key: tuple[str, str],
        current: OpenIncident | None,
        seen: Mapping[datetime, KnownFiring],
    ) -> AlertVerdict:
        verdict, recovered = Verdict.JOINED, self.known.recovered.get(key)
        late = is_late(recovered, seen, rule, self.at)
        refired = self._acted(PersonAction.UNRESOLVED)
        if current is None and recovered and late and not refired:
            # Rule 16 evaluates it at once: a fault that is there is a relapse.
            verdict, current = Verdict.ECHO, OpenIncident(id=recovered.id)
        if current is None:
            verdict, current = Verdict.OPENED, self._open(rule, key[1], alert)
        fired = AlertFired(
            at=self.at,
            fingerprint=alert.fingerprint,
            starts_at=alert.starts_at,
            sender=self.notice.sender,
            delivery=self.delivery.id,
            labels=dict(alert.labels),
            links=dict(alert.links),
        )
        self._append(current.id, fired)
        self._hold_silenced(current.id, seen.get(alert.starts_at))
        self.out.heard.add(current.id)
        self._remember(alert, rule, current.id, resolved=False)
        return self._say(alert, verdict, current.id, rule)

    def _hold_silenced(self, incident: str, before: KnownFiring | None) -> None:
        """Rule 18: the silence that came before the alert holds the incident."""
        silence = before.silence if before else None
        if not silence or not silence.holds(self.at):
            return
        if not self._acted(PersonAction.UNSILENCED):
            silenced = PersonActed(
                at=self.at,
                action=PersonAction.SILENCED,
                person=silence.by,
                until=silence.until,
            )
            self._append(incident, silenced)

    def _open(self, rule: Rule, group: str, alert: Alert) -> OpenIncident:
        new = OpenIncident(id=self.new_id())
        self.known.open[(rule.name, group)] = new
        self.out.opened.append(new.id)
        drill = drill_of(alert.labels)
        opened = Opened(at=self.at, rule=rule.name, group=group, drill=drill)
        self._append(new.id, replace(opened, sender=self.notice.sender))
        return new

    def _resolved(
        self, alert: Alert, rule: Rule, seen: dict[datetime, KnownFiring]
    ) -> AlertVerdict:
        current = self.known.open.get((rule.name, rule.group_of(alert.labels)))
        starts_at, before = alert.starts_at, seen.get(alert.starts_at)
        unresolved = newest_unresolved(seen)
        if before is None and unresolved and starts_at >= unresolved[0]:
            # Grafana may have lost the start; an older one is an older firing's.
            starts_at, before = unresolved
        incident = before.incident if before else (current.id if current else None)
        if before and before.resolved:
            return self._say(alert, Verdict.RESOLVED, incident, rule)
        alert = replace(alert, starts_at=starts_at)
        self._remember(alert, rule, incident, resolved=True)
        if incident:
            self._append(
                incident,
                AlertResolved(
                    at=self.at,
                    fingerprint=alert.fingerprint,
                    starts_at=starts_at,
                    sender=self.notice.sender,
                    delivery=self.delivery.id,
                    state_reason=alert.state_reason,
                    truncated=self.notice.truncated_alerts > 0,
                ),
            )
        return self._say(alert, Verdict.RESOLVED, incident, rule)

    def note_person(self) -> None:
        """Put a person's action on every incident that this delivery speaks of."""
        person = self.notice.person
        if person is None or not (person.name or person.action in _HOLDS):
            return
        incidents = {v.incident for v in self.out.verdicts if v.incident}
        incidents.update(self.known.groups.get(self.notice.alert_group, ()))
        for incident in sorted(incidents):
            event = PersonActed(
                at=self.at,
                action=person.action,
                person=person.name,
                until=person.until,
            )
            self._append(incident, event)

    def remember_group(self) -> None:
        """Know for the next delivery which incidents this alert group speaks of."""
        if group := self.notice.alert_group:
            known = self.known.groups.setdefault(group, [])
            known += {v.incident for v in self.out.verdicts if v.incident} - {*known}

    def _supersede(self, incident: str) -> None:
        self.out.ended.append(incident)
        self._append(
            incident,
            Finished(at=self.at, state=State.SUPERSEDED, reason=Reason.NEW_FIRING),
        )

    def _append(self, incident: str, event: Event) -> None:
        self.out.events.setdefault(incident, []).append(event)
        self.out.hurry.add(incident)

    def _remember(
        self,
        alert: Alert,
        rule: Rule,
        incident: str | None,
        *,
        resolved: bool,
        silence: Silence | None = None,
    ) -> None:
        seen = self.known.firings[(rule.name, alert.fingerprint)]
        seen[alert.starts_at] = KnownFiring(
            incident=incident, resolved=resolved, silence=silence
        )
        self.out.firings.append(
            FiringRow(
                rule=rule.name,
                fingerprint=alert.fingerprint,
                starts_at=alert.starts_at,
                incident=incident,
                resolved=resolved,
                silence=silence,
            )
        )

    def _say(
        self,
        alert: Alert,
        verdict: Verdict,
        incident: str | None = None,
        rule: Rule | None = None,
        why: str = "",
    ) -> AlertVerdict:
        return AlertVerdict(
            fingerprint=alert.fingerprint,
            verdict=verdict,
            incident=incident,
            rule=rule.name if rule else None,
            why=why,
        )


_HOLDS = frozenset({PersonAction.SILENCED, PersonAction.UNSILENCED})
