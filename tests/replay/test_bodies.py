"""What a replay decides, from recorded bodies and supposed evidence."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from responder.incident.alert import AlertVerdict
from responder.incident.evaluation import FAILED, TRAFFIC
from responder.incident.evidence import Counted, Question, ReportLink, Unreadable
from responder.incident.names import WEBHOOKS, Mode, Sender, Status
from responder.incident.ports import LogSource
from responder.incident.rule import Check, Matcher, Rule
from responder.logs.assumed import AssumedLogs
from responder.replay.bodies import Replay, Replayed, understand
from responder.senders import sample as samples
from responder.senders.body import BadBody

AT = datetime(2026, 11, 5, 16, 42, tzinfo=UTC)
LABELS = {"alertname": "Order errors", "responder": "jwt-pizza"}
RULE = Rule(
    name="pizza",
    match=((Matcher(label="responder", op="=", value="jwt-pizza"),),),
    checks=(
        Check(
            name="error-logs",
            query='{level="error"}',
            window=timedelta(minutes=5),
            threshold=5,
        ),
    ),
)
LINKS = Check(
    name="links",
    query='{component="x"} |= "/api/support/" |= "/report/"',
    window=timedelta(minutes=10),
    threshold=1,
)


def body(
    status: Status = Status.FIRING,
    labels: Mapping[str, str] = LABELS,
    sender: Sender = Sender.GRAFANA,
    started: datetime = AT,
) -> bytes:
    return json.dumps(samples.body(sender, labels, AT, status, started)).encode()


def replayed(
    *bodies: bytes, logs: LogSource, rule: Rule = RULE, link: ReportLink | None = None
) -> tuple[list[Replayed], list[AlertVerdict]]:
    replay = Replay([rule], logs, fixed_link=link)
    verdicts = []
    for number, raw in enumerate(bodies, start=1):
        at = AT + timedelta(seconds=number)
        verdicts += replay.feed(understand(raw), at)
    return list(replay.incidents.values()), verdicts


def decision(
    *bodies: bytes,
    logs: LogSource,
    rule: Rule = RULE,
    link: ReportLink | None = None,
) -> Replayed:
    (only,), _ = replayed(*bodies, logs=logs, rule=rule, link=link)
    return only


@pytest.mark.parametrize("errors", [0, 1, 4])
def test_below_the_threshold_nothing_would_be_reported(errors: int) -> None:
    found = decision(body(), logs=AssumedLogs(errors=errors))
    assert (found.decision, found.incident.reason) == ("hold", "below_threshold")
    (reason,) = found.reasons
    assert f"{errors} error" in reason
    assert "the rule needs 5" in reason


@pytest.mark.parametrize("errors", [5, 6, 1000, 1_000_000])
def test_at_the_threshold_a_report_would_be_sent(errors: int) -> None:
    found = decision(body(), logs=AssumedLogs(errors=errors))
    assert (found.decision, found.incident.reason) == ("report", "threshold_reached")
    assert f"{errors} error logs" in found.reasons[0]


def test_errors_without_a_link_would_not_be_reported() -> None:
    found = decision(body(), logs=AssumedLogs(errors=9, linked=False))
    assert (found.decision, found.incident.reason) == ("hold", "no_link")


def test_unreadable_logs_lead_to_no_report() -> None:
    found = decision(body(), logs=AssumedLogs(errors=None))
    assert (found.decision, found.incident.reason) == ("hold", "logs_unreadable")
    assert "could not be counted" in found.reasons[0]


def test_unreadable_logs_call_a_person_where_the_rule_has_no_patience() -> None:
    rule = replace(RULE, unreadable_for=timedelta())
    found = decision(body(), logs=AssumedLogs(errors=None), rule=rule)
    assert found.decision == "needs_human"


def test_unreadable_logs_call_a_person_in_spite_of_a_fixed_link() -> None:
    rule = replace(RULE, unreadable_for=timedelta())
    link = ReportLink(token="t", code="c")
    found = decision(body(), logs=AssumedLogs(errors=None), rule=rule, link=link)
    assert found.decision == "needs_human"


def test_a_shadow_rule_would_withhold_the_report() -> None:
    shadow = replace(RULE, mode=Mode.SHADOW)
    found = decision(body(), logs=AssumedLogs(errors=5), rule=shadow)
    assert found.decision == "withhold"


VETO = replace(RULE, mode=Mode.VETO)


def test_a_veto_rule_would_announce_the_report() -> None:
    found = decision(body(), logs=AssumedLogs(errors=5), rule=VETO)
    assert (found.decision, found.incident.reason) == ("hold", "veto_window")
    assert found.reasons == ["Will report unless you stop it."]


def test_a_resolve_within_the_veto_window_means_no_report() -> None:
    logs = AssumedLogs(errors=5)
    found = decision(body(), body(Status.RESOLVED), logs=logs, rule=VETO)
    assert (found.decision, found.incident.state) == ("finish", "stood_down")


def test_a_resolved_body_alone_leads_to_nothing() -> None:
    logs = AssumedLogs(errors=99)
    incidents, verdicts = replayed(body(Status.RESOLVED), logs=logs)
    assert incidents == []
    assert [verdict.verdict for verdict in verdicts] == ["resolved"]


def test_a_resolve_stands_a_held_incident_down() -> None:
    found = decision(body(), body(Status.RESOLVED), logs=AssumedLogs(errors=0))
    assert (found.decision, found.incident.state) == ("finish", "stood_down")
    assert len(found.reasons) == 2


def test_a_resolve_after_the_decided_report_takes_it_not_back() -> None:
    found = decision(body(), body(Status.RESOLVED), logs=AssumedLogs(errors=5))
    assert found.decision == "report"


def test_a_repeated_alert_joins_its_incident() -> None:
    incidents, verdicts = replayed(body(), body(), logs=AssumedLogs(errors=0))
    assert len(incidents) == 1
    assert [verdict.verdict for verdict in verdicts] == ["opened", "repeated"]


def test_an_alert_after_the_end_opens_another_incident() -> None:
    later = body(started=AT + timedelta(minutes=1))
    logs = AssumedLogs(errors=0)
    incidents, verdicts = replayed(body(), body(Status.RESOLVED), later, logs=logs)
    assert [found.decision for found in incidents] == ["finish", "hold"]
    assert [verdict.verdict for verdict in verdicts] == ["opened", "resolved", "opened"]


def test_an_alert_that_no_rule_takes_is_ignored_with_the_reason() -> None:
    logs = AssumedLogs(errors=99)
    incidents, verdicts = replayed(body(labels={"alertname": "Other"}), logs=logs)
    assert incidents == []
    assert verdicts[0].verdict == "ignored"
    assert "responder" in verdicts[0].why


@pytest.mark.parametrize("sender", WEBHOOKS)
def test_the_shape_of_a_body_tells_its_sender(sender: Sender) -> None:
    assert understand(body(sender=sender)).sender is sender
    found = decision(body(sender=sender), logs=AssumedLogs(errors=5))
    assert found.decision == "report"


@pytest.mark.parametrize("raw", [b"", b" ", b"{", b"[]", b"\xff", b'{"alerts": 5}'])
def test_what_the_service_would_refuse_is_refused(raw: bytes) -> None:
    with pytest.raises(BadBody):
        understand(raw)


def test_incidents_are_told_by_group() -> None:
    rule = replace(RULE, group_by=("region",))
    bodies = [body(labels={**LABELS, "region": region}) for region in ("a", "b")]
    incidents, _ = replayed(*bodies, logs=AssumedLogs(errors=5), rule=rule)
    assert [found.decision for found in incidents] == ["report", "report"]


def question(name: str, query: str = '{a="b"}') -> Question:
    return Question(name=name, query=query, since=AT, until=AT + timedelta(minutes=5))


def lines_of(logs: AssumedLogs, asked: Question) -> int:
    (answer,) = logs.read([asked])
    assert isinstance(answer, Counted)
    assert len({line.key for line in answer.lines}) == len(answer.lines)
    assert all(asked.since <= line.at < asked.until for line in answer.lines)
    return len(answer.lines)


def test_a_named_check_has_its_own_number() -> None:
    logs = AssumedLogs(errors=0, named={"errors": 4})
    assert lines_of(logs, question("errors")) == 4
    assert lines_of(logs, question("links")) == 0


@pytest.mark.parametrize("name", [TRAFFIC, FAILED])
def test_no_orders_are_supposed(name: str) -> None:
    assert lines_of(AssumedLogs(errors=7), question(name)) == 0


@pytest.mark.parametrize(
    "query",
    [
        LINKS.query,
        '{a="b"} |~ `api\\/support`',
        '{a="b"} |= "followLinkToEndChaos"',
    ],
)
def test_without_links_a_check_that_looks_for_them_finds_none(query: str) -> None:
    assert lines_of(AssumedLogs(errors=3, linked=False), question("x", query)) == 0
    assert lines_of(AssumedLogs(errors=3), question("x", query)) == 3


@pytest.mark.parametrize(
    "query",
    [
        '{a="b"} |= "error"',
        '{a="b"} |~ ".*"',
        '{a="b"} != "/api/support/"',
        '{a="b"} |= "error" or "/api/support/"',
    ],
)
def test_without_links_other_checks_count_as_supposed(query: str) -> None:
    assert lines_of(AssumedLogs(errors=3, linked=False), question("x", query)) == 3


def test_four_errors_without_links_hold_a_rule_that_also_looks_for_links() -> None:
    rule = replace(RULE, checks=(LINKS, *RULE.checks))
    found = decision(body(), logs=AssumedLogs(errors=4, linked=False), rule=rule)
    assert found.decision == "hold"
    assert "4 error logs" in found.reasons[0]


def test_supposed_unreadable_is_never_a_number() -> None:
    (answer,) = AssumedLogs(errors=None).read([question("errors")])
    assert isinstance(answer, Unreadable)
