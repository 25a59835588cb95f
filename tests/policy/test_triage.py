"""What each alert of a delivery means: policy rules 1, 3, 12, 16, 17 and 18."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from responder.incident.alert import (
    Alert,
    AlertVerdict,
    Delivery,
    Notification,
    Person,
    PersonAction,
)
from responder.incident.events import AlertFired, AlertResolved, PersonActed
from responder.incident.incident import Incident, fold
from responder.incident.names import Reason, Sender, State, Status, Verdict
from responder.incident.rule import Matcher, Rule
from responder.incident.triage import (
    EndedIncident,
    OpenIncident,
    TriageContext,
    Triaged,
    triage,
)
from tests.policy.timelines import RULE, T0, at

ORDERS = {"alertname": "Order errors", "shop": "a"}


def alert(
    fingerprint: str = "f1",
    *,
    start: float = -10,
    labels: Mapping[str, str] = ORDERS,
    resolved: bool = False,
    reason: str = "",
) -> Alert:
    return Alert(
        status=Status.RESOLVED if resolved else Status.FIRING,
        labels=labels,
        annotations={"grafana_state_reason": reason} if reason else {},
        starts_at=at(start),
        fingerprint=fingerprint,
    )


def gone(fingerprint: str = "f1", *, start: float = -10, reason: str = "") -> Alert:
    return alert(fingerprint, start=start, resolved=True, reason=reason)


def rule_for(name: str, **labels: str) -> Rule:
    matchers = tuple(Matcher(label=k, op="=", value=v) for k, v in labels.items())
    return replace(RULE, name=name, match=(matchers,))


class Desk:
    """Deliveries taken one after the other, with what was known before each."""

    def __init__(self, *rules: Rule) -> None:
        self.rules = rules or (RULE,)
        self.known = TriageContext()
        self.last = Triaged()
        self.timelines: dict[str, list[object]] = {}
        self._ids = count(1)
        self._at = count(0)

    def take(self, *alerts: Alert, **facts: object) -> list[AlertVerdict]:
        notice = Notification(sender=Sender.GRAFANA, alerts=alerts)
        notice = replace(notice, **facts)  # type: ignore[arg-type]
        told = Delivery(
            id="d",
            received_at=T0 + timedelta(seconds=next(self._at)),
            notification=notice,
        )
        self.last = triage(told, self.rules, self.known, lambda: f"i{next(self._ids)}")
        for incident, events in self.last.events.items():
            self.timelines.setdefault(incident, []).extend(events)
        return self.last.verdicts

    def said(self, *alerts: Alert, **facts: object) -> list[tuple[Verdict, str | None]]:
        return [(v.verdict, v.incident) for v in self.take(*alerts, **facts)]

    def incident(self, name: str = "i1") -> Incident:
        return fold(name, self.timelines[name])  # type: ignore[arg-type]

    def end(self, name: str = "i1") -> None:
        """The incident ended meanwhile: it is no longer among the open ones."""
        self.known.open = {k: v for k, v in self.known.open.items() if v.id != name}

    def call_a_person_for_good(self) -> None:
        for key, held in self.known.open.items():
            self.known.open[key] = OpenIncident(id=held.id, automation_over=True)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_rule_1_the_first_firing_alert_opens_an_incident(desk: Desk) -> None:
    assert desk.said(alert()) == [(Verdict.OPENED, "i1")]
    assert desk.last.opened == ["i1"]
    assert desk.incident().fires


def recovered_just_now(desk: Desk) -> None:
    """`w1` recovered without any alert."""
    desk.known.recovered[(RULE.name, "")] = EndedIncident(id="w1", ended_at=T0)


def test_rule_16_a_late_alert_is_put_on_the_incident_that_recovered(desk: Desk) -> None:
    recovered_just_now(desk)
    assert desk.said(alert()) == [(Verdict.ECHO, "w1")]
    assert "w1" in desk.last.hurry


def test_rule_16_a_late_alert_of_a_second_rule_opens_nothing(desk: Desk) -> None:
    desk.take(alert())
    desk.end()
    desk.known.recovered[(RULE.name, "")] = EndedIncident(id="i1", ended_at=T0)
    assert desk.said(alert("f2", start=20)) == [(Verdict.ECHO, "i1")]


def test_rule_16_an_alert_that_fired_in_it_before_fires_anew(desk: Desk) -> None:
    recovered_just_now(desk)
    desk.take(alert(), gone())
    assert desk.said(alert(start=20)) == [(Verdict.OPENED, "i1")]


def in_irm(action: PersonAction, **facts: object) -> dict[str, object]:
    """What an outgoing webhook of IRM brings beside its alerts."""
    person = Person(action=action, name="ada", until=facts.pop("until", None))  # type: ignore[arg-type]
    return {"sender": Sender.IRM, "alert_group": "G1", "person": person, **facts}


def test_rule_18_an_unresolve_joins_the_open_incident(desk: Desk) -> None:
    desk.take(alert())
    desk.take(gone(), **in_irm(PersonAction.RESOLVED))
    said = desk.said(alert(), **in_irm(PersonAction.UNRESOLVED))
    assert said == [(Verdict.JOINED, "i1")]
    assert desk.incident().fires


def test_rule_18_an_unresolve_after_the_end_opens_an_incident(desk: Desk) -> None:
    desk.take(alert())
    desk.take(gone(), **in_irm(PersonAction.RESOLVED))
    desk.end()
    desk.known.recovered[(RULE.name, "")] = EndedIncident(id="i1", ended_at=T0)
    said = desk.said(alert(), **in_irm(PersonAction.UNRESOLVED))
    assert said == [(Verdict.OPENED, "i2")]


def test_rule_18_an_unresolved_group_that_is_still_acknowledged_opens(
    desk: Desk,
) -> None:
    unresolved = in_irm(PersonAction.UNRESOLVED, may_open=False)
    assert desk.said(alert(), **unresolved) == [(Verdict.OPENED, "i1")]


def test_rule_18_an_unresolve_that_is_sent_twice_is_a_repeat(desk: Desk) -> None:
    desk.take(alert(), gone())
    desk.take(alert(), **in_irm(PersonAction.UNRESOLVED))
    said = desk.said(alert(), **in_irm(PersonAction.UNRESOLVED))
    assert said == [(Verdict.REPEATED, "i1")]


def test_rule_18_what_an_unresolve_opened_resolves_by_the_old_start(desk: Desk) -> None:
    desk.take(alert(), gone())
    desk.end()
    desk.take(alert(), **in_irm(PersonAction.UNRESOLVED))
    assert desk.said(gone(), **in_irm(PersonAction.RESOLVED)) == [
        (Verdict.RESOLVED, "i2")
    ]
    assert not desk.incident("i2").fires


def test_rule_18_a_silence_before_the_alert_holds_it(desk: Desk) -> None:
    silenced = in_irm(PersonAction.SILENCED, until=at(3600), may_open=False)
    desk.take(alert(), **silenced)
    assert desk.said(alert()) == [(Verdict.OPENED, "i1")]
    assert desk.incident().silenced
    assert desk.incident().silenced_until == at(3600)


def test_rule_18_a_silence_that_is_over_holds_no_later_alert(desk: Desk) -> None:
    silenced = in_irm(PersonAction.SILENCED, until=at(1), may_open=False)
    desk.take(alert(), **silenced)
    assert desk.said(alert()) == [(Verdict.OPENED, "i1")]
    assert not desk.incident().silenced


@pytest.mark.parametrize("may_open", [True, False])
def test_rule_18_a_silence_lifted_before_the_alert_holds_nothing(
    desk: Desk, may_open: bool
) -> None:
    desk.take(alert(), **in_irm(PersonAction.SILENCED, may_open=False))
    desk.take(alert(), **in_irm(PersonAction.UNSILENCED, may_open=may_open))
    desk.take(alert())
    assert not desk.incident().silenced


def test_rule_18_a_silence_of_another_firing_holds_nothing(desk: Desk) -> None:
    desk.take(alert(), **in_irm(PersonAction.SILENCED, may_open=False))
    assert desk.said(alert(start=50)) == [(Verdict.OPENED, "i1")]
    assert not desk.incident().silenced


def test_rule_1_a_resend_is_a_repeat_that_moves_no_timeline(desk: Desk) -> None:
    desk.take(alert())
    before = list(desk.timelines["i1"])

    assert desk.said(alert()) == [(Verdict.REPEATED, "i1")]
    assert desk.timelines["i1"] == before
    assert (desk.last.heard, desk.last.hurry) == ({"i1"}, set())


def test_rule_1_two_alerts_of_one_rule_share_an_incident(desk: Desk) -> None:
    assert desk.said(alert("f1"), alert("f2")) == [
        (Verdict.OPENED, "i1"),
        (Verdict.JOINED, "i1"),
    ]


def test_rule_1_an_ha_copy_with_another_value_string_is_a_repeat(desk: Desk) -> None:
    desk.take(alert())
    copy = replace(alert(), annotations={"value_string": "[ value=15 ]"})

    assert desk.said(copy, group_key="another", receiver="b") == [
        (Verdict.REPEATED, "i1")
    ]


def test_rule_1_the_same_alert_heard_through_irm_is_a_repeat(desk: Desk) -> None:
    desk.take(alert())

    assert desk.said(alert(), sender=Sender.IRM) == [(Verdict.REPEATED, "i1")]


def test_rule_1_another_value_of_group_by_is_another_incident() -> None:
    desk = Desk(replace(RULE, group_by=("shop",)))
    other = alert("f2", labels={**ORDERS, "shop": "b"})
    third = alert("f3", labels={**ORDERS, "pod": "x"})

    assert desk.said(alert(), other, third) == [
        (Verdict.OPENED, "i1"),
        (Verdict.OPENED, "i2"),
        (Verdict.JOINED, "i1"),
    ]


def test_rule_1_the_first_matching_rule_in_file_order_takes_it() -> None:
    narrow = rule_for("narrow", alertname="Order errors", shop="a")
    wide = rule_for("wide", alertname="Order errors")

    assert [v.rule for v in Desk(wide, narrow).take(alert())] == ["wide"]
    assert [v.rule for v in Desk(narrow, wide).take(alert())] == ["narrow"]


def test_rule_1_one_fingerprint_under_two_rules_has_two_incidents() -> None:
    desk = Desk(rule_for("a", shop="a"), rule_for("b", shop="b"))
    moved = alert(labels={**ORDERS, "shop": "b"})

    assert desk.said(alert(), moved) == [(Verdict.OPENED, "i1"), (Verdict.OPENED, "i2")]


@pytest.mark.parametrize(
    ("given", "facts", "verdict"),
    [
        (alert(), {"test": True}, Verdict.TEST),
        (alert(labels={"heartbeat": "true"}), {}, Verdict.HEARTBEAT),
        (alert(labels={"alertname": "DatasourceNoData"}), {}, Verdict.NO_DATA),
        (alert(labels={"alertname": "DatasourceError"}), {}, Verdict.NO_DATA),
        (alert(reason="NoData"), {}, Verdict.NO_DATA),
        (alert(reason="Error"), {}, Verdict.NO_DATA),
        (alert(reason="Error, KeepLast"), {}, Verdict.OPENED),
        (alert(labels={"heartbeat": "false"}), {}, Verdict.OPENED),
        (gone(), {}, Verdict.RESOLVED),
        (gone(reason="NoData"), {}, Verdict.RESOLVED),
    ],
)
def test_what_an_alert_by_itself_means(
    desk: Desk, given: Alert, facts: dict[str, object], verdict: Verdict
) -> None:
    assert [v.verdict for v in desk.take(given, **facts)] == [verdict]
    assert bool(desk.timelines) is (verdict is Verdict.OPENED)


def test_rule_3_a_resolve_of_something_unknown_opens_nothing(desk: Desk) -> None:
    assert desk.said(gone()) == [(Verdict.RESOLVED, None)]
    assert desk.last.opened == []


def test_rule_16_a_firing_already_seen_resolved_is_an_echo(desk: Desk) -> None:
    desk.take(gone())

    assert desk.said(alert()) == [(Verdict.ECHO, None)]
    assert desk.timelines == {}


def test_rule_16_a_copy_after_the_resolve_does_not_fire_again(desk: Desk) -> None:
    desk.take(alert())
    desk.take(gone())

    assert desk.said(alert()) == [(Verdict.ECHO, "i1")]
    assert not desk.incident().fires


def test_rule_16_a_firing_of_an_ended_incident_is_its_echo(desk: Desk) -> None:
    desk.take(alert())
    desk.end()

    assert desk.said(alert()) == [(Verdict.ECHO, "i1")]
    # It starts the watch again: it counts as a notice and is due now.
    assert (desk.last.heard, desk.last.hurry) == ({"i1"}, {"i1"})
    assert desk.last.events == {}


def test_rule_16_an_echo_stays_with_the_ended_one_beside_an_open_one(
    desk: Desk,
) -> None:
    desk.take(alert("f1"))
    desk.end()
    desk.take(alert("f2"))

    assert desk.said(alert("f1")) == [(Verdict.ECHO, "i1")]


def test_rule_16_a_new_start_after_the_end_opens_anew(desk: Desk) -> None:
    desk.take(alert())
    desk.end()

    assert desk.said(alert(start=60)) == [(Verdict.OPENED, "i2")]


def test_rule_12_a_new_start_supersedes_what_the_automation_left(desk: Desk) -> None:
    desk.take(alert())
    desk.call_a_person_for_good()

    assert desk.said(alert(start=60)) == [(Verdict.OPENED, "i2")]
    assert desk.last.ended == ["i1"]
    ended = desk.incident("i1")
    assert (ended.state, ended.reason) == (State.SUPERSEDED, Reason.NEW_FIRING)


@pytest.mark.parametrize(
    ("given", "facts", "verdict"),
    [
        (alert("f2", start=60), {}, Verdict.JOINED),
        (alert("f1"), {}, Verdict.REPEATED),
        (alert("f1", start=60), {"may_open": False}, Verdict.JOINED),
    ],
    ids=["another fingerprint", "the same start", "acknowledged in IRM"],
)
def test_rule_12_nothing_else_supersedes(
    desk: Desk, given: Alert, facts: dict[str, object], verdict: Verdict
) -> None:
    desk.take(alert())
    desk.call_a_person_for_good()

    assert desk.said(given, **facts) == [(verdict, "i1")]
    assert desk.last.ended == []


def test_rule_12_a_new_start_joins_while_the_automation_works(desk: Desk) -> None:
    desk.take(alert())

    assert desk.said(alert(start=60)) == [(Verdict.JOINED, "i1")]


def test_rule_17_a_resolve_goes_to_the_incident_of_its_firing(desk: Desk) -> None:
    desk.take(alert())

    assert desk.said(gone()) == [(Verdict.RESOLVED, "i1")]
    assert desk.incident().resolved_cleanly


@pytest.mark.parametrize(
    ("given", "facts"),
    [(gone(reason="Paused"), {}), (gone(), {"truncated_alerts": 1})],
    ids=["state reason", "truncated"],
)
def test_rule_17_a_resolve_keeps_what_makes_it_no_proof(
    desk: Desk, given: Alert, facts: dict[str, object]
) -> None:
    desk.take(alert())
    desk.take(given, **facts)

    assert not desk.incident().resolved_cleanly


def test_rule_17_a_resolve_that_lost_its_start_goes_by_the_fingerprint(
    desk: Desk,
) -> None:
    desk.take(alert())
    desk.take(gone(start=90))

    assert desk.incident().resolved_cleanly


def test_rule_17_a_late_resolve_of_the_firing_before_ends_nothing(desk: Desk) -> None:
    desk.take(alert(start=-60))
    desk.take(alert(start=-10))
    desk.take(gone(start=-60))

    assert desk.incident().fires


def test_rule_17_a_resolve_older_than_any_firing_heard_ends_nothing(
    desk: Desk,
) -> None:
    desk.take(alert(start=-10))
    desk.take(gone(start=-60))

    assert desk.incident().fires
    assert desk.said(alert(start=-60)) == [(Verdict.ECHO, "i1")]
    desk.take(gone(start=-10))
    assert desk.incident().resolved_cleanly


def test_rule_17_a_firing_heard_late_does_not_hide_the_newer_one(desk: Desk) -> None:
    desk.take(alert(start=-10))
    desk.take(alert(start=-60))
    desk.take(gone(start=-10))

    assert desk.incident().resolved_cleanly


def test_a_resolve_heard_twice_is_written_once(desk: Desk) -> None:
    desk.take(alert())
    desk.take(gone())

    assert desk.said(gone()) == [(Verdict.RESOLVED, "i1")]
    assert desk.last.events == {}


def test_the_resolve_of_an_ended_incident_is_noted_there(desk: Desk) -> None:
    desk.take(alert())
    desk.end()
    desk.take(gone())

    (noted,) = desk.last.events["i1"]
    assert isinstance(noted, AlertResolved)
    assert not desk.incident().fires


def test_rule_18_acknowledged_joins_and_never_opens(desk: Desk) -> None:
    acknowledged = {"may_open": False, "sender": Sender.IRM}

    (verdict,) = desk.take(alert(), **acknowledged)
    assert verdict.verdict is Verdict.IGNORED
    assert "acknowledged or silenced" in verdict.why

    desk.take(alert("f2"))
    assert desk.said(alert(), **acknowledged) == [(Verdict.JOINED, "i1")]


def test_rule_18_the_person_is_noted_on_the_incident(desk: Desk) -> None:
    ana = Person(action=PersonAction.ACKNOWLEDGED, name="ana")
    desk.take(alert())
    desk.take(alert(), may_open=False, person=ana)

    (noted,) = desk.last.events["i1"]
    assert isinstance(noted, PersonActed)
    assert (noted.person, noted.action) == ("ana", PersonAction.ACKNOWLEDGED)


def test_rule_18_an_automatic_silence_counts_without_a_name(desk: Desk) -> None:
    silence = Person(action=PersonAction.SILENCED, name="", until=at(60))
    desk.take(alert())
    desk.take(alert(), may_open=False, person=silence)

    assert desk.incident().silenced_until == at(60)


def test_rule_18_a_silence_without_alerts_finds_the_group_of_just_now(
    desk: Desk,
) -> None:
    silence = Person(action=PersonAction.SILENCED, name="ana", until=at(60))
    desk.take(alert(), alert_group="G1")
    desk.take(alert_group="G1", person=silence)

    assert desk.incident().silenced


def test_the_firing_keeps_labels_and_delivery(desk: Desk) -> None:
    desk.take(alert())

    fired = desk.timelines["i1"][1]
    assert isinstance(fired, AlertFired)
    assert (dict(fired.labels), fired.delivery) == (ORDERS, "d")


def test_a_whole_storm_of_copies_is_one_incident(desk: Desk) -> None:
    seen = [
        verdict for _ in range(20) for verdict, _ in desk.said(alert("f1"), alert("f2"))
    ]

    assert seen.count(Verdict.OPENED) == 1
    assert seen.count(Verdict.REPEATED) == 38
