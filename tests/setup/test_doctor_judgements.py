"""What `doctor` says of facts that no test stand can bring about."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from responder.config.settings import LokiLogs, Secret
from responder.doctor.checks import (
    Asking,
    HealthAnswers,
    LogFacts,
    Reached,
    Streams,
    Unreached,
    Visit,
    judge_factory,
    judge_logs,
    judge_public,
)
from responder.doctor.findings import Finding, Level
from responder.incident.names import UnreadableReason
from responder.incident.rule import Rule
from responder.logs.loki import QueryFailed
from responder.logs.query import TokenKind, told_apart
from tests.web_parts import QUERY, RULE

NOW = datetime(2026, 11, 5, 12, tzinfo=UTC)
LOGS = LokiLogs(url="https://logs-prod-000.grafana.net")
URL = "https://responder.example.net"
HERE = Reached(status=200, seconds=0.1, instance="here")


def of(findings: list[Finding], check: str) -> list[tuple[Level, str]]:
    return [(one.level, one.says) for one in findings if one.check == check]


# The public address


def public(*answers: Visit, own: Visit = HERE, shared: bool = False) -> list[Finding]:
    seen = HealthAnswers(
        public_url=URL, server="s", own=own, public=answers, shared=shared
    )
    return [*judge_public(seen)]


@pytest.mark.parametrize(
    ("seconds", "level"),
    [(0.2, Level.OK), (1.5, Level.WARNING), (4.0, Level.PROBLEM)],
)
def test_a_round_trip_is_held_against_the_patience_of_irm(
    seconds: float, level: Level
) -> None:
    found = public(Reached(status=200, seconds=seconds, instance="here"))
    ((told, says),) = of(found, "public.round_trip")
    assert told is level
    assert says == f"{URL} answers within {seconds:.2f} s; IRM waits 4 s"


@pytest.mark.parametrize(
    ("answer", "got"),
    [
        (Reached(status=502, seconds=0), "502"),
        (Reached(status=200, seconds=0), "200 of something else"),
        (Unreached(why="its name is not known"), "no answer: its name is not known"),
    ],
)
def test_what_is_no_responder_is_told(answer: Visit, got: str) -> None:
    told = f"Your public address does not reach this process (got {got})"
    assert of(public(answer), "public.url") == [(Level.PROBLEM, told)]


def test_a_redirect_is_a_problem_of_its_own() -> None:
    moved = Reached(status=301, seconds=0, elsewhere="https://other/")
    ((level, says),) = of(public(moved), "public.redirect")
    assert level is Level.PROBLEM
    assert "a redirect to https://other/" in says


@pytest.mark.parametrize(("shared", "level"), [(False, "problem"), (True, "warning")])
def test_another_instance_is_a_replica_only_where_there_may_be_one(
    shared: bool, level: str
) -> None:
    other = Reached(status=200, seconds=0, instance="there")
    assert [told for told, _ in of(public(other, shared=shared), "public.url")] == [
        level
    ]


def test_a_replica_that_answers_in_between_does_no_harm() -> None:
    other = Reached(status=200, seconds=0, instance="there")
    assert of(public(other, HERE, shared=True), "public.url")[0][0] is Level.OK


def test_without_a_service_here_nothing_is_claimed_of_the_address() -> None:
    found = public(HERE, own=Unreached(why="it takes no connection"))
    assert of(found, "public.url") == []
    ((level, says),) = of(found, "public.server")
    assert level is Level.WARNING
    assert "no answer: it takes no connection" in says


# The factory


@pytest.mark.parametrize(
    ("days", "checks"),
    [(13, ["factory.reachable", "factory.certificate"]), (15, ["factory.reachable"])],
)
def test_a_certificate_that_ends_soon_is_told(days: int, checks: list[str]) -> None:
    ends = NOW + timedelta(days=days)
    found = Reached(status=404, seconds=0.1, expires=ends)
    assert [one.check for one in judge_factory(URL, found, NOW)] == checks


def test_a_factory_that_fails_is_there_but_no_use() -> None:
    (one,) = judge_factory(URL, Reached(status=503, seconds=0), NOW)
    assert (one.level, "HTTP 503" in one.says) == (Level.WARNING, True)


# The logs


def streams(found: bool | QueryFailed = True, size: int | None = None) -> Streams:
    return Streams(check="r/c", selector=QUERY, found=found, label="level", size=size)


def logs(
    facts: LogFacts,
    *,
    every: timedelta = timedelta(minutes=1),
    cloud: bool = True,
    settings: LokiLogs = LOGS,
    rule: Rule = RULE,
) -> list[Finding]:
    asking = Asking(rules=[rule], every=every, cloud=cloud)
    return [*judge_logs(facts, settings, asking)]


@pytest.mark.parametrize(
    ("seconds", "check", "level"),
    [
        (0.4, "logs.late", Level.OK),
        (20, "logs.late", Level.NOTE),
        (50, "logs.late", Level.WARNING),
        (-60, "logs.clock", Level.WARNING),
    ],
)
def test_how_late_lines_come_is_held_against_settle(
    seconds: float, check: str, level: Level
) -> None:
    facts = LogFacts(streams=(streams(),), late=timedelta(seconds=seconds), watched=15)
    assert [told for told, _ in of(logs(facts), check)] == [level]


def test_a_settle_that_is_too_short_is_told_with_one_that_is_not() -> None:
    facts = LogFacts(streams=(streams(),), late=timedelta(seconds=50.2), watched=15)
    (late,) = (one for one in logs(facts) if one.check == "logs.late")
    assert late.mend == "rules[].settle: 51s"


def test_no_new_line_is_no_measurement_and_says_so() -> None:
    facts = LogFacts(streams=(streams(),), watched=15)
    assert of(logs(facts), "logs.late") == [
        (Level.NOTE, "no new line came in 15 s"),
    ]


@pytest.mark.parametrize(
    ("seconds", "cloud", "level"),
    [
        (60, True, Level.OK),
        # A window of 5 minutes read every 2 s is read 150 times.
        (2, True, Level.WARNING),
        (2, False, Level.OK),
    ],
)
def test_a_query_volume_beyond_fair_use_is_told_on_cloud(
    seconds: int, cloud: bool, level: Level
) -> None:
    facts = LogFacts(streams=(streams(size=2_000_000),))
    found = logs(facts, every=timedelta(seconds=seconds), cloud=cloud)
    ((told, says),) = of(found, "logs.volume")
    assert told is level
    times = 300 // seconds
    assert f"{times} times what is pushed" in says
    assert f"about {2 * times} MB a day" in says


@pytest.mark.parametrize(
    ("cloud", "mend"),
    [(True, "rules[].watch: 4s, or shorter rules[].checks[].window"), (False, "")],
)
def test_a_watch_tells_what_it_costs_a_day_and_is_slowed_where_it_reads_most(
    cloud: bool, mend: str
) -> None:
    facts = LogFacts(streams=(streams(size=2_000_000),))
    rule = replace(RULE, watch=timedelta(seconds=3))
    found = logs(facts, cloud=cloud, rule=rule)
    assert of(found, "logs.watch") == [
        (
            Level.OK,
            "pizza-factory: a watch every 3 s looks 28,800 times a day and reads "
            "about 200 MB, 100 times what is pushed",
        )
    ]
    (together,) = (one for one in found if one.check == "logs.volume")
    assert "the alert rules and watches read about 210 MB a day, 105 times" in (
        together.says
    )
    assert together.mend == mend


def test_without_a_watch_none_is_told() -> None:
    facts = LogFacts(streams=(streams(size=2_000_000),))
    assert of(logs(facts), "logs.watch") == []


def test_a_size_that_loki_does_not_tell_is_no_volume() -> None:
    assert of(logs(LogFacts(streams=(streams(),))), "logs.volume") == []


# The look-alikes


def cloud_token(name: str) -> str:
    document = json.dumps({"o": "1", "n": name, "k": "secret", "m": {"r": "eu"}})
    return "glc_" + base64.b64encode(document.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("glsa_abc", TokenKind.SERVICE_ACCOUNT, ""),
        (cloud_token("jwt-pizza-push"), TokenKind.ACCESS_POLICY, "jwt-pizza-push"),
        (f"123456:{cloud_token('push')}", TokenKind.ACCESS_POLICY, "push"),
        (cloud_token("\x1b[2J"), TokenKind.ACCESS_POLICY, ""),
        ("glc_%%%", TokenKind.ACCESS_POLICY, ""),
        ("glc_" + base64.b64encode(b"[1]").decode(), TokenKind.ACCESS_POLICY, ""),
        ("hunter2", TokenKind.OTHER, ""),
    ],
)
def test_tokens_that_look_alike_are_told_apart(
    text: str, kind: TokenKind, name: str
) -> None:
    found = told_apart(text)
    assert (found.kind, found.name) == (kind, name)


def test_a_push_token_is_named_where_it_is_refused() -> None:
    token = cloud_token("jwt-pizza-push")
    refused = QueryFailed(reason=UnreadableReason.UNAUTHORIZED, detail="HTTP 401")
    settings = LokiLogs(url=LOGS.url, username="1", password=Secret(token))
    (one,) = logs(LogFacts(streams=(streams(refused),)), settings=settings)
    assert "named 'jwt-pizza-push', and may not query: a push token" in one.says
    assert one.level is Level.PROBLEM
    assert token not in repr(one)
